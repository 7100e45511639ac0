"""Conversion of a projection to the form of a convolution core: a pool, then one kernel. Limits are checked elsewhere."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import numpy as np

from neurodeploy.network.network import Projection
from neurodeploy.network.operations import (
    AvgPool2d,
    Chain,
    Conv1d,
    Conv2d,
    OneToOne,
    SumPool2d,
)

__all__ = ["Kernel", "Map", "kernel_of", "map_of"]

Map = tuple[int, int, int]
"""Channels, height, width."""


class Kernel(NamedTuple):
    """One convolution, with the sum pool that the source applies before it."""

    channels_in: int
    channels_out: int
    side: tuple[int, int]
    """Height and width."""
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    before: Map
    """Shape of the input map, after the pool."""
    after: Map
    """Shape of the map of neurons."""
    pool: tuple[int, int] = (1, 1)


def map_of(shape: tuple[int, ...]) -> Map:
    """Return a population's shape as (channels, height, width); a flat population has maps of one neuron."""
    if len(shape) == 1:
        return (shape[0], 1, 1)
    return (prod(shape[:-2]), shape[-2], shape[-1])


def _places(n: int, side: int, stride: int, padding: int, dilation: int) -> int:
    return max((n + 2 * padding - dilation * (side - 1) - 1) // stride + 1, 0)


def _convolution(item: Conv2d | Conv1d) -> Kernel:
    shape: tuple[int, ...] = item.weights.shape
    if isinstance(item, Conv2d):
        before, side = item.input_shape, (shape[2], shape[3])
        stride, padding, dilation = item.stride, item.padding, item.dilation
    else:
        before, side = (item.input_shape[0], 1, item.input_shape[1]), (1, shape[2])
        stride, padding, dilation = (1, item.stride), (0, item.padding), (1, item.dilation)
    out = shape[0]
    places = [_places(*row) for row in zip(before[1:], side, stride, padding, dilation, strict=True)]
    return Kernel(before[0], out, side, stride, padding, dilation, before, (out, places[0], places[1]))


def _full(before: Map, n_target: int) -> Kernel:
    """Kernel of a dense projection: as large as the map, with one neuron for each channel."""
    one = (1, 1)
    return Kernel(before[0], n_target, before[1:], one, (0, 0), one, before, (n_target, 1, 1))


def _one_to_one(item: OneToOne, before: Map) -> Kernel | str:
    weights = np.asarray(item.weights)
    if weights.ndim and before[1] * before[2] > 1:
        by_channel = weights.reshape(before[0], -1)
        if np.any(by_channel != by_channel[:, :1]):
            return "has one weight for each neuron of a map, but a kernel has one for each channel"
    one = (1, 1)
    return Kernel(before[0], before[0], one, one, (0, 0), one, before, before)


def _pooled(item: SumPool2d | AvgPool2d, pool: tuple[int, int], before: Map) -> tuple[tuple[int, int], Map] | str:
    """The combined pool after one more pool; pools of whole windows multiply."""
    if item.kernel != item.stride or item.padding != (0, 0):
        return "pools windows that overlap, leave gaps or are padded, but a core pools whole windows"
    sides = (pool[0] * item.kernel[0], pool[1] * item.kernel[1])
    return sides, (before[0], before[1] // item.kernel[0], before[2] // item.kernel[1])


def kernel_of(projection: Projection, source: Map, n_target: int) -> Kernel | str:
    """Return the pool and kernel of a projection, or the reason why it has no such form."""
    operation = projection.operation
    steps = operation.operations if isinstance(operation, Chain) else (operation,)
    pool, before, found = (1, 1), source, None
    for step in steps:
        if found is not None:
            return "continues after its convolution without a neuron in between, but a core convolves once"
        if isinstance(step, (SumPool2d, AvgPool2d)):
            shape = step.input_shape if pool == (1, 1) else before
            pooled = _pooled(step, pool, shape)
            if isinstance(pooled, str):
                return pooled
            pool, before = pooled
        elif isinstance(step, (Conv1d, Conv2d)):
            found = _convolution(step)
        elif isinstance(step, OneToOne):
            found = _one_to_one(step, before)
        else:
            found = _full(before, n_target)
        if isinstance(found, str):
            return found
    if found is None:
        one = (1, 1)
        found = Kernel(before[0], before[0], one, one, (0, 0), one, before, before)
    return found._replace(pool=pool)
