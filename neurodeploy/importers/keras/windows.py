"""Convolutions, dense layers and pools of Keras.

Source of the padding `same`: https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2 ; the extra position of an odd
number of zeros comes after the values. `causal`: all zeros come before.
"""

from __future__ import annotations

from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.keras.activations import activated
from neurodeploy.importers.keras.faults import damaged, unsupported
from neurodeploy.importers.keras.place import Place
from neurodeploy.importers.keras.settings import choice, flag, size, sizes
from neurodeploy.importers.keras.tensors import Shape, Tensor, front
from neurodeploy.importers.keras.weights import Wanted
from neurodeploy.trained.operations import AveragePool, Convolution, FullyConnected, MaxPool

__all__ = ["WINDOW_LAYERS", "channel_order"]

Array = NDArray[Any]
PADDING = ("valid", "same")


def channel_order(place: Place, x: Tensor, axes: int) -> tuple[int, ...]:
    """Return the axes of a tensor with its channels first, which the setting data_format places."""
    if len(x.shape) != axes + 1:
        raise damaged(f"reads a tensor of shape {list(x.shape)}; needs {axes + 1} axes after the batch axis")
    where = choice(place.config, "data_format", ("channels_last", "channels_first"), "channels_last")
    return front(axes + 1, 0 if where == "channels_first" else axes)


def _shape(inner: Shape, order: tuple[int, ...]) -> Shape:
    """The shape in the model of a tensor with the shape `inner` in the network."""
    return tuple(inner[order.index(axis)] for axis in range(len(order)))


def _ends(padding: str, lengths: Shape, span: Shape, stride: Shape) -> tuple[Shape, Shape]:
    """Zeros before and after each axis. `span`: positions from the first to the last entry of the kernel, plus 1."""
    if padding == "valid":
        return (0,) * len(lengths), (0,) * len(lengths)
    totals = [
        max((-(-n // step) - 1) * step + wide - n, 0) for n, wide, step in zip(lengths, span, stride, strict=True)
    ]
    if padding == "causal":
        return tuple(wide - 1 for wide in span), (0,) * len(lengths)
    return tuple(total // 2 for total in totals), tuple(total - total // 2 for total in totals)


def _count(lengths: Shape, begin: Shape, end: Shape, span: Shape, stride: Shape) -> Shape:
    """Windows along each axis."""
    wide = [n + b + e for n, b, e in zip(lengths, begin, end, strict=True)]
    if any(n < needed for n, needed in zip(wide, span, strict=True)):
        raise damaged(f"has windows of {list(span)} in a tensor of {list(wide)}")
    return tuple((n - needed) // step + 1 for n, needed, step in zip(wide, span, stride, strict=True))


class _Geometry:
    """The windows of a convolution on a tensor."""

    def __init__(self, place: Place, x: Tensor, axes: int) -> None:
        config = place.config
        self.axes, self.order = axes, channel_order(place, x, axes)
        self.kernel = sizes(config, "kernel_size", axes)
        self.stride = sizes(config, "strides", axes, 1)
        self.dilation = sizes(config, "dilation_rate", axes, 1)
        span = tuple(d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel, strict=True))
        lengths = tuple(x.shape[axis] for axis in self.order[1:])
        padding = choice(config, "padding", (*PADDING, "causal") if axes == 1 else PADDING, "valid")
        self.begin, self.end = _ends(padding, lengths, span, self.stride)
        self.places = _count(lengths, self.begin, self.end, span, self.stride)
        self.x = x
        if x.padded is not None and x.padded.order == self.order:
            self.x = x.padded.source
            self.begin = tuple(a + b for a, b in zip(self.begin, x.padded.begin, strict=True))
            self.end = tuple(a + b for a, b in zip(self.end, x.padded.end, strict=True))
        self.x = place.builder.arranged(self.x, self.order)
        self.channels = self.x.inner[0]

    def add(self, place: Place, name: str, weights: Array, bias: float | Array, groups: int) -> Tensor:
        """Add the convolution with a kernel (out, channels / groups, *kernel)."""
        operation = Convolution(
            weights=weights, bias=bias, stride=self.stride, begin=self.begin, end=self.end, dilation=self.dilation,
            groups=groups,
        )  # fmt: skip
        shape = _shape((len(weights), *self.places), self.order)
        return place.builder.add(name, operation, (self.x,), shape, self.order)


def _bias(place: Place, count: int) -> list[Wanted]:
    return [Wanted(("bias",), (count,))] if flag(place.config, "use_bias", True) else []


def _kernels(weights: Array) -> Array:
    """(*kernel, in, out) weights as (out, in, *kernel)."""
    return np.ascontiguousarray(np.moveaxis(weights, (-1, -2), (0, 1)))


def _depthwise(weights: Array) -> Array:
    """(*kernel, channels, multiplier) weights as (channels * multiplier, 1, *kernel)."""
    axes = weights.ndim - 2
    moved = np.moveaxis(weights, (-2, -1), (0, 1))
    return np.ascontiguousarray(moved.reshape(-1, 1, *weights.shape[:axes]))


def _convolution(axes: int) -> Any:
    def read(place: Place, given: tuple[Tensor, ...]) -> Tensor:
        at = _Geometry(place, given[0], axes)
        filters, groups = size(place.config, "filters"), size(place.config, "groups", 1)
        if at.channels % groups or filters % groups:
            raise damaged(f"has {groups} groups for {at.channels} channels and {filters} filters")
        kernel = Wanted(("kernel",), (*at.kernel, at.channels // groups, filters))
        weights, *bias = place.weights([kernel, *_bias(place, filters)])
        made = at.add(place, place.name, _kernels(weights), bias[0] if bias else 0.0, groups)
        return activated(place, made)

    return read


def _depthwise_convolution(axes: int) -> Any:
    def read(place: Place, given: tuple[Tensor, ...]) -> Tensor:
        at = _Geometry(place, given[0], axes)
        multiplier = size(place.config, "depth_multiplier", 1)
        kernel = Wanted(("depthwise_kernel", "kernel"), (*at.kernel, at.channels, multiplier))
        weights, *bias = place.weights([kernel, *_bias(place, at.channels * multiplier)])
        made = at.add(place, place.name, _depthwise(weights), bias[0] if bias else 0.0, at.channels)
        return activated(place, made)

    return read


def _separable_convolution(axes: int) -> Any:
    def read(place: Place, given: tuple[Tensor, ...]) -> Tensor:
        at = _Geometry(place, given[0], axes)
        filters, multiplier = size(place.config, "filters"), size(place.config, "depth_multiplier", 1)
        wide = at.channels * multiplier
        depth = Wanted(("depthwise_kernel",), (*at.kernel, at.channels, multiplier))
        point = Wanted(("pointwise_kernel",), (*(1,) * axes, wide, filters))
        first, second, *bias = place.weights([depth, point, *_bias(place, filters)])
        inner = at.add(place, f"{place.name}/depthwise", _depthwise(first), 0.0, at.channels)
        ones, none = (1,) * axes, (0,) * axes
        operation = Convolution(
            weights=_kernels(second), bias=bias[0] if bias else 0.0, stride=ones, begin=none, end=none, dilation=ones
        )
        shape = _shape((filters, *at.places), at.order)
        return activated(place, place.builder.add(place.name, operation, (inner,), shape, at.order))

    return read


def _dense(place: Place, given: tuple[Tensor, ...]) -> Tensor:
    """A dense layer: on all values of one axis, or on the last axis at every place of the others."""
    x, units = given[0], size(place.config, "units")
    rank, features = len(x.shape), x.shape[-1]
    weights, *bias = place.weights([Wanted(("kernel",), (features, units)), *_bias(place, units)])
    own = bias[0] if bias else 0.0
    if prod(x.shape[:-1]) == 1:
        operation = FullyConnected(weights=np.ascontiguousarray(weights.T[:, x.places]), bias=own)
        made = place.builder.add(place.name, operation, (x,), (*x.shape[:-1], units), front(rank, rank - 1))
        return activated(place, made)
    order = front(rank, rank - 1)
    ordered, shape = place.builder.arranged(x, order), (*x.shape[:-1], units)
    if rank > 3:
        raise unsupported(f"is applied at each of {x.shape[:-1]} places", "reshape to at most two axes before channels")
    ones, none = (1,) * (rank - 1), (0,) * (rank - 1)
    kernel = np.ascontiguousarray(weights.T).reshape(units, features, *ones)
    operation = Convolution(weights=kernel, bias=own, stride=ones, begin=none, end=none, dilation=ones)
    return activated(place, place.builder.add(place.name, operation, (ordered,), shape, order))


def _pool(axes: int, *, largest: bool) -> Any:
    def read(place: Place, given: tuple[Tensor, ...]) -> Tensor:
        order = channel_order(place, given[0], axes)
        x = place.builder.arranged(given[0], order)
        kernel = sizes(place.config, "pool_size", axes, 2)
        stride = sizes(place.config, "strides", axes, kernel)
        begin, end = _ends(choice(place.config, "padding", PADDING, "valid"), x.inner[1:], kernel, stride)
        places = _count(x.inner[1:], begin, end, kernel, stride)
        kind = MaxPool if largest else AveragePool
        operation = kind(kernel=kernel, stride=stride, begin=begin, end=end)
        if not largest and begin != end:
            place.builder.uneven.append(place.name)
        return place.builder.add(place.name, operation, (x,), _shape((x.inner[0], *places), order), order)

    return read


def _global_pool(axes: int, *, largest: bool) -> Any:
    def read(place: Place, given: tuple[Tensor, ...]) -> Tensor:
        order = channel_order(place, given[0], axes)
        x = place.builder.arranged(given[0], order)
        kernel, none = x.inner[1:], (0,) * axes
        kind = MaxPool if largest else AveragePool
        operation = kind(kernel=kernel, stride=kernel, begin=none, end=none)
        made = place.builder.add(place.name, operation, (x,), _shape((x.inner[0], *(1,) * axes), order), order)
        return made if flag(place.config, "keepdims", False) else made._replace(shape=(x.inner[0],))

    return read


def _both(*names: str, read: Any) -> dict[str, Any]:
    """The readers of layers with one and with two axes."""
    return {f"{name}{axes}D": read(axes) for name in names for axes in (1, 2)}


WINDOW_LAYERS: dict[str, Any] = {
    "Dense": _dense,
    **_both("Conv", "Convolution", read=_convolution),
    **_both("DepthwiseConv", read=_depthwise_convolution),
    **_both("SeparableConv", "SeparableConvolution", read=_separable_convolution),
    **_both("MaxPooling", "MaxPool", read=partial(_pool, largest=True)),
    **_both("AveragePooling", "AvgPool", read=partial(_pool, largest=False)),
    **_both("GlobalMaxPooling", "GlobalMaxPool", read=partial(_global_pool, largest=True)),
    **_both("GlobalAveragePooling", "GlobalAvgPool", read=partial(_global_pool, largest=False)),
}
"""Class -> its reader."""
