"""Maximum pools, which rates have no exact form of: a pool that spikes if any of its sources does, or an average instead."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.coding import Coded, Unit
from neurodeploy.network import Sparse, SumPool2d
from neurodeploy.network.operations import Step
from neurodeploy.trained.forward import windows_of
from neurodeploy.trained.layers import Layer, Layers
from neurodeploy.trained.network import Node, TrainedNetwork
from neurodeploy.trained.operations import AveragePool, MaxPool

__all__ = ["averaged", "max_pools", "pooled", "pooled_coding", "unpoolable"]

Array = NDArray[Any]


def max_pools(network: TrainedNetwork) -> list[Node]:
    """Return the nodes of a network that are maxima over windows."""
    return [node for node in network.nodes if isinstance(node.operation, MaxPool)]


def averaged(network: TrainedNetwork) -> TrainedNetwork:
    """Return a network with averages over the same windows instead of maxima; padding counts for neither."""
    return network.model_copy(update={"nodes": tuple(_averaged(node) for node in network.nodes)})


def _averaged(node: Node) -> Node:
    pool = node.operation
    if not isinstance(pool, MaxPool):
        return node
    mean = AveragePool(kernel=pool.kernel, stride=pool.stride, begin=pool.begin, end=pool.end)
    return node.model_copy(update={"operation": mean})


def unpoolable(layers: Layers, lowest: Mapping[str, float]) -> dict[str, str]:
    """Return node -> why it cannot spike whenever a source of its window does. `lowest`: input -> its lowest value.

    A spike of any source stands for the largest value only if one source gives the values, and they grow with its rate.
    """
    found, known = dict[str, str](), layers.by_name
    for layer in layers.layers:
        if not isinstance(layer.activation, MaxPool):
            continue
        source = known.get(layer.terms[0].source)
        signed = source is None and lowest.get(layer.terms[0].source, 0.0) < 0
        if len(layer.terms) != 1 or layer.terms[0].steps or layer.bias.any():
            found[layer.nodes[-1]] = "reads sums, not the values of an activation"
        elif signed or (source and getattr(source.activation, "function", "") == "leaky_relu"):
            found[layer.nodes[-1]] = "reads values of both signs"
    return found


def pooled_coding(layer: Layer, coded: Coded) -> Coded:
    """Return the coding of a layer of maxima, whose source is coded as given: that of each channel of the source."""
    units = tuple(Unit(*(_by_channel(layer, value) for value in unit)) for unit in coded.units)
    return Coded(units, _by_channel(layer, coded.shift))


def _by_channel(layer: Layer, value: Array) -> Array:
    channels = value.reshape(layer.sum_shape[0], -1)[:, 0]
    return np.repeat(channels, layer.size // layer.shape[0])


def pooled(layer: Layer) -> Step:
    """Return the synapses of a layer of maxima: weight 1 from every position of a window."""
    pool = layer.activation
    if not isinstance(pool, MaxPool):
        raise TypeError(f"internal: layer '{layer.name}' is no maximum over windows")
    if len(pool.kernel) == 2 and pool.begin == pool.end:
        channels, height, width = layer.sum_shape
        (high, wide), (down, across), (above, left) = pool.kernel, pool.stride, pool.begin
        return SumPool2d(
            input_shape=(channels, height, width), kernel=(high, wide), stride=(down, across), padding=(above, left)
        )
    places = np.arange(1, prod(layer.sum_shape) + 1).reshape(1, *layer.sum_shape)
    windows = windows_of(places, pool.kernel, pool.stride, pool.begin, pool.end).reshape(layer.size, -1)
    post, slot = np.nonzero(windows)  # 0 is padding
    pre = windows[post, slot] - 1
    return Sparse(shape=(layer.size, places.size), post=post, pre=pre, weights=np.ones(post.size))
