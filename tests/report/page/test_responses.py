"""Spike-triggered averages and class means against sums made by hand."""

from __future__ import annotations

import re

import numpy as np
import pytest
from factories import examples, network_of
from hypothesis import given, settings
from hypothesis import strategies as st
from page_readers import pixels_of
from page_runs import small_subject

import neurodeploy as nd
from neurodeploy.report.page import ReportSubject
from neurodeploy.report.page.activity import averages, responses
from neurodeploy.report.page.activity.png import diverging
from neurodeploy.report.page.activity.trains import Train


@pytest.fixture(scope="module")
def subject():
    return small_subject(reference=False)


def test_weighted_average_by_hand():
    values = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    counts = np.array([[3, 0, 1], [1, 0, 0], [0, 0, 1]])
    found = averages.weighted_average(values, counts)
    assert found[0].tolist() == [0.75 - 0.5, 0.25 - 0.5]
    assert found[1].tolist() == [0.0, 0.0]  # no spike, no average
    assert found[2].tolist() == [0.75 - 0.5, 0.25 - 0.5]


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_spikes_before_are_those_of_a_loop_over_spikes(seed, window):
    draw = np.random.default_rng(seed)
    samples, steps, first = 3, 8, 4
    inputs, outputs = draw.random((samples, steps, 4)) < 0.3, draw.random((samples, steps, 3)) < 0.3

    def train(table):
        rows = np.argwhere(table) + [0, first, 0]
        return Train("x", False, table.shape[2:], table.shape[2], rows.astype(np.int64))

    found = averages.spikes_before(train(inputs), train(outputs), np.arange(3), samples, (first, steps, window))
    for neuron in range(3):
        seen = [inputs[s, max(0, t - window) : t].sum(axis=0) for s, t in np.argwhere(outputs[:, :, neuron])]
        wanted = np.mean(seen, axis=0) if seen else np.zeros(4)
        assert np.allclose(found.before[neuron], wanted)
    every = [inputs[s, max(0, t - window) : t].sum(axis=0) for s in range(samples) for t in range(steps)]
    assert np.allclose(found.always, np.mean(every, axis=0))


def test_selectivity_by_hand():
    counts = np.array([[4, 0], [2, 1], [0, 5]])
    rows = [(sample, step, neuron) for sample, neuron in np.ndindex(3, 2) for step in range(counts[sample, neuron])]
    train = Train("cells", False, (2,), 2, np.array(sorted(rows), dtype=np.int64))
    names, means = averages.selectivity(train, np.array([7, 7, 2]))
    assert names.tolist() == [2, 7]
    assert means.tolist() == [[0.0, 3.0], [5.0, 0.5]]


@pytest.mark.parametrize(
    ("shape", "image"),
    [((4, 5), (1, 4, 5)), ((3, 4, 5), (3, 4, 5)), (64, (1, 8, 8)), (63, None), (16, None), ((2, 3, 4, 5), None)],
)
def test_inputs_that_are_images(shape, image):
    assert averages.image_shape(nd.Input(name="in", shape=shape)) == image


def pictures(body):
    return [pixels_of(uri)[0] for uri in re.findall(r'href="(data:image/png[^"]*)"', body)]


def test_pictures_are_the_averages_of_the_most_active_neurons(subject):
    recording, values = subject.recording, subject.samples.values["picture"].reshape(12, 16)
    wanted = []
    for name, size in (("hidden", 6), ("class", 3)):
        counts = recording.spike_counts(name, size)
        for neuron in np.argsort(-counts.sum(axis=0), kind="stable"):
            if counts[:, neuron].sum():
                average = (counts[:, neuron] @ values) / counts[:, neuron].sum() - values.mean(axis=0)
                wanted.append(diverging(average.reshape(4, 4)))
    found = pictures(responses.section(subject).body)
    assert len(found) == len(wanted) > 4
    assert all((one == other).all() for one, other in zip(found, wanted, strict=True))


def of_36_lines(samples):
    """Two cells that see 36 lines without a shape, and random spikes for them."""
    network = network_of(
        [nd.Population(name="cells", shape=2, neuron=nd.If(v_threshold=1.0))],
        [nd.dense("in", "cells", np.ones((2, 36)))],
        inputs=36,
        steps_per_sample=12,
    )
    program = nd.compile(network, target="loihi1")
    spikes = (np.random.default_rng(0).random((samples, 12, 36)) < 0.2).astype(np.uint8)
    return program, spikes


def test_a_flat_input_is_drawn_as_a_square_and_the_page_says_so(subject):
    assert "drawn as" not in responses.section(subject).body
    program, spikes = of_36_lines(2)
    body = responses.section(ReportSubject(program, nd.run(program, spikes))).body
    assert "its 36 lines are drawn as 6 x 6" in body
    assert "in the 10 steps before a spike" in body
    assert [item.shape for item in pictures(body)] == [(6, 6)] * 2


def test_large_images_are_means_of_blocks():
    image = np.arange(2 * 70 * 35, dtype=np.float64).reshape(2, 70, 35)
    small = responses.shrunk(image)
    assert small.shape == (2, 24, 12)
    assert small[0, 0, 0] == image[0, :3, :3].mean()
    assert small[1, -1, -1] == image[1, 69:, 33:].mean()  # a block at the edge has fewer
    assert responses.shrunk(image[:, :32, :32]) is not None
    assert (responses.shrunk(image[:, :32, :32]) == image[:, :32, :32]).all()


def test_shades_of_classes_follow_the_means(subject):
    recording, labels = subject.recording, subject.samples.labels
    body = responses.section(subject).body
    part = body[body.index("Mean spikes of class for each label") :]
    counts = recording.spike_counts("class", 3)
    means = np.array([[counts[labels == label, neuron].mean() for label in range(3)] for neuron in range(3)])
    for neuron in range(3):
        tip = re.search(rf'data-tip="neuron {neuron}, spikes: ([^"]*)"', part).group(1)
        best = int(means[neuron].argmax())
        assert tip == "none" or tip.startswith(f"{means[neuron, best]:.3g}".rstrip("0").rstrip(".")[:3])
        assert tip == "none" or f"at label {best}" in tip.split(",")[0]


def test_no_responses_without_labels_or_images():
    network = network_of(
        [nd.Population(name="cells", shape=2, neuron=nd.If(v_threshold=1.0))],
        [nd.dense("in", "cells", np.ones((2, 3)))],
        inputs=3,
        steps_per_sample=5,
    )
    program = nd.compile(network, target="loihi1")
    recording = nd.run(program, np.ones((2, 5, 3), dtype=np.uint8))
    assert responses.section(ReportSubject(program, recording)) is None
    assert responses.section(ReportSubject(program)) is None


def test_many_input_spikes_are_averaged_over_the_first_samples(monkeypatch):
    program, spikes = of_36_lines(4)
    subject = ReportSubject(program, nd.run(program, spikes))
    whole = pictures(responses.section(subject).body)
    monkeypatch.setattr(responses, "MOST_SPIKES", int(spikes[:2].sum()))
    body = responses.section(subject).body
    assert "The first 2 of 4 samples are averaged." in body
    first = ReportSubject(program, nd.run(program, spikes[:2]))
    assert np.array_equal(pictures(body), pictures(responses.section(first).body))
    assert not np.array_equal(pictures(body), whole)
