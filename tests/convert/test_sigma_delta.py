"""The scheme sigma_delta: the emulator's graded spikes against the integer model, and both against the trained network."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.convert.calibrate import Samples
from neurodeploy.convert.convert import convert_trained
from neurodeploy.convert.integers.conversion import integers_of, sigma_delta_conversion, stated_integers
from neurodeploy.convert.integers.forms import with_integer_forms
from neurodeploy.convert.integers.model import integer_values
from neurodeploy.convert.integers.sigma_delta import OVER
from neurodeploy.convert.options import ConvertOptions
from neurodeploy.convert.rates import layer_values
from neurodeploy.hardware import load_target
from neurodeploy.trained.forward import forward
from neurodeploy.trained.layers import layers_of
from neurodeploy.trained.network import Node, Quantization, Read, TrainedInput, TrainedNetwork
from neurodeploy.trained.operations import (
    Activate,
    Add,
    Affine,
    AveragePool,
    Concat,
    Convolution,
    FullyConnected,
    MaxPool,
)

TARGET = load_target("loihi2")
RELU = Activate(function="relu")


def trained(inputs, nodes, **stored):
    """A trained network of (name, operation, inputs, shape)."""
    made = tuple(Node(name=n, operation=o, inputs=i, shape=s, stored=stored.get(n)) for n, o, i, s in nodes)
    shapes = tuple(TrainedInput(name=name, shape=shape) for name, shape in inputs.items())
    return TrainedNetwork(name="net", source="onnx", inputs=shapes, nodes=made)


def dense(rng, out, n, bias=1.0):
    return FullyConnected(weights=rng.normal(size=(out, n)) / np.sqrt(n), bias=bias * rng.normal(size=out) * 0.3)


def conv(rng, out, channels, kernel=3, **fields):
    weights = rng.normal(size=(out, channels, kernel, kernel)) / kernel
    geometry = {"stride": (1, 1), "begin": (1, 1), "end": (1, 1), "dilation": (1, 1)}
    return Convolution(weights=weights, bias=rng.normal(size=out) * 0.2, **{**geometry, **fields})


def mlp(rng):
    relu6 = Activate(function="relu", high=0.7)
    nodes = (
        ("a", dense(rng, 7, 5), ("x",), (7,)),
        ("ra", RELU, ("a",), (7,)),
        ("b", dense(rng, 6, 7), ("ra",), (6,)),
        ("rb", relu6, ("b",), (6,)),
        ("c", dense(rng, 4, 6), ("rb",), (4,)),
    )
    return trained({"x": (5,)}, nodes)


def branches(rng):
    """A residual sum, a concatenation, and two inputs, so that paths have several lengths."""
    nodes = (
        ("a", dense(rng, 6, 5), ("x",), (6,)),
        ("ra", RELU, ("a",), (6,)),
        ("b", dense(rng, 6, 6), ("ra",), (6,)),
        ("sum", Add(), ("b", "ra"), (6,)),
        ("rb", RELU, ("sum",), (6,)),
        ("cat", Concat(axis=0), ("rb", "y"), (9,)),
        ("c", dense(rng, 3, 9), ("cat",), (3,)),
    )
    return trained({"x": (5,), "y": (3,)}, nodes)


def pictures(rng):
    """A convolution, average pools with and without overlap, a depthwise convolution, a dense output."""
    pool = AveragePool(kernel=(2, 2), stride=(2, 2), begin=(0, 0), end=(0, 0))
    wide = AveragePool(kernel=(2, 2), stride=(1, 1), begin=(0, 0), end=(0, 0))
    nodes = (
        ("a", conv(rng, 3, 2), ("x",), (3, 6, 6)),
        ("ra", RELU, ("a",), (3, 6, 6)),
        ("p", pool, ("ra",), (3, 3, 3)),
        ("b", conv(rng, 3, 1, groups=3), ("p",), (3, 3, 3)),
        ("rb", RELU, ("b",), (3, 3, 3)),
        ("w", wide, ("rb",), (3, 2, 2)),
        ("c", dense(rng, 4, 12), ("w",), (4,)),
    )
    return trained({"x": (2, 6, 6)}, nodes)


def maxima(rng):
    """Maximum pools with and without padding, of values of both signs and of relu; leaky relu; hard sigmoid."""
    pool = MaxPool(kernel=(2, 2), stride=(2, 2), begin=(0, 0), end=(0, 0))
    wide = MaxPool(kernel=(3, 3), stride=(2, 2), begin=(1, 1), end=(0, 0))
    slope = np.array([0.1, 0.3, -0.2]).reshape(3, 1, 1)
    nodes = (
        ("a", conv(rng, 3, 2), ("x",), (3, 6, 6)),
        ("leak", Activate(function="leaky_relu", slope=slope), ("a",), (3, 6, 6)),
        ("wide", wide, ("leak",), (3, 3, 3)),
        ("b", conv(rng, 3, 3), ("wide",), (3, 3, 3)),
        ("rb", RELU, ("b",), (3, 3, 3)),
        ("pool", pool, ("rb",), (3, 1, 1)),
        ("c", dense(rng, 6, 3), ("pool",), (6,)),
        ("gate", Activate(function="hard_sigmoid", slope=0.2), ("c",), (6,)),
        ("d", dense(rng, 3, 6), ("gate",), (3,)),
    )
    return trained({"x": (2, 6, 6)}, nodes)


NETWORKS = {"mlp": mlp, "branches": branches, "pictures": pictures, "maxima": maxima}


def shown(network, rng, n, signed=True):
    return {
        item.name: rng.normal(size=(n, int(np.prod(item.shape)))).astype(np.float32) * (1 if signed else 0)
        + (0 if signed else rng.random((n, int(np.prod(item.shape)))).astype(np.float32))
        for item in network.inputs
    }


def shaped(network, values):
    return {item.name: values[item.name].reshape(-1, *item.shape) for item in network.inputs}


def converted(network, values, **options):
    settings_ = ConvertOptions(**options)
    samples, read = Samples(values, None), with_integer_forms(Read(network=network))
    made = sigma_delta_conversion(read, samples, TARGET, settings_)
    return made, integers_of(read.network, layers_of(read.network), samples, TARGET, settings_)


def sent(recording, name, size, step):
    """(samples, size) values that a population sends in a step; it sends nothing before."""
    total = np.zeros((recording.n_samples, size), dtype=np.int64)
    rows, values = recording.spikes[name], np.asarray(recording.payloads[name], dtype=np.int64)
    assert (rows[:, 1] >= step).all()
    now = rows[:, 1] == step
    total[rows[now, 0], rows[now, 2]] = values[now]
    return total


@given(
    st.sampled_from(sorted(NETWORKS)),
    st.integers(0, 10_000),
    st.booleans(),
    st.sampled_from([2, 4, 8, 12]),
    st.sampled_from(["layer", "channel", None]),
)
@settings(max_examples=6, deadline=None)
def test_the_emulator_equals_the_integer_model(kind, seed, signed, bits, ranges):
    rng = np.random.default_rng(seed)
    network = NETWORKS[kind](rng)
    made, quantized = converted(network, shown(network, rng, 20, signed), activation_bits=bits, ranges=ranges)
    values = shown(network, rng, 5, signed)
    recording = nd.run(nd.compile(made, "loihi2"), shaped(network, values))
    wanted, depth = (
        integer_values(quantized, values),
        layers_of(with_integer_forms(Read(network=network)).network).depth(),
    )
    assert recording.n_steps == max(depth.values()) + 2
    assert np.array_equal(recording.states["scores.v"][:, -1], wanted[quantized.layers[-1].name])
    for layer in quantized.layers[:-1]:
        own, step = (layer.name, layer.bias.size), depth[layer.name] + 2
        above = 0 if layer.high is None else sent(recording, own[0] + OVER, own[1], step)
        assert np.array_equal(sent(recording, *own, step) - above, wanted[layer.name])


@given(st.sampled_from(sorted(NETWORKS)), st.integers(0, 10_000))
@settings(max_examples=8, deadline=None)
def test_integers_are_near_the_trained_values(kind, seed):
    """With 15 bits only the rounding of weights to 8 bits is left."""
    rng = np.random.default_rng(seed)
    network = NETWORKS[kind](rng)
    values = shown(network, rng, 30)
    _, quantized = converted(network, values, activation_bits=15)
    wanted, last = layer_values(layers_of(network), values).values, quantized.layers[-1]
    error = integer_values(quantized, values)[last.name] * last.unit - wanted[last.name]
    assert np.square(error).mean() < 0.2**2 * np.square(wanted[last.name]).mean()


@pytest.mark.parametrize("hold", [1, 3])
def test_every_frame_of_a_sequence_is_exact(hold):
    """Frames that are held for any number of steps: every layer gives the values of a frame when they have reached it."""
    rng = np.random.default_rng(3)
    network = branches(rng)
    frames = 6
    values = shown(network, rng, frames)
    made, quantized = converted(network, values, frame_steps=hold)
    sequence = {name: np.repeat(x, hold, axis=0)[None] for name, x in shaped(network, values).items()}
    recording = nd.run(nd.compile(made, "loihi2"), sequence)
    wanted, last = integer_values(quantized, values), quantized.layers[-1].name
    arrival = layers_of(network).depth()[last] + 2
    for frame in range(frames):
        for step in range(hold):
            read = recording.states["scores.v"][0, arrival - 1 + frame * hold + step]
            assert np.array_equal(read, wanted[last][frame])


def test_without_a_reset_differences_drift_by_less_than_one_unit_a_frame():
    """What a neuron sends is rounded down, so that the sums of several differences may be too low."""
    rng = np.random.default_rng(4)
    network = mlp(rng)
    frames, hold = 8, 6
    values = shown(network, rng, frames)
    made, quantized = converted(network, values)
    sequence = {name: np.repeat(x, hold, axis=0)[None] for name, x in shaped(network, values).items()}
    recording = nd.run(nd.compile(made, "loihi2"), sequence)
    wanted = integer_values(quantized, values)["a"]
    rows, payloads = recording.spikes["a"], np.asarray(recording.payloads["a"], dtype=np.int64)
    total = np.zeros((recording.n_steps + 1, 7), dtype=np.int64)
    np.add.at(total, (rows[:, 1], rows[:, 2]), payloads)
    received = total.cumsum(axis=0)[2 + hold :: hold][:frames]
    drift = wanted[: len(received)] - received
    assert (drift[0] == 0).all()
    assert (drift >= 0).all()
    assert (drift <= np.arange(len(drift))[:, None]).all()
    assert drift.max() > 0


def stored_network(rng):
    """Weights, biases and activations are integers times powers of two."""

    def linear(out, n, weight_exp, bias_exp):
        weights = rng.integers(-128, 128, (out, n)) * 2.0**-weight_exp
        return FullyConnected(weights=weights, bias=rng.integers(-500, 500, out) * 2.0**-bias_exp)

    nodes = (
        ("in", Affine(), ("x",), (6,)),
        ("a", linear(9, 6, 7, 14), ("in",), (9,)),
        ("ra", RELU, ("a",), (9,)),
        ("b", linear(8, 9, 8, 13), ("ra",), (8,)),
        ("rb", RELU, ("b",), (8,)),
        ("c", linear(3, 8, 8, 11), ("rb",), (3,)),
    )
    stored = {
        "in": Quantization(scale=2.0**-7, low=-128, high=127),
        "ra": Quantization(scale=2.0**-5, zero_point=-128, low=-128, high=127),
        "rb": Quantization(scale=2.0**-4, low=0, high=63),
    }
    return trained({"x": (6,)}, nodes, **stored)


def quantize_linear(x, stored):
    """Source: the operator definition of ONNX QuantizeLinear and DequantizeLinear."""
    q = np.clip(np.rint(np.float64(x) / stored.scale) + stored.zero_point, stored.low, stored.high)
    return (q - stored.zero_point) * stored.scale


def test_a_stored_network_is_taken_integer_by_integer():
    rng = np.random.default_rng(5)
    network = stored_network(rng)
    values = {"x": (2 * rng.normal(size=(300, 6))).astype(np.float32)}
    made, quantized = converted(network, values)
    assert set(stated_integers(network, layers_of(network))) == {"x", "a", "b"}
    assert [len(item.populations) for item in made.layers] == [2, 2, 1], "both layers reach their limits"
    by_name, x, halves = {node.name: node for node in network.nodes}, values["x"], np.zeros(300, dtype=bool)
    integers = integer_values(quantized, values)
    for node, layer in (("in", "x"), ("ra", "a"), ("rb", "b")):
        stored = by_name[node].stored
        halves |= (np.mod(np.float64(x) / stored.scale, 1) == 0.5).any(axis=1) if layer != "x" else False
        x = quantize_linear(x, stored)
        same = np.rint(x / stored.scale) == integers[layer]
        assert same[~halves].all()
        assert (~halves).sum() > 150
        after = by_name[{"in": "a", "ra": "b", "rb": "c"}[node]].operation
        x = np.maximum(x @ after.weights.T + after.bias, 0 if node != "rb" else -np.inf)
    assert np.array_equal((integers["c"] * quantized.layers[-1].unit)[~halves], x[~halves])
    recording = nd.run(nd.compile(made, "loihi2"), values["x"][:40])
    assert np.array_equal(recording.states["scores.v"][:, -1], integers["c"][:40])


def test_scales_that_are_no_powers_of_two_are_chosen_anew():
    network = stored_network(np.random.default_rng(5))
    nodes = [
        node.model_copy(update={"stored": Quantization(scale=0.3)}) if node.stored else node for node in network.nodes
    ]
    changed = network.model_copy(update={"nodes": tuple(nodes)})
    assert stated_integers(changed, layers_of(changed)) == {}


def test_the_target_decides_the_scheme():
    rng = np.random.default_rng(6)
    network = mlp(rng)
    samples = Samples(shown(network, rng, 20, signed=False), None)
    for target, wanted, scheme in (
        ("loihi2", None, "sigma_delta"),
        ("loihi1", None, "soft"),
        ("loihi2", "soft", "soft"),
        ("loihi2", "hard", "hard"),
    ):
        chip = load_target(target)
        made = convert_trained(Read(network=network), samples, chip, ConvertOptions(scheme=wanted, percentile=99.0))
        assert made.scheme == scheme
        nd.compile(made, target)


def test_values_of_a_regressor_are_decoded():
    rng = np.random.default_rng(7)
    network = mlp(rng).model_copy(update={"task": "regress"})
    values = shown(network, rng, 20)
    made, quantized = converted(network, values)
    program = nd.compile(made, "loihi2")
    recording = nd.run(program, shaped(network, values))
    last = quantized.layers[-1]
    wanted = integer_values(quantized, values)[last.name] * last.unit
    assert np.allclose(nd.decoded(program, recording)["values"][:, -1], wanted)
    assert np.abs(wanted - layer_values(layers_of(network), values).values[last.name]).max() < 0.1


@pytest.mark.parametrize("seed", range(3))
def test_integer_forms_compute_the_same(seed):
    rng = np.random.default_rng(seed)
    network = maxima(rng)
    made = with_integer_forms(Read(network=network))
    values = {"x": rng.normal(size=(9, 2, 6, 6))}
    ours, wanted = forward(made.network, values), forward(network, values)
    assert all(np.allclose(ours[name], wanted[name]) for name in wanted)
    assert [line.subject.name for line in made.ledger] == ["leak", "wide", "pool", "gate"]


def test_maxima_of_integers_are_exact():
    """A maximum has the unit of its source, and its differences are not rounded."""
    rng = np.random.default_rng(8)
    pool = MaxPool(kernel=(2, 2), stride=(2, 2), begin=(0, 0), end=(0, 0))
    nodes = (
        ("a", conv(rng, 3, 2), ("x",), (3, 6, 6)),
        ("ra", RELU, ("a",), (3, 6, 6)),
        ("pool", pool, ("ra",), (3, 3, 3)),
        ("c", dense(rng, 4, 27), ("pool",), (4,)),
    )
    network = trained({"x": (2, 6, 6)}, nodes)
    values = shown(network, rng, 30)
    for ranges in ("layer", "channel"):
        _, quantized = converted(network, values, ranges=ranges)
        assert [layer.shift for layer in quantized.layers[1:-1]] == [0, 0, 0]
        integers = integer_values(quantized, values)
        windows = integers["a"].reshape(30, 3, 3, 2, 3, 2)
        first, second, third = (integers[layer.name].reshape(30, 3, 3, 3) for layer in quantized.layers[1:-1])
        assert np.array_equal(first, np.maximum(windows[:, :, :, 0, :, 0] - windows[:, :, :, 0, :, 1], 0))
        assert np.array_equal(windows[:, :, :, 1, :, 1] + second + third, windows.max(axis=(3, 5)))
