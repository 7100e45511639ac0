"""Inputs of converted networks: their ranges, and that the calibration sees the spikes that the encoder gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.convert.apply import apply_all
from neurodeploy.convert.build import network_of
from neurodeploy.convert.calibrate import Candidate, Goal, Samples, calibrate
from neurodeploy.convert.inputs import input_coding, input_levels, input_line, input_of, is_signed, values_of_lines
from neurodeploy.convert.rates import simulate, spikes_of_rates
from neurodeploy.network import Conv2d, Dense, Network, Time
from neurodeploy.trained.chains import merged
from neurodeploy.trained.layers import layers_of
from neurodeploy.trained.network import Node, TrainedInput, TrainedNetwork
from neurodeploy.trained.operations import Activate, Convolution, FullyConnected


def item(*shape, axes=None):
    return TrainedInput(name="x", shape=shape, sample_axes=axes)


def alone(made) -> Network:
    """A network of an input that nothing reads."""
    cells = nd.Population(name="cells", shape=1, neuron=nd.If(v_threshold=1.0))
    return nd.Network(name="net", time=Time(dt_s=1e-3), populations=(cells,), inputs=(made,))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["unit", "byte", "signed", "features", "mixed"]), st.integers(1, 33))
def test_the_calibration_sees_the_spikes_of_the_encoder_bit_for_bit(seed, kind, steps):
    rng = np.random.default_rng(seed)
    axes, shape = ((2, 0, 1), (3, 2, 4)) if kind in ("unit", "byte", "signed") else (None, (24,))
    values = {
        "unit": lambda: rng.random((9, 24)),
        "byte": lambda: rng.integers(0, 256, (9, 24)),
        "signed": lambda: rng.normal(size=(9, 24)),
        "features": lambda: rng.uniform(0, 1, (9, 24)) * 10.0 ** rng.integers(-3, 4, 24) + rng.integers(0, 3, 24),
        "mixed": lambda: rng.normal(size=(9, 24)) * 10.0 ** rng.integers(-3, 4, 24) + rng.integers(-9, 9, 24),
    }[kind]().astype(np.float32)
    x = item(*shape, axes=axes)
    coded = input_coding(x, values[:6])  # of the others, some are clipped
    order = axes or (0,)
    samples = values.reshape(-1, *shape).transpose(0, *(1 + np.argsort(order)))
    stimulus = nd.encode(alone(input_of(x, coded)), {"x": samples}, steps=steps)
    mine = spikes_of_rates(input_levels(coded, values), steps)
    assert np.array_equal(stimulus.rasters["x"], mine.transpose(1, 0, 2))
    inside = nd.encode(alone(input_of(x, coded)), {"x": samples[:6]}, steps=steps)
    assert not [found for found in inside.findings if found.code == "ND841"], "the ends of a range are inside"
    rate = input_levels(coded, values[:6])
    again = coded.shift + apply_all([values_of_lines(coded)], rate)
    assert np.allclose(again, values[:6], rtol=1e-6, atol=1e-6 * np.abs(values).max())


def ranges(values, *shape):
    coded = input_coding(item(*(shape or values.shape[1:])), values.reshape(len(values), -1))
    return coded.shift.tolist(), (coded.shift + coded.units[0].gain).tolist(), is_signed(coded)


def test_images_have_one_range_from_0():
    assert ranges(np.array([[[0.0, 0.2], [0.5, 0.9]]])) == ([0.0] * 4, [0.9] * 4, False)
    assert ranges(np.array([[[0.0, 7.0], [200.0, 190.0]]])) == ([0.0] * 4, [255.0] * 4, False), "bytes"
    assert ranges(np.array([[[0, 1], [1, 0]]])) == ([0.0] * 4, [1.0] * 4, False)
    assert ranges(np.array([[[-0.5, 0.2], [0.5, 2.0]]])) == ([0.0] * 4, [2.0] * 4, True)
    assert ranges(np.zeros((3, 2, 2))) == ([0.0] * 4, [1.0] * 4, False), "nothing to see"


def test_features_alike_have_one_range_and_others_their_own():
    pixels = np.array([[0.0, 16.0, 0.0, 9.0], [0.0, 3.0, 14.0, 0.0]])
    assert ranges(pixels) == ([0.0] * 4, [16.0] * 4, False)
    measured = np.array([[4.0, 0.0, 900.0], [6.0, 0.3, 100.0]])
    assert ranges(measured) == ([4.0, 0.0, 0.0], [6.0, pytest.approx(0.3), 900.0], False)
    standard = np.array([[-2.0, 1.0], [1.5, -1.8]])
    assert ranges(standard) == ([0.0, 0.0], [2.0, 2.0], True)
    below = np.array([[-9.0, 1.0], [-8.0, 0.0]])
    assert ranges(below) == ([-9.0, 0.0], [-8.0, 1.0], False), (
        "a feature that is far from 0 counts from its lowest value"
    )
    around = np.array([[-1.0, 100.0], [1.0, 104.0]])
    assert ranges(around) == ([0.0, 102.0], [1.0, 104.0], True)


def test_the_ledger_tells_the_range():
    line = input_line(item(2, 2), input_coding(item(2, 2), np.array([[-1.0, 0.5, 0.2, 3.0]])))
    assert (str(line.subject), line.got) == ("input 'x'", "rates, -3 to 3")
    assert (
        line.note == "two lines for each value, one for each sign; values beyond those of the calibration are clipped"
    )
    line = input_line(item(2), input_coding(item(2), np.array([[4.0, 100.0], [6.0, 900.0]])))
    assert line.got == "rates, one range for each of 2 values"


@pytest.mark.parametrize("groups", [1, 2])
def test_two_lines_of_each_value_are_twice_the_channels_of_a_convolution(groups):
    rng = np.random.default_rng(groups)
    coded = input_coding(item(2, 5, 6), rng.normal(size=(4, 60)))
    window = Conv2d(
        input_shape=(2, 5, 6), weights=rng.normal(size=(4, 2 // groups, 3, 3)), padding=(1, 1), groups=groups
    )
    steps = merged((values_of_lines(coded), window), 120)
    assert [type(step) for step in steps] == [Conv2d]
    lines = rng.random((3, 120))
    assert np.allclose(apply_all(steps, lines), apply_all([values_of_lines(coded), window], lines))
    assert [type(step) for step in merged((values_of_lines(coded), Dense(weights=rng.normal(size=(3, 60)))), 120)] == [
        Dense
    ]


def trained(x, *nodes):
    return TrainedNetwork(name="net", source="torch", inputs=(x,), nodes=nodes)


def test_signed_images_with_channels_last_run_on_the_chip_as_in_floats():
    rng = np.random.default_rng(3)
    window = Convolution(
        weights=rng.normal(size=(4, 3, 3, 3)), stride=(1, 1), begin=(1, 1), end=(1, 1), dilation=(1, 1), bias=0.3
    )
    network = trained(
        item(3, 6, 6, axes=(2, 0, 1)),
        Node(name="conv", operation=window, inputs=("x",), shape=(4, 6, 6)),
        Node(name="relu", operation=Activate(function="relu"), inputs=("conv",), shape=(4, 6, 6)),
        Node(name="dense", operation=FullyConnected(weights=rng.normal(size=(3, 144))), inputs=("relu",), shape=(3,)),
    )
    images = rng.normal(size=(20, 6, 6, 3)).astype(np.float32)
    rows = images.transpose(0, 3, 1, 2).reshape(20, -1)
    layers = layers_of(network)
    plan = calibrate(layers, Samples({"x": rows}, None), Goal(32), [Candidate(100.0, per_channel=False)]).plan
    made = network_of(plan, "net", 32)
    assert made.inputs[0].shape == (2, 3, 6, 6)
    assert {p.name for p in made.projections if p.source == "x"} == {"x_to_conv"}
    floats = simulate(plan, {"x": rows}, 32)
    program = nd.compile(made, "loihi1")
    run = program.run({"x": images}, steps=32, until=33)
    counts = np.zeros((20, 144))
    np.add.at(counts, (run.spikes["conv"][:, 0], run.spikes["conv"][:, 2]), 1)
    apart = np.abs(counts - floats.counts["conv"])
    assert floats.counts["conv"].mean() > 3
    assert apart.mean() < 0.05
    assert apart.max() <= 2
