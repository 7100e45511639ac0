"""Options of the commands that read a model, derived from the fields of ImportOptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neurodeploy.cli.options import collecting_options
from neurodeploy.importers.options import FLAGS, FORMS, ImportOptions

__all__ = ["with_import_options"]


def with_import_options(function: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command that reads a model: add an option for each field of ImportOptions.

    The command receives the options that were given as a dict, in its parameter `imports`.
    """

    def collect(fields: dict[str, Any]) -> dict[str, Any]:
        return {field: value for field, value in fields.items() if value is not None}

    panel = "Models of other tools"
    return collecting_options(function, "imports", ImportOptions, FLAGS, collect, panel=panel, forms=FORMS)
