"""What a calibration compares, and the constants that it corrects, by hand."""

from __future__ import annotations

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.convert.build import network_of
from neurodeploy.convert.calibrate import Candidate, Goal, Samples, calibrate
from neurodeploy.convert.coding import relu_coding
from neurodeploy.convert.correct import corrected
from neurodeploy.convert.plan import plan_of
from neurodeploy.convert.rates import driven, layer_values, simulate
from neurodeploy.convert.score import Score, divergence, relative_error
from neurodeploy.convert.stored import stored
from neurodeploy.hardware import load_target
from neurodeploy.network import AvgPool2d, Dense
from neurodeploy.trained.layers import Layer, Layers, Term
from neurodeploy.trained.network import TrainedInput
from neurodeploy.trained.operations import Activate

STEPS = 32


def test_the_divergence_of_two_classes_is_that_of_their_odds():
    wanted = np.array([[2.0, -2.0], [-2.0, 2.0]])  # standard deviation 2: compared as they are
    read = np.array([[1.0, -1.0], [-2.0, 2.0]])
    p, q = 1 / (1 + np.exp(-4.0)), 1 / (1 + np.exp(-2.0))
    one = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
    assert divergence(read, wanted) == pytest.approx(one / 2)
    assert divergence(read * 7 + 3, wanted * 7) == pytest.approx(one / 2), "neither the unit nor a common offset counts"
    assert divergence(wanted, wanted) == pytest.approx(0.0)


def test_an_error_counts_where_it_may_change_the_answer():
    wanted = np.array([[0.1, 0.0, -6.0], [6.0, 0.0, -6.0]])
    near, far = wanted.copy(), wanted.copy()
    near[0, 1] += 1.0
    far[1, 1] += 1.0
    assert relative_error(near, wanted, values=False) == pytest.approx(relative_error(far, wanted, values=False))
    assert divergence(near, wanted) > 4 * divergence(far, wanted)


def test_a_nearer_output_is_better_than_one_more_right_answer_and_a_full_v_is_worse_than_both():
    nearer, chance = Score(0.93, 0.01, 0.004), Score(0.94, 0.02, 0.009)
    assert nearer.value > chance.value > nearer._replace(full=True).value


def layers(rng, bias):
    """x of 12 values, 8 relu neurons, 3 scores."""
    one, two = rng.normal(size=(8, 12)), rng.normal(size=(3, 8))
    relu = Activate(function="relu")
    made = (
        Layer("one", (8,), (8,), relu, (Term("x", (Dense(weights=one),)),), bias, ("one",)),
        Layer("two", (3,), (3,), None, (Term("one", (Dense(weights=two),)),), np.zeros(3), ("two",)),
    )
    return Layers((TrainedInput(name="x", shape=(12,)),), made, None)


def planned(rng, bias, most=9.0):
    made = layers(rng, bias)
    x = {"x": rng.random((200, 12), dtype=np.float32)}
    floats = layer_values(made, x)
    codings = {
        "x": relu_coding(np.ones(12)),
        "one": relu_coding(np.full(8, most)),
        "two": relu_coding(np.full(3, 20.0)),
    }
    return plan_of(made, codings), floats, x


def test_a_correction_does_not_add_what_the_constants_that_it_replaces_were_rounded_by():
    plan, floats, x = planned(np.random.default_rng(0), np.full(8, 10.0), 20.0)  # no sum is below 0
    off = [0.02 * (item.kind == "integrate") for item in plan.populations]
    held = plan._replace(
        populations=tuple(
            item._replace(constant=item.constant + d) for item, d in zip(plan.populations, off, strict=True)
        )
    )
    made, other = (corrected(plan, own, floats, x, STEPS).plan for own in (plan, held))
    assert np.abs(held.populations[0].constant - plan.populations[0].constant).min() > 0.01
    assert np.abs(made.populations[0].constant - other.populations[0].constant).max() < 0.004


def test_what_constants_are_rounded_by_is_added_once():
    rng = np.random.default_rng(1)
    plan, floats, x = planned(rng, rng.normal(size=8))
    target = load_target("loihi1")
    once = corrected(plan, stored(plan, STEPS, target).plan, floats, x, STEPS, once=True).plan
    sizes = {"x": 12, "one": 8}
    for before, after in zip(plan.populations, once.populations, strict=True):
        np.testing.assert_array_equal(before.constant, after.constant)
        given = {(wire.source, wire.unit): np.zeros((STEPS, 1, sizes[wire.source]), np.float32) for wire in after.wires}
        drive = driven(after, given, STEPS)[:, 0]
        np.testing.assert_allclose(drive[0] - drive[1], after.first, atol=1e-5)
    names = {item.name: item.operation for item in network_of(once, "net", STEPS).projections}
    np.testing.assert_allclose(names["one_start"].weights, 0.5 + once.populations[0].first)

    def lacks(given):
        """Mean error of each score, in shares of the largest."""
        read = simulate(stored(given, STEPS, target).plan, x, STEPS).read[:, -1] / STEPS
        return np.abs((read - floats.values["two"] / 20.0).mean(axis=0)).max()

    assert lacks(once) < 0.5 * lacks(plan)


def test_a_calibration_corrects_the_mean_of_every_score():
    rng = np.random.default_rng(2)
    made, x = layers(rng, rng.normal(size=8)), {"x": rng.random((300, 12), dtype=np.float32)}
    found = calibrate(made, Samples(x, None), Goal(STEPS, load_target("loihi1")), [Candidate(99.9, per_channel=True)])
    gain = found.plan.codings["two"].units[0].gain
    error = found.run.read[:, -1] / STEPS * gain - found.wanted
    assert found.shifted
    assert np.abs(error.mean(axis=0)).max() < 0.01 * gain.max()
    assert found.score.divergence == pytest.approx(divergence(error + found.wanted, found.wanted))


def test_a_pool_and_the_weights_after_it_are_rounded_together():
    rng, target = np.random.default_rng(3), load_target("loihi1")
    pool, one = AvgPool2d(input_shape=(1, 4, 4), kernel=(2, 2), stride=(2, 2)), rng.normal(size=(3, 4))
    made = Layer("one", (3,), (3,), None, (Term("x", (pool, Dense(weights=one))),), np.zeros(3), ("one",))
    inputs = (TrainedInput(name="x", shape=(1, 4, 4)),)
    plan = plan_of(Layers(inputs, (made,), None), {"x": relu_coding(np.ones(16)), "one": relu_coding(np.full(3, 4.0))})
    (step,) = stored(plan, STEPS, target).plan.populations[0].wires[0].steps
    program = nd.compile(network_of(plan, "net", STEPS), target)
    x = np.eye(16).reshape(16, 1, 4, 4)
    v = nd.run(program, {"x": x}).states["scores.v"][:, STEPS]
    exact = np.kron(one.reshape(3, 2, 2), np.ones((2, 2))).reshape(3, 16).T / 16
    assert np.abs(step.weights.T - exact).max() < 0.01
    scale = np.vdot(v, step.weights.T) / np.vdot(step.weights, step.weights)
    np.testing.assert_allclose(v / scale, step.weights.T, atol=2e-3 * np.abs(step.weights).max())
