"""A quantized network in integers, and what it computes: the definition that a sigma-delta network equals number by number.

Inputs are rint(x / unit), kept within limits. A layer with m the sum of integer weights times integers of its sources, and b
its integer bias, has the values

    y = max(m + b + half, 0) >> shift, at most `high`, with half = 2**(shift - 1), or 0 for shift 0

for relu, which rounds (m + b) / 2**shift to the nearest, halves up; and m + b for the output. y times `unit` is about the value
of the trained layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.apply import apply_all
from neurodeploy.network.coding import Current, shown_currents
from neurodeploy.network.operations import Step

__all__ = [
    "IntegerLayer",
    "IntegerNetwork",
    "IntegerRun",
    "IntegerTerm",
    "integer_run",
    "integer_sums",
    "integer_values",
    "settled",
]

Array = NDArray[Any]
Ints = NDArray[np.int64]
GROUP = 1 << 21
"""Numbers of a layer that are computed at once."""


class IntegerTerm(NamedTuple):
    """A linear map in integers: 2**exponent times the operations."""

    source: str
    """Name of the input or layer."""
    steps: tuple[Step, ...]
    """Operations in sequence whose product has integer weights; () for identity."""
    exponent: int
    """Power of two that multiplies all weights, at least 0."""


class IntegerLayer(NamedTuple):
    """A layer in integers."""

    name: str
    shape: tuple[int, ...]
    terms: tuple[IntegerTerm, ...]
    bias: Ints
    """(size,) added to the sum, without the half that rounds."""
    relu: bool
    """Whether values below 0 become 0; False: the output, which is not shifted either."""
    shift: int
    """Bits by which a sum is shifted right, at least 0."""
    high: Ints | None
    """(size,) greatest values; None: no limit."""
    unit: Array
    """(size,) value of the trained layer for which 1 stands."""

    @property
    def half(self) -> int:
        """What is added before the shift, so that it rounds to the nearest."""
        return 1 << (self.shift - 1) if self.shift else 0


class IntegerNetwork(NamedTuple):
    """A quantized network."""

    inputs: dict[str, Current]
    """Input -> encoder, which turns values into integers."""
    layers: tuple[IntegerLayer, ...]
    """In an order in which they can be computed; the last one is the output."""


class IntegerRun(NamedTuple):
    """What a quantized network computes, each (samples, size) int64."""

    sums: dict[str, Ints]
    """Layer -> m + b."""
    values: dict[str, Ints]
    """Input or layer -> values."""


def integer_values(network: IntegerNetwork, inputs: Mapping[str, Array]) -> dict[str, Ints]:
    """Return input or layer -> (samples, size) integers.

    `network`: the quantized network. `inputs`: input -> (samples, size) values of the training.
    """
    return integer_run(network, inputs).values


def integer_run(network: IntegerNetwork, inputs: Mapping[str, Array], *, exact: bool = True) -> IntegerRun:
    """Return the sums and values of every layer.

    `network`: the quantized network. `inputs`: input -> (samples, size) values of the training. `exact`: whether products are
    added in doubles, which hold all of them; otherwise in single precision, which is faster and is off by some units at most.
    """
    kind = np.float64 if exact else np.float32
    n_samples = len(next(iter(inputs.values())))
    rows = max(GROUP // max(layer.bias.size for layer in network.layers), 1)
    starts = range(0, max(n_samples, 1), rows)
    runs = [_run(network, {key: x[first : first + rows] for key, x in inputs.items()}, kind) for first in starts]
    return IntegerRun(*({key: np.concatenate([run[k][key] for run in runs]) for key in runs[0][k]} for k in range(2)))


def _run(network: IntegerNetwork, inputs: Mapping[str, Array], kind: type[np.floating[Any]]) -> IntegerRun:
    known = {name: shown_currents(encoder, inputs[name]).astype(kind) for name, encoder in network.inputs.items()}
    sums = dict[str, Ints]()
    for layer in network.layers:
        sums[layer.name] = integer_sums(layer, known)
        known[layer.name] = settled(layer, sums[layer.name]).astype(kind)
    return IntegerRun(sums, {name: values.astype(np.int64) for name, values in known.items()})


def integer_sums(layer: IntegerLayer, values: Mapping[str, Array]) -> Ints:
    """Return the (samples, size) sums m + b of a layer.

    `layer`: the layer. `values`: input or layer -> (samples, size) integers of its sources, as floats, which are multiplied and
    added in their own precision.
    """
    total = layer.bias[None].astype(np.float64)
    for term in layer.terms:
        total = total + apply_all(term.steps, values[term.source]) * 2.0**term.exponent
    return np.rint(total).astype(np.int64)


def settled(layer: IntegerLayer, sums: Ints) -> Ints:
    """Return the (samples, size) values of a layer.

    `layer`: the layer. `sums`: its (samples, size) sums m + b.
    """
    if not layer.relu:
        return sums
    values = np.maximum(sums + layer.half, 0) >> layer.shift
    return values if layer.high is None else np.minimum(values, layer.high)
