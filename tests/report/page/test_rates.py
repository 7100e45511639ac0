"""Rates of the page against counts made spike by spike."""

from __future__ import annotations

import re

import numpy as np
import pytest
from factories import network_of
from page_runs import small_subject

import neurodeploy as nd
from neurodeploy.report.page import ReportSubject
from neurodeploy.report.page.activity import rates
from neurodeploy.report.page.activity.trains import Train, trains_of


@pytest.fixture(scope="module")
def subject():
    return small_subject(reference=False)


def train(rows, size):
    return Train("cells", False, (size,), size, np.array(rows, dtype=np.int64).reshape(-1, 3))


def test_rates_by_hand():
    """Two samples of three steps, four neurons: sample 0 spikes twice in step 5, sample 1 once in step 5 and four times in 7."""
    rows = [(0, 5, 0), (0, 5, 3), (1, 5, 1), (1, 7, 0), (1, 7, 1), (1, 7, 2), (1, 7, 3)]
    mean, low, high, per = rates.rate_of(train(rows, 4), 2, 5, 3)
    assert mean.tolist() == [37.5, 0.0, 50.0]
    assert low.tolist() == [27.5, 0.0, 10.0]  # a tenth of the way from the lower sample to the higher one
    assert high.tolist() == [47.5, 0.0, 90.0]
    assert per == 1


def test_long_runs_are_means_of_steps_of_which_the_last_may_be_fewer():
    steps = 2 * rates.MOST_POINTS + 1
    rows = [(0, step, 0) for step in range(1, steps + 1)]  # one of two neurons spikes in every step
    mean, _, _, per = rates.rate_of(train(rows, 2), 1, 1, steps)
    assert per == 3
    assert mean.size == -(-steps // 3)
    assert (mean == 50.0).all()


def test_the_page_has_the_rates_of_every_train(subject):
    recording, data = subject.recording, rates.section(subject).plots[0].data
    assert [item["name"] for item in data["series"]] == ["picture", "hidden", "class"]
    assert data["points"] == recording.n_steps
    for item, size in zip(data["series"], (16, 6, 3), strict=True):
        rows = {**recording.input_spikes, **recording.spikes}[item["name"]]
        table = np.zeros((recording.n_samples, recording.n_steps))
        for sample, step, _ in rows:
            table[sample, step - 1] += 100 / size
        assert np.abs(np.array(item["mean"]) - table.mean(axis=0)).max() <= 0.005 + 1e-9
        assert np.abs(np.array(item["low"]) - np.percentile(table, 10, axis=0)).max() <= 0.005 + 1e-9
        assert np.abs(np.array(item["high"]) - np.percentile(table, 90, axis=0)).max() <= 0.005 + 1e-9


def test_one_sample_has_no_band(subject):
    one = nd.run(subject.program, np.ones((1, 4, 4)))
    line = rates.section(ReportSubject(subject.program, one)).plots[0].data["series"][0]
    assert set(line) == {"name", "mean"}


@pytest.fixture
def extremes():
    """A neuron that spikes in every step, one that never does, and one in between."""
    network = network_of(
        [nd.Population(name="cells", shape=3, neuron=nd.If(v_threshold=1.0))],
        [nd.dense("in", "cells", np.array([[2.0], [-1.0], [0.3]]))],
        inputs=1,
        steps_per_sample=40,
    )
    program = nd.compile(network, target="loihi1")
    return ReportSubject(program, nd.run(program, np.ones((2, 40, 1), dtype=np.uint8)))


def test_silent_and_saturated_neurons_are_those_of_the_findings(extremes):
    program, recording = extremes.program, extremes.recording
    spread = rates.spread_of(program, trains_of(extremes, recording)[-1], recording)
    assert (spread.silent.tolist(), spread.saturated.tolist()) == ([1], [0])
    told = {item.code: item.message for item in recording.findings}
    assert "1 of 3 neurons never fired" in told["ND533"]
    assert "first neuron 1" in told["ND533"]
    assert "1 of 3 neurons fired in nearly every possible step, first neuron 0" in told["ND534"]
    body = rates.section(extremes).body
    assert '<td class="wrap">1 (1)</td><td class="wrap">1 (0)</td>' in body


def test_the_histogram_counts_every_neuron_once(extremes, subject):
    for item in (extremes, subject):
        titles = re.findall(r"<title>(\d+) (silent|with)", rates.section(item).body)
        populations = sum(population.size for population in item.program.populations)
        assert sum(int(n) for n, _ in titles) == populations


def test_short_runs_are_not_judged_saturated(subject):
    short = nd.run(subject.program, subject.samples, steps=4)
    made = rates.section(subject._replace(recording=short))
    assert "not judged in runs of fewer than 20 steps" in made.body


def test_more_populations_than_colours_take_several_drawings():
    neuron = nd.If(v_threshold=1.0)
    names = [f"p{at}" for at in range(40)]
    network = network_of(
        [nd.Population(name=name, shape=1, neuron=neuron) for name in names],
        [nd.dense("in", name, np.ones((1, 1))) for name in names],
        inputs=1,
        steps_per_sample=3,
    )
    program = nd.compile(network, target="loihi1")
    made = rates.section(ReportSubject(program, nd.run(program, np.ones((1, 3, 1), dtype=np.uint8))))
    assert [len(plot.data["series"]) for plot in made.plots] == [8, 8, 8, 8]
    assert "first 32 of 41" in made.body
    assert all(f">{name}</th>" in made.body for name in names)


def test_no_rates_without_a_run(subject):
    assert rates.section(ReportSubject(subject.program)) is None
