"""Pictures of what was learned draw its weights, and refuse what they cannot draw."""

from __future__ import annotations

import numpy as np
import pytest
from learners import learner, shown, trained

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError


@pytest.fixture(scope="module")
def apart():
    return trained(samples=2, learn="apart", probes=["in_cells.x1", "in_cells.y1", "in_cells.w"])


def codes(call, *arguments, **choices):
    with pytest.raises(DiagnosticError) as error:
        call(*arguments, **choices)
    return [item.code for item in error.value.diagnostics]


def test_bars_and_steps_hold_all_weights(apart):
    program, recording = apart
    learned = recording.learned.synapses["in_cells.w"]
    start = learner().projections[0].operation.weights.T.ravel()
    for sample in (0, 1):
        axes = nd.plot.weights(program, recording, sample=sample)
        edges = np.append([bar.get_x() for bar in axes.patches], 255)
        assert [bar.get_height() for bar in axes.patches] == np.histogram(learned[sample], edges)[0].tolist()
        assert axes.lines[0].get_ydata()[:-1].tolist() == np.histogram(start, edges)[0].tolist()
    both = nd.plot.weights(program, recording)
    assert sum(bar.get_height() for bar in both.patches) == 12, "a mean over samples"


def test_fields_are_the_weights_of_each_target_in_the_shape_of_the_source(apart):
    program, recording = apart
    weights = recording.learned.synapses["in_cells.w"][1].reshape(4, 3)  # by source and then by target
    sheet = np.asarray(nd.plot.receptive_fields(program, recording, targets=[2, 0], sample=1).images[0].get_array())
    assert sheet.shape == (2, 5), "four lines are a square of 2"
    assert sheet[:, :2].tolist() == weights[:, 2].reshape(2, 2).tolist()
    assert sheet[:, 3:].tolist() == weights[:, 0].reshape(2, 2).tolist()
    assert np.ma.getmaskarray(np.ma.masked_invalid(sheet))[:, 2].all()
    usual = np.asarray(nd.plot.receptive_fields(program, recording).images[0].get_array())
    assert np.isfinite(usual).sum() == 12


def test_absent_synapses_have_no_weight():
    program, recording = trained(learner("sparse"))
    listed = program.network.projections[0].operation
    sheet = np.asarray(nd.plot.receptive_fields(program, recording, targets=[1]).images[0].get_array())
    absent = sorted(set(range(4)) - set(listed.pre[listed.post == 1].tolist()))
    assert absent
    assert (sheet.ravel()[absent] == 0).all()


def test_traces_are_those_of_the_probe(apart):
    program, recording = apart
    axes = nd.plot.traces(program, recording, "in_cells.y1", numbers=[2, 0], sample=1)
    assert [line.get_label() for line in axes.lines] == ["target 2", "target 0"]
    assert axes.lines[0].get_ydata().tolist() == recording.states["in_cells.y1"][1, :, 2].tolist()
    assert axes.lines[0].get_xdata().tolist() == list(range(1, recording.n_steps + 1))
    first = nd.plot.traces(program, recording)
    assert first.get_ylabel() == "in_cells.x1"
    assert nd.plot.traces(program, recording, "in_cells.w", numbers=[11]).lines[0].get_label() == "synapse 11"


@pytest.mark.parametrize("function", [nd.plot.weights, nd.plot.receptive_fields, nd.plot.traces])
def test_what_cannot_be_drawn_is_refused(apart, function):
    program, recording = apart
    assert codes(function, program, recording, "in_cell") == ["ND767"]
    assert codes(function, program, recording, 3) == ["ND002"]
    assert codes(function, program, recording, sample=2) == ["ND767"]
    assert codes(function, program, recording, ax=3) == ["ND002"]
    other = nd.compile(learner(seed=9), "loihi1")
    assert codes(function, other, recording) == ["ND513"]
    network = learner()
    plain = network.projections[0].model_copy(update={"plasticity": None})
    fixed = nd.compile(network.model_copy(update={"projections": (plain,)}), "loihi1")
    assert codes(function, fixed, nd.run(fixed, shown(network))) == ["ND766"]


def test_numbers_that_do_not_exist_are_refused(apart):
    program, recording = apart
    assert codes(nd.plot.receptive_fields, program, recording, targets=[3]) == ["ND767"]
    assert codes(nd.plot.receptive_fields, program, recording, targets=["a"]) == ["ND767"]
    assert codes(nd.plot.receptive_fields, program, recording, targets=[]) == ["ND766"]
    assert codes(nd.plot.traces, program, recording, numbers=[4]) == ["ND767"]
    assert codes(nd.plot.traces, program, recording, numbers=[-1]) == ["ND767"]
