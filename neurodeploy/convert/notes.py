"""What a converted network says of itself in its metadata, so that its file alone is enough to compare it with the trained one.

Weights are in the network: a projection holds slope * A * gain. Only the codings are needed to undo this, and they are short.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from neurodeploy.base.noun import Noun
from neurodeploy.convert.plan import Plan, plan_of
from neurodeploy.network import Network
from neurodeploy.trained.network import TrainedNetwork
from neurodeploy.trained.operations import Activate, MaxPool

__all__ = ["KEY", "Notes", "NotedLayer", "NotedUnit", "expanded", "notes_of", "read_notes", "with_notes"]

Array = NDArray[Any]
Numbers = float | list[float]
"""One number for all values, one for each channel, or one for each value."""
EQUAL = 1e-12
"""Relative difference of numbers that are equal but for rounding."""
KEY = "conversion"
"""Key of the notes in the metadata of a network."""


class NotedUnit(Noun):
    """One population of a layer: rate = clip(slope * x + offset, 0, 1), for a share gain * rate of the value."""

    population: str
    """Name of the population."""
    slope: Numbers
    """Rate for each unit of x."""
    offset: Numbers
    """Rate for x = 0."""
    gain: Numbers
    """Value of the rate 1."""
    correction: Numbers = 0.0
    """Rate that was added to the offset to correct a mean error, which is no part of the trained network."""


class NotedLayer(Noun):
    """One layer of the trained network."""

    name: str
    """Name of the layer."""
    nodes: tuple[str, ...]
    """Nodes of the trained network that it stands for."""
    shape: tuple[int, ...]
    """Shape of its values."""
    sum_shape: tuple[int, ...]
    """Shape of its sums."""
    activation: Activate | MaxPool | None = Field(default=None, discriminator="kind")
    """The activation; None: the output, which is read."""
    shift: Numbers
    """Value for rates of 0."""
    units: tuple[NotedUnit, ...]
    """Its populations."""


class Notes(Noun):
    """The notes of a conversion."""

    scheme: str
    """The scheme."""
    steps: int
    """Steps of a sample for which it was calibrated."""
    target: str
    """The target for which it was converted."""
    task: Literal["classify", "regress"]
    """What the output means."""
    classes: tuple[str, ...] = ()
    """Names of the classes."""
    layers: tuple[NotedLayer, ...]
    """The layers, the first one first."""


def notes_of(plan: Plan, trained: TrainedNetwork, *, scheme: str, steps: int, target: str) -> Notes:
    """Return the notes of a plan."""
    layers: list[NotedLayer] = []
    plain = {item.name: item.constant for item in plan_of(plan.layers, plan.codings).populations}
    for layer in plan.layers.layers:
        coded = plan.codings[layer.name]
        own = [item for item in plan.populations if item.layer == layer.name]
        channels = layer.shape[0]
        units = tuple(
            NotedUnit(
                population=item.name,
                slope=_fewest(coded.units[item.unit].slope, channels),
                offset=_fewest(coded.units[item.unit].offset, channels),
                gain=_fewest(coded.units[item.unit].gain, channels),
                correction=_fewest(np.round(item.constant - plain[item.name], 12), channels),
            )
            for item in own
        )
        layers.append(
            NotedLayer(
                name=layer.name, nodes=layer.nodes, shape=layer.shape, sum_shape=layer.sum_shape,
                activation=layer.activation, shift=_fewest(coded.shift, channels), units=units,
            )
        )  # fmt: skip
    return Notes(
        scheme=scheme, steps=steps, target=target, task=trained.task, classes=trained.classes, layers=tuple(layers)
    )


def with_notes(network: Network, notes: Notes) -> Network:
    """Return the network with the notes in its metadata."""
    document = notes.model_dump(mode="json")
    return network.model_copy(update={"metadata": {**network.metadata, KEY: document}})


def read_notes(network: Network) -> Notes | None:
    """Return the notes of a network; None if it was not converted, or by another version."""
    document = network.metadata.get(KEY)
    if not isinstance(document, dict):
        return None
    try:
        return Notes.model_validate(document)
    except ValidationError:
        return None


def expanded(numbers: Numbers, size: int) -> Array:
    """Return (size,) float64: one number for all values, or the numbers of channels repeated for their values."""
    values = np.atleast_1d(np.asarray(numbers, dtype=np.float64))
    return np.repeat(values, size // values.size)


def _fewest(values: Array, channels: int) -> Numbers:
    """The shortest form of (size,) numbers; numbers that differ by rounding only count as equal."""
    plain = np.asarray(values, dtype=np.float64).ravel()
    near = EQUAL * float(np.abs(plain).max())
    if float(np.ptp(plain)) <= near:
        return float(plain[0])
    rows = plain.reshape(channels, -1) if plain.size % channels == 0 else plain[:, None]
    return (rows[:, 0] if float(np.ptp(rows, axis=1).max()) <= near else plain).tolist()
