"""Draws of learning rules are those of lava-nc, one after the other, and differ from sample to sample."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.network import SumOfProducts
from neurodeploy.simulate.learning_draws import epoch_draws, stacked_draws

STEPS = 23


def one_by_one(seed, sample, epoch_steps):
    """Draws as a simulator takes them: each generator once at the start, those of traces twice a step, and so on."""
    x_decay, x_impulse, y_decay, y_impulse = (np.random.default_rng(seed + 4 * sample + k) for k in range(4))
    synapse = np.random.default_rng(2 + 4 * sample)

    def advanced():
        numbers = x_decay.random(1), x_impulse.integers(0, 128, size=1), y_decay.random(1)
        return [*(float(values[0]) for values in numbers), int(y_impulse.integers(0, 128, size=1)[0])]

    advanced()
    rounds, rows = float(synapse.random(1)[0]), []
    for t in range(1, STEPS + 1):
        repeated = advanced()[3]
        traces = advanced()
        if t % epoch_steps == 0:
            rounds = float(synapse.random(1)[0])
        rows.append([*traces, repeated, rounds])
    return np.array(rows).T


@pytest.mark.parametrize("sample", [0, 1, 5])
@pytest.mark.parametrize("epoch_steps", [1, 4])
def test_draws_are_taken_one_by_one(sample, epoch_steps):
    rule = SumOfProducts(dw="x0", seed=17, epoch_steps=epoch_steps)
    made = np.array([np.asarray(values, dtype=np.float64) for values in epoch_draws(rule, STEPS, sample)])
    np.testing.assert_array_equal(made, one_by_one(17, sample, epoch_steps))


def test_stacked_draws_are_those_of_each_sample():
    rule = SumOfProducts(dw="x0", seed=3)
    stacked = stacked_draws(rule, STEPS, range(2, 5))
    for place, sample in enumerate(range(2, 5)):
        for together, alone in zip(stacked, epoch_draws(rule, STEPS, sample), strict=True):
            np.testing.assert_array_equal(together[:, place, 0], alone)


def test_without_rounding_no_draw_rounds_up():
    made = epoch_draws(SumOfProducts(dw="x0", rounding="none"), STEPS, 0)
    assert all((np.asarray(made[k]) >= 1).all() for k in (0, 2, 5))
    assert all((np.asarray(made[k]) >= 256).all() for k in (1, 3, 4))
