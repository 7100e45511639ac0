"""Random numbers of stochastic rounding in PES projections.

A draw depends only on the seed of the rule, the sample, the step and the source or synapse: no state is kept between
steps, and threads, batches and resumed runs draw alike. With m the finaliser of splitmix64 and g its increment (as noise):

    k = m(seed + 2**62 + g (sample + 1)),  y = m(k ^ step 2**32 ^ number),  draw = (upper 32 bits of y) / 2**32

`number` is that of the source for its trace, and 2**31 + that of the synapse for its weight. Without rounding every draw is 1,
with which no fraction rounds up.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network.plasticity import Pes
from neurodeploy.simulate.noise import INCREMENT, Words, mixed

__all__ = ["DRAW_BITS", "PesDraws", "pes_draws", "sample_keys"]

Array = NDArray[Any]
DRAW_BITS = 32
"""A draw is a whole number of this many bits, divided by 2**32."""
STREAM = 1 << 62
"""Keeps the draws apart from those of noise with the same seed."""
SYNAPSES = 1 << 31
"""Number of the first synapse."""


class PesDraws(NamedTuple):
    """Draws of one step; arrays without columns where the step needs none."""

    trace: Array
    """(samples, n_source) float64 from 0 to below 1; 1 without rounding."""
    synapse: Array
    """(samples, n_synapses) float64, by source and then by target."""


def pes_draws(rule: Pes, samples: range, t: int, n_source: int, n_synapses: int) -> PesDraws:
    """Return the draws of `rule` in step `t`, from 1, of samples by their number in the whole run, from 0."""
    trace = n_source if t % rule.trace_epoch_steps == 0 else 0
    synapse = n_synapses if t % rule.epoch_steps == 0 else 0
    if rule.rounding == "none":
        return PesDraws(np.ones((len(samples), trace)), np.ones((len(samples), synapse)))
    return PesDraws(_drawn(rule.seed, samples, t, 0, trace), _drawn(rule.seed, samples, t, SYNAPSES, synapse))


def sample_keys(seed: int, samples: range) -> Words:
    """Return k of each sample, by its number in the whole run, from 0; (samples,) uint64. `seed`: of the rule."""
    numbers = np.asarray(samples, dtype=np.uint64) * np.uint64(INCREMENT)
    return mixed(numbers + np.uint64((seed + STREAM + INCREMENT) % 2**64))


def _drawn(seed: int, samples: range, t: int, first: int, count: int) -> Array:
    number = np.arange(first, first + count, dtype=np.uint64)
    key = sample_keys(seed, samples)
    words = mixed(key[:, None] ^ np.uint64(t << 32) ^ number[None, :])
    return (words >> np.uint64(64 - DRAW_BITS)).astype(np.float64) / 2.0**DRAW_BITS
