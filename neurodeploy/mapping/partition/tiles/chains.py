"""A quantized network as a chain of layers, where possible.

In a chain each population has synapses from one source, and each source reaches one population, by a window, by (nearly) all
possible synapses, or one to one. Outer rows and columns of a kernel without synapses are left out: networks have them where the padding
differs between the two sides.
"""

from __future__ import annotations

import numpy as np

from neurodeploy.network.connectivity import SynapseList, WindowConnectivity
from neurodeploy.network.layer_shapes import Geometry
from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.quantize.quantized import Quantized, QuantizedPopulation

__all__ = ["chain_of"]

Shape = tuple[int, int, int]
NEARLY_ALL = 0.3
"""Least share of all possible synapses of a layer that is treated as dense; absent synapses are counted as if present."""


def chain_of(quantized: Quantized) -> tuple[Geometry, ...] | None:
    """Return the layers in order, one for each population; None if the network is no chain."""
    by_source = {item.source: item for item in quantized.projections}
    into = {item.target for item in quantized.projections}
    populations = {item.name: item for item in quantized.populations}
    one_each = len(by_source) == len(into) == len(quantized.projections) == len(populations)
    first = [item for item in quantized.projections if item.source not in populations]
    if not one_each or len(first) != 1:
        return None
    layers, projection = list[Geometry](), first[0]
    while True:
        before = layers[-1].shape if layers else None
        shape = quantized.network.population_by_name[projection.target].shape
        layer = _layer(projection, populations[projection.target], before, shape)
        if layer is None:
            return None
        layers.append(layer)
        if projection.target not in by_source:
            return tuple(layers) if len(layers) == len(populations) else None
        projection = by_source[projection.target]


def _is_one_to_one(connectivity: SynapseList) -> bool:
    return connectivity.n_synapses == connectivity.n_source == connectivity.n_target and bool(
        (connectivity.pre == connectivity.post).all()
    )


def _layer(
    projection: QuantizedProjection, population: QuantizedPopulation, before: Shape | None, own: tuple[int, ...]
) -> Geometry | None:
    """One layer, whose population has the shape `own`; None if it is neither dense, one to one nor a window without dilation
    over the layer before.
    """
    connectivity, bits = projection.connectivity, projection.weight_format.weight_bits
    delay = int(connectivity.longest_delay.max(initial=0))
    if isinstance(connectivity, WindowConnectivity):
        return _window_layer(connectivity, population, before, (bits, delay))
    alone = (1, 1), (1, 1), (0, 0)
    listed = isinstance(connectivity, SynapseList)
    if listed and len(own) == 3 and before in (None, own) and _is_one_to_one(connectivity):
        shape = (own[0], own[1], own[2])
        return Geometry(population.name, shape, shape, *alone, own[0], False, False, population.reset, bits, delay)
    if connectivity.n_synapses < NEARLY_ALL * connectivity.n_source * connectivity.n_target:
        return None
    source, shape = (connectivity.n_source, 1, 1), (population.size, 1, 1)
    return Geometry(population.name, source, shape, *alone, 1, False, False, population.reset, bits, delay)


def _window_layer(
    connectivity: WindowConnectivity, population: QuantizedPopulation, before: Shape | None, bits_delay: tuple[int, int]
) -> Geometry | None:
    """The layer of a window; None for one with dilation, without taps, or over another shape than the layer before."""
    if connectivity.dilation != (1, 1) or (before is not None and before != connectivity.input_shape):
        return None
    channels, _, height, width = connectivity.kernel.shape
    size = [
        (connectivity.input_shape[1 + i] + 2 * connectivity.padding[i] - side) // connectivity.stride[i] + 1
        for i, side in enumerate((height, width))
    ]
    used_taps = [np.flatnonzero(connectivity.present.any(axis=axes)) for axes in ((0, 1, 3), (0, 1, 2))]
    if not used_taps[0].size:
        return None
    low, high = zip(*((int(taps[0]), int(taps[-1])) for taps in used_taps), strict=True)
    return Geometry(
        population.name,
        connectivity.input_shape,
        (int(channels), size[0], size[1]),
        (high[0] - low[0] + 1, high[1] - low[1] + 1),
        connectivity.stride,
        (connectivity.padding[0] - low[0], connectivity.padding[1] - low[1]),
        connectivity.groups,
        True,
        bool((connectivity.kernel == connectivity.kernel.flat[0]).all()),
        population.reset,
        *bits_delay,
    )
