"""The definition of prescribed error sensitivity (PES), in plain numpy.

In step t, before the spikes of the step meet their weights (`learn_pes`):

1. the sources that spiked in step t - 1 are noted; one that spikes twice between two updates counts once;
2. every `trace_epoch_steps` each trace decays and gains its impulse, rounded with a draw of its source;
3. every `epoch_steps` each weight gains rate * trace * error, rounded with a draw of its synapse.

After the spikes of step t (`keep_sent`): they and the error of step t are kept for step t + 1, in which they act.

This is bit for bit what nengo-loihi 1.1.0 computes with its draws (emulator/interface.py SynapseState); its integer weight
is w << (6 + exponent). Its emulator and the chip are known to learn differently (nengo-loihi issue 167).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network.plasticity import Pes
from neurodeploy.simulate.pes_draws import PesDraws
from neurodeploy_backends.emulator.spec_learning import Synapses

__all__ = ["PesState", "cleared_pes", "errors_of", "impulse_of", "keep_of", "keep_sent", "learn_pes"]

Array = NDArray[Any]
Ints = NDArray[np.int64]

TRACE_TOP = 127
"""Largest value of a trace. [nengo trace_round]"""
ERROR_TOP = 127
"""Largest magnitude of an error. [nengo scale_pes_errors]"""
MANTISSA_BITS = 8
"""Bits of a weight's magnitude. [nengo weight_update]"""
FRACTION_BITS = 7
"""Bits of the accumulator below a mantissa. [nengo LEARN_FRAC]"""
LOST_BITS = 2
"""7 bits of each of two factors and 3 of the rate, beyond the 15 bits of the accumulator. [nengo learn_overflow_bits]"""
IMPULSE_FRACTIONS = 128
"""Parts in which the fraction of an impulse is counted. [nengo tracing_mag_int_frac]"""


@dataclass
class PesState:
    """State of a PES projection between two steps. All arrays int64; the first axis is the sample."""

    w: Ints
    """(samples, n) weight in mantissas, a multiple of 2**s with s the low bits that are not stored."""
    x: Ints
    """(samples, n_source) trace, from 0 to 127."""
    spiked: Ints
    """(samples, n_source) 1 where a spike of the source arrived since its trace was updated."""
    sent: Ints
    """(samples, n_source) 1 where the source spiked in the last step."""
    error: Ints
    """(samples, n_target / 2) error of the last step, from -127 to 127."""


def cleared_pes(synapses: Synapses, w: Ints, samples: int) -> PesState:
    """State before step 1: nothing has been sent. `w`: (n,) or (samples, n) mantissas as stored."""
    each = np.array(np.broadcast_to(w, (samples, synapses.pre.size)), dtype=np.int64)
    x, spiked, sent = (np.zeros((samples, synapses.n_source), dtype=np.int64) for _ in range(3))
    return PesState(each, x, spiked, sent, np.zeros((samples, synapses.n_target // 2), dtype=np.int64))


def errors_of(rule: Pes, values: Array, n_target: int) -> Ints:
    """(samples, n_target / 2) errors of what the error's source sends, (samples, n_target / 2) or (samples, n_target)."""
    pairs = n_target // 2
    real = values.astype(np.float64)
    signed = real if values.shape[1] == pairs else real[:, :pairs] - real[:, pairs:]
    return np.clip(np.rint(rule.error_scale * signed), -ERROR_TOP, ERROR_TOP).astype(np.int64)


def keep_sent(rule: Pes, synapses: Synapses, state: PesState, sent: Array, error: Array) -> None:
    """Keep what was sent in this step. `sent`: (samples, n_source), 0 for no spike; `error`: (samples, lines) of its source."""
    state.sent = (sent != 0).astype(np.int64)
    state.error = errors_of(rule, error, synapses.n_target)


def keep_of(rule: Pes) -> float:
    """Factor by which a trace decays from one update to the next."""
    return float(np.exp(-rule.trace_epoch_steps / rule.trace.tau_steps)) if rule.trace.tau_steps else 0.0


def impulse_of(rule: Pes) -> float:
    """What a spike adds to a trace."""
    return float(np.floor(rule.trace.impulse * IMPULSE_FRACTIONS)) / IMPULSE_FRACTIONS


def rounded(x: Array, draws: Array) -> Ints:
    """x toward zero, and one away from it where the draw is below the fraction. [nengo stochastic_round]"""
    fraction, whole = np.modf(np.abs(x))
    return (np.sign(x) * (whole + (draws < fraction))).astype(np.int64)


def learn_pes(rule: Pes, synapses: Synapses, state: PesState, t: int, draws: PesDraws, low_bits: int) -> None:
    """Update traces and weights in step t. `low_bits`: bits of a mantissa that are not stored (`dropped_bits`)."""
    state.spiked = state.spiked | state.sent
    if t % rule.trace_epoch_steps == 0:
        value = keep_of(rule) * state.x + impulse_of(rule) * state.spiked
        state.x = np.minimum(rounded(value, draws.trace), TRACE_TOP)
        state.spiked = np.zeros_like(state.spiked)
    if t % rule.epoch_steps == 0:
        signed = np.concatenate([-state.error, state.error], axis=1)
        change = rule.mantissa * state.x[:, synapses.pre] * signed[:, synapses.post]
        shift = FRACTION_BITS + rule.exponent - LOST_BITS
        total = (state.w << FRACTION_BITS) + (change << shift if shift >= 0 else change >> -shift)
        top = (1 << (MANTISSA_BITS - low_bits)) - 1
        stored = rounded(total * 2.0 ** (-FRACTION_BITS - low_bits), draws.synapse)
        state.w = np.clip(stored, -top, top) << low_bits
