"""The definition of the learning rules of Brian2Loihi, in plain numpy: a sum of products that runs in every step.

Step t learns from the spikes of step t - 1, of the source and of the target alike, before the spikes of step t meet a weight:

1. a source that spiked adds its impulses to x1 and x2, and x0 is 1; the target likewise (`with_events`);
2. the sum of the products, of these traces and weights, is rounded away from zero to a whole number; the part of it that the
   stored bits of a weight cannot hold rounds up with its probability (`_rounded`);
3. every trace decays by the factor 1 - 1 / tau, and its fraction rounds up with its probability (`faded`).

What rounds up, in 2 and 3, is decided at the start of the step: by the fraction that the trace had before the spikes, and by
the remainder that the sum had without x0 and y0. So products of x0 and y0 are always rounded toward zero in 2.

There are no epochs, no accumulator and no scaling of products; u_k is 1 where the step's time is a multiple of 2**k, with steps
from 0 and times in floating-point seconds, which from step 2002 on misses some. In Brian2Loihi each synapse has traces and draws
of its own; here those of a source or a target are the same, and one draw is shared, as in `spec_learning`. What this gives is
one of the results that Brian2Loihi can give, and the only one where nothing is random. Delayed spikes count as if sent without
delay.

Source: Brian2Loihi 0.5.2, loihi_synapses.py and loihi_network.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network.equations import Factor, RuleProduct
from neurodeploy.network.plasticity import SumOfProducts, Trace
from neurodeploy.simulate.learning_draws import EpochDraws
from neurodeploy_backends.emulator.spec_learning import TRACE_TOP, Epoch, Synapses

__all__ = ["LIMITS", "faded", "keep_spikes", "learn_in_step", "with_events"]

Array = NDArray[Any]
Ints = NDArray[np.int64]

LIMITS = {"mixed": (-256, 254), "excitatory": (0, 255), "inhibitory": (-256, 0)}
"""Range of a weight by its sign mode."""
STEP_S = 0.001
"""Length of a step, in seconds, of Brian's clock."""
DIGITS = 15
"""Digits of the decay factor in Brian's equations; so 6 * (1 - 1/6) is 4.999..., which is cut to 4."""


def with_events(z: Ints, trace: Trace, spiked: Ints) -> Ints:
    """(samples, n) trace `z` after the impulses where `spiked` is not 0, kept within 0 and 127."""
    return np.where(spiked != 0, np.clip(z + trace.impulse, 0, TRACE_TOP).astype(np.int64), z)


def faded(z: Ints, trace: Trace, before: Ints, draw: Array) -> Ints:
    """(samples, n) trace one step later. `before`: the trace before the step's impulses; `draw`: (samples, 1) below 1."""
    keep = max(1 - 1 / trace.tau_steps, 0.0) if trace.tau_steps else 0.0
    start = keep * before
    return (float(f"{keep:.{DIGITS}g}") * z).astype(np.int64) + (start - np.floor(start) > draw)


def learn_in_step(
    rule: SumOfProducts, synapses: Synapses, epoch: Epoch, t: int, draws: EpochDraws, precision: int
) -> None:
    """Learn in step t, before its spikes meet weights, from the kept spikes of the step before.

    `precision`: mantissas between two weights that the stored bits can hold.
    """
    at = t - 1
    spiked = {"x": epoch.tx, "y": epoch.ty}
    draw = {"x": draws.x_decay[at], "y": draws.y_decay[at]}
    before = {name: getattr(epoch, name) for name in ("x1", "x2", "y1", "y2", "y3")}
    after = {name: with_events(z, getattr(rule, name), spiked[name[0]]) for name, z in before.items()}
    events = {"x0": (epoch.tx != 0).astype(np.int64), "y0": (epoch.ty != 0).astype(np.int64)}
    none = {name: np.zeros_like(values) for name, values in events.items()}
    start = _sum(rule, synapses, epoch.w, before | none, t)
    change = _sum(rule, synapses, epoch.w, after | events, t)
    epoch.w = np.clip(epoch.w + _rounded(change, start, precision, draws.synapse[at]), *LIMITS[synapses.sign_mode])
    for name, z in after.items():
        setattr(epoch, name, faded(z, getattr(rule, name), before[name], draw[name[0]]))


def keep_spikes(epoch: Epoch, source: Ints, target: Ints) -> None:
    """Keep the spikes of a step, (samples, n_source) and (samples, n_target), from which the next one learns."""
    epoch.tx, epoch.ty = ((sent != 0).astype(np.int64) for sent in (source, target))


def _rounded(change: Ints, start: Ints, unit: int, draw: Array) -> Ints:
    """(samples, n) change in multiples of a unit; the remainder of `start` decides what rounds up."""
    whole = np.sign(change) * (np.abs(change) // unit)
    return (whole + np.sign(start) * (np.abs(start) % unit / unit > draw)) * unit


def _sum(rule: SumOfProducts, synapses: Synapses, w: Ints, values: dict[str, Ints], t: int) -> Ints:
    """(samples, n) sum of the products, rounded away from zero."""
    total = np.zeros(w.shape)
    for item in rule.dw:
        product = np.full(w.shape, item.mantissa * 2.0**item.exponent * _occurs(item, t))
        for factor in item.factors:
            product = product * _value(synapses, w, values, factor)
        if item.decimation is None:
            product = product * _at(synapses, values, item.dependency)
        total += product
    return (np.sign(total) * np.ceil(np.abs(total))).astype(np.int64)


def _occurs(item: RuleProduct, t: int) -> int:
    """0 for a product of u_k in a step whose time is no multiple of 2**k, as Brian's clock counts it."""
    return 1 if not item.decimation else int((t - 1) * STEP_S / STEP_S % (1 << item.decimation) == 0)


def _value(synapses: Synapses, w: Ints, values: dict[str, Ints], factor: Factor) -> Ints:
    value = (w if factor.variable == "w" else _at(synapses, values, factor.variable)) + factor.constant
    return np.sign(value) if factor.sign else value


def _at(synapses: Synapses, values: dict[str, Ints], name: str) -> Ints:
    """(samples, n) value of a trace or an event at each synapse."""
    return values[name][:, synapses.pre if name.startswith("x") else synapses.post]
