"""The linear part of an operation as operations of projections, which become synapses."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import AvgPool2d, Conv1d, Conv2d, Dense, OneToOne, Sparse
from neurodeploy.network.operations import Step
from neurodeploy.trained.forward import windows_of
from neurodeploy.trained.operations import (
    Affine,
    AveragePool,
    Concat,
    Convolution,
    FullyConnected,
    LinearMap,
    Operation,
    Transpose,
)

__all__ = ["linear_steps"]

Array = NDArray[Any]
Shape = tuple[int, ...]


def linear_steps(operation: Operation, shapes: tuple[Shape, ...], which: int, shape: Shape) -> tuple[Step, ...]:
    """Return the linear part of an operation that is not an activation, as steps from its input `which`; () for identity.

    `shapes`: shapes of all inputs of the operation. `shape`: the shape of its result.
    """
    source = shapes[which]
    if isinstance(operation, FullyConnected):
        return (Dense(weights=np.asarray(operation.weights, dtype=np.float64)),)
    if isinstance(operation, Convolution):
        return _convolution(operation, source)
    if isinstance(operation, AveragePool):
        return _pool(operation, source)
    if isinstance(operation, Affine):
        scale = np.broadcast_to(np.asarray(operation.scale, dtype=np.float64), source).ravel()
        return () if (scale == 1).all() else (OneToOne(weights=scale[0] if (scale == scale[0]).all() else scale),)
    if isinstance(operation, LinearMap):
        sizes = (prod(operation.shape), prod(source))
        return (Sparse(shape=sizes, post=operation.post, pre=operation.pre, weights=operation.weights),)
    if isinstance(operation, Transpose):
        places = np.arange(prod(source)).reshape(source).transpose(operation.axes).ravel()
        return () if (np.diff(places) == 1).all() else (_moved(places, prod(source)),)
    if isinstance(operation, Concat):
        before = sum(item[operation.axis] for item in shapes[:which])
        places = np.arange(prod(shape)).reshape(shape)
        own = places.take(range(before, before + source[operation.axis]), axis=operation.axis).ravel()
        ones = np.ones(own.size)
        return (Sparse(shape=(prod(shape), own.size), post=own, pre=np.arange(own.size), weights=ones),)
    return ()  # Reshape, Add, Scores


def _moved(places: Array, size: int) -> Sparse:
    """Target k reads source places[k]."""
    return Sparse(shape=(places.size, size), post=np.arange(places.size), pre=places, weights=np.ones(places.size))


def _convolution(operation: Convolution, source: Shape) -> tuple[Step, ...]:
    """A convolution whose padding is the same on both sides: zeros in the kernel make up for the difference."""
    weights = np.asarray(operation.weights, dtype=np.float64)
    begin, end, dilation = operation.begin, operation.end, operation.dilation
    grown = [(max(e - b, 0), max(b - e, 0)) for b, e in zip(begin, end, strict=True)]
    if any((before + after) % d for (before, after), d in zip(grown, dilation, strict=True)):
        return _padded(operation, source)
    extra = [(before // d, after // d) for (before, after), d in zip(grown, dilation, strict=True)]
    weights = np.pad(weights, [(0, 0), (0, 0), *extra])
    padding = tuple(max(b, e) for b, e in zip(begin, end, strict=True))
    if len(padding) == 1:
        channels, length = source
        return (
            Conv1d(
                input_shape=(channels, length), weights=weights, stride=operation.stride[0], padding=padding[0],
                dilation=dilation[0], groups=operation.groups,
            ),
        )  # fmt: skip
    channels, height, width = source
    return (
        Conv2d(
            input_shape=(channels, height, width), weights=weights, stride=_pair(operation.stride), padding=_pair(padding),
            dilation=_pair(dilation), groups=operation.groups,
        ),
    )  # fmt: skip


def _pair(values: tuple[int, ...]) -> tuple[int, int]:
    first, second = values
    return first, second


def _padded(operation: Convolution, source: Shape) -> tuple[Step, ...]:
    """Padding as a projection of its own, then the convolution without it."""
    wide = (source[0], *(n + b + e for n, b, e in zip(source[1:], operation.begin, operation.end, strict=True)))
    inner = tuple(slice(b, b + n) for n, b in zip(source[1:], operation.begin, strict=True))
    post = np.arange(prod(wide)).reshape(wide)[(slice(None), *inner)].ravel()
    pad = Sparse(shape=(prod(wide), prod(source)), post=post, pre=np.arange(post.size), weights=np.ones(post.size))
    none = (0,) * len(operation.begin)
    return (pad, *_convolution(operation.model_copy(update={"begin": none, "end": none}), wide))


def _pool(operation: AveragePool, source: Shape) -> tuple[Step, ...]:
    """A pool, with the padding of a convolution; windows that are cut off at an edge are divided by what is left."""
    channels, axes = source[0], len(operation.kernel)
    padded = any(operation.begin) or any(operation.end)
    if axes == 2 and not padded:
        height, width = source[1:]
        shape = (channels, height, width)
        return (AvgPool2d(input_shape=shape, kernel=_pair(operation.kernel), stride=_pair(operation.stride)),)
    kernel = np.full((channels, 1, *operation.kernel), 1.0 / prod(operation.kernel))
    made = Convolution(
        weights=kernel, stride=operation.stride, begin=operation.begin, end=operation.end, dilation=(1,) * axes,
        groups=channels,
    )  # fmt: skip
    steps = _convolution(made, source)
    if operation.counts_padding or not padded:
        return steps
    ones = np.ones((1, 1, *source[1:]))
    inside = windows_of(ones, operation.kernel, operation.stride, operation.begin, operation.end)
    share = prod(operation.kernel) / inside.sum(axis=tuple(range(-axes, 0)))
    return (*steps, OneToOne(weights=np.broadcast_to(share, (1, channels, *share.shape[2:])).ravel()))
