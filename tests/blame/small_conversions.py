"""Small trained networks of given weights, converted with largest values that a test chooses."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from neurodeploy.convert.build import network_of
from neurodeploy.convert.calibrate import Candidate, Samples, codings_of
from neurodeploy.convert.coding import relu_coding
from neurodeploy.convert.notes import notes_of, with_notes
from neurodeploy.convert.plan import plan_of
from neurodeploy.convert.rates import layer_values
from neurodeploy.trained.forward import forward
from neurodeploy.trained.layers import layers_of
from neurodeploy.trained.network import Node, TrainedInput, TrainedNetwork
from neurodeploy.trained.operations import Activate, Convolution, FullyConnected


class Made(NamedTuple):
    """A conversion with samples: x (samples, *shape) in 0..1, y the classes of a teacher near the network."""

    network: object
    trained: TrainedNetwork
    x: np.ndarray
    y: np.ndarray


def _dense(name, reads, rng, n_in, n_out):
    weights = rng.normal(0, (2 / n_in) ** 0.5, (n_out, n_in))
    return Node(
        name=name,
        operation=FullyConnected(weights=weights, bias=rng.normal(0, 0.1, n_out)),
        inputs=(reads,),
        shape=(n_out,),
    )


def _relu(node):
    return Node(name=f"relu_{node.name}", operation=Activate(function="relu"), inputs=(node.name,), shape=node.shape)


def dense_network(rng, sizes=(12, 16, 14, 4), task="classify"):
    """A perceptron with relu between its layers a, b, c, ..."""
    nodes, reads = [], "x"
    for number, (n_in, n_out) in enumerate(pairwise(sizes)):
        nodes.append(_dense("abcdef"[number], reads, rng, n_in, n_out))
        if number < len(sizes) - 2:
            nodes.append(_relu(nodes[-1]))
        reads = nodes[-1].name
    inputs = (TrainedInput(name="x", shape=(sizes[0],)),)
    return TrainedNetwork(name="made", source="onnx", inputs=inputs, nodes=tuple(nodes), task=task)


def convolution_network(rng):
    """A convolution of (2, 6, 6) values, then a dense layer."""
    operation = Convolution(
        weights=rng.normal(0, 0.4, (3, 2, 3, 3)), bias=rng.normal(0, 0.1, 3), stride=(1, 1), begin=(1, 1), end=(1, 1),
        dilation=(1, 1),
    )  # fmt: skip
    first = Node(name="a", operation=operation, inputs=("x",), shape=(3, 6, 6))
    nodes = (first, _relu(first), _dense("b", "relu_a", rng, 108, 4))
    return TrainedNetwork(name="made", source="onnx", inputs=(TrainedInput(name="x", shape=(2, 6, 6)),), nodes=nodes)


def convert(trained, x, steps=16, factors=None):
    """The converted network. `factors`: layer -> what its largest value is multiplied by."""
    layers = layers_of(trained)
    samples = Samples({"x": x.reshape(len(x), -1).astype(np.float32)}, None)
    floats = layer_values(layers, samples.values)
    codings = codings_of(layers, samples, floats, Candidate(100.0, per_channel=False))
    for name, factor in (factors or {}).items():
        codings[name] = relu_coding(codings[name].units[0].gain * factor)
    plan = plan_of(layers, codings)
    network = network_of(plan, "made", steps)
    return with_notes(network, notes_of(plan, trained, scheme="soft", steps=steps, target="loihi1"))


def make(seed=0, steps=16, factors=None, *, kind="dense", n=60, task="classify"):
    """A conversion whose wanted answers are the network's own."""
    rng = np.random.default_rng(seed)
    trained = dense_network(rng, task=task) if kind == "dense" else convolution_network(rng)
    x = rng.random((n, *trained.inputs[0].shape))
    x /= x.max()  # the rate 1
    last = trained.nodes[-1]
    mean = forward(trained, {"x": x})[last.name].mean(axis=0)  # so that every class is an answer
    centred = last.operation.model_copy(update={"bias": last.operation.bias - mean})
    nodes = (*trained.nodes[:-1], last.model_copy(update={"operation": centred}))
    trained = trained.model_copy(update={"nodes": nodes})
    values = forward(trained, {"x": x})[last.name]
    y = values.argmax(axis=1) if task == "classify" else values
    return Made(convert(trained, x, steps, factors), trained, x, y)
