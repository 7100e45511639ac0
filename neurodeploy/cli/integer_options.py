"""Options of the conversion to integers, derived from fields of CompileOptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neurodeploy.cli.compile_options import given_fields
from neurodeploy.cli.options import collecting_options, option_name
from neurodeploy.compiler import CompileOptions

__all__ = ["with_integer_options"]

FORMS = {
    "weight_bits": "[PROJECTION=]BITS",
    "prune": "[PROJECTION=]FRACTION",
    "prune_sources": "[PROJECTION=]FRACTION",
    "max_delay": "[PROJECTION=]STEPS",
    "share_parameters": "[POPULATION=]N",
    "soft_reset": "RESET",
    "clip_weights": "[PROJECTION=]FRACTION",
    "channel_scales": "[POPULATION=]POWER",
    "doublings": "[POPULATION=]N",
}
"""Field -> form of its value in the help. `compile --calibrate` finds the last three."""


def with_integer_options(function: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command that compiles: add the options that decide the integers of a program.

    The command receives those that were given, as fields of CompileOptions, in its parameter `integers`.
    """

    def collect(fields: dict[str, Any]) -> dict[str, Any]:
        return given_fields(**{name: value or None for name, value in fields.items()})

    flags = {name: option_name(name) for name in FORMS}
    return collecting_options(
        function, "integers", CompileOptions, flags, collect, panel="Conversion to integers", forms=FORMS
    )
