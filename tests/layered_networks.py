"""Layered networks for tests: the same one as shapes and as a network with weights."""

from __future__ import annotations

import numpy as np

import neurodeploy as nd
from neurodeploy.network.layer_shapes import LayerStack, geometries
from neurodeploy.network.operations import Conv2d, Dense, Sparse, WeightFormat

STYLE = WeightFormat(weight_bits=8)
CELLS = nd.LoihiCuba(du=4095, dv=64, vth_mant=200)


def numbers(rng, shape):
    """Even mantissas, none of them 0."""
    return 2 * rng.integers(1, 60, shape)


def weighted(stack, *, seed=0, keep=1.0):
    """Return the network of a stack of layers, without `1 - keep` of its weights."""
    rng, source, links = np.random.default_rng(seed), "in", []
    for layer in geometries(stack):
        deep = layer.source[0] // layer.groups
        if layer.shares:
            weights = numbers(rng, (layer.shape[0], deep, *layer.kernel))
            weights = np.full_like(weights, 64) if layer.alike else weights
            operation = Conv2d(
                input_shape=layer.source,
                weights=weights * (rng.random(weights.shape) < keep),
                stride=layer.stride,
                padding=layer.padding,
                groups=layer.groups,
            )
        else:
            weights = numbers(rng, (layer.shape[0], deep))
            operation = Dense(weights=weights * (rng.random(weights.shape) < keep))
        links.append(
            nd.Projection(
                name=f"to_{layer.name}", source=source, target=layer.name, operation=operation, weight_format=STYLE
            )
        )
        source = layer.name
    return nd.Network(
        name=stack.name,
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=stack.input),),
        populations=tuple(
            nd.Population(name=layer.name, shape=layer.shape, neuron=CELLS) for layer in geometries(stack)
        ),
        projections=tuple(links),
    )


def gestures():
    """Return a network of six layers and 18,678 neurons, as event cameras drive them, and a layout of 42 cores for it."""
    layers = [
        {"kind": "depthwise", "name": "relay"},
        {"kind": "conv", "name": "c1", "channels": 16, "kernel": 4, "stride": 2},
        {"kind": "conv", "name": "c2", "channels": 32, "kernel": 3},
        {"kind": "conv", "name": "c3", "channels": 64, "kernel": 3},
        {"kind": "conv", "name": "c4", "channels": 11, "kernel": 3},
        {"kind": "dense", "name": "out", "channels": 11},
    ]
    stack = LayerStack.model_validate({"name": "gestures", "input": (1, 32, 32), "layers": layers})
    cores, first = {}, 0
    for name, count in {"relay": 1, "c1": 4, "c2": 16, "c3": 16, "c4": 4, "out": 1}.items():
        cores[name], first = tuple(range(first, first + count)), first + count
    return weighted(stack), cores


def written_out(network):
    """Return a network with every synapse of its convolutions written out."""
    from neurodeploy.network.connectivity import synapses_of

    links = []
    for item in network.projections:
        found = synapses_of(item, network.source_size(item.source))
        shape = (network.source_size(item.target), network.source_size(item.source))
        operation = Sparse(shape=shape, pre=found.pre, post=found.post, weights=found.weights)
        links.append(item.model_copy(update={"operation": operation}))
    return network.model_copy(update={"projections": tuple(links)})
