"""Trained networks as layers: the same values, with maxima after activations and without what changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.convert.rates import layer_values
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.trained.forward import forward
from neurodeploy.trained.layers import MOST_TERMS, layers_of
from neurodeploy.trained.network import Node, TrainedInput, TrainedNetwork
from neurodeploy.trained.operations import (
    Activate,
    Add,
    Affine,
    AveragePool,
    Concat,
    Convolution,
    FullyConnected,
    LinearMap,
    MaxPool,
    Reshape,
    Scores,
)

RNG = np.random.default_rng(5)
RELU = Activate(function="relu")
POOL = MaxPool(kernel=(2, 2), stride=(2, 2), begin=(0, 0), end=(0, 0))
IMAGE = (2, 6, 6)


def conv(channels=3, source=2, pad=1):
    weights = RNG.normal(size=(channels, source, 3, 3))
    return Convolution(
        weights=weights,
        bias=RNG.normal(size=channels),
        stride=(1, 1),
        begin=(pad, pad),
        end=(pad, pad),
        dilation=(1, 1),
    )


def dense(n_out, n_in):
    return FullyConnected(weights=RNG.normal(size=(n_out, n_in)), bias=RNG.normal(size=n_out))


def network(*nodes, shape=IMAGE):
    """Nodes as (name, operation, inputs, shape)."""
    return TrainedNetwork(
        name="net", source="onnx", inputs=(TrainedInput(name="x", shape=shape),),
        nodes=tuple(Node(name=n, operation=o, inputs=tuple(i.split()), shape=s) for n, o, i, s in nodes),
    )  # fmt: skip


def checked(net, output=None):
    """Layers, whose last has the values of the output."""
    x = RNG.normal(size=(4, *net.inputs[0].shape))
    want = forward(net, {"x": x})[output or net.nodes[-1].name].reshape(4, -1)
    layers = layers_of(net)
    got = layer_values(layers, {"x": x.reshape(4, -1)}).values[layers.layers[-1].name]
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-9 * max(1, np.abs(want).max()))
    return layers


def kinds(layers):
    return [(item.name, item.activation.kind if item.activation else "", item.shape) for item in layers.layers]


@pytest.mark.parametrize("function", ["relu", "leaky_relu", "sigmoid", "tanh", "step", "hard_sigmoid"])
def test_a_maximum_comes_after_the_activation_that_reads_it(function):
    net = network(
        ("conv", conv(), "x", (3, 6, 6)),
        ("pool", POOL, "conv", (3, 3, 3)),
        ("act", Activate(function=function), "pool", (3, 3, 3)),
        ("fc", dense(2, 27), "act", (2,)),
    )
    assert kinds(checked(net)) == [("conv", "activate", (3, 6, 6)), ("pool", "max_pool", (3, 3, 3)), ("fc", "", (2,))]


def test_a_maximum_passes_a_rising_normalization_and_other_axes():
    net = network(
        ("conv", conv(), "x", (3, 6, 6)),
        ("pool", POOL, "conv", (3, 3, 3)),
        ("bn", Affine(scale=RNG.uniform(0.5, 2, size=(3, 1, 1)), shift=RNG.normal(size=(3, 1, 1))), "pool", (3, 3, 3)),
        ("act", RELU, "bn", (3, 3, 3)),
    )
    assert kinds(checked(net)) == [
        ("conv", "activate", (3, 6, 6)),
        ("pool", "max_pool", (3, 3, 3)),
        ("output", "", (3, 3, 3)),
    ]
    flat = network(
        ("conv", conv(), "x", (3, 6, 6)),
        ("pool", POOL, "conv", (3, 3, 3)),
        ("flat", Reshape(shape=(27,)), "pool", (27,)),
        ("act", RELU, "flat", (27,)),
        ("fc", dense(2, 27), "act", (2,)),
    )
    assert [name for name, *_ in kinds(checked(flat))] == ["conv", "pool", "fc"]


def test_a_maximum_does_not_pass_a_falling_function():
    """max(-x) is not -max(x): the order stays, and so do the values."""
    scale = np.array([1.0, -1.0, 0.5])[:, None, None]
    net = network(
        ("conv", conv(), "x", (3, 6, 6)),
        ("pool", POOL, "conv", (3, 3, 3)),
        ("bn", Affine(scale=scale), "pool", (3, 3, 3)),
        ("act", RELU, "bn", (3, 3, 3)),
    )
    assert [kind for _, kind, _ in kinds(checked(net))] == ["max_pool", "activate", ""]


def test_a_maximum_that_others_read_stays_before_its_activation():
    net = network(
        ("conv", conv(), "x", (3, 6, 6)),
        ("pool", POOL, "conv", (3, 3, 3)),
        ("act", RELU, "pool", (3, 3, 3)),
        ("sum", Add(), "pool act", (3, 3, 3)),
    )
    checked(net)


def test_activations_that_change_nothing_are_gone():
    net = network(
        ("conv", conv(), "x", (3, 6, 6)),
        ("leaky", Activate(function="leaky_relu", slope=0.3), "conv", (3, 6, 6)),
        ("r6", Activate(function="relu", high=6.0), "leaky", (3, 6, 6)),
        ("again", RELU, "r6", (3, 6, 6)),
        ("less", Activate(function="relu", high=2.0), "again", (3, 6, 6)),
        ("pool", POOL, "less", (3, 3, 3)),
        ("last", Activate(function="leaky_relu"), "pool", (3, 3, 3)),
        ("mean", AveragePool(kernel=(3, 3), stride=(1, 1), begin=(0, 0), end=(0, 0)), "last", (3, 1, 1)),
        ("useless", RELU, "mean", (3, 1, 1)),
    )
    layers = checked(net)
    assert kinds(layers) == [("conv", "activate", (3, 6, 6)), ("pool", "max_pool", (3, 3, 3)), ("mean", "", (3, 1, 1))]
    assert layers.layers[0].activation.high == 2.0


def test_an_activation_that_limits_more_stays_if_others_read_what_is_before_it():
    net = network(
        ("fc", dense(5, 72), "x", (5,)),
        ("relu", RELU, "fc", (5,)),
        ("less", Activate(function="relu", high=0.5), "relu", (5,)),
        ("sum", Add(), "relu less", (5,)),
    )
    assert [name for name, *_ in kinds(checked(net))] == ["fc", "less", "sum"]


def test_an_activation_of_an_input_is_a_layer():
    net = network(("relu", RELU, "x", IMAGE), ("fc", dense(2, 72), "relu", (2,)))
    assert [name for name, *_ in kinds(checked(net))] == ["relu", "fc"]


def test_nodes_that_the_output_does_not_need_are_left_out():
    net = network(
        ("fc", dense(5, 72), "x", (5,)), ("unused", RELU, "fc", (5,)), ("soft", Scores(function="softmax"), "fc", (5,))
    )
    layers = checked(net, "fc")
    assert [item.name for item in layers.layers] == ["fc"]
    assert layers.scores == Scores(function="softmax")


def test_zeros_around_an_image_belong_to_the_convolution():
    frame = Convolution(
        weights=np.ones((2, 1, 1, 1)), stride=(1, 1), begin=(1, 2), end=(0, 1), dilation=(1, 1), groups=2
    )
    net = network(("pad", frame, "x", (2, 7, 9)), ("conv", conv(pad=0), "pad", (3, 5, 7)))
    ((term,),) = (item.terms for item in checked(net).layers)
    assert [type(step).__name__ for step in term.steps] == ["Conv2d"]


def test_concatenated_images_need_no_list_of_synapses():
    net = network(
        ("a", conv(2), "x", (2, 6, 6)),
        ("ra", RELU, "a", (2, 6, 6)),
        ("b", conv(3), "x", (3, 6, 6)),
        ("rb", RELU, "b", (3, 6, 6)),
        ("cat", Concat(axis=0), "rb x ra", (7, 6, 6)),
        ("conv", conv(4, 7), "cat", (4, 6, 6)),
    )
    last = checked(net).layers[-1]
    assert [(term.source, [type(step).__name__ for step in term.steps]) for term in last.terms] == [
        ("b", ["Conv2d"]), ("x", ["Conv2d"]), ("a", ["Conv2d"]),
    ]  # fmt: skip


def test_paths_from_one_source_are_one_if_their_sum_is_an_operation():
    net = network(
        ("a", dense(5, 72), "x", (5,)),
        ("b", dense(5, 72), "x", (5,)),
        ("sum", Add(), "a b a", (5,)),
        ("r", RELU, "sum", (5,)),
    )
    layer, _ = checked(net).layers
    assert len(layer.terms) == 1
    assert layer.name == "b"
    assert layer.nodes == ("a", "b", "sum", "r")


def test_paths_that_multiply_end_in_a_finding():
    """Sums of a value and a map of it, again and again: 2**n paths."""
    size, nodes, reads = 6, [], "x"
    for k in range(12):
        pre = np.array([0, 0, 1, 2]), np.array([1, 2, 2, 0])
        line = LinearMap(shape=(size,), post=pre[0], pre=pre[1], weights=np.arange(1.0, 5.0))
        one = Convolution(
            weights=RNG.normal(size=(1, 1, 3)), stride=(1,), begin=(1,), end=(1,), dilation=(1,), bias=1.0
        )
        nodes += [
            (f"c{k}", one, reads, (1, size)),
            (f"f{k}", Reshape(shape=(size,)), f"c{k}", (size,)),
            (f"m{k}", line, f"f{k}", (size,)),
            (f"s{k}", Add(), f"m{k} f{k}", (size,)),
            (f"r{k}", Reshape(shape=(1, size)), f"s{k}", (1, size)),
        ]
        reads = f"r{k}"
    with pytest.raises(DiagnosticError, match=f"limit {MOST_TERMS}") as error:
        layers_of(network(*nodes, shape=(1, size)))
    assert [item.code for item in error.value.diagnostics] == ["ND815"]


def test_thousands_of_nodes_in_a_row_are_folded():
    nodes = [(f"n{k}", Affine(scale=1.0, shift=0.5), f"n{k - 1}" if k else "x", (4,)) for k in range(3000)]
    (layer,) = checked(network(*nodes, shape=(4,))).layers
    np.testing.assert_allclose(layer.bias, 1500.0)
    assert layer.terms[0].steps == ()
