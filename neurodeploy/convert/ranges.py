"""Ranges of layers: the values that their largest rates stand for, as percentiles of calibration values."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.rates import LayerValues
from neurodeploy.trained.layers import Layer

__all__ = ["FIRST", "PERCENTILES", "Candidate", "Ranges"]

Array = NDArray[Any]
PERCENTILES = (90.0, 95.0, 97.0, 99.0, 99.5, 99.9, 100.0)
"""Percentiles that a search tries, of the values above 0."""
FIRST = (95.0, 99.0, 99.9, 100.0)
"""Those that it tries for all layers."""
SMALLEST = 1e-2
"""Least range of a channel, in shares of the range of its layer: channels that hardly spike keep weights of a usual size."""


class Candidate(NamedTuple):
    """How the range of a layer is chosen."""

    percentile: float
    """Percentile of the values above 0."""
    per_channel: bool
    """Whether each channel has a range of its own; a channel is one neuron of a layer without axes."""


class Ranges:
    """Ranges of the layers of a network; percentiles of a layer are found once."""

    def __init__(self, floats: LayerValues, percentiles: tuple[float, ...] = PERCENTILES) -> None:
        """Find ranges of `floats`, at `percentiles`."""
        self.floats, self.percentiles = floats, percentiles
        self.found: dict[tuple[str, bool, bool], Array] = {}
        self.floors: dict[str, Array] = {}

    def largest(self, layer: Layer, chosen: Candidate, *, below: bool = False) -> Array:
        """Return the (size,) values that the largest rate of a layer stands for, above 0.

        `below`: of the sums below 0, with their signs turned, instead of the values.
        """
        return np.maximum(self._percentile(layer, chosen, below=below), self.floors.get(layer.name, 0.0))

    def with_floors(self, floors: dict[str, Array]) -> Ranges:
        """Return ranges that are at least `floors`, layer -> (size,)."""
        made = Ranges(self.floats, self.percentiles)
        made.found, made.floors = self.found, floors
        return made

    def _percentile(self, layer: Layer, chosen: Candidate, *, below: bool) -> Array:
        row = self.percentiles.index(chosen.percentile)
        every = self._table(layer, per_channel=False, below=below)[row]
        if not chosen.per_channel:
            return np.full(layer.size, every[0])
        own: Array = self._table(layer, per_channel=True, below=below)[row]
        own = np.where(np.isnan(own), every[0], np.maximum(own, every[0] * SMALLEST))
        return np.repeat(own, layer.size // layer.shape[0])

    def _table(self, layer: Layer, *, per_channel: bool, below: bool) -> Array:
        """(percentiles, channels or 1) values; NaN for channels without a value above 0."""
        key = layer.name, per_channel, below
        if key not in self.found:
            values = -self.floats.sums[layer.name] if below else self.floats.values[layer.name]
            rows = np.moveaxis(values.reshape(len(values), layer.shape[0], -1), 1, 0)
            groups = rows if per_channel else values[None]
            made = np.full((len(self.percentiles), len(groups)), np.nan if per_channel else 1.0)
            for column, group in enumerate(groups):
                positive = group[group > 0]
                if positive.size:
                    made[:, column] = np.percentile(positive, self.percentiles)
            self.found[key] = made
        return self.found[key]
