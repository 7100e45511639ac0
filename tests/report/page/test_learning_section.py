"""The section of what was learned, against numbers made by hand."""

from __future__ import annotations

import re

import numpy as np
import pytest
from factories import network_of
from learners import learner, shown, trained
from page_readers import pixels_of
from page_runs import small_subject

import neurodeploy as nd
from neurodeploy.network import Dense
from neurodeploy.report.page import ReportSubject
from neurodeploy.report.page.activity import learning
from neurodeploy.report.page.activity.png import LEVELS


def pictured(weights):
    """(program, recording with given weights) of a picture of 2 x 3 onto neurons."""
    network = learner(operation=Dense(weights=np.full((3, 4), 20)))
    wide = network.projections[0].model_copy(update={"operation": Dense(weights=np.full((len(weights), 6), 20))})
    cells = network.populations[0].model_copy(update={"shape": (len(weights),)})
    inputs = (nd.Input(name="in", shape=(2, 3)),)
    whole = network_of((cells,), (wide,), inputs=inputs, outputs="cells", name="learner", steps_per_sample=20)
    program = nd.compile(whole, "loihi1")
    recording = nd.run(program, {"in": np.zeros((1, 20, 2, 3), dtype=np.uint8)}, engine="spec")
    rows = np.array(weights).reshape(len(weights), 6).T.reshape(1, -1)  # by source and then by target
    learned = recording.learned.model_copy(update={"synapses": {"in_cells.w": rows}})
    return ReportSubject(program, recording.model_copy(update={"learned": learned}))


def test_the_table_counts_what_changed():
    body = learning.section(pictured([[20, 20, 20, 20, 20, 30], [255, -256, 20, 20, 20, 20]])).body
    row = re.search(r"<tbody><tr>(.*?)</tr>", body).group(1)
    cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)
    assert cells == ["in_cells", "12", "3", "20.0", f"{209 / 12:.1f}", "276", "2"]


def test_pictures_are_the_weights_of_a_target_with_one_scale():
    body = learning.section(pictured([[0, 70, -70, 35, 0, 0], [0, 0, 0, 0, 0, 140]])).body
    found = [pixels_of(uri) for uri in re.findall(r'href="(data:image/png;base64,[^"]+)"', body)]
    steps = [picture[0].astype(int) - LEVELS for picture in found]
    assert [one.tolist() for one in steps] == [[[0, 4, -4], [2, 0, 0]], [[0, 0, 0], [0, 0, LEVELS]]]


def test_of_many_targets_those_that_changed_most_are_drawn():
    weights = np.full((40, 6), 20)
    weights[7, 0], weights[39, 1] = 60, -60
    body = learning.section(pictured(weights)).body
    drawn = [int(number) for number in re.findall(r"target (\d+): weights", body)][::1]
    assert len(set(drawn)) == 36
    assert {7, 39} <= set(drawn)
    assert "the 36 targets whose weights changed most" in body


def test_rule_and_claim_are_told():
    network = learner(epoch_steps=4, dt="2^-3*x1*y0")
    body = learning.section(ReportSubject(*trained(network))).body
    assert "dw = 2^-2*y0*x1 - 2^-2*x0*y1" in body
    assert "dt = 2^-3*y0*x1" in body
    assert "every 4 steps, 5 times in each sample" in body
    assert "approximate the chip" in body


def test_the_mean_weight_is_drawn_where_a_probe_recorded_it():
    program, recording = trained()
    assert "Mean weight of" not in learning.section(ReportSubject(program, recording)).body
    probed = nd.run(program, shown(program.network), engine="spec", probes="in_cells.w")
    body = learning.section(ReportSubject(program, probed)).body
    means = probed.states["in_cells.w"][0].mean(axis=1)
    assert f"from {means[0]:.4g} to {means[-1]:.4g}" in body
    assert len(re.search(r'<polyline points="([^"]*)" class="curve t1"', body).group(1).split()) == recording.n_steps


def test_bars_hold_every_weight():
    program, recording = trained(samples=3, learn="apart")
    body = learning.section(ReportSubject(program, recording)).body
    bars = re.findall(r"to (-?\d+): ([\d.]+) after, (\d+) before", body)
    assert sum(float(after) for _, after, _ in bars) == pytest.approx(12, abs=0.01)
    assert sum(int(before) for _, _, before in bars) == 12
    assert "(3 samples apart)" in body


def test_runs_without_learning_have_no_section():
    assert learning.section(small_subject(reference=False)) is None
    program, recording = trained()
    assert learning.section(ReportSubject(program)) is None
    assert 'id="learning"' in nd.report(program, recording)
