"""Values of a trained network in floats, node by node: what the file computes.

Source of the operations: the operator definitions of ONNX (Conv, AveragePool, MaxPool, Gemm, BatchNormalization, ...).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from neurodeploy.base.arrays import product
from neurodeploy.trained.network import Node, TrainedNetwork
from neurodeploy.trained.operations import (
    Activate,
    Add,
    Affine,
    AveragePool,
    Concat,
    Convolution,
    FullyConnected,
    LinearMap,
    MaxPool,
    Operation,
    Reshape,
    Scores,
    Transpose,
)

__all__ = ["activated", "applied", "convolved", "forward", "windows_of"]

Array = NDArray[Any]
GATHERED = 1 << 20
"""Values under the taps of a kernel that are gathered at once, so that they stay in a cache."""


def forward(network: TrainedNetwork, values: Mapping[str, Array]) -> dict[str, Array]:
    """Return node or input -> (samples, *shape) values.

    `values`: input -> (samples, *shape), with channels first, in the float type of the computation.
    """
    found = {item.name: values[item.name].reshape(-1, *item.shape) for item in network.inputs}
    for node in network.nodes:
        found[node.name] = applied(node, [found[name] for name in node.inputs])
    return found


def applied(node: Node, given: Sequence[Array]) -> Array:
    """Return the (samples, *shape) values of a node from those that it reads."""
    made = _applied(node.operation, given)
    return made.reshape(len(made), *node.shape)


def _applied(operation: Operation, given: Sequence[Array]) -> Array:
    x, n = given[0], len(given[0])
    if isinstance(operation, FullyConnected):
        return product(x.reshape(n, -1), operation.weights.T.astype(x.dtype)) + _of(operation.bias, x)
    if isinstance(operation, Convolution):
        return convolved(operation, x)
    if isinstance(operation, AveragePool):
        return _averaged(operation, x)
    if isinstance(operation, MaxPool):
        windows = windows_of(x, operation.kernel, operation.stride, operation.begin, operation.end, fill=-np.inf)
        return windows.max(axis=tuple(range(-len(operation.kernel), 0)))
    if isinstance(operation, Affine):
        return x * _of(operation.scale, x) + _of(operation.shift, x)
    if isinstance(operation, LinearMap):
        made = np.zeros((int(np.prod(operation.shape)), n), dtype=x.dtype)
        np.add.at(made, operation.post, operation.weights.astype(x.dtype)[:, None] * x.reshape(n, -1).T[operation.pre])
        return made.T
    if isinstance(operation, Reshape):
        return x.reshape(n, *operation.shape)
    if isinstance(operation, Transpose):
        return x.transpose(0, *(axis + 1 for axis in operation.axes))
    if isinstance(operation, Add):
        return sum(given[1:], start=x)
    if isinstance(operation, Concat):
        return np.concatenate(given, axis=operation.axis + 1)
    if isinstance(operation, Activate):
        return activated(operation, x)
    return _scores(operation, x)


def _of(value: float | Array, like: Array) -> Array:
    return np.asarray(value, dtype=like.dtype)


def windows_of(
    x: Array,
    kernel: Sequence[int],
    stride: Sequence[int],
    begin: Sequence[int],
    end: Sequence[int],
    *,
    fill: float = 0.0,
) -> Array:
    """Return (samples, channels, *places, *kernel) views of the windows of (samples, channels, *axes) values."""
    pads = [(0, 0), (0, 0), *zip(begin, end, strict=True)]
    wide = np.pad(x, pads, constant_values=fill) if any(map(sum, pads)) else x
    axes = tuple(range(2, 2 + len(kernel)))
    windows = sliding_window_view(wide, tuple(kernel), axis=axes)
    return windows[(slice(None), slice(None), *(slice(None, None, step) for step in stride))]


def convolved(operation: Convolution, x: Array) -> Array:
    """Return (samples, out channels, *places) values of a convolution of (samples, channels, *axes) values."""
    kernel, pads = operation.weights.shape[2:], [(0, 0), (0, 0), *zip(operation.begin, operation.end, strict=True)]
    wide = np.pad(x, pads) if any(map(sum, pads)) else x
    spans = [d * (k - 1) + 1 for d, k in zip(operation.dilation, kernel, strict=True)]
    places = [(size - span) // s + 1 for size, span, s in zip(wide.shape[2:], spans, operation.stride, strict=True)]
    made = np.empty((len(x), len(operation.weights), *places), dtype=x.dtype)
    rows = max(GATHERED // (x.shape[1] * int(np.prod((*kernel, *places)))), 1)
    for first in range(0, len(x), rows):
        made[first : first + rows] = _products(operation, wide[first : first + rows], places)
    return made


def _products(operation: Convolution, x: Array, places: Sequence[int]) -> Array:
    """A convolution of padded values: those under each tap of the kernel are rows of one matrix, copied along the axes of x."""
    weights, groups, kernel = operation.weights.astype(x.dtype), operation.groups, operation.weights.shape[2:]
    taps = np.empty((x.shape[1], *kernel, len(x), *places))
    for tap in np.ndindex(*kernel):
        first = [k * d for k, d in zip(tap, operation.dilation, strict=True)]
        own = [slice(f, f + s * (p - 1) + 1, s) for f, s, p in zip(first, operation.stride, places, strict=True)]
        taps[(slice(None), *tap)] = x[(slice(None), slice(None), *own)].swapaxes(0, 1)
    kernels = weights.reshape(groups, len(weights) // groups, -1)
    made = product(kernels, taps.reshape(groups, kernels.shape[2], -1)).reshape(len(weights), len(x), *places)
    bias = _of(operation.bias, x)
    made += bias.reshape(-1, *(1,) * (made.ndim - 1)) if bias.ndim else bias
    return np.moveaxis(made, 0, 1)


def _averaged(operation: AveragePool, x: Array) -> Array:
    geometry = (operation.kernel, operation.stride, operation.begin, operation.end)
    axes = tuple(range(-len(operation.kernel), 0))
    total = windows_of(x, *geometry).sum(axis=axes)
    if operation.counts_padding:
        return total / _of(float(np.prod(operation.kernel)), x)
    return total / windows_of(np.ones_like(x[:1, :1]), *geometry).sum(axis=axes)


def activated(operation: Activate, x: Array) -> Array:
    """Return an activation function of values of any shape."""
    if operation.function == "relu":
        return np.clip(x, 0, operation.high)
    if operation.function == "leaky_relu":
        return np.where(x < 0, x * _of(operation.slope, x), x)
    if operation.function == "sigmoid":
        return 0.5 * (_tanh(0.5 * x) + 1)  # the same function, without overflow
    if operation.function == "tanh":
        return _tanh(x)
    if operation.function == "step":
        return (x > 0).astype(x.dtype)
    return np.clip(_of(operation.slope, x) * x + _of(0.5, x), 0, 1)


def _tanh(x: Array) -> Array:
    """The hyperbolic tangent, rounded from float64: processors differ in the last bits of one in float32."""
    return np.tanh(x.astype(np.float64, copy=False)).astype(x.dtype, copy=False)


def _scores(operation: Scores, x: Array) -> Array:
    if operation.function == "sigmoid":
        return 0.5 * (_tanh(0.5 * x) + 1)
    rows = x.reshape(len(x), -1)
    if operation.function == "argmax":
        return rows.argmax(axis=1)[:, None].astype(x.dtype)
    shifted = rows - rows.max(axis=1, keepdims=True)
    logarithm = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return logarithm if operation.function == "log_softmax" else np.exp(logarithm)
