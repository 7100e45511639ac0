"""Options of the conversion of a trained network, derived from the fields of ConvertOptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neurodeploy.cli.options import collecting_options
from neurodeploy.convert.options import CONVERT_FLAGS, ConvertOptions

__all__ = ["with_convert_options"]


def with_convert_options(function: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command that converts trained networks: add an option for each field of ConvertOptions.

    The command receives the options that were given as a dict, in its parameter `conversion`.
    """

    def collect(fields: dict[str, Any]) -> dict[str, Any]:
        return {field: value for field, value in fields.items() if value is not None}

    panel = "Trained networks"
    return collecting_options(function, "conversion", ConvertOptions, CONVERT_FLAGS, collect, panel=panel)
