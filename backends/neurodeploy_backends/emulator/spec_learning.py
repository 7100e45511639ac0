"""The definition of a learning rule that is a sum of products, in plain numpy.

In each step, after the spikes of the step are known:

1. `count_source`: a source that spikes again in an epoch adds its impulses now; the step of its last spike is kept;
2. `count_target`: the same for targets, and traces that third factors set.

At the end of an epoch (`learn`):

3. the traces are followed through the epoch, step by step: decay, then the impulse of the last spike (`trace_history`);
4. each product is evaluated: dependency x0 with the traces at the source's last spike, y0 with those at the target's, u
   with those at the end of the epoch; its sum is added in an accumulator of 15 bits and a sign;
5. the accumulator is rounded to w, d and t, which are clipped.

One draw is shared by all neurons or synapses of a projection. This is bit for bit what lava-nc 0.10.0 computes
(LearningDense, tag bit_approximate_loihi); its authors say that it approximates the chip, and so does this.
Source: lava-nc 0.10.0 magma/core/model/py/connection.py, magma/core/learning/learning_rule_applier.py and constants.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network.equations import Factor, RuleProduct
from neurodeploy.network.plasticity import DELAY_RANGE, TAG_RANGE, SumOfProducts, Trace
from neurodeploy.simulate.learning_draws import EpochDraws

__all__ = ["Epoch", "Synapses", "cleared_epoch", "count_source", "count_target", "learn"]

Array = NDArray[Any]
Ints = NDArray[np.int64]

TRACE_BITS, ACCUMULATOR_BITS, MANTISSA_BITS, FRACTION_BITS = 7, 15, 4, 7
TRACE_TOP = (1 << TRACE_BITS) - 1
"""Largest value of a trace."""
IMPULSE_FRACTIONS = 256
"""Parts in which the fraction of an impulse is counted."""
FACTOR_BITS = {"x0": 1, "y0": 1, **dict.fromkeys(("x1", "x2", "y1", "y2", "y3"), TRACE_BITS), "w": 9, "d": 9, "t": 9}
LIMITS = {"mixed": (-256, 255), "excitatory": (0, 255), "inhibitory": (-255, 0), "d": DELAY_RANGE, "t": TAG_RANGE}
"""Range of a weight by its sign mode, of d and of t."""
LEAST, MOST = -(1 << ACCUMULATOR_BITS) - 1, (1 << ACCUMULATOR_BITS) - 1
THIRD_LEAST, THIRD_MOST = -128, 127
"""Range of a trace that a third factor sets."""


@dataclass(frozen=True)
class Synapses:
    """The synapses of a plastic projection, by source and then by target."""

    pre: Ints
    """(n,) source of each synapse."""
    post: Ints
    """(n,) target of each."""
    n_source: int
    n_target: int
    sign_mode: str
    """Signs of the weights: mixed, excitatory or inhibitory."""


@dataclass
class Epoch:
    """State of a plastic projection between two steps. All arrays int64; the first axis is the sample."""

    w: Ints
    """(samples, n) weight in mantissas."""
    d: Ints
    t: Ints
    x1: Ints
    """(samples, n_source)."""
    x2: Ints
    tx: Ints
    """(samples, n_source) step of the epoch, from 1, in which the source spiked last; 0: not yet."""
    y1: Ints
    """(samples, n_target)."""
    y2: Ints
    y3: Ints
    ty: Ints
    sent: Ints
    """(samples, n_target) 1 where the target spiked in the step before; only with third factors."""


def cleared_epoch(synapses: Synapses, w: Ints, d: Ints, t: Ints, samples: int) -> Epoch:
    """State before the first step: traces of 0; `w`, `d`, `t`: (n,) or (samples, n)."""
    each = [np.array(np.broadcast_to(values, (samples, synapses.pre.size)), dtype=np.int64) for values in (w, d, t)]
    x = [np.zeros((samples, synapses.n_source), dtype=np.int64) for _ in range(3)]
    y = [np.zeros((samples, synapses.n_target), dtype=np.int64) for _ in range(5)]
    return Epoch(*each, *x, *y)


# --- traces


def with_impulse(z: Ints, trace: Trace, draw: Array | int) -> Ints:
    """z after a spike: the impulse is added, rounded up where the draw is below its fraction, and kept within 0 and 127."""
    whole = int(np.floor(trace.impulse))
    fraction = round((trace.impulse - whole) * IMPULSE_FRACTIONS)
    return np.clip(z + whole + (draw < fraction), 0, TRACE_TOP)


def decayed(z: Ints, trace: Trace, draw: Array) -> Ints:
    """z one step later: z exp(-1 / tau), rounded up where the draw is below its fraction; 0 without a time constant."""
    if trace.tau_steps == 0:
        return np.zeros_like(z)
    value = np.exp(-1 / trace.tau_steps) * z
    return (np.floor(value) + (draw < value % 1)).astype(np.int64)


def trace_history(z: Ints, trace: Trace, spiked_at: Ints, epoch_steps: int, decay: Array, impulse: Array) -> Ints:
    """(epoch_steps + 1, samples, neurons) trace at the start of the epoch and after each of its steps."""
    history = [z]
    for k in range(1, epoch_steps + 1):
        z = decayed(history[-1], trace, decay)
        history.append(np.where(spiked_at == k, with_impulse(z, trace, impulse), z))
    return np.stack(history)


# --- the steps of an epoch


def step_of_epoch(rule: SumOfProducts, t: int) -> int:
    """Number of step t in its epoch, from 1."""
    return (t - 1) % rule.epoch_steps + 1


def count_source(rule: SumOfProducts, epoch: Epoch, sent: Ints, t: int) -> None:
    """Take the spikes of the source in step t, (samples, n_source): 0, 1 or the value of a graded spike."""
    spiked = sent != 0
    again, counted = (epoch.tx > 0) & spiked, spiked
    half = np.rint(sent / 2).astype(np.int64) & 0xFF
    second = again
    if rule.graded == "none":
        epoch.x1 = np.where(again, with_impulse(epoch.x1, rule.x1, 0), epoch.x1)
    elif rule.graded == "overwrite":
        epoch.x1 = np.where(spiked, half, epoch.x1)
    else:
        total = (epoch.x1 + half) & 0xFF  # 8 bits without a sign
        over = total > TRACE_TOP
        if rule.graded == "add_saturating":
            epoch.x1 = np.minimum(total, TRACE_TOP)
        else:
            epoch.x1 = np.where(over, total - TRACE_TOP, total)
            counted, second = spiked & over, again & over
    epoch.x2 = np.where(second, with_impulse(epoch.x2, rule.x2, 0), epoch.x2)
    epoch.tx = np.where(counted, step_of_epoch(rule, t), epoch.tx)


def count_target(
    rule: SumOfProducts, epoch: Epoch, sent: Ints, thirds: dict[str, Ints], t: int, draws: EpochDraws
) -> None:
    """Take the spikes of the target in step t, (samples, n_target), and what third factors set: trace -> (samples, n_target)."""
    spiked = sent != 0
    again = (epoch.ty > 0) & spiked
    for name in ("y1", "y2", "y3"):
        trace, z = getattr(rule, name), getattr(epoch, name)
        if not rule.third_factors:
            new = np.where(again, with_impulse(z, trace, draws.y_repeated[t - 1]), z)
        elif name in thirds:
            new = np.clip(thirds[name], THIRD_LEAST, THIRD_MOST)
        else:
            new = _by_neuron(z, trace, epoch.sent)
        setattr(epoch, name, new)
    epoch.ty = np.where(spiked, step_of_epoch(rule, t), epoch.ty)
    epoch.sent = spiked.astype(np.int64)


def _by_neuron(z: Ints, trace: Trace, sent: Ints) -> Ints:
    """A trace that the neuron computes, from its spikes of the step before."""
    keep = np.exp(-1 / trace.tau_steps) if trace.tau_steps else 0.0
    return np.minimum(np.floor(z * keep + trace.impulse * sent), TRACE_TOP).astype(np.int64)


THIRD_TRACE = Trace(impulse=0.0, tau_steps=2**16 - 1)
"""How the learning engine treats a trace that the neuron computes: it hardly decays within an epoch."""


def learn(rule: SumOfProducts, synapses: Synapses, epoch: Epoch, t: int, draws: EpochDraws) -> None:
    """End the epoch if step t is its last one: traces, then w, d and t of every synapse."""
    if t % rule.epoch_steps:
        return
    n, at = rule.epoch_steps, t - 1
    x = {"x1": rule.x1 if rule.graded == "none" else rule.x1.model_copy(update={"impulse": 0.0}), "x2": rule.x2}
    y = {name: THIRD_TRACE if rule.third_factors else getattr(rule, name) for name in ("y1", "y2", "y3")}
    history = {
        name: trace_history(getattr(epoch, name), trace, epoch.tx, n, draws.x_decay[at], draws.x_impulse[at])
        for name, trace in x.items()
    }
    history |= {
        name: trace_history(getattr(epoch, name), trace, epoch.ty, n, draws.y_decay[at], draws.y_impulse[at])
        for name, trace in y.items()
    }
    for name in x if rule.third_factors else history:  # y that the neuron computes are its own
        setattr(epoch, name, history[name][-1])
    factors = _Factors(synapses, epoch, history, t // n)
    for name, products in (("w", rule.dw), ("d", rule.dd), ("t", rule.dt)):
        if products:
            limits = LIMITS[synapses.sign_mode if name == "w" else name]
            factors.new[name] = _updated(factors, name, products, limits, draws.synapse[at])
    for name, values in factors.new.items():
        setattr(epoch, name, values)
    epoch.tx, epoch.ty = np.zeros_like(epoch.tx), np.zeros_like(epoch.ty)


class _Factors:
    """Values of dependencies and variables at the end of an epoch, (samples, n) each."""

    def __init__(self, synapses: Synapses, epoch: Epoch, history: dict[str, Ints], number: int) -> None:
        self.epoch, self.history, self.number, self.synapses = epoch, history, number, synapses
        self.at = {"x0": epoch.tx[:, synapses.pre], "y0": epoch.ty[:, synapses.post]}
        self.new: dict[str, Ints] = {}

    def dependency(self, item: RuleProduct) -> Ints:
        """1 where the product counts."""
        if item.decimation is not None:
            return np.full_like(self.epoch.w, int(self.number % (1 << item.decimation) == 0))
        return (self.at[item.dependency] > 0).astype(np.int64)

    def value(self, item: RuleProduct, factor: Factor) -> Ints:
        """Variable + constant, or the sign of it, within the width of the variable."""
        name, bits = factor.variable, FACTOR_BITS[factor.variable]
        if name in ("x0", "y0"):
            value = (self.at[name] > 0).astype(np.int64)
        elif name in ("w", "d", "t"):
            value = getattr(self.epoch, name)
        else:
            value = self._trace(name, item.dependency)
        value = value + factor.constant
        return np.clip(np.sign(value) if factor.sign else value, -(1 << bits), (1 << bits) - 1)

    def _trace(self, name: str, dependency: str) -> Ints:
        neuron = self.synapses.pre if name.startswith("x") else self.synapses.post
        history = self.history[name]
        if dependency == "u":
            return history[-1][:, neuron]
        sample = np.arange(history.shape[1], dtype=np.int64).reshape(-1, 1)
        return history[self.at[dependency], sample, neuron[None, :]]


def _updated(
    factors: _Factors, name: str, products: tuple[RuleProduct, ...], limits: tuple[int, int], draw: Array
) -> Ints:
    """(samples, n) new values of a variable."""
    total = getattr(factors.epoch, name) << FRACTION_BITS
    for item in products:
        value, width = factors.dependency(item).astype(np.int32), MANTISSA_BITS
        for factor in item.factors:
            value *= factors.value(item, factor).astype(np.int32)  # 32 bits, wrapping, as lava multiplies
            width += FACTOR_BITS[factor.variable]
        value *= np.int32(item.mantissa)
        value = (value >> max(0, width - ACCUMULATOR_BITS)) << (item.exponent + FRACTION_BITS)
        total = np.clip(total + np.clip(value.astype(np.int64), LEAST, MOST), LEAST, MOST)
    low, high = limits
    total = np.maximum(total, 0) if low == 0 else np.minimum(total, 0) if high == 0 else total
    fraction = (total & ((1 << FRACTION_BITS) - 1)) / (1 << FRACTION_BITS)
    return np.clip((total >> FRACTION_BITS) + (draw < fraction), low, high)
