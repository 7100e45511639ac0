"""Noise draws of a run, for simulators that need draws instead of a seed.

The generators of chips are not public, so this project defines its own: a draw depends only on the seed, the sample, the step
and the neuron's number in the program. x = m(seed + g (sample + 1)), y = m(x ^ step 2**32 ^ neuron), the upper 32 bits of y
scaled to -127..127; m is the finaliser of splitmix64 and g its increment (Steele et al. 2014).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program.program import Program
from neurodeploy.signals.options import RunOptions
from neurodeploy.signals.stimulus import Stimulus

__all__ = ["INCREMENT", "Words", "mixed", "noise_draws"]

INCREMENT = 0x9E3779B97F4A7C15
"""Increment of splitmix64."""
MIXERS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
"""(shift, factor) of the finaliser's rounds; a last shift by 31 follows."""
LEVELS, LARGEST = 255, 127
Words = NDArray[np.uint64]


def mixed(x: Words) -> Words:
    """Return the finaliser of splitmix64 of each word; same shape."""
    for shift, factor in MIXERS:
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    return x ^ (x >> np.uint64(31))


def _drawn(seed: int, samples: range, steps: range, neurons: Words) -> NDArray[np.int16]:
    numbers = np.asarray(samples, dtype=np.uint64) * np.uint64(INCREMENT) + np.uint64(seed % (1 << 64))
    step = np.arange(steps.start, steps.stop, dtype=np.uint64) << np.uint64(32)
    words = mixed(mixed(numbers)[:, None, None] ^ step[None, :, None] ^ neurons[None, None, :])
    scaled = ((words >> np.uint64(32)) * np.uint64(LEVELS)) >> np.uint64(32)
    return (scaled.astype(np.int64) - LARGEST).astype(np.int16)


def noise_draws(
    program: Program, stimulus: Stimulus, steps: int, options: RunOptions, first_step: int = 1
) -> dict[str, NDArray[np.int16]]:
    """Return population -> (samples, steps, size) int16 draws in -127..127, for each population with noise.

    `program`, `stimulus`, `options`: of the run. `steps`: its last step. `first_step`: that of index 0. Draws in
    `options.noise` take precedence; draws for one sample apply to all samples.
    """
    found, first = dict[str, NDArray[np.int16]](), 0
    numbers = range(stimulus.first_sample + 1, stimulus.first_sample + stimulus.n_samples + 1)
    for item in program.populations:
        neurons = np.arange(first, first + item.size, dtype=np.uint64)
        first += item.size
        if "noise_at" not in item.parameters:
            continue
        supplied: Any = options.noise.get(item.name)
        drawn = (
            _drawn(options.seed, numbers, range(first_step, steps + 1), neurons)
            if supplied is None
            else np.asarray(supplied, dtype=np.int16)
        )
        kept = slice(None) if supplied is None else slice(first_step - 1, steps)
        found[item.name] = drawn[np.arange(stimulus.n_samples) % drawn.shape[0], kept]
    return found
