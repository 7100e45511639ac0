"""Noise draws as numbers: another simulator can be given exactly what the emulator draws."""

from __future__ import annotations

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.conformance import corpus, program_of
from neurodeploy.simulate import RunOptions
from neurodeploy.simulate.noise import noise_draws

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def case():
    return next(item for item in corpus() if item.name == "noise_at_current")


@pytest.mark.parametrize(("seed", "first"), [(0, 0), (7, 0), (-3, 5)])
def test_the_emulator_given_the_draws_does_what_it_does_by_itself(case, seed, first):
    program = program_of(case, "nengo")
    stimulus = case.stimulus.model_copy(update={"first_sample": first})
    draws = noise_draws(program, stimulus, case.steps, RunOptions(seed=seed))
    assert set(draws) == {"cells"}
    assert draws["cells"].shape == (2, case.steps, 5)
    runs = [
        nd.run(program, stimulus, until=case.steps, options=RunOptions(seed=seed, noise=given)) for given in ({}, draws)
    ]
    for name in ("cells.u", "calm.v"):
        assert np.array_equal(runs[0].states[name], runs[1].states[name])
    assert np.ptp(draws["cells"]) > 200
    other = noise_draws(program, stimulus, case.steps, RunOptions(seed=seed + 1))
    assert not np.array_equal(draws["cells"], other["cells"])


def test_draws_that_a_run_gives_are_taken_for_every_sample(case):
    program = program_of(case, "nengo")
    given = np.arange(case.steps * 5).reshape(1, case.steps, 5) % 100
    draws = noise_draws(program, case.stimulus, case.steps, RunOptions(noise={"cells": given}))
    assert np.array_equal(draws["cells"], np.concatenate([given, given]))


def test_a_population_has_the_draws_of_its_place_in_the_program(case):
    """The noisy one comes second: what the emulator draws by itself is what it is given, and not what it drew as the first."""
    network = case.network.model_copy(update={"populations": case.network.populations[::-1]})
    assert [item.name for item in network.populations] == ["calm", "cells"]
    swapped = case.model_copy(update={"network": network})
    program, options = program_of(swapped, "nengo"), RunOptions(seed=7)
    draws = noise_draws(program, case.stimulus, case.steps, options)
    first = noise_draws(program_of(case, "nengo"), case.stimulus, case.steps, options)
    assert not np.array_equal(draws["cells"], first["cells"])
    runs = [
        nd.run(program, case.stimulus, until=case.steps, options=RunOptions(seed=7, noise=given))
        for given in ({}, draws)
    ]
    assert np.array_equal(runs[0].states["cells.u"], runs[1].states["cells.u"])
