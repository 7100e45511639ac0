"""Constant currents (biases, v_leak) that act before the first input arrives.

In a framework the first input and every bias act in the first step of all layers. Here a layer of depth D receives the
first input in step D + 1, and its bias acts D steps longer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from neurodeploy.importers.notes import NAMED, Notes
from neurodeploy.network import CubaLi, CubaLif, If, Li, Lif, Population
from neurodeploy.network.discretize import factors

__all__ = ["check_start"]

MOST_STEPS = 64
"""Steps up to which the effect is computed; for deeper layers it is a lower bound."""
NOTABLE = 0.01
"""Part of the threshold from which the finding is a warning."""


class Start(NamedTuple):
    """Effect of the steps before the first input on v of one population."""

    name: str
    steps: int
    effect: float
    """Largest change of v in the step of the first input, in thresholds, or in volts for populations that do not spike."""
    spikes: bool


def check_start(populations: Iterable[Population], depth: dict[str, int], dt_s: float, notes: Notes) -> None:
    """Add ND071 if constant currents change v before the first input arrives. `depth`: steps until then, by population."""
    found = [_start(item, depth.get(item.name, 0), dt_s) for item in populations]
    moved = sorted(
        (item for item in found if item.effect > 0), key=lambda item: (-item.effect * item.spikes, item.name)
    )
    if not moved:
        return
    more = f" and {len(moved) - NAMED} more" if len(moved) > NAMED else ""
    shown = ", ".join(_shown(item) for item in moved[:NAMED]) + more
    message = f"biases or v_leak act before the first input arrives, but in frameworks both start together; v changes until then: {shown}"
    severity = "warning" if any(item.spikes and item.effect >= NOTABLE for item in moved) else "info"
    notes.add("ND071", message, severity=severity)


def _shown(item: Start) -> str:
    size = f"by {100 * item.effect:.2g} % of the threshold" if item.spikes else f"to {item.effect:.2g}"
    return f"'{item.name}' {size} in {item.steps} step{'s' if item.steps > 1 else ''}"


def _start(population: Population, steps: int, dt_s: float) -> Start:
    neuron: Any = population.neuron
    spikes = isinstance(neuron, (If, Lif, CubaLif))
    if not steps or not (np.any(neuron.bias) or np.any(getattr(neuron, "v_leak", 0.0))):
        return Start(population.name, steps, 0.0, spikes)
    late, first = _after(neuron, min(steps, MOST_STEPS) + 1, dt_s), _after(neuron, 1, dt_s)
    with np.errstate(divide="ignore", invalid="ignore"):  # a threshold of 0 gives inf or nan
        share = np.abs(late - first) / (np.abs(np.asarray(neuron.v_threshold)).ravel() if spikes else 1.0)
    return Start(population.name, steps, float(np.nan_to_num(share, nan=0.0).max(initial=0.0)), spikes)


def _after(neuron: If | Lif | CubaLif | Li | CubaLi, steps: int, dt_s: float) -> Any:
    """v after some steps of the constant currents alone, without a threshold, (neurons,) or (1,)."""
    keep_v, gain_v, keep_i, gain_i = (np.ravel(item) for item in factors(neuron, dt_s))
    drive, r = np.ravel(np.asarray(neuron.bias, dtype=np.float64)), np.ravel(neuron.r)
    leak = np.ravel(getattr(neuron, "v_leak", 0.0))
    reset = getattr(neuron, "reset", None)
    v: Any = np.ravel(reset.value if reset is not None and reset.mode == "value" else 0.0)
    current: Any = np.zeros(1)
    drive = drive * np.ravel(getattr(neuron, "w_in", 1.0))
    for _ in range(steps):
        current = keep_i * current + gain_i * drive
        v = keep_v * v + gain_v * (leak + r * current)
    return v
