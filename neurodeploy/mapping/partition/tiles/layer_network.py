"""A quantized network from the shapes of its layers alone, for mappers that count synapses.

No weight is 0, and no two weights of a kernel are equal as far as 16 bits allow; those of a pool are all equal.
"""

from __future__ import annotations

from math import prod
from typing import Any, cast

import numpy as np

from neurodeploy.hardware.target import Target
from neurodeploy.mapping.partition.tiles.tilings import compartments_of
from neurodeploy.network import Input, LoihiCuba, Network, Population, Time, WeightFormat
from neurodeploy.network.connectivity import Connectivity, SynapseList, WindowConnectivity
from neurodeploy.network.layer_shapes import Geometry, LayerStack
from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.quantize.quantized import Quantized, QuantizedPopulation, QuantizeOptions

__all__ = ["quantized_layers"]

NUMBERS = 32_749
"""Distinct weights of a kernel."""


def quantized_layers(stack: LayerStack, layers: tuple[Geometry, ...], target: Target) -> Quantized:
    """Return the layers as a network whose weights and parameters share as little storage as possible."""
    before = ("in", *(layer.name for layer in layers))
    cells = LoihiCuba(du=0, dv=0, vth_mant=1)
    network = Network(
        name=stack.name,
        time=Time(dt_s=1e-3),
        inputs=(Input(name=_unlike(before[1:]), shape=stack.input),),
        populations=tuple(Population(name=layer.name, shape=layer.shape, neuron=cells) for layer in layers),
        projections=(),
    )
    sources = (network.inputs[0].name, *before[1:])
    return Quantized(
        network=network,
        target_name=target.name,
        dialect_name=target.dialect.name,
        options=QuantizeOptions(),
        populations=tuple(_population(layer, number, target) for number, layer in enumerate(layers)),
        projections=tuple(_projection(layer, source) for layer, source in zip(layers, sources, strict=False)),
        ledger=(),
    )


def _unlike(names: tuple[str, ...]) -> str:
    """A name for the input that differs from all `names`."""
    return max(("in", *names), key=len) + "_" if "in" in names else "in"


def _population(layer: Geometry, number: int, target: Target) -> QuantizedPopulation:
    """Neurons of a layer with a parameter set that no other layer has; `number`: index of the layer."""
    zeros: Any = np.zeros(layer.neurons, dtype=np.int32)
    own: Any = np.full(layer.neurons, number, dtype=np.int32)
    return QuantizedPopulation(
        name=layer.name,
        size=layer.neurons,
        kind="loihi_cuba",
        du=own,
        vth_mant=own + 1,
        reset=cast(Any, layer.reset),
        spiking=True,
        compartments_per_neuron=compartments_of(target, layer),
        scale=None,
        v_frame=np.zeros(layer.neurons),
        dv=zeros,
        bias_mant=zeros,
        bias_exp=zeros,
        refract_delay=zeros,
        vmin_exp=zeros,
        vmax_exp=zeros,
    )


def _projection(layer: Geometry, source: str) -> QuantizedProjection:
    return QuantizedProjection(
        name=f"{source}_to_{layer.name}",
        source=source,
        target=layer.name,
        weight_format=WeightFormat(weight_bits=layer.weight_bits),
        connectivity=_connectivity(layer),
    )


def _connectivity(layer: Geometry) -> Connectivity:
    n = layer.neurons
    if not layer.shares:
        n_source = prod(layer.source)
        return SynapseList(
            n_target=n,
            indptr=np.arange(n_source + 1, dtype=np.int64) * n,
            targets=np.tile(np.arange(n, dtype=np.int32), n_source),
            weights=np.ones(n_source * n, dtype=np.int16),
            delay_steps=np.full(n_source * n, layer.delay_steps, dtype=np.uint8),
        )
    shape = (layer.shape[0], layer.source[0] // layer.groups, *layer.kernel)
    number = np.zeros(shape, dtype=np.int64) if layer.equal_weights else np.arange(prod(shape)).reshape(shape)
    return WindowConnectivity(
        input_shape=layer.source,
        kernel=(number % NUMBERS + 1).astype(np.int16),
        present=np.ones(shape, dtype=np.uint8),
        stride=layer.stride,
        padding=layer.padding,
        dilation=(1, 1),
        groups=layer.groups,
        delay_steps=layer.delay_steps,
    )
