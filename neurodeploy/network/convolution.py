"""Geometry of convolutions and pools."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network.operations import AvgPool2d, Conv1d, Conv2d, SumPool2d

__all__ = ["Window", "output_shape", "taps_at", "window_fan_out", "window_of", "window_sums"]

Array = NDArray[Any]


class Window(NamedTuple):
    """A convolution or pool as a two-dimensional convolution."""

    input_shape: tuple[int, int, int]
    """(channels, height, width) of the source."""
    weights: Array
    """(out channels, channels / groups, kernel height, kernel width)."""
    stride: tuple[int, int]
    """(rows, columns) from one window to the next."""
    padding: tuple[int, int]
    """(rows, columns) of zeros on either side."""
    dilation: tuple[int, int]
    """(rows, columns) between entries of the kernel."""
    groups: int
    """Number of channel groups; each output channel reads the channels of one group."""


def window_of(operation: Conv1d | Conv2d | SumPool2d | AvgPool2d) -> Window:
    """Return the operation as a two-dimensional convolution; a pool has one group per channel."""
    if isinstance(operation, Conv2d):
        geometry = (operation.stride, operation.padding, operation.dilation, operation.groups)
        return Window(operation.input_shape, operation.weights, *geometry)
    if isinstance(operation, Conv1d):
        channels, length = operation.input_shape
        pairs = ((1, operation.stride), (0, operation.padding), (1, operation.dilation))
        return Window((channels, 1, length), operation.weights[:, :, None], *pairs, operation.groups)
    value = 1.0 / prod(operation.kernel) if isinstance(operation, AvgPool2d) else 1
    weights = np.full((operation.input_shape[0], 1, *operation.kernel), value)
    return Window(operation.input_shape, weights, operation.stride, operation.padding, (1, 1), operation.input_shape[0])


def output_shape(window: Window) -> tuple[int, int, int]:
    """Return (out channels, height, width); an axis shorter than the kernel has length 0."""
    places = [
        max((n + 2 * p - d * (k - 1) - 1) // s + 1, 0)
        for n, p, d, k, s in zip(
            window.input_shape[1:],
            window.padding,
            window.dilation,
            window.weights.shape[2:],
            window.stride,
            strict=True,
        )
    ]
    return window.weights.shape[0], places[0], places[1]


def taps_at(window: Window, axis: int, places: Array) -> tuple[Array, Array]:
    """Return the source position of each kernel tap for output positions of one axis, and whether it is inside.

    `axis`: 0 for rows, 1 for columns; `places`: (n,). Both results have shape (n, kernel size on the axis).
    """
    taps: Array = np.arange(int(window.weights.shape[2 + axis])) * window.dilation[axis] - window.padding[axis]
    at = np.add.outer(places * window.stride[axis], taps)
    return at, (at >= 0) & (at < window.input_shape[1 + axis])


def window_sums(window: Window, values: Array) -> Array:
    """Return (n_target,) sums of `values`, shaped like the kernel, over the taps that lie on the source."""
    shape = output_shape(window)
    (_, rows), (_, columns) = (taps_at(window, axis, np.arange(shape[1 + axis])) for axis in (0, 1))
    taps = values.sum(axis=1).astype(np.float64)
    return np.einsum("cij,yi,xj->cyx", taps, rows.astype(float), columns.astype(float)).reshape(prod(shape))


def window_fan_out(window: Window, present: Array) -> NDArray[np.int64]:
    """Return (n_source,) synapses of each source; `present`: 0 or 1, shaped like the kernel."""
    shape = output_shape(window)
    hits: list[Array] = []
    for axis in range(2):
        places, inside = taps_at(window, axis, np.arange(shape[1 + axis]))
        tap: Array = np.arange(int(places.shape[1]))
        n, taps = window.input_shape[1 + axis], tap.size
        hits.append(np.bincount((places * taps + tap)[inside], minlength=n * taps).reshape(n, taps).astype(np.float64))
    by_group = present.reshape(window.groups, -1, *present.shape[1:]).sum(axis=1, dtype=np.float64)
    taps_of_source = by_group.reshape(-1, *present.shape[2:])
    return np.rint(np.einsum("cij,yi,xj->cyx", taps_of_source, *hits)).astype(np.int64).ravel()
