"""Options of recordings of event sensors, derived from the fields of EventOptions."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any, get_type_hints

from neurodeploy.cli.options import field_option
from neurodeploy.signals.events import EVENT_FLAGS, EventOptions

__all__ = ["with_event_options"]

COLLECTED = "events"
"""Parameter of a decorated command that receives the options."""


def with_event_options(function: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command that reads a stimulus: add an option for each field of EventOptions.

    The command receives them as EventOptions in its parameter `events`.
    """

    @wraps(function)
    def collected(**given: Any) -> None:
        options = EventOptions(**{field: given.pop(field) for field in EVENT_FLAGS})
        function(**given, **{COLLECTED: options})

    annotations = get_type_hints(function, include_extras=True)
    del annotations[COLLECTED]
    for field, flag in EVENT_FLAGS.items():
        annotations[field] = Annotated[Any, field_option(EventOptions, field, flag)]
    own = [item for name, item in signature(function).parameters.items() if name != COLLECTED]
    added = [Parameter(field, Parameter.KEYWORD_ONLY, default=None) for field in EVENT_FLAGS]
    declared = [item.replace(kind=Parameter.KEYWORD_ONLY, annotation=annotations[item.name]) for item in (*own, *added)]
    collected.__signature__ = signature(function).replace(parameters=declared)  # pyright: ignore[reportAttributeAccessIssue]
    collected.__annotations__ = annotations
    return collected
