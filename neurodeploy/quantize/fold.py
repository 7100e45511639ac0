"""Verb: a population of floats as the chip's equation with float coefficients. Rounds nothing yet.

The chip computes u = keep_i * u + w and v = keep_v * v + u + bias with a reset to 0. Gains are folded into weights and
bias, and the frame of v moves so that the reset goes to 0.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.diagnostics.subject import about
from neurodeploy.network import CubaLi, CubaLif, If, Li, Lif, Population
from neurodeploy.network.discretize import factors

__all__ = ["Folded", "fold"]

Array = NDArray[np.float64]


class Folded(NamedTuple):
    """Coefficients in the network's volts, each (size,)."""

    keep_v: Array
    keep_i: Array
    filtered: bool
    """Whether the current has a synaptic filter."""
    weight_gain: Array
    """What a weight is multiplied by before it reaches u."""
    bias: Array
    """Added to v in every step."""
    threshold: Array | None
    frame: Array
    """v of the network = v of the chip + frame."""
    floor: Array | None
    """In the chip's frame."""
    stepwise: bool
    """Whether v moves by whole weights and biases: u has no memory, v keeps all of itself or nothing, spikes have no values."""
    ledger: tuple[LedgerLine, ...]


def _summed(*terms: Array) -> Array:
    """The sum of terms, 0 where they cancel but for the last bits of floats."""
    total = np.sum(terms, axis=0)
    return np.where(np.abs(total) <= 2.0**-46 * np.max(np.abs(terms), axis=0), 0.0, total)


def fold(population: Population, dt_s: float, *, valued: bool = False) -> Folded:
    """Return the folded form of an If, Lif, CubaLif or Li population; `valued`: what reaches it are values, not spikes.

    Source: DESIGN of the file format: gains dt/tau * r and w_in are folded; v_leak moves the frame when the reset goes
    there too, else becomes bias; a bias into a filtered current becomes its steady state.
    """
    neuron, size, where = population.neuron, population.size, about("population", population.name)
    if not isinstance(neuron, (If, Lif, CubaLif, Li, CubaLi)):
        raise TypeError(f"internal: {population.name} is integers already")

    def full(value: Any) -> Array:
        return np.broadcast_to(np.asarray(value, dtype=np.float64).ravel(), (size,)).astype(np.float64)

    parts = [full(value) for value in factors(neuron, dt_s)]
    keep_v, gain_v, keep_i, gain_i = parts
    filtered = isinstance(neuron, (CubaLif, CubaLi))
    weight_gain = (
        gain_v * full(neuron.r) * gain_i * (full(neuron.w_in) if isinstance(neuron, (CubaLif, CubaLi)) else 1.0)
    )
    leak = full(0.0 if isinstance(neuron, If) else neuron.v_leak)
    ledger: list[LedgerLine] = []
    frame = full(0.0 if isinstance(neuron, (Li, CubaLi)) or neuron.reset.mode != "value" else neuron.reset.value)
    drive = full(neuron.bias)
    if filtered and np.any(drive):
        ledger.append(
            LedgerLine(
                subject=where,
                quantity="bias",
                asked="into the filtered current",
                got="its steady state, into v",
                level="approximate",
                note="differs while the current charges",
            )
        )
    steady = np.where(keep_i < 1, 1.0 - keep_i, 1.0) if filtered else np.ones(size)
    bias = _summed(weight_gain * drive / steady, gain_v * leak, -(1.0 - keep_v) * frame)
    stepwise = not valued and not (filtered and np.any(keep_i != 0)) and bool(np.all((keep_v == 0) | (keep_v == 1)))
    if isinstance(neuron, (Li, CubaLi)):
        return Folded(keep_v, keep_i, filtered, weight_gain, bias, None, frame, None, stepwise, tuple(ledger))
    floor = None if neuron.v_floor is None else full(neuron.v_floor) - frame
    threshold = full(neuron.v_threshold) - frame
    return Folded(keep_v, keep_i, filtered, weight_gain, bias, threshold, frame, floor, stepwise, tuple(ledger))
