"""Convolutions and pools merged with factors, choices and orders of whole channels, and with each other."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import AvgPool2d, Conv1d, Conv2d, Sparse, SumPool2d
from neurodeploy.network.convolution import output_shape, window_of
from neurodeploy.network.operations import Step

__all__ = ["scaled", "source_scaled", "through_channels", "windows_merged"]

Array = NDArray[Any]
Windowed = Conv1d | Conv2d | AvgPool2d | SumPool2d


def source_scaled(step: Windowed, channels: Array) -> Step | None:
    """Return a convolution or pool whose sources are multiplied by factors, (channels,)."""
    if not isinstance(step, (Conv1d, Conv2d)):
        return _scaled_pool(step, channels)
    per_group = step.weights.shape[1]
    kernels = step.weights.reshape(step.groups, -1, *step.weights.shape[1:]).astype(np.float64)
    factor = channels.reshape(step.groups, 1, per_group, *(1,) * (step.weights.ndim - 2))
    return step.model_copy(update={"weights": (kernels * factor).reshape(step.weights.shape)})


def scaled(step: Windowed, channels: Array) -> Step | None:
    """Return a convolution or pool whose results are multiplied by factors, (channels,)."""
    if not isinstance(step, (Conv1d, Conv2d)):
        return _scaled_pool(step, channels)
    factor = channels.reshape(-1, *(1,) * (step.weights.ndim - 1))
    return step.model_copy(update={"weights": step.weights.astype(np.float64) * factor})


def _scaled_pool(pool: AvgPool2d | SumPool2d, channels: Array) -> Step:
    """A pool whose channels are multiplied by factors: a convolution, one group for each channel."""
    made = _as_convolution(pool)
    return made.model_copy(update={"weights": made.weights * channels[:, None, None, None]})


def _as_convolution(step: AvgPool2d | SumPool2d) -> Conv2d:
    """A pool as a convolution, one group for each channel."""
    share = 1.0 / prod(step.kernel) if isinstance(step, AvgPool2d) else 1.0
    return Conv2d(
        input_shape=step.input_shape, weights=np.full((step.input_shape[0], 1, *step.kernel), share), stride=step.stride,
        padding=step.padding, groups=step.input_shape[0],
    )  # fmt: skip


def windows_merged(first: Step, second: Step, most: int) -> Step | None:
    """Return a pool before or after a convolution as one convolution of at most `most` weights; None if they stay two.

    They do where the second reads as many values in another shape.
    """
    if isinstance(first, AvgPool2d) and isinstance(second, Conv2d) and _follows(first, second):
        return _pool_then_convolution(first, second)
    if isinstance(first, Conv2d) and isinstance(second, AvgPool2d) and _follows(first, second):
        return _convolution_then_pool(first, second, most)
    return None


def _follows(first: AvgPool2d | Conv2d, second: AvgPool2d | Conv2d) -> bool:
    """Whether an operation reads the values of another in the shape in which that leaves them."""
    return output_shape(window_of(first)) == second.input_shape


def _pool_then_convolution(pool: AvgPool2d, after: Conv2d) -> Conv2d | None:
    """An average pool without overlap, then a convolution: one convolution whose kernel repeats each weight.

    y[i] = sum_k w[k] * mean_j x[(i * s + k) * p + j], so the taps lie at (k * p + j) with stride s * p.
    """
    if pool.padding != (0, 0) or after.padding != (0, 0) or after.dilation != (1, 1) or pool.stride != pool.kernel:
        return None
    weights = np.repeat(np.repeat(after.weights, pool.kernel[0], axis=2), pool.kernel[1], axis=3)
    height, width = (p * s for p, s in zip(pool.stride, after.stride, strict=True))
    made = Conv2d(
        input_shape=pool.input_shape,
        weights=weights / np.prod(pool.kernel),
        stride=(height, width),
        groups=after.groups,
    )
    return made if output_shape(window_of(made))[1:] == output_shape(window_of(after))[1:] else None


def _convolution_then_pool(first: Conv2d, pool: AvgPool2d, most: int) -> Conv2d | None:
    """A convolution, then an average pool: one convolution whose kernel is the mean of shifted ones.

    y[i] = mean_j sum_k w[k] * x[(i * p + j) * s + k * d], so the taps lie at j * s + k * d with stride p * s.
    """
    if pool.padding != (0, 0):
        return None
    kernel = first.weights.shape[2:]
    spans = [d * (k - 1) + 1 for d, k in zip(first.dilation, kernel, strict=True)]
    sizes = [(p - 1) * s + span for p, s, span in zip(pool.kernel, first.stride, spans, strict=True)]
    if prod(first.weights.shape[:2]) * prod(sizes) > most or prod(pool.kernel) > 1024:
        return None
    weights = np.zeros((*first.weights.shape[:2], *sizes))
    for row, column in np.ndindex(*pool.kernel):
        taps = [
            slice(j * s, j * s + span, d)
            for j, s, span, d in zip((row, column), first.stride, spans, first.dilation, strict=True)
        ]
        weights[(slice(None), slice(None), *taps)] += first.weights
    height, width = (p * s for p, s in zip(pool.stride, first.stride, strict=True))
    return Conv2d(
        input_shape=first.input_shape, weights=weights / prod(pool.kernel), stride=(height, width), padding=first.padding,
        groups=first.groups,
    )  # fmt: skip


def through_channels(first: Step, second: Step, most: int) -> Step | None:
    """Return a convolution that reads or writes whole channels of a longer list of channels, or of one in another order.

    `most`: largest number of its weights. None if the synapses of `Sparse` move values within channels.
    """
    if isinstance(first, Sparse) and isinstance(second, (Conv1d, Conv2d, AvgPool2d, SumPool2d)):
        mixing = _mixing(first, prod(second.input_shape[1:]))
        if mixing is None or second.input_shape[0] != len(mixing):
            return None
        kernels = _ungrouped(second, most)
        if kernels is None or len(kernels) * mixing.shape[1] * prod(kernels.shape[2:]) > most:
            return None
        return _convolution(second, mixing.shape[1], np.einsum("oc...,ci->oi...", kernels, mixing, optimize=True))
    if isinstance(second, Sparse) and isinstance(first, (Conv1d, Conv2d, AvgPool2d, SumPool2d)):
        mixing = _mixing(second, prod(output_shape(window_of(first))[1:]))
        kernels = _ungrouped(first, most)
        if mixing is None or kernels is None or len(mixing) * prod(kernels.shape[1:]) > most:
            return None
        return _convolution(first, first.input_shape[0], np.einsum("oc,ci...->oi...", mixing, kernels, optimize=True))
    return None


def _mixing(step: Sparse, size: int) -> Array | None:
    """The matrix (channels, source channels) of synapses that are the same at all `size` positions; None if they are not."""
    if step.shape[0] % size or step.shape[1] % size or step.post.size % size:
        return None
    channels, sources = step.shape[0] // size, step.shape[1] // size
    if channels * sources > 1 << 22 or not bool((step.post % size == step.pre % size).all()):
        return None
    pairs = (step.post // size).astype(np.int64) * sources + step.pre // size
    matrix = np.zeros(channels * sources)
    matrix[pairs] = step.weights
    count = np.bincount(pairs, minlength=matrix.size)
    same = bool((matrix[pairs] == step.weights).all()) and bool(np.isin(count, (0, size)).all())
    return matrix.reshape(channels, sources) if same else None


def _ungrouped(step: Windowed, most: int) -> Array | None:
    """Kernels (channels, source channels, ...) of a convolution or pool, with zeros between groups; None above `most`."""
    conv = step if isinstance(step, (Conv1d, Conv2d)) else _as_convolution(step)
    groups, per_group = conv.groups, conv.weights.shape[1]
    weights = np.asarray(conv.weights, dtype=np.float64)
    if groups == 1:
        return weights if weights.size <= most else None
    if weights.size * groups > most:
        return None
    kernels = np.zeros((len(weights), groups * per_group, *weights.shape[2:]))
    for group, rows in enumerate(np.split(np.arange(len(weights)), groups)):
        kernels[rows, group * per_group : (group + 1) * per_group] = weights[rows]
    return kernels


def _convolution(step: Windowed, channels: int, kernels: Array) -> Step:
    """A convolution with the geometry of another, from `channels`."""
    conv = step if isinstance(step, (Conv1d, Conv2d)) else _as_convolution(step)
    shape = (channels, *conv.input_shape[1:])
    return conv.model_copy(update={"input_shape": shape, "weights": kernels, "groups": 1})
