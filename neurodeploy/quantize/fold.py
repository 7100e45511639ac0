"""A population of floats as the equation of the chip, with float coefficients. Rounds nothing.

The chip computes u = keep_i * u + w and v = keep_v * v + u + bias, and resets v to 0. Gains are folded into weights and
bias, and v is shifted so that its reset value is 0.
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
    """Coefficients of the chip's equation, (size,) each, in the volts of the network."""

    keep_v: Array
    """Fraction of v that is left after a step."""
    keep_i: Array
    """Fraction of u that is left after a step."""
    filtered: bool
    """Whether the current has a synaptic filter."""
    weight_gain: Array
    """Factor by which a weight is multiplied before it is added to u."""
    bias: Array
    """Volts added to v in every step."""
    threshold: Array | None
    """Threshold of v in the frame of the chip; None: the neurons do not spike."""
    frame: Array
    """v of the network = v of the chip + frame."""
    floor: Array | None
    """Lowest v in the frame of the chip; None: v has no floor."""
    stepwise: bool
    """Whether v changes by whole weights and biases only: u has no memory, v keeps all or nothing, spikes carry no values."""
    ledger: tuple[LedgerLine, ...]
    """Ledger lines of the changes made by folding."""
    valued: bool = False
    """Whether values arrive, not only spikes, so that sums are not multiples of any number."""
    taken: Array | None = None
    """Volts that a synapse takes off u in the step after a spike of the neuron itself, where v repeats u (see
    `quantize.soft_reset`); None: v is not a repetition of u, or nothing is taken off it.
    """

    @property
    def integrates(self) -> bool:
        """Whether u is the integrator of the network, without a leak, and v repeats it."""
        return self.taken is not None and bool((self.keep_i == 1).all())


def _summed(*terms: Array) -> Array:
    """The sum of the terms, 0 where they cancel up to float rounding."""
    total = np.sum(terms, axis=0)
    return np.where(np.abs(total) <= 2.0**-46 * np.max(np.abs(terms), axis=0), 0.0, total)


def fold(population: Population, dt_s: float, *, valued: bool = False) -> Folded:
    """Return the folded form of an If, Lif, CubaLif, Li or CubaLi population.

    The gains dt/tau * r and w_in are folded into weights; v_leak shifts the frame if it is also the reset value, otherwise
    it becomes bias; a bias into a filtered current becomes its steady state, with a ledger line. `valued`: the population
    receives values instead of spikes.
    """
    neuron, size, where = population.neuron, population.size, about("population", population.name)
    if not isinstance(neuron, (If, Lif, CubaLif, Li, CubaLi)):
        raise TypeError(f"internal: {population.name} already consists of integers")

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
        return Folded(keep_v, keep_i, filtered, weight_gain, bias, None, frame, None, stepwise, tuple(ledger), valued)
    floor = None if neuron.v_floor is None else full(neuron.v_floor) - frame
    threshold = full(neuron.v_threshold) - frame
    return Folded(keep_v, keep_i, filtered, weight_gain, bias, threshold, frame, floor, stepwise, tuple(ledger), valued)
