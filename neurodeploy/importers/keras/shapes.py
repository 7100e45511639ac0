"""Layers of Keras that move, repeat, leave out, scale or join values, and layers that do nothing after training.

Source of what they compute: https://keras.io/api/layers/
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.plain import as_items
from neurodeploy.importers.keras.faults import damaged, unsupported
from neurodeploy.importers.keras.place import Place
from neurodeploy.importers.keras.settings import axis_of, choice, flag, number, numbers, size, sizes
from neurodeploy.importers.keras.tensors import Padded, Shape, Tensor, front
from neurodeploy.importers.keras.weights import Wanted
from neurodeploy.importers.keras.windows import channel_order
from neurodeploy.trained.operations import Add, Affine, Concat

__all__ = ["IDLE", "SHAPE_LAYERS", "scaled"]

Array = NDArray[Any]
IDLE = (
    "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianDropout", "GaussianNoise", "AlphaDropout",
    "ActivityRegularization", "Identity", "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast",
    "RandomBrightness", "RandomColorJitter", "RandomShear", "RandomErasing",
)  # fmt: skip
"""Layers that change values in training only."""
NORMAL_EPSILON = 1e-7
"""Least standard deviation that Normalization divides by."""


def _idle(place: Place, given: tuple[Tensor, ...]) -> Tensor:
    return given[0]


def _batch_normalization(place: Place, given: tuple[Tensor, ...]) -> Tensor:
    x, config = given[0], place.config
    axis = axis_of(config.get("axis", -1), len(x.shape))
    names = ["gamma"] if flag(config, "scale", True) else []
    names += ["beta"] if flag(config, "center", True) else []
    names += ["moving_mean", "moving_variance"]
    variables = place.weights([Wanted((name,), (x.shape[axis],)) for name in names])
    found = {name: values.astype(np.float64) for name, values in zip(names, variables, strict=True)}
    spread = found["moving_variance"] + number(config, "epsilon", 1e-3)
    if (spread <= 0).any():
        raise damaged("has a variance below 0")
    scale = found.get("gamma", 1.0) / np.sqrt(spread)
    shift = found.get("beta", 0.0) - found["moving_mean"] * scale
    along = [1] * len(x.shape)
    along[axis] = -1
    return _affine(place, x, scale.reshape(along), np.asarray(shift).reshape(along))


def _affine(place: Place, x: Tensor, scale: Array, shift: Array) -> Tensor:
    """scale * x + shift, for numbers that broadcast to the tensor of the model."""
    builder = place.builder
    operation = Affine(scale=builder.spread(scale, x), shift=builder.spread(shift, x))
    return builder.add(place.name, operation, (x,), x.shape)


def _rescaling(place: Place, given: tuple[Tensor, ...]) -> Tensor:
    values = [numbers(place.config, "scale", 1.0), numbers(place.config, "offset", 0.0)]
    for name, value in zip(("scale", "offset"), values, strict=True):
        _require_broadcast(name, value, given[0])
    return _affine(place, given[0], *values)


def _require_broadcast(name: str, value: Array, x: Tensor) -> None:
    try:
        fits = np.broadcast_shapes(value.shape, x.shape) == x.shape
    except ValueError:
        fits = False
    if not fits:
        raise damaged(f"has {name} of shape {list(value.shape)} for a tensor of shape {list(x.shape)}")


def _normalization(place: Place, given: tuple[Tensor, ...]) -> Tensor:
    x, config = given[0], place.config
    own = config.get("axis", -1)
    axes = [] if own is None else sorted(axis_of(item, len(x.shape)) for item in (as_items(own) or [own]))
    along = tuple(n if axis in axes else 1 for axis, n in enumerate(x.shape))
    if config.get("mean") is not None:
        mean, variance = numbers(config, "mean", 0.0), numbers(config, "variance", 1.0)
    else:
        shape = tuple(x.shape[axis] for axis in axes)
        mean, variance = place.weights([Wanted(("mean",), shape), Wanted(("variance",), shape)])
    try:
        mean, variance = np.broadcast_to(mean, along).astype(np.float64), np.broadcast_to(variance, along)
    except ValueError:
        mean, variance = (item.reshape(along) if item.size == prod(along) else item for item in (mean, variance))
        _require_broadcast("mean", mean, x)
        _require_broadcast("variance", variance, x)
    deviation = np.maximum(np.sqrt(np.maximum(variance.astype(np.float64), 0)), NORMAL_EPSILON)
    if flag(config, "invert", False):
        return _affine(place, x, deviation, mean)
    return _affine(place, x, 1 / deviation, -mean / deviation)


def _flatten(place: Place, given: tuple[Tensor, ...]) -> Tensor:
    x = given[0]
    if place.config.get("data_format") == "channels_first" and len(x.shape) > 1:
        x = _permuted(place, x, (*range(1, len(x.shape)), 0))
    return x._replace(shape=(x.size,), padded=None)


def _permuted(place: Place, x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """The tensor with its axes in another order, in the same node."""
    old = place.builder.layout(x.shape, axes)
    new = np.empty_like(old)
    new[old] = np.arange(old.size)
    return Tensor(x.node, tuple(x.shape[axis] for axis in axes), x.inner, new[x.places])


def _permute(place: Place, given: tuple[Tensor, ...]) -> Tensor:
    x = given[0]
    dims = sizes(place.config, "dims", len(x.shape))
    if sorted(dims) != list(range(1, len(x.shape) + 1)):
        raise damaged(f"has dims {list(dims)} for a tensor with {len(x.shape)} axes after the batch axis")
    return _permuted(place, x, tuple(item - 1 for item in dims))


def _reshape(place: Place, given: tuple[Tensor, ...]) -> Tensor:
    x, target = given[0], as_items(place.config.get("target_shape")) or []
    known = tuple(size({"target_shape": item}, "target_shape") for item in target if item != -1)
    rest = x.size // max(prod(known), 1)
    shape = tuple(rest if item == -1 else int(item) for item in target)
    if not shape or len(target) - len(known) > 1 or prod(shape) != x.size:
        raise damaged(f"has target_shape {str(target)[:60]} for {x.size:,} values")
    return x._replace(shape=shape, padded=None)


def _edges(place: Place, key: str, axes: int) -> list[tuple[int, int]]:
    """Positions before and after each axis: one number, one for each axis, or two for each axis."""
    value = place.config.get(key, 1)
    items = as_items(value)
    if items is None:
        items = [value] * axes
    if axes == 1 and len(items) == 2:
        items = [items]
    if len(items) != axes:
        raise damaged(f"has {key} {str(value)[:40]}; needs {axes} pairs of numbers")
    pairs = [sizes({key: item}, key, 2, least=0) for item in items]
    return [(before, after) for before, after in pairs]


def _indices(place: Place, given: tuple[Tensor, ...], axes: int) -> tuple[Tensor, Array, tuple[int, ...]]:
    """A tensor with channels first, the numbers of its values, and the order of its axes."""
    order = channel_order(place, given[0], axes)
    x = place.builder.arranged(given[0], order)
    return x, np.arange(x.size).reshape(x.inner), order


def _picked(place: Place, x: Tensor, source: Array, order: tuple[int, ...]) -> Tensor:
    shape = tuple(source.shape[order.index(axis)] for axis in range(len(order)))
    return place.builder.picked(place.name, x, source, shape, place.builder.layout(shape, order))


def _zero_padding(axes: int) -> Any:
    def read(place: Place, given: tuple[Tensor, ...]) -> Tensor:
        x, numbered, order = _indices(place, given, axes)
        edges = _edges(place, "padding", axes)
        place.builder.require((x.inner[0], *(n + sum(edge) for n, edge in zip(x.inner[1:], edges, strict=True))))
        made = _picked(place, x, np.pad(numbered, [(0, 0), *edges], constant_values=-1), order)
        begin, end = (tuple(edge[side] for edge in edges) for side in (0, 1))
        return made._replace(padded=Padded(x, order, begin, end))

    return read


def _cropping(axes: int) -> Any:
    def read(place: Place, given: tuple[Tensor, ...]) -> Tensor:
        x, numbered, order = _indices(place, given, axes)
        edges = _edges(place, "cropping", axes)
        if any(before + after >= n for n, (before, after) in zip(x.inner[1:], edges, strict=True)):
            raise damaged(f"leaves nothing of a tensor of shape {list(x.shape)}")
        kept = [slice(before, n - after) for n, (before, after) in zip(x.inner[1:], edges, strict=True)]
        return _picked(place, x, numbered[(slice(None), *kept)], order)

    return read


def _up_sampling(axes: int) -> Any:
    def read(place: Place, given: tuple[Tensor, ...]) -> Tensor:
        choice(place.config, "interpolation", ("nearest",), "nearest")
        x, numbered, order = _indices(place, given, axes)
        times = sizes(place.config, "size", axes, 2)
        place.builder.require((x.inner[0], *(n * k for n, k in zip(x.inner[1:], times, strict=True))))
        for axis, count in enumerate(times):
            numbered = np.repeat(numbered, count, axis=axis + 1)
        return _picked(place, x, numbered, order)

    return read


def _same_shapes(given: tuple[Tensor, ...]) -> None:
    if not given or any(item.shape != given[0].shape for item in given):
        shown = ", ".join(str(list(item.shape)) for item in given)
        raise unsupported(f"joins tensors of different shapes: {shown}", "give them one shape")


def _add(place: Place, given: tuple[Tensor, ...]) -> Tensor:
    _same_shapes(given)
    if len(given) == 1:
        return given[0]
    alike = (given[0], *(place.builder.alike(item, given[0]) for item in given[1:]))
    return place.builder.add(place.name, Add(), alike, given[0].shape)


def scaled(place: Place, name: str, x: Tensor, scale: float, shift: float = 0.0) -> Tensor:
    """Return scale * x + shift, as the node `name`."""
    return place.builder.add(name, Affine(scale=scale, shift=shift), (x,), x.shape)


def _subtract(place: Place, given: tuple[Tensor, ...]) -> Tensor:
    _same_shapes(given)
    if len(given) != 2:
        raise damaged(f"subtracts {len(given)} tensors; needs 2")
    return _add(place, (given[0], scaled(place, f"{place.name}/negated", given[1], -1.0)))


def _average(place: Place, given: tuple[Tensor, ...]) -> Tensor:
    _same_shapes(given)
    parts = tuple(scaled(place, f"{place.name}/part", item, 1.0 / len(given)) for item in given)
    return _add(place, parts)


def _concatenate(place: Place, given: tuple[Tensor, ...]) -> Tensor:
    rank = len(given[0].shape)
    axis = axis_of(place.config.get("axis", -1), rank)
    if any(_without(item.shape, axis) != _without(given[0].shape, axis) for item in given):
        shown = ", ".join(str(list(item.shape)) for item in given)
        raise damaged(f"joins tensors of different shapes along axis {axis + 1}: {shown}")
    if rank == 1:
        return _joined(place, given)
    order = front(rank, axis)
    ordered = tuple(place.builder.arranged(item, order) for item in given)
    shape = (*given[0].shape[:axis], sum(item.shape[axis] for item in given), *given[0].shape[axis + 1 :])
    place.builder.require(shape)
    return place.builder.add(place.name, Concat(axis=0), ordered, shape, order)


def _joined(place: Place, given: tuple[Tensor, ...]) -> Tensor:
    """Tensors with one axis, one after the other, each in the order of its node."""
    flat = [place.builder.flat(item) for item in given]
    starts = np.cumsum([0, *(item.size for item in flat)])
    places = np.concatenate([item.places + start for item, start in zip(flat, starts, strict=False)])
    made = place.builder.add(place.name, Concat(axis=0), tuple(flat), (int(starts[-1]),), (0,))
    return made._replace(places=places)


def _without(shape: Shape, axis: int) -> Shape:
    return (*shape[:axis], len(shape), *shape[axis + 1 :])


SHAPE_LAYERS: dict[str, Any] = {
    **dict.fromkeys(IDLE, _idle),
    "BatchNormalization": _batch_normalization,
    "Rescaling": _rescaling,
    "Normalization": _normalization,
    "Flatten": _flatten,
    "Permute": _permute,
    "Reshape": _reshape,
    "Add": _add,
    "Subtract": _subtract,
    "Average": _average,
    "Concatenate": _concatenate,
    **{f"ZeroPadding{axes}D": _zero_padding(axes) for axes in (1, 2)},
    **{f"Cropping{axes}D": _cropping(axes) for axes in (1, 2)},
    **{f"UpSampling{axes}D": _up_sampling(axes) for axes in (1, 2)},
}
"""Class -> its reader."""
