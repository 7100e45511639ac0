"""Calibration: what it promises is what the chip's integers do."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.convert.build import network_of
from neurodeploy.convert.calibrate import Goal, Samples, calibrate
from neurodeploy.convert.latency import calibrate_for, losses
from neurodeploy.convert.ranges import Candidate
from neurodeploy.convert.rates import simulate
from neurodeploy.hardware import load_target
from neurodeploy.trained.layers import layers_of
from neurodeploy.trained.network import Node, TrainedInput, TrainedNetwork
from neurodeploy.trained.operations import Activate, FullyConnected

FEW = [Candidate(percentile, per_channel) for percentile in (97.0, 99.5) for per_channel in (False, True)]


@functools.cache
def digits(seed=0):
    """(trained MLP 64-64-32-10, calibration samples and labels, test samples and labels) of scikit-learn."""
    datasets = pytest.importorskip("sklearn.datasets", reason="digits are missing and cannot be had: scikit-learn")
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import MLPClassifier

    x, y = datasets.load_digits(return_X_y=True)
    parts = train_test_split((x / 16).astype(np.float32), y, test_size=360, random_state=seed, stratify=y)
    x_train, x_test, y_train, y_test = parts
    classifier = MLPClassifier((64, 32), random_state=seed, max_iter=400).fit(x_train, y_train)
    return classifier, x_train, y_train, x_test, y_test


def network_of_mlp(mlp, name="mlp"):
    """A trained network of the weights of an MLP, read without the importer."""
    nodes, before = list[Node](), "x"
    for number, (weights, bias) in enumerate(zip(mlp.coefs_, mlp.intercepts_, strict=True)):
        label, shape = f"dense{number}", (weights.shape[1],)
        nodes.append(
            Node(name=label, operation=FullyConnected(weights=weights.T, bias=bias), inputs=(before,), shape=shape)
        )
        before = label
        if number < len(mlp.coefs_) - 1:
            before = f"relu{number}"
            nodes.append(Node(name=before, operation=Activate(function="relu"), inputs=(label,), shape=shape))
    inputs = (TrainedInput(name="x", shape=(mlp.coefs_[0].shape[0],)),)
    return TrainedNetwork(name=name, source="scikit-learn", inputs=inputs, nodes=tuple(nodes))


@functools.cache
def calibrated(steps, *, hard=False):
    mlp, x, y, _, _ = digits()
    goal = Goal(steps, load_target("loihi1"), hard=hard)
    return calibrate(layers_of(network_of_mlp(mlp)), Samples({"x": x}, y), goal, FEW), goal


@pytest.mark.parametrize("hard", [False, True])
def test_the_simulation_of_stored_weights_is_what_the_chip_computes(hard):
    made, goal = calibrated(8, hard=hard)
    _, _, _, x, _ = digits()
    program = nd.compile(network_of(made.plan, "net", goal.steps), "loihi1")
    recording = nd.run(program, {"x": x})
    run = simulate(made.stored.plan, {"x": x}, goal.steps)
    for depth, name in enumerate(("dense0", "dense1"), start=1):
        rows = recording.spikes[name]
        rows = rows[rows[:, 1] <= goal.steps + depth]
        counts = np.zeros_like(run.counts[name])
        np.add.at(counts, (rows[:, 0], rows[:, 2]), 1)
        assert (counts == run.counts[name]).mean() > 0.995, "up to ties at the threshold"
    answers = nd.answers(program, recording)
    assert (answers == run.read[:, -1].argmax(axis=1)).mean() > 0.99
    scale = recording.states["scores.v"][:, -1].ravel() @ run.read[:, -1].ravel() / np.square(run.read[:, -1]).sum()
    assert np.abs(recording.states["scores.v"][:, -1] / scale - run.read[:, -1]).mean() < 0.05


def test_digits_keep_their_accuracy_in_integers():
    made, goal = calibrated(16)
    mlp, _, _, x, y = digits()
    program = nd.compile(network_of(made.plan, "net", goal.steps), "loihi1")
    lost = mlp.score(x, y) - nd.accuracy(program, nd.run(program, {"x": x}), y)
    assert lost < 0.01
    assert made.score.right > 0.99
    assert not made.score.full
    assert all(made.run.reach[name] < room for name, room in made.stored.room.items())


def test_a_calibration_is_the_same_with_the_same_seed():
    mlp, x, y, _, _ = digits()
    layers, target = layers_of(network_of_mlp(mlp)), load_target("loihi1")
    first, again = (calibrate(layers, Samples({"x": x}, y), Goal(4, target, seed=3), FEW) for _ in range(2))
    assert first.chosen == again.chosen
    for one, other in zip(first.plan.populations, again.plan.populations, strict=True):
        np.testing.assert_array_equal(one.constant, other.constant)


def test_latency_chooses_fewer_steps_within_the_loss_and_says_so():
    mlp, x, y, _, _ = digits()
    made = calibrate_for(layers_of(network_of_mlp(mlp)), Samples({"x": x}, y), Goal(24), FEW, points=1.0)
    assert made.findings == ()
    assert 1 < made.goal.steps < 12
    lost = losses(made.calibrated, made.goal)
    assert lost[-1] <= 1.0
    assert (lost[:-1] > 1.0).all(), "no fewer steps are within the loss"


def test_values_of_a_regressor_are_in_the_units_of_the_trained_network():
    rng = np.random.default_rng(0)
    one, two = rng.normal(size=(16, 6)), rng.normal(size=(3, 16))
    nodes = (
        Node(name="one", operation=FullyConnected(weights=one, bias=0.2), inputs=("x",), shape=(16,)),
        Node(name="relu", operation=Activate(function="relu"), inputs=("one",), shape=(16,)),
        Node(name="two", operation=FullyConnected(weights=two, bias=-5.0), inputs=("relu",), shape=(3,)),
    )
    trained = TrainedNetwork(
        name="net", source="torch", inputs=(TrainedInput(name="x", shape=(6,)),), nodes=nodes, task="regress"
    )
    x = rng.random((300, 6), dtype=np.float32)
    goal = Goal(64, load_target("loihi1"), values=True)
    made = calibrate(layers_of(trained), Samples({"x": x}, None), goal, FEW)
    network = network_of(made.plan, "net", goal.steps, values=True)
    program = nd.compile(network, "loihi1")
    values = nd.decoded(program, nd.run(program, {"x": x[:50]}))["values"][:, -1]
    wanted = np.maximum(x[:50] @ one.T + 0.2, 0) @ two.T - 5.0
    error = np.sqrt(np.square(values - wanted).mean() / np.square(wanted - wanted.mean(axis=0)).mean())
    assert error < 0.06
    assert np.sqrt(made.score.error) == pytest.approx(error, rel=0.5)
