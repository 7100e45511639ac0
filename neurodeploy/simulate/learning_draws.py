"""Random numbers of stochastic rounding in learning rules, as lava-nc draws them.

One number is shared by all neurons of a projection: for the decay and the impulses of x, for those of y, and for the
synapses. Each is drawn once before step 1; those of traces twice in a step, after the spikes of the source and after those
of the target; that of the synapses once an epoch. Sample k draws with seeds 4 k higher, so that sample 0 draws as lava does.
Source: lava-nc 0.10.0 magma/core/learning/random.py and magma/core/model/py/connection.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network.plasticity import SumOfProducts

__all__ = [
    "NEVER_DECAY",
    "NEVER_IMPULSE",
    "SAMPLE_SEEDS",
    "EpochDraws",
    "FollowingDraws",
    "epoch_draws",
    "stacked_draws",
]

Array = NDArray[Any]
IMPULSE_DRAWS = 128
"""A draw for an impulse is below this, although its fraction is counted in 256ths: from .5 on it always rounds up."""
SYNAPSE_SEED = 2
"""Seed of the draws for synapses, whatever the seed of the rule."""
SAMPLE_SEEDS = 4
"""Seeds of each sample: decay and impulse of x, decay and impulse of y."""
NEVER_DECAY, NEVER_IMPULSE = 1.0, 256
"""Draws with which no fraction rounds up."""


class EpochDraws(NamedTuple):
    """Draws of one rule and one sample; index t - 1 of each holds the draw of step t. Stacked: (steps, samples, 1) each."""

    x_decay: Array
    """(steps,) float64 below 1, for the decay of x at the end of an epoch."""
    x_impulse: Array
    """(steps,) int64 below 128, for the impulse of x at the end of an epoch."""
    y_decay: Array
    y_impulse: Array
    y_repeated: Array
    """(steps,) as y_impulse, for the impulse of a target that spikes again in an epoch. Sources add theirs with draw 0."""
    synapse: Array
    """(steps,) float64 below 1, for the accumulators of the synapses."""


def epoch_draws(rule: SumOfProducts, steps: int, sample: int) -> EpochDraws:
    """Return the draws of `rule` in steps 1 to `steps` of sample number `sample`, from 0, of the whole run."""
    if rule.rounding == "none":
        decay, impulse = np.full(steps, NEVER_DECAY), np.full(steps, NEVER_IMPULSE)
        return EpochDraws(decay, impulse, decay, impulse, impulse, decay)
    first, count = rule.seed + SAMPLE_SEEDS * sample, 2 * steps + 1
    x_impulse, y_impulse = (_generator(first + k).integers(0, IMPULSE_DRAWS, size=count, dtype=int) for k in (1, 3))
    x_decay, y_decay = (_generator(first + k).random(count) for k in (0, 2))
    epochs = np.arange(1, steps + 1) // rule.epoch_steps
    synapse = _generator(SYNAPSE_SEED + SAMPLE_SEEDS * sample).random(steps // rule.epoch_steps + 1)[epochs]
    return EpochDraws(x_decay[2::2], x_impulse[2::2], y_decay[2::2], y_impulse[2::2], y_impulse[1::2], synapse)


def _generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def stacked_draws(rule: SumOfProducts, steps: int, samples: range) -> EpochDraws:
    """Return the draws of several samples, (steps, samples, 1) each. `rule`, `steps`: as in `epoch_draws`."""
    each = [epoch_draws(rule, steps, sample) for sample in samples]
    return EpochDraws(*(np.stack(columns, axis=1)[:, :, None] for columns in zip(*each, strict=True)))


class FollowingDraws:
    """The draws of one rule and one sample in the order of the steps, without an end."""

    def __init__(self, rule: SumOfProducts, sample: int, step: int) -> None:
        """`rule`, `sample`: as in `epoch_draws`. `step`: the last one whose draws are left out, 0 for none."""
        self.rule, self.step, self._synapse = rule, step, np.zeros(0)
        if rule.rounding == "none":
            return
        first, used = rule.seed + SAMPLE_SEEDS * sample, 2 * step + 1
        self._decays = [_at_double(first + k, used) for k in (0, 2)]
        self._impulses = [_at_integer(first + k, used) for k in (1, 3)]
        epoch = (step + 1) // rule.epoch_steps
        self._synapses, self._epoch = _at_double(SYNAPSE_SEED + SAMPLE_SEEDS * sample, epoch), epoch

    def following(self, steps: int) -> EpochDraws:
        """Return the draws of the next `steps` steps; index 0 holds those of the step after the last."""
        start, self.step = self.step + 1, self.step + steps
        if self.rule.rounding == "none":
            return epoch_draws(self.rule, steps, 0)
        x_decay, y_decay = (generator.random(2 * steps)[1::2] for generator in self._decays)
        x_impulse, y_impulse = (
            generator.integers(0, IMPULSE_DRAWS, size=2 * steps, dtype=int) for generator in self._impulses
        )
        epochs = np.arange(start, self.step + 1) // self.rule.epoch_steps
        synapse = self._synapses_of(int(epochs[0]), int(epochs[-1]))[epochs - epochs[0]]
        return EpochDraws(x_decay, x_impulse[1::2], y_decay, y_impulse[1::2], y_impulse[0::2], synapse)

    def _synapses_of(self, first: int, last: int) -> Array:
        """Draws of epochs `first` to `last`; the last one is kept, as the next steps may belong to it."""
        count = last - self._epoch + 1
        if count > 0:
            self._synapse = np.concatenate([self._synapse, self._synapses.random(count)])
            self._epoch = last + 1
        self._synapse = self._synapse[self._synapse.size - (last - first + 1) :]
        found, self._synapse = self._synapse, self._synapse[-1:]
        return found


def _at_double(seed: int, used: int) -> np.random.Generator:
    """A generator that has drawn `used` doubles, of 64 bits each."""
    generator = _generator(seed)
    _bits(generator).advance(used)
    return generator


def _at_integer(seed: int, used: int) -> np.random.Generator:
    """A generator that has drawn `used` integers below a power of two, of 32 bits each."""
    generator = _generator(seed)
    _bits(generator).advance(used // 2)
    generator.integers(0, IMPULSE_DRAWS, size=used % 2, dtype=int)
    return generator


def _bits(generator: np.random.Generator) -> Any:
    return generator.bit_generator
