"""Networks in which some populations are as the chip holds them and the others as the network describes them.

The float reference runs both: integers of the compartment of a Loihi core, and floats. Spikes are the same to either.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from neurodeploy.network import Conv2d, LoihiCuba, Network, Population, Projection, Sparse
from neurodeploy.network.connectivity import WindowConnectivity
from neurodeploy.network.graded import IntegerNeuron
from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.quantize.quantized import Quantized, QuantizedPopulation

__all__ = ["float_populations", "mixed"]


def float_populations(network: Network) -> tuple[str, ...]:
    """Return the populations that have a float form, in the order of the network."""
    return tuple(item.name for item in network.populations if not isinstance(item.neuron, IntegerNeuron))


def mixed(quantized: Quantized, on_chip: Collection[str]) -> Network:
    """Return the network with the populations `on_chip` and the synapses into them in integers, all others in floats.

    Populations of integers stay what they are.
    """
    network = quantized.network
    registers = {item.name: item for item in quantized.populations}
    stored = {item.name: item for item in quantized.projections}
    chosen = {name for name in on_chip if name in float_populations(network)}
    populations = tuple(_chip_population(p, registers[p.name]) if p.name in chosen else p for p in network.populations)
    projections = tuple(_chip_projection(p, stored[p.name]) if p.target in chosen else p for p in network.projections)
    return network.model_copy(update={"populations": populations, "projections": projections})


def _chip_population(population: Population, registers: QuantizedPopulation) -> Population:
    neuron = LoihiCuba(
        du=registers.du,
        dv=registers.dv,
        vth_mant=registers.vth_mant if registers.spiking else np.full(registers.size, 2**30),
        bias_mant=registers.bias_mant,
        bias_exp=registers.bias_exp,
        refractory_steps=registers.refract_delay - 1,
        vmin_exp=int(registers.vmin_exp[0]),
        vmax_exp=int(registers.vmax_exp[0]),
        reset="subtract" if registers.reset == "subtract" else "zero",
    )
    return population.model_copy(update={"neuron": neuron})


def _chip_projection(projection: Projection, stored: QuantizedProjection) -> Projection:
    connectivity = stored.connectivity
    if not isinstance(connectivity, WindowConnectivity):
        connectivity = connectivity.listed()
        operation: Any = Sparse(
            shape=(connectivity.n_target, connectivity.n_source),
            post=connectivity.post,
            pre=connectivity.pre,
            weights=connectivity.weights.astype(np.int64),
        )
        delays: dict[str, Any] = {"delay_steps": connectivity.delay_steps.astype(np.int64), "delay_axis": "synapse"}
        if not connectivity.delay_steps.size or (connectivity.delay_steps == connectivity.delay_steps[0]).all():
            delays = {"delay_steps": int(connectivity.delay_steps[0]) if connectivity.delay_steps.size else 0}
            delays["delay_axis"] = "projection"
    else:
        operation = Conv2d(
            input_shape=connectivity.input_shape, weights=connectivity.kernel.astype(np.int64),
            stride=connectivity.stride, padding=connectivity.padding, dilation=connectivity.dilation,
            groups=connectivity.groups,
        )  # fmt: skip
        delays = {"delay_steps": connectivity.delay_steps, "delay_axis": "projection"}
    return projection.model_copy(update={"operation": operation, "weight_format": stored.weight_format, **delays})
