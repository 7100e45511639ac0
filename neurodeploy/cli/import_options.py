"""Options of the commands that read a model, derived from the fields of ImportOptions."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any, get_type_hints

from neurodeploy.cli.options import field_option
from neurodeploy.importers.options import FLAGS, FORMS, ImportOptions

__all__ = ["with_import_options"]

COLLECTED = "imports"
"""Parameter of a decorated command that receives the options."""


def with_import_options(function: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command that reads a model: add an option for each field of ImportOptions.

    The command receives the options that were given as a dict, in its parameter `imports`.
    """

    @wraps(function)
    def collected(**given: Any) -> None:
        imports = {field: given.pop(field) for field in FLAGS}
        function(**given, **{COLLECTED: {field: value for field, value in imports.items() if value is not None}})

    annotations = get_type_hints(function, include_extras=True)
    del annotations[COLLECTED]
    for field, flag in FLAGS.items():
        annotations[field] = Annotated[Any, field_option(ImportOptions, field, flag, metavar=FORMS.get(field))]
    own = [item for name, item in signature(function).parameters.items() if name != COLLECTED]
    added = [Parameter(field, Parameter.KEYWORD_ONLY, default=None) for field in FLAGS]
    declared = [item.replace(kind=Parameter.KEYWORD_ONLY, annotation=annotations[item.name]) for item in (*own, *added)]
    collected.__signature__ = signature(function).replace(parameters=declared)  # pyright: ignore[reportAttributeAccessIssue]
    collected.__annotations__ = annotations
    return collected
