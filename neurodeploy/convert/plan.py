"""A plan of a spiking network: populations of units, their weights and constants, before a network file is made of it."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.apply import apply_all
from neurodeploy.convert.coding import Coded
from neurodeploy.convert.inputs import values_of_lines
from neurodeploy.convert.pooling import pooled
from neurodeploy.network import OneToOne, Sparse
from neurodeploy.network.operations import Step
from neurodeploy.trained.chains import merged
from neurodeploy.trained.layers import Layer, Layers
from neurodeploy.trained.operations import MaxPool

__all__ = ["Plan", "Planned", "Wire", "plan_of"]

Array = NDArray[Any]


class Wire(NamedTuple):
    """Synapses from the units of an input or of an earlier population."""

    source: str
    unit: int
    """Number of the unit of a layer, from 0; 0 for an input, whose lines are read together."""
    steps: tuple[Step, ...]
    """Operations in sequence, in thresholds of the target for each spike; () for identity."""


class Planned(NamedTuple):
    """A population: one unit of a layer, or the output."""

    layer: str
    unit: int
    n_units: int
    """Units of the layer; a layer with one unit gives its name to its population."""
    shape: tuple[int, ...]
    kind: str
    """integrate: a spike takes the threshold 1 off v. any: spikes whenever a source spikes. read: v is read, no spikes."""
    wires: tuple[Wire, ...]
    constant: Array
    """(size,) added in every step in which input arrives, in thresholds."""
    first: Array | None = None
    """(size,) added once, in the first step in which input arrives, beside half the threshold; None: nothing."""

    @property
    def name(self) -> str:
        """Name of the population."""
        return self.layer if self.n_units == 1 else f"{self.layer}.{'abcdefgh'[self.unit]}"


class Plan(NamedTuple):
    """Populations in an order in which they can be computed; the last one is read."""

    layers: Layers
    codings: dict[str, Coded]
    """Input or layer -> coding of its values; the output has one unit whose gain is the unit of v."""
    populations: tuple[Planned, ...]
    hard: bool = False
    """Whether a spike sets v to 0 instead of taking the threshold off it."""
    keep: float = 1.0
    """Share of v that integrators keep in a step."""


def plan_of(layers: Layers, codings: Mapping[str, Coded], *, hard: bool = False) -> Plan:
    """Return the populations of layers whose inputs and values are coded as given. `hard`: as in Plan."""
    found: list[Planned] = []
    inputs = {item.name for item in layers.inputs}
    for layer in layers.layers:
        units = codings[layer.name].units
        for number in range(len(units)):
            if isinstance(layer.activation, MaxPool):
                found.append(_any(layer, number, len(units)))
                continue
            kind = "read" if layer.activation is None else "integrate"
            found.append(_population(layer, number, kind, codings, inputs))
    return Plan(layers, dict(codings), tuple(found), hard)


def _population(layer: Layer, number: int, kind: str, codings: Mapping[str, Coded], inputs: Set[str]) -> Planned:
    """One population: weights are slope * A * gain, the constant slope * (bias + A * shift) + offset."""
    wires: list[Wire] = []
    units, constant = codings[layer.name].units, layer.bias.copy()
    unit = units[number]
    scale = OneToOne(weights=_fewest(unit.slope))
    for term in layer.terms:
        source = codings[term.source]
        if source.shift.any():
            constant = constant + apply_all(term.steps, source.shift[None])[0]
        values = [OneToOne(weights=_fewest(own.gain)) for own in source.units]
        for which, first in enumerate([values_of_lines(source)] if term.source in inputs else values):
            n_source = first.shape[1] if isinstance(first, Sparse) else source.shift.size
            wires.append(Wire(term.source, which, merged((first, *term.steps, scale), n_source)))
    return Planned(layer.name, number, len(units), layer.shape, kind, tuple(wires), unit.slope * constant + unit.offset)


def _any(layer: Layer, number: int, n_units: int) -> Planned:
    """A population that spikes whenever a source of its window does."""
    wire = Wire(layer.terms[0].source, number, (pooled(layer),))
    return Planned(layer.name, number, n_units, layer.shape, "any", (wire,), np.zeros(layer.size))


def _fewest(values: Array) -> Array:
    """One number if all are equal."""
    return values[0] * np.ones(()) if (values == values[0]).all() else values
