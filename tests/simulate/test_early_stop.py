"""Answers before the last step, against a walk through the recorded v of each sample."""

from __future__ import annotations

import numpy as np
import pytest
from factories import one_layer

import neurodeploy as nd
from neurodeploy.simulate.probes import membrane_probe

RASTER = (np.random.default_rng(4).random((40, 30, 6)) < 0.3).astype(np.uint8)
WEIGHTS = np.random.default_rng(5).normal(size=(3, 6))


@pytest.fixture(scope="module")
def program():
    network = one_layer(nd.If(v_threshold=1000.0), WEIGHTS, input_shape=6)
    out = nd.Output(name="scores", source="cells", decoder=nd.network.Membrane(offset=0.25))
    return nd.compile(network.model_copy(update={"outputs": (out,)}), target="loihi1")


@pytest.fixture(scope="module")
def recording(program):
    return nd.run(program, {"in": RASTER})


def walked(program, recording, margin):
    """Step by step, in the network's units of v."""
    answers, steps = [], []
    scale = program.populations[0].scale
    for sample in recording.states[membrane_probe("scores")]:
        for step, v in enumerate(sample, start=1):
            order = np.argsort(v / scale + 0.25)
            lead = (v[order[-1]] - v[order[-2]]) / scale
            if lead >= margin or step == len(sample):
                break
        answers.append(order[-1])
        steps.append(step)
    return answers, steps


@pytest.mark.parametrize("margin", [0.5, 2.0, 1e6])
def test_a_sample_is_decided_in_the_first_step_with_the_lead(program, recording, margin):
    found = nd.early_stop(program, recording, margin)
    answers, steps = walked(program, recording, margin)
    assert found.answers.tolist() == answers
    assert found.steps.tolist() == steps
    assert found.mean_steps == np.mean(steps)
    assert found.saved == pytest.approx(1 - np.mean(steps) / recording.n_steps)


def test_a_margin_that_nothing_reaches_gives_the_last_answers(program, recording):
    assert nd.early_stop(program, recording, 1e6).answers.tolist() == nd.answers(program, recording).tolist()


def test_the_reference_has_the_same_leads(program, recording):
    floats = nd.run(program, {"in": RASTER}, backend="reference")
    apart = np.abs(nd.early_stop(program, floats, 2.0).steps - nd.early_stop(program, recording, 2.0).steps)
    assert (apart == 0).mean() > 0.9


@pytest.mark.parametrize("points", [0.0, 5.0, 20.0])
def test_the_margin_is_the_smallest_within_the_loss(program, recording, points):
    labels = nd.answers(program, recording)
    margin = nd.stop_margin(program, recording, points)
    assert margin == nd.stop_margin(program, recording, points, labels=labels)
    kept = (nd.early_stop(program, recording, margin).answers == labels).mean()
    assert kept >= 1 - points / 100
    if points:
        assert nd.early_stop(program, recording, margin).mean_steps < recording.n_steps
        assert margin <= nd.stop_margin(program, recording, 0.0)
