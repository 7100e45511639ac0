"""Means and maxima of windows and of whole axes, and images in other sizes.

Source: the operator definitions of ONNX.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.onnx.faults import malformed, unsupported
from neurodeploy.importers.onnx.geometry import image, windows
from neurodeploy.importers.onnx.graph import Item, Tensor, require_size
from neurodeploy.importers.onnx.layout import axes_of, transposed
from neurodeploy.importers.onnx.linear import affine
from neurodeploy.trained.operations import AveragePool, MaxPool

__all__ = ["POOLING"]

Array = NDArray[Any]
Shape = tuple[int, ...]


def average_pool(item: Item) -> Tensor:
    """The mean of each window."""
    tensor = image(item, 0)
    over = windows(item, tensor.shape[2:], item.integers("kernel_shape") or ())
    if set(over.dilation) != {1}:
        unsupported("has windows with gaps (dilations)", "use windows without gaps")
    counts = bool(item.integer("count_include_pad", 0))
    if counts and any(over.extra):
        unsupported("counts zeros of its padding, and has ceil_mode", "export it with ceil_mode=0")
    operation = AveragePool(
        kernel=over.kernel, stride=over.stride, begin=over.begin, end=over.end, counts_padding=counts
    )
    return item.emit(operation, [tensor], (1, tensor.shape[1], *over.out))


def max_pool(item: Item) -> Tensor:
    """The maximum of each window."""
    tensor = image(item, 0)
    if len(item.outputs) > 1 and item.outputs[1]:
        unsupported("gives the places of the maxima", "use MaxPool without its second output")
    over = windows(item, tensor.shape[2:], item.integers("kernel_shape") or ())
    if set(over.dilation) != {1}:
        unsupported("has windows with gaps (dilations)", "use windows without gaps")
    if any(max(b, e) >= k for b, e, k in zip(over.begin, over.end, over.kernel, strict=True)):
        malformed(f"has pads {list(over.begin)} and {list(over.end)} as large as its windows of {list(over.kernel)}")
    operation = MaxPool(kernel=over.kernel, stride=over.stride, begin=over.begin, end=over.end)
    return item.emit(operation, [tensor], (1, tensor.shape[1], *over.out))


def whole_pool(item: Item) -> Tensor:
    """The mean or maximum of each channel."""
    tensor = image(item, 0)
    return _pooled(item, tensor, largest=item.kind == "GlobalMaxPool")


def _pooled(item: Item, tensor: Tensor, *, largest: bool) -> Tensor:
    """One window over all axes but the first two."""
    sizes = tensor.shape[2:]
    one, none = (1,) * len(sizes), (0,) * len(sizes)
    kind = MaxPool if largest else AveragePool
    return item.emit(kind(kernel=sizes, stride=one, begin=none, end=none), [tensor], (*tensor.shape[:2], *one))


def reduced(item: Item) -> Tensor:
    """The mean, sum or maximum along axes."""
    tensor = item.tensor(0)
    n_axes = len(tensor.shape)
    axes = axes_of(item, 1, n_axes)
    if not axes:
        if item.integer("noop_with_empty_axes", 0):
            return tensor
        axes = tuple(range(n_axes))
    kept = tuple(axis for axis in range(n_axes) if axis not in axes)
    sizes, channels = tuple(tensor.shape[axis] for axis in axes), prod(tensor.shape[axis] for axis in kept)
    moved = transposed(item, tensor, (*kept, *axes))
    flat = item.reshaped(moved, (1, channels, *(sizes if len(sizes) == 2 else (prod(sizes),))))
    made = _pooled(item, flat, largest=item.kind == "ReduceMax")
    if item.kind == "ReduceSum":
        made = affine(item, made, float(prod(sizes)), 0.0)
    keeps = item.integer("keepdims", 1)
    shape = tuple(1 if axis in axes else size for axis, size in enumerate(tensor.shape) if keeps or axis not in axes)
    return item.reshaped(made, shape or (1,))


def resize(item: Item) -> Tensor:
    """Every value repeated: nearest neighbours by whole factors, for which all modes of coordinates agree."""
    tensor = item.tensor(0)
    mode = item.text("mode", "nearest")
    factors, sizes = _factors(item, tensor.shape)
    if mode != "nearest" and any(factor != 1 for factor in factors):
        unsupported(f"interpolates (mode '{mode}')", "use mode 'nearest' with whole factors, or ConvTranspose")
    if any(factor < 1 or factor != round(factor) for factor in factors):
        unsupported(f"scales by {list(factors)}", "use whole factors, or AveragePool for smaller images")
    require_size(prod(sizes))
    places = item.places(tensor)
    for axis, factor in enumerate(factors):
        places = np.repeat(places, round(factor), axis=axis)
    return item.gathered(tensor, places)


def _factors(item: Item, shape: Shape) -> tuple[tuple[float, ...], Shape]:
    """The factor of each axis, and the sizes of the result."""
    place = {"Upsample": 1}.get(item.kind, 2 if item.reading.opset >= 11 else 1)
    if item.has(3) and item.constant(3, "sizes").size:
        sizes = item.whole(3, "sizes")
        factors = tuple(size / n for size, n in zip(sizes, shape, strict=False))
    else:
        given: Any = item.weights(place, "scales").ravel() if item.has(place) else item.fields.get("scales", ())
        factors = tuple(float(factor) for factor in given)
        sizes = tuple(int(n * factor) for n, factor in zip(shape, factors, strict=False))
    axes = item.integers("axes")
    if axes is not None and len(axes) == len(factors):
        by_axis = {axis % len(shape): factor for axis, factor in zip(axes, factors, strict=True)}
        factors = tuple(by_axis.get(axis, 1.0) for axis in range(len(shape)))
        sizes = tuple(int(n * factor) for n, factor in zip(shape, factors, strict=True))
    if len(factors) != len(shape):
        malformed(f"has {len(factors)} scales for a tensor with {len(shape)} axes")
    return factors, sizes


POOLING = {
    "AveragePool": average_pool, "MaxPool": max_pool, "GlobalAveragePool": whole_pool, "GlobalMaxPool": whole_pool,
    "ReduceMean": reduced, "ReduceSum": reduced, "ReduceMax": reduced, "Upsample": resize, "Resize": resize,
}  # fmt: skip
