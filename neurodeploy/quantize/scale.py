"""The scale of a population: integer units of v per unit of the network's v. Rounds nothing.

This scale is used where no scale holds every number exactly (see `quantize.exact`). It starts as the largest that clips no
weight, threshold or bias, and is then halved to make headroom for sums: while the worst case of a step (every source of a
neuron spikes at once) can overflow the accumulator, the current or the drive, or v has too little headroom below 0, and as
long as every projection can lower its exponent by one. Mantissas keep all their bits; thresholds and decays lose one bit of
precision per halving. Remaining overflows are reported (ND206). A current that integrates (`quantize.soft_reset`) must not
overflow where a neuron just spiked, and may cost weights a bit (`choose_scale`); the rest is ND224. Where its sums can overflow
the accumulator, projections without an exponent to lower, such as constants, may lose bits as long as they stay finer than the
weights that bring most.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.arithmetic import dropped_bits, mantissa_limits
from neurodeploy.hardware.target import Target
from neurodeploy.quantize.fold import Folded
from neurodeploy.quantize.integrator import LEAST_LOSS, arriving
from neurodeploy.quantize.weights import ProjectionWeights

__all__ = ["choose_scale", "depth_of_u", "doubled", "exponent_for", "worst_current", "worst_sum"]

GREATEST = 1e290
"""Upper bound of a scale, so that the scale of tiny numbers stays finite."""
DEPTH = 16
"""Headroom of v below 0, in thresholds, that is provided where exponents can be lowered that far."""
DEPTH_OF_U = 1024
"""The most headroom of a u that integrates, in thresholds: more would leave a threshold less than 7 bits of a mantissa."""
STEADY, USUAL_STEPS = 1 / 8, 256
"""A u that integrates wraps instead of stopping at a limit: it has headroom for this share of the worst drive of a step, in
every step of a sample, which has this many steps if the network does not say. (The NIR paper's N-MNIST network: 3 to 16 %.)
"""
FEWEST = 16
"""Mantissa of a reset from which the scale may be lowered, by less than one in this, to store it exactly."""

FINER = 8
"""Steps of constants in one step of the weights, from which constants may lose a bit."""


def _top_mantissa(target: Target, incoming: ProjectionWeights) -> int:
    low, high = mantissa_limits(target.dialect, incoming.weight_bits, incoming.sign_mode)
    return high if incoming.sign_mode != "inhibitory" else -low


def exponent_for(target: Target, incoming: ProjectionWeights, scale: float) -> int | None:
    """Return the smallest exponent >= 0 with which the largest weight fits its mantissa; None if none does."""
    unit = float(1 << target.dialect.weight_shift_bits)
    for exponent in range(int(target.precision.weight_exponent.high) + 1):
        if incoming.largest * scale <= _top_mantissa(target, incoming) * unit * 2.0**exponent * (1 + 1e-12):
            return exponent
    return None


def worst_sum(incoming: list[ProjectionWeights], size: int) -> NDArray[np.float64]:
    """Return (size,) the largest |sum| of weights of one sign that each neuron can receive in one step, in volts."""
    positive, negative = np.zeros(size), np.zeros(size)
    for item in incoming:
        positive += item.connectivity.sums(np.maximum(item.volts, 0))
        negative += item.connectivity.sums(np.maximum(-item.volts, 0))
    return np.maximum(positive, negative)


def worst_current(folded: Folded, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (size,) the largest |u| when every source spikes in every step, in volts; infinite without decay.

    Where spikes take a threshold off u, u exceeds the threshold by the input of one step at most, as long as this is less
    than a threshold; `depth_of_u` makes room for more.
    """
    left = 1.0 - folded.keep_i if folded.filtered else np.ones_like(sums)
    current = np.divide(sums, left, out=np.where(sums > 0, np.inf, 0.0), where=left > 0)
    return current if folded.taken is None or folded.threshold is None else np.minimum(current, sums + folded.threshold)


def _bounds(target: Target, folded: Folded, incoming: list[ProjectionWeights]) -> list[float]:
    dialect, precision = target.dialect, target.precision
    unit = float(1 << dialect.weight_shift_bits)
    bounds: list[float] = []
    for item in incoming:
        if item.largest > 0:
            top = _top_mantissa(target, item) * unit * 2.0**precision.weight_exponent.high
            bounds.append(min(top, dialect.weight_limit or top) / item.largest)
    if folded.threshold is not None and np.any(folded.threshold > 0):
        highest = precision.threshold_mantissa.high * float(1 << dialect.threshold_shift_bits)
        bounds.append(highest / float(folded.threshold.max()))
    if np.any(folded.bias):
        highest = precision.bias_mantissa.high * 2.0**precision.bias_exponent.high
        bounds.append(highest / float(np.abs(folded.bias).max()))
    return bounds


def _depth(folded: Folded, incoming: list[ProjectionWeights]) -> float:
    """How far v may go below 0, in volts: without a floor, to the level where a leak balances, at most DEPTH thresholds."""
    if folded.threshold is None or folded.floor is not None:
        return 0.0
    down = np.maximum(-folded.bias, 0.0)
    for item in incoming:
        down = down + item.connectivity.sums(np.maximum(-item.volts, 0))
    lost = np.maximum(1.0 - folded.keep_v, 0.0)
    far = np.divide(down, lost, out=np.where(down > 0, np.inf, 0.0), where=lost > 0)
    return float(np.minimum(far, DEPTH * folded.threshold).max(initial=0.0))


def depth_of_u(folded: Folded, incoming: list[ProjectionWeights], steps: int | None) -> tuple[float, float]:
    """Return how far a u that integrates goes from 0, at most DEPTH_OF_U thresholds, in volts: under the worst drive of a step in
    every step, and under steady drive.
    """
    if folded.taken is None or folded.threshold is None:
        return 0.0, 0.0
    up, down = arriving(folded, incoming)
    often = np.minimum(steps or USUAL_STEPS, 1.0 / np.maximum(1.0 - folded.keep_i, LEAST_LOSS))
    far, most = np.maximum(down, up - folded.taken) * often, DEPTH_OF_U * folded.threshold
    return float(np.minimum(far, most).max(initial=0.0)), float(np.minimum(far * STEADY, most).max(initial=0.0))


def choose_scale(
    target: Target,
    folded: Folded,
    incoming: list[ProjectionWeights],
    *,
    steps: int | None = None,
    whole_mantissas: bool = False,
) -> float:
    """Return the scale of a population, in integer units of v per volt (see the module).

    A u that integrates may need more headroom than whole mantissas leave: the largest weight then keeps 7 bits, and smaller
    projections fewer, unless `whole_mantissas`.
    `steps`: steps of a sample, if known.
    """
    bounds = _bounds(target, folded, incoming)
    if not bounds:
        return 1.0
    scale = min(*bounds, GREATEST)
    sums = worst_sum(incoming, folded.bias.size)
    current = worst_current(folded, sums) + np.abs(folded.bias)
    state_limit = 2.0**target.dialect.state_bits
    sum_limit = 2.0 ** (target.dialect.accumulator_wrap_bits or target.dialect.state_bits)
    soft = folded.taken is not None
    deep, steady = depth_of_u(folded, incoming, steps) if soft else (_depth(folded, incoming), 0.0)
    spare = steady if not whole_mantissas else 0.0
    largest = max(float(current.max()), deep)
    while sums.max() * scale >= sum_limit or largest * scale >= state_limit:
        exponents = [exponent_for(target, item, scale) for item in incoming if item.largest > 0]
        sums_wrap = soft and float(sums.max()) * scale >= sum_limit
        free = bool(exponents) and (all(exponents) or (sums_wrap and _may_lose_a_bit(target, incoming, scale)))
        wraps = soft and float(current.max()) * scale >= state_limit
        if not (free or wraps or (spare * scale >= state_limit and _has_a_bit(target, incoming, scale))):
            break
        scale /= 2
    return scale if not soft else _storing_the_reset(target, folded, incoming, scale)


def doubled(target: Target, folded: Folded, incoming: list[ProjectionWeights], scale: float, asked: int) -> int:
    """Return how often a scale can be doubled, at most `asked` times, without clipping a weight, threshold or bias."""
    bounds = _bounds(target, folded, incoming)
    most = min(bounds, default=scale) / scale * (1 + 1e-12)
    return int(min(asked, max(np.floor(np.log2(max(most, 1.0))), 0)))


def _has_a_bit(target: Target, incoming: list[ProjectionWeights], scale: float) -> bool:
    """Whether the largest weight, other than that of a reset, uses all bits of its mantissa, so that one can be spared."""
    half = scale / float(1 << (target.dialect.weight_shift_bits + target.dialect.mantissa_bits - 1))
    return max((item.largest for item in incoming if not item.own), default=0.0) * half >= 1 - 1e-9


def _may_lose_a_bit(target: Target, incoming: list[ProjectionWeights], scale: float) -> bool:
    """Whether every projection whose exponent is 0, such as constants, is FINER times as fine as the one that brings most."""
    brings = [float(np.abs(item.connectivity.sums(np.abs(item.volts))).max(initial=0.0)) for item in incoming]
    exponents = [exponent_for(target, item, scale) for item in incoming]
    main = exponents[int(np.argmax([0.0 if item.own else most for item, most in zip(incoming, brings, strict=True)]))]
    return main is not None and 2**main >= FINER


def _storing_the_reset(target: Target, folded: Folded, incoming: list[ProjectionWeights], scale: float) -> float:
    """The largest scale up to `scale` at which the synapse that takes off the threshold, equal in all neurons, is exact."""
    own = [item for item in incoming if item.own]
    exponent = exponent_for(target, own[0], scale) if len(own) == 1 else None
    if exponent is None or np.ptp(own[0].volts) > 0:
        return scale
    step = 1 << dropped_bits(target.dialect, own[0].weight_bits, own[0].sign_mode)
    unit = step * 2.0 ** (exponent + target.dialect.weight_shift_bits)
    mantissa = np.floor(own[0].largest * scale / unit * (1 + 1e-12))
    return float(mantissa * unit / own[0].largest) if mantissa >= FEWEST else scale
