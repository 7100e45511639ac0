"""Options that give stored numbers more of their bits, derived from fields of CompileOptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neurodeploy.cli.compile_options import given_fields
from neurodeploy.cli.options import collecting_options
from neurodeploy.compiler import CompileOptions

__all__ = ["with_scale_options"]

FLAGS = {"clip_weights": "--clip-weights", "channel_scales": "--channel-scales", "doublings": "--doublings"}
FORMS = {
    "clip_weights": "[PROJECTION=]FRACTION",
    "channel_scales": "[POPULATION=]POWER",
    "doublings": "[POPULATION=]N",
}


def with_scale_options(function: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command that compiles: add the options that make integers finer.

    The command receives those that were given, as fields of CompileOptions, in its parameter `scales`.
    """

    def collect(fields: dict[str, Any]) -> dict[str, Any]:
        return given_fields(**{name: value or None for name, value in fields.items()})

    panel = "Finer integers; --calibrate of compile finds them"
    return collecting_options(function, "scales", CompileOptions, FLAGS, collect, panel=panel, forms=FORMS)
