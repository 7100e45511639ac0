"""Bounds of a current that integrates, for the populations that `quantize.soft_reset` makes.

Their u keeps at most 4095 / 4096 of itself in a step, rounded towards 0; it has no limit at which it stops, and wraps.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.hardware.target import Target
from neurodeploy.quantize.fold import Folded
from neurodeploy.quantize.weights import ProjectionWeights

__all__ = ["LEAST_LOSS", "Drift", "arriving", "drift_of", "range_findings", "taken_off"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LEAST_LOSS = 1.0 / 4096
"""Fraction of u that the smallest decay register takes off in a step: nengo-loihi 1.1 and lava-nc 0.10, du + 1 of 4096."""
LONGEST = 1 << 20
"""Steps beyond which no sample is expected to run."""


class Drift(NamedTuple):
    """How far the leak can move an integrating u within some steps, from bounds of what arrives; (size,) each, in volts."""

    most: Floats
    """Greatest u."""
    down: Floats
    """Largest inhibition of one step."""
    over: Floats
    """What the own spike takes off beyond the threshold, which leaves u below 0."""
    carried: Floats
    """Largest part of a bias that v keeps from the step before."""

    @property
    def rises(self) -> bool:
        """Whether v can be too high: the leak raises a u below 0, and v keeps a part of its bias."""
        return bool((self.down > 0).any() or (self.over > 0).any() or (self.carried > 0).any())

    def steps(self, scale: float, below: Ints, above: Ints) -> int:
        """Return the steps for which u provably moves up by at most `below` and down by less than `above`, integer units.

        A step takes off 1/4096 of u, rounded up. After t steps, u lies at most `over` and t times the inhibition of one step below 0.
        """
        lowered = np.ceil(self.most * scale * LEAST_LOSS) + 1.0
        falls = np.ceil(above / lowered) - 1.0
        room = below - np.where(self.carried > 0, np.ceil(self.carried * scale) + 1.0, 0.0)
        first = 1.0 + self.over * scale * LEAST_LOSS  # t * (first + slope * t) <= room
        slope = self.down * scale * LEAST_LOSS / 2.0
        root = np.sqrt(first * first + 4.0 * slope * np.maximum(room, 0.0))
        sinks = (self.down > 0) | (self.over > 0)
        rises = np.where(sinks, 2.0 * np.maximum(room, 0.0) / (first + root), np.where(room < 0, 0.0, np.inf))
        return int(min(float(np.minimum(falls, np.floor(rises)).min()), LONGEST))


def taken_off(folded: Folded, incoming: list[ProjectionWeights]) -> Floats | None:
    """Return (size,) the volts that its own spike takes off u of each neuron in the next step, where v repeats u.

    None: v has memory, or some neuron's own synapses do not take off at least half of what is left of the threshold.
    """
    own = [item for item in incoming if item.own]
    if not own or folded.threshold is None or not folded.filtered or np.any(folded.keep_v):
        return None
    taken = -sum((item.connectivity.sums(item.volts) for item in own), np.zeros_like(folded.threshold))
    enough = (folded.keep_i > 0) & (taken > 0) & (taken >= 0.5 * folded.keep_i * folded.threshold)
    return taken if bool(enough.all()) else None


def arriving(folded: Folded, incoming: list[ProjectionWeights]) -> tuple[Floats, Floats]:
    """Return (size,) the largest excitation and inhibition of one step, without the synapses of a neuron to itself, in volts."""
    up, down = np.maximum(folded.bias, 0.0), np.maximum(-folded.bias, 0.0)
    for item in incoming:
        up = up + item.connectivity.sums(np.maximum(item.volts, 0.0))
        down = down + (0.0 if item.own else item.connectivity.sums(np.maximum(-item.volts, 0.0)))
    return up, down


def drift_of(folded: Folded, incoming: list[ProjectionWeights]) -> Drift:
    """Return the drift of an integrating population; `folded.taken` is not None."""
    threshold = np.zeros_like(folded.bias) if folded.threshold is None else folded.threshold
    up, down = arriving(folded, incoming)
    taken = np.zeros_like(threshold) if folded.taken is None else folded.taken
    over = np.where(taken > threshold, taken - threshold * (1.0 - LEAST_LOSS), 0.0)
    return Drift(threshold + up, down, over, np.maximum(folded.bias, 0.0) * LEAST_LOSS)


def range_findings(
    name: str, folded: Folded, incoming: list[ProjectionWeights], scale: float, target: Target, steps: int | None
) -> Iterator[Diagnostic]:
    """Yield ND224 where strong input in every step can carry an integrating u out of its range, within a sample of `steps`.

    `steps`: steps of a sample; None: any number.
    """
    if folded.taken is None or target.dialect.current_overflow == "none":
        return
    up, down = arriving(folded, incoming)
    per_step, lost = np.maximum(down, up - folded.taken) * scale, np.maximum(1.0 - folded.keep_i, LEAST_LOSS)
    top = 2.0**target.dialect.state_bits
    often = np.inf if steps is None else float(steps)
    beyond = np.flatnonzero(per_step * np.minimum(often, 1.0 / lost) >= top)
    if not beyond.size:
        return
    first = int(beyond[np.argmax(per_step[beyond])])
    share = per_step[first] / top  # u after t steps: per_step * (1 - keep**t) / lost
    inside = 1.0 - min(lost[first] / share, 1.0 - 1e-12)
    after = int(np.ceil(np.log(inside) / np.log1p(-lost[first])))
    taken = float(folded.taken[first]) * scale
    message = (
        f"u of {beyond.size} of {folded.bias.size} neurons, which integrates, can leave its range and wrap: all inhibition, or "
        f"all excitation, of neuron {first} is {per_step[first] / taken:.4g} thresholds a step, for {after:,} steps"
    )
    source = f"dialect {target.dialect.name}: {target.dialect.sources.get('state_bits', '')}"
    reached = per_step[first] * (1.0 - (1.0 - lost[first]) ** after) / lost[first]
    found, room = round(float(reached) / taken, 1), round(top / taken, 1)
    yield finding(
        "ND224", about("population", name), message, found=found, limit=room, unit="thresholds", limit_source=source
    )
