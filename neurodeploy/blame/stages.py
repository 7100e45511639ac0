"""A converted network as stages that can be computed one after the other, each in the network's floats or on the chip."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.blame.wiring import Wiring, chip_weights, float_weights
from neurodeploy.convert.notes import NotedLayer, Notes
from neurodeploy.hardware.dialect import Dialect
from neurodeploy.network import If, Network, Projection
from neurodeploy.network.delays import possible_delays
from neurodeploy.quantize.quantized import Quantized, QuantizedPopulation

__all__ = ["Stage", "Staged", "staged"]

Array = NDArray[Any]


class Stage(NamedTuple):
    """One population."""

    name: str
    size: int
    neuron: If | None
    """Its neurons in the network; None: added by the conversion to integers."""
    registers: QuantizedPopulation
    floats: tuple[Wiring, ...]
    chip: tuple[Wiring, ...]
    """Synapses from other populations and inputs."""
    own_floats: tuple[Wiring, ...]
    own_chip: tuple[Wiring, ...]
    """Synapses from the population to itself."""
    depth: int
    """Its first input arrives in step depth + 1; 0: no input reaches it."""
    threshold: Array
    """(size,) what every spike takes off v, in units of the accumulator."""


class Staged(NamedTuple):
    """All populations of a converted network, sources before targets."""

    network: Network
    dialect: Dialect
    notes: Notes
    clocks: tuple[Stage, ...]
    """Populations that no input reaches."""
    stages: dict[str, Stage]
    """The others, by name."""
    depth: dict[str, int]
    """Input or population -> steps that its activity comes later than that of an input."""
    last: int
    """Steps that follow the input until the output is complete."""

    @property
    def layers(self) -> dict[str, NotedLayer]:
        """Layers by name, sources before targets."""
        found = {layer.name: layer for layer in self.notes.layers}
        order = {name: place for place, name in enumerate(self.stages)}
        return dict(sorted(found.items(), key=lambda item: order[item[1].units[0].population]))


def staged(network: Network, quantized: Quantized, dialect: Dialect, notes: Notes) -> Staged:
    """Return a converted network as stages."""
    depth = _depths(network)
    projections = {item.name: item for item in network.projections}
    floats: dict[str, list[Wiring]] = {item.name: [] for item in quantized.populations}
    chip: dict[str, list[Wiring]] = {item.name: [] for item in quantized.populations}
    lowered = {item.name: item for item in quantized.network.projections}
    for item in quantized.projections:
        delay = _delay(lowered[item.name])
        chip[item.target].append(Wiring(item.source, delay, chip_weights(item, dialect)))
        if item.name in projections:
            floats[item.target].append(Wiring(item.source, delay, float_weights(projections[item.name])))
    neurons = {item.name: item.neuron for item in network.populations}
    made = [
        Stage(
            name=item.name,
            size=item.size,
            neuron=cast("If | None", neurons.get(item.name)),
            registers=item,
            floats=tuple(wire for wire in floats[item.name] if wire.source != item.name),
            chip=tuple(wire for wire in chip[item.name] if wire.source != item.name),
            own_floats=tuple(wire for wire in floats[item.name] if wire.source == item.name),
            own_chip=tuple(wire for wire in chip[item.name] if wire.source == item.name),
            depth=depth.get(item.name, 0),
            threshold=item.vth_mant.astype(np.float64) * 2.0**dialect.threshold_shift_bits,
        )
        for item in quantized.populations
    ]
    reached = sorted((item for item in made if item.depth), key=lambda item: item.depth)
    stages = {item.name: item for item in reached}
    last = depth[notes.layers[-1].units[0].population]
    return Staged(network, dialect, notes, tuple(item for item in made if not item.depth), stages, depth, last)


def _delay(projection: Projection) -> int:
    return int(possible_delays(projection).max())


def _depths(network: Network) -> dict[str, int]:
    """Input or population that an input reaches -> steps along its longest path."""
    found = {item.name: 0 for item in network.inputs}
    for _ in network.populations:
        for item in network.projections:
            if item.source in found and item.source != item.target:
                steps = found[item.source] + 1 + _delay(item)
                found[item.target] = max(found.get(item.target, 0), steps)
    return found
