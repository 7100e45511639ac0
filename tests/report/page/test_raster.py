"""The raster holds every spike of the recording, or counts that add up to them."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import numpy as np
import pytest
from factories import examples, network_of
from hypothesis import given, settings
from hypothesis import strategies as st
from page_readers import unpacked
from page_runs import small_subject

import neurodeploy as nd
from neurodeploy.report.page import ReportSubject
from neurodeploy.report.page.activity import raster
from neurodeploy.report.page.activity.trains import labels_of, listed, samples_shown
from neurodeploy.simulate import answers


@pytest.fixture(scope="module")
def subject():
    return small_subject()


def events(one, size, first):
    """(n, 2) step and neuron of a train that is written spike by spike."""
    places = np.cumsum(np.array(unpacked(one["events"]), dtype=np.int64) + 1) - 1
    return np.stack([places // size + first, places % size], axis=1)


def cells(one, columns, rows):
    """(columns, rows) counts of a train that is written in cells."""
    pairs = np.array(unpacked(one["cells"]), dtype=np.int64).reshape(-1, 2)
    counts = np.zeros(columns * rows, dtype=np.int64)
    counts[np.cumsum(pairs[:, 0] + 1) - 1] = pairs[:, 1]
    return counts.reshape(columns, rows)


def test_every_spike_of_the_shown_samples_is_on_the_page(subject):
    data, recording = raster.section(subject).plots[0].data, subject.recording
    shown = samples_shown(subject, recording)
    assert [item["name"] for item in data["series"]] == ["picture", "hidden", "class"]
    assert (data["first"], data["steps"]) == (1, recording.n_steps)
    for item in data["series"]:
        rows = {**recording.input_spikes, **recording.spikes}[item["name"]]
        assert item["input"] == (item["name"] == "picture")
        for sample, one in zip(shown, item["samples"], strict=True):
            wanted = rows[rows[:, 0] == sample.number, 1:]
            assert one["n"] == len(wanted) > 0
            assert (events(one, item["size"], 1) == wanted).all()


def test_samples_are_chosen_for_their_reasons(subject):
    recording = subject.recording
    given, label = answers(subject.program.network, recording), labels_of(subject, recording.n_samples)
    total = sum(recording.spike_counts(name, size).sum(axis=1) for name, size in (("hidden", 6), ("class", 3)))
    wrong = int(np.flatnonzero(given != label)[0])
    wanted = list(dict.fromkeys([0, wrong, int(total.argmax()), int(total.argmin())]))
    shown = samples_shown(subject, recording)
    assert [item.number for item in shown] == wanted
    assert shown[0].title == f"sample 0 (the first): label {label[0]}, answer {given[0]}"


def test_labels_need_one_for_each_sample(subject):
    assert labels_of(subject._replace(samples=None), 12) is None
    assert labels_of(subject, 13) is None
    assert "label" not in samples_shown(subject._replace(samples=None), subject.recording)[0].title


def test_too_many_spikes_become_counts_that_add_up_and_the_page_says_so(subject, monkeypatch):
    monkeypatch.setattr(raster, "LETTERS", 300)
    made, recording = raster.section(subject), subject.recording
    data = made.plots[0].data
    first = samples_shown(subject, recording)[0].number
    dense = [item for item in data["series"] if "cells" in item["samples"][0]]
    assert [item["name"] for item in dense] == ["picture"]
    for item in dense:
        one = item["samples"][0]
        columns, rows = -(-data["steps"] // one["column"]), -(-item["size"] // one["row"])
        found = cells(one, columns, rows)
        wanted = np.zeros((columns, rows), dtype=np.int64)
        for sample, step, line in recording.input_spikes["picture"]:
            if sample == first:
                wanted[(step - 1) // one["column"], line // one["row"]] += 1
        assert (found == wanted).all()
        assert found.sum() == one["n"]
        assert f"{item['name']}: too many spikes to draw each" in made.body


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(st.integers(0, 5_000), min_size=1, max_size=30), st.integers(1, 20_000))
def test_a_fair_share_fills_the_room_and_no_more(sizes, room):
    share = raster.fair_share(sizes, room)
    taken = sum(min(size, share) for size in sizes)
    assert taken <= room + 1e-6
    assert math.isinf(share) == (sum(sizes) <= room)
    assert math.isinf(share) or taken == pytest.approx(room)


@settings(max_examples=examples(100), deadline=None)
@given(st.data())
def test_a_grid_loses_no_spike_and_keeps_its_size(data):
    size, steps = data.draw(st.integers(1, 3_000)), data.draw(st.integers(1, 3_000))
    first, room = data.draw(st.integers(1, 50)), data.draw(st.integers(1, 5_000))
    spike = st.tuples(st.integers(first, first + steps - 1), st.integers(0, size - 1))
    rows = np.array(sorted(data.draw(st.sets(spike, max_size=40))), dtype=np.int64).reshape(-1, 2)
    grid = raster.grid_of(rows, size, first, steps, room)
    columns, height = grid.counts.shape
    assert grid.counts.sum() == len(rows)
    assert columns <= raster.MOST_COLUMNS
    assert height == 1 or columns * height <= room
    assert (columns - 1) * grid.per_column < steps <= columns * grid.per_column
    assert (height - 1) * grid.per_row < size <= height * grid.per_row


def test_a_large_network_keeps_to_its_room():
    """50,000 neurons, of which a tenth spike in every step."""
    draw, size, steps = np.random.default_rng(1), 50_000, 100
    step, neuron = np.nonzero(draw.random((steps, size)) < 0.1)
    rows = np.stack([np.zeros(step.size), step + 1, neuron], axis=1).astype(np.int32)
    small = small_subject(reference=False)
    neurons = nd.If(v_threshold=1.0)
    network = network_of([nd.Population(name=name, shape=size, neuron=neurons) for name in ("a", "b")], inputs=())
    program = small.program.model_copy(update={"network": network})
    recording = small.recording.model_copy(
        update={"n_samples": 1, "n_steps": steps, "spikes": {"a": rows, "b": rows}, "input_spikes": {}}
    )
    made = raster.section(ReportSubject(program, recording))
    assert len(made.plots[0].as_json()) < raster.LETTERS + 1_000
    one = made.plots[0].data["series"][0]["samples"][0]
    assert cells(one, -(-steps // one["column"]), -(-size // one["row"])).sum() == one["n"] == len(rows)
    assert "too many spikes" in made.body
    assert "needs a browser that runs scripts" in made.body


def test_the_drawing_without_scripts_has_every_spike(subject):
    body = raster.section(subject).body
    static = body[body.index("<noscript>") + len("<noscript>") : body.index("</noscript>")]
    tree = ElementTree.fromstring(f"<div>{static}</div>")
    sample = samples_shown(subject, subject.recording)[0].number
    marks = sum(path.get("d", "").count("M") for path in tree.iter("path"))
    every = {**subject.recording.input_spikes, **subject.recording.spikes}
    assert marks == sum(int((rows[:, 0] == sample).sum()) for rows in every.values())


def test_the_same_run_gives_the_same_bytes(subject):
    assert raster.section(subject) == raster.section(small_subject())


def test_no_raster_without_a_run(subject):
    assert raster.section(ReportSubject(subject.program)) is None


@pytest.mark.parametrize(
    ("count", "text"), [(2, "0, 1"), (8, "0, 1, 2, 3, 4, 5, 6, 7"), (20, "0, 1, 2, 3, 4, 5, 6, 7 and 12 more")]
)
def test_long_lists_of_neurons_are_cut(count, text):
    assert listed(np.arange(count)) == text


def test_a_run_without_states_says_how_to_record_them(subject):
    assert "nd.run(..., probes=&quot;hidden.v&quot;), records one" in raster.section(subject).body
    probed = nd.run(subject.program, subject.samples, probes="hidden.v")
    assert "No state was recorded" not in raster.section(subject._replace(recording=probed)).body


def test_inputs_of_currents_have_no_raster():
    network = network_of(
        [nd.Population(name="cells", shape=2, neuron=nd.If(v_threshold=1.0))],
        [nd.dense("in", "cells", np.ones((2, 2)))],
        inputs=(nd.Input(name="in", shape=2, encoder="bias"),),
        steps_per_sample=9,
    )
    program = nd.compile(network, target="loihi1")
    subject = ReportSubject(program, nd.run(program, np.ones((1, 2))))
    assert [item["name"] for item in raster.section(subject).plots[0].data["series"]] == ["cells"]
