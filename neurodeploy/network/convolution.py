"""Verb: convolutions, pools and chains as columns of synapses, vectorised. Must not know any chip."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import places_of
from neurodeploy.network.operations import AvgPool2d, Conv1d, Conv2d, SumPool2d

__all__ = ["Columns", "Window", "composed", "output_shape", "taps_at", "window_columns", "window_of", "window_sums"]

Array = NDArray[Any]


class Columns(NamedTuple):
    """Synapses in any order."""

    pre: Array
    post: Array
    weights: Array


class Window(NamedTuple):
    """A convolution or pool as a convolution over two axes."""

    input_shape: tuple[int, int, int]
    weights: Array
    """(out channels, channels / groups, kernel height, kernel width)."""
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int


def window_of(operation: Conv1d | Conv2d | SumPool2d | AvgPool2d) -> Window:
    """Return the operation as a convolution over two axes; a pool has a group for each channel."""
    if isinstance(operation, Conv2d):
        given = (operation.stride, operation.padding, operation.dilation, operation.groups)
        return Window(operation.input_shape, operation.weights, *given)
    if isinstance(operation, Conv1d):
        channels, length = operation.input_shape
        pairs = ((1, operation.stride), (0, operation.padding), (1, operation.dilation))
        return Window((channels, 1, length), operation.weights[:, :, None], *pairs, operation.groups)
    value = 1.0 / prod(operation.kernel) if isinstance(operation, AvgPool2d) else 1
    weights = np.full((operation.input_shape[0], 1, *operation.kernel), value)
    return Window(operation.input_shape, weights, operation.stride, operation.padding, (1, 1), operation.input_shape[0])


def output_shape(window: Window) -> tuple[int, int, int]:
    """Return (out channels, height, width); an axis too short for the kernel has 0 places."""
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
    """Return (places, taps) where each tap lies on an axis (0 rows, 1 columns) of the source, and whether it is inside."""
    taps: Array = np.arange(int(window.weights.shape[2 + axis])) * window.dilation[axis] - window.padding[axis]
    at = np.add.outer(places * window.stride[axis], taps)
    return at, (at >= 0) & (at < window.input_shape[1 + axis])


def _axis(window: Window, axis: int) -> tuple[Array, Array, Array]:
    """(tap, place of the output, place of the input) of one axis, without what falls on the padding."""
    at, inside = taps_at(window, axis, np.arange(output_shape(window)[1 + axis]))
    tap, place = np.nonzero(inside.T)
    return tap, place, at[place, tap]


def window_columns(window: Window) -> Columns:
    """Return the synapses of a convolution: one for each weight and place at which it meets a source neuron."""
    _, height, width = window.input_shape
    out_channels, out_height, out_width = output_shape(window)
    per_group, kernel = window.weights.shape[1], window.weights.shape[2:]
    (tap_y, out_y, in_y), (tap_x, out_x, in_x) = _axis(window, 0), _axis(window, 1)
    post = (out_y[:, None] * out_width + out_x[None, :]).ravel()
    pre = (in_y[:, None] * width + in_x[None, :]).ravel()
    tap = (tap_y[:, None] * kernel[1] + tap_x[None, :]).ravel()
    channel: Array = np.arange(out_channels)
    first: Array = np.floor_divide(channel, out_channels // window.groups) * per_group
    source: Array = np.add.outer(first, np.arange(int(per_group)))
    shape = (out_channels, per_group, post.size)
    pre = np.broadcast_to(source[:, :, None] * (height * width) + pre, shape).ravel()
    post = np.broadcast_to(channel[:, None, None] * (out_height * out_width) + post, shape).ravel()
    weights = window.weights.reshape(out_channels, per_group, -1)[:, :, tap].ravel()
    return Columns(pre, post, weights)


def window_sums(window: Window, values: Array) -> Array:
    """Return (targets,) sums of the kernel's numbers `values`, as far as the kernel lies on the source at that place."""
    shape = output_shape(window)
    (_, rows), (_, columns) = (taps_at(window, axis, np.arange(shape[1 + axis])) for axis in (0, 1))
    taps = values.sum(axis=1).astype(np.float64)
    return np.einsum("cij,yi,xj->cyx", taps, rows.astype(float), columns.astype(float)).reshape(prod(shape))


def composed(first: Columns, second: Columns, n_pre: int) -> Columns:
    """Return the product of two operations, the first's targets being the second's sources; equal pairs are summed."""
    order = np.argsort(first.post, kind="stable")
    sorted_post = first.post[order]
    low, high = np.searchsorted(sorted_post, second.pre, "left"), np.searchsorted(sorted_post, second.pre, "right")
    count = high - low
    take = places_of(low, count)
    pre, post = first.pre[order][take], np.repeat(second.post, count)
    weights = first.weights[order][take] * np.repeat(second.weights, count)
    key = post.astype(np.int64) * n_pre + pre
    order = np.argsort(key, kind="stable")
    key, weights = key[order], weights[order]
    starts = np.flatnonzero(np.r_[True, np.diff(key) != 0]) if key.size else np.zeros(0, dtype=np.int64)
    return Columns(key[starts] % n_pre, key[starts] // n_pre, np.add.reduceat(weights, starts) if key.size else weights)
