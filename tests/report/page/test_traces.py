"""Traces of the page are the recorded states of the neurons with the most spikes."""

from __future__ import annotations

import numpy as np
import pytest
from page_runs import small_subject

import neurodeploy as nd
from neurodeploy.report.page.activity import traces
from neurodeploy.report.page.activity.trains import samples_shown


@pytest.fixture(scope="module")
def subject():
    return small_subject(probes=[("hidden", "v"), ("hidden", "u"), ("class", "v")])


def test_traces_are_the_recorded_integers(subject):
    recording, made = subject.recording, traces.section(subject)
    assert [plot.data["title"] for plot in made.plots] == ["hidden.v", "hidden.u", "class.v"]
    for plot in made.plots:
        states = recording.states[plot.data["title"]]
        population = plot.data["title"].split(".")[0]
        counts = recording.spike_counts(population, states.shape[2])
        for shown, one in zip(samples_shown(subject, recording), plot.data["samples"], strict=True):
            picked = one["neurons"]
            assert one["values"] == [[int(v) for v in states[shown.number, :, neuron]] for neuron in picked]
            left = [n for n in range(states.shape[2]) if n not in picked]
            mine = counts[shown.number]
            assert len(picked) == min(4, states.shape[2])
            assert not left or mine[picked].min() >= mine[left].max()
            rows = recording.spikes[population]
            for neuron, when in zip(picked, one["spikes"], strict=True):
                wanted = rows[(rows[:, 0] == shown.number) & (rows[:, 2] == neuron), 1]
                assert when == wanted.tolist()


def test_the_threshold_is_what_v_crosses(subject):
    """v before its reset exceeds the threshold exactly where the neuron spikes; after it, v is never above."""
    plot = traces.section(subject).plots[0]
    shift = subject.program.target.dialect.threshold_shift_bits
    rows = subject.program.table_rows["hidden"]
    (wanted,) = set(subject.program.tables.vth_mant[rows].tolist())
    for one in plot.data["samples"]:
        assert one["thresholds"] == [wanted << shift]
        assert max(max(values) for values in one["values"]) <= wanted << shift
    assert traces.section(subject).plots[1].data["samples"][0]["thresholds"] == []  # u has none


def test_units_of_the_network_and_the_reference(subject):
    plot, placed = traces.section(subject).plots[0], subject.program.populations[0]
    shown = samples_shown(subject, subject.recording)
    floats = subject.reference.states["hidden.v"]
    for number, one in zip((item.number for item in shown), plot.data["samples"], strict=True):
        assert (one["scale"], one["frame"]) == (placed.scale, 0.0)
        back = np.array(one["reference"]) / one["scale"] + one["frame"]
        wanted = floats[number][:, one["neurons"]].T
        assert np.allclose(back, wanted, rtol=1e-4, atol=1e-9)
        near = (one["thresholds"][0] / one["scale"]) - 1.0  # the network's threshold is 1
        assert abs(near) < 0.01


def test_a_reference_run_has_the_units_of_the_network(subject):
    floats = traces.section(subject._replace(recording=subject.reference, reference=None)).plots[0].data
    assert floats["unit"] == "v, units of the network"
    assert "scale" not in floats["samples"][0]
    wanted = subject.reference.states["hidden.v"][0][:, floats["samples"][0]["neurons"]].T
    assert np.allclose(floats["samples"][0]["values"], wanted, rtol=1e-4)


def test_long_runs_and_many_samples_are_cut_and_the_page_says_so(subject, monkeypatch):
    monkeypatch.setattr(traces, "MOST_STEPS", 5)
    monkeypatch.setattr(traces, "MOST_VALUES", 1)
    made = traces.section(subject)
    data = made.plots[0].data
    assert data["steps"] == 5
    assert [len(values) for values in data["samples"][0]["values"]] == [5] * 4
    assert len(data["samples"]) == 1
    assert max(step for when in data["samples"][0]["spikes"] for step in when) <= 5
    assert f"The first 5 of {subject.recording.n_steps} steps are drawn." in made.body


def test_probes_of_a_run_alone_are_known(subject):
    recording = nd.run(subject.program, subject.samples, probes=["class.u"])
    found = traces.probed_of(subject.program.network, recording)
    assert traces.Probed("class.u", "class", "u") in found


def test_no_traces_without_probes():
    assert traces.section(small_subject(reference=False)) is None


def test_neurons_that_do_not_spike_are_chosen_by_their_states():
    states = np.array([[0, 5, -9, 1, 2, 3], [0, 6, 9, 1, 0, 7]])
    assert traces.most_active(np.zeros(6, dtype=np.int64), states).tolist() == [1, 2, 4, 5]
    assert traces.most_active(np.array([1, 0, 0, 0, 0, 2]), states).tolist() == [0, 2, 4, 5]
