"""The limits of a core under the rule set of a target, and which of them some usage exceeds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from neurodeploy.hardware.figure import Figure
from neurodeploy.hardware.files import cite
from neurodeploy.hardware.representable import MAX_COMPARTMENTS
from neurodeploy.hardware.target import Target

__all__ = ["CODES", "Limit", "core_limits", "exceeded", "fullness"]

CODES = {
    "compartments": "ND301",
    "synapse_memory": "ND302",
    "input_axons": "ND303",
    "output_axons": "ND304",
    "fan_in": "ND305",
    "parameter_sets": "ND306",
    "threshold_sets": "ND307",
    "synapse_formats": "ND308",
    "accumulators": "ND309",
    "words_per_axon": "ND310",
    "source_traces": "ND311",
}
"""Resource -> diagnostic code of its limit."""


class Limit(NamedTuple):
    """One limit of a core."""

    value: int
    """Largest value that is allowed."""
    unit: str
    """Unit of the value."""
    citation: str
    """File, field and source of the figure."""


def core_limits(target: Target) -> dict[str, Limit]:
    """Return the limits of the target under its rule set, by resource.

    Unknown limits are absent, except that of compartments, which is then the size of a program's tables.
    """
    found: dict[str, Limit] = {}
    for name, figure in target.limits:
        if isinstance(figure, Figure):
            found[name] = Limit(int(figure.value), figure.unit, cite(target, f"limits.{name}"))
    found.setdefault(
        "compartments", Limit(MAX_COMPARTMENTS, "compartment", "the tables of a program, where the target has none")
    )
    rules = target.counting
    for name in ("synapse_formats", "synapse_memory", "words_per_axon"):
        figure = getattr(rules, name)
        if figure is not None:
            found[name] = Limit(int(figure.value), figure.unit, cite(target, f"rules.{target.rule_set}.{name}"))
    learned = target.learning.source_traces if target.learning is not None else None
    if learned is not None:
        found["source_traces"] = Limit(int(learned.value), learned.unit, cite(target, "learning.source_traces"))
    return found


def exceeded(figures: Mapping[str, int], limits: Mapping[str, Limit]) -> list[str]:
    """Return the resources whose limit is exceeded."""
    return [name for name, limit in limits.items() if figures.get(name, 0) > limit.value]


def fullness(figures: Mapping[str, int], limits: Mapping[str, Limit]) -> float:
    """Return the largest used share of any limit; above 1 if and only if a limit is exceeded."""
    used = ((figures.get(name, 0), limit.value) for name, limit in limits.items())
    return max((n / most if most else math.inf for n, most in used if n), default=0.0)
