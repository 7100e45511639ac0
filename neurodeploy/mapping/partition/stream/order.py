"""The order in which neurons of a generated network fill cores: along a curve through the grid on which they lie.

Neurons of a grid whose distances decide on synapses share sources with their neighbours, so cores are filled along a
Hilbert curve (Hilbert, Mathematische Annalen 38, 1891), which keeps neighbours together at every scale. All others keep the
order of the network. Chooses no core.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.quantize.quantized import Quantized, QuantizedPopulation

__all__ = ["grid_order", "hilbert_keys", "stream_order"]

Ints = NDArray[np.int64]
AXES = 2
"""Axes of the curve; neurons along further axes stay together."""


def stream_order(quantized: Quantized, population: QuantizedPopulation, into: list[QuantizedProjection]) -> Ints | None:
    """Return (size,) the order of a population's neurons; None: that of the network.

    `into`: the projections that end in the population.
    """
    operations = {item.name: item.operation for item in quantized.network.projections}
    kernels = [operations[item.name] for item in into if item.name in operations]
    for kernel in kernels:
        extent, shape = getattr(kernel, "extent", None), getattr(kernel, "target_shape", None)
        if extent is not None and shape is not None:
            order = grid_order(tuple(shape), tuple(extent))
            return order if order is not None and order.size == population.size else None
    return None


def grid_order(shape: tuple[int, ...], extent: tuple[float, ...]) -> Ints | None:
    """Return (neurons,) neurons of a grid along the curve; None where fewer than two axes have an extent.

    `shape`: neurons of each axis, the last running fastest; `extent`: length of each axis, 0 without distance.
    """
    long = [axis for axis, n in enumerate(shape) if n > 1 and extent[axis] > 0][:AXES]
    if len(long) < AXES:
        return None
    y, x = (np.arange(shape[axis], dtype=np.uint32) for axis in long)
    plane = hilbert_keys(np.repeat(y, x.size), np.tile(x, y.size)).reshape(y.size, x.size)
    place = [1] * len(shape)
    for axis in long:
        place[axis] = shape[axis]
    keys = np.broadcast_to(plane.reshape(place), shape).ravel()
    return np.argsort(keys, kind="stable")


def hilbert_keys(y: NDArray[np.uint32], x: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Return (n,) places along a Hilbert curve of the points (y, x), (n,) each, on the smallest square of a power of two."""
    bits = max(int(max(y.max(initial=0), x.max(initial=0))).bit_length(), 1)
    y, x, key = y.copy(), x.copy(), np.zeros(y.size, dtype=np.uint64)
    for bit in range(bits - 1, -1, -1):
        up, right = (y >> bit) & 1, (x >> bit) & 1
        key = (key << np.uint64(2)) | (np.uint64(3) * right.astype(np.uint64) ^ up.astype(np.uint64))
        turn, flip = up == 0, (up == 0) & (right == 1)
        mask = np.uint32((1 << bit) - 1)
        y_low, x_low = y & mask, x & mask
        y_low, x_low = np.where(flip, mask - y_low, y_low), np.where(flip, mask - x_low, x_low)
        y, x = np.where(turn, x_low, y_low), np.where(turn, y_low, x_low)
    return key
