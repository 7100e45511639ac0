"""Options of the figures of cost, derived from the fields of CostOptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neurodeploy.cli.options import collecting_options
from neurodeploy.profile import CostOptions

__all__ = ["with_cost_options"]

FLAGS = {"boundary": "--boundary", "energy": "--energy", "rate_per_s": "--rate"}


def with_cost_options(function: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command that prints costs: add an option for each field of CostOptions.

    The command receives them as CostOptions in its parameter `cost`.
    """

    def collect(fields: dict[str, Any]) -> CostOptions:
        return CostOptions(**{name: value for name, value in fields.items() if value is not None})

    return collecting_options(function, "cost", CostOptions, FLAGS, collect, panel="Energy and time")
