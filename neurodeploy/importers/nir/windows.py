"""Convolutions and pools of a NIR graph as operations on their actual source shape; shapes stated in the file are not trusted."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.nir.nodes import Window
from neurodeploy.network import AvgPool2d, Conv1d, Conv2d, SumPool2d
from neurodeploy.network.convolution import output_shape, window_of

__all__ = ["Placed", "flat_shape", "place", "window_values"]

Shape = tuple[int, ...]
WindowOperation = Conv1d | Conv2d | SumPool2d | AvgPool2d
MOST_WEIGHTS = 2**26


class Placed(NamedTuple):
    """A convolution or pool applied to its source shape."""

    operation: WindowOperation
    shape: Shape
    """Shape of the output."""
    remarks: tuple[tuple[str, str, str, str], ...] = ()
    """Ledger lines: quantity, asked, got, note."""


def flat_shape(first: int, last: int, shape: Shape, *, batch: bool) -> Shape | None:
    """Return the shape after flattening axes `first` to `last`, or None if the axes do not exist.

    `batch`: whether axis 0 is a batch, which the shape does not have, as in PyTorch.
    """
    axes = len(shape)
    start, stop = (max(axis + axes if axis < 0 else axis - batch, 0) for axis in (first, last))
    if start > stop or stop >= axes:
        return None
    return (*shape[:start], prod(shape[start : stop + 1]), *shape[stop + 1 :])


def _source(node: Window, shape: Shape) -> tuple[Shape | None, tuple[tuple[str, str, str, str], ...]]:
    """The source shape as (channels, spatial axes), without a batch axis of 1, and ledger lines; None if impossible."""
    axes = len(node.kernel) + 1
    found = shape
    while len(found) > axes and found[0] == 1:
        found = found[1:]
    if len(found) == axes:
        ledger = (
            (("axes", str(list(shape)), str(list(found)), "a leading axis of 1 is a batch"),) if found != shape else ()
        )
        return found, ledger
    if node.input_shape is not None and node.weight is not None:
        stated = (int(node.weight.shape[1]) * node.groups, *node.input_shape)
        if prod(stated) == prod(shape) and len(stated) == axes:
            return stated, (("axes", str(list(shape)), str(list(stated)), "from its input_shape"),)
    return None, ()


def place(node: Window, shape: Shape) -> Placed | str:
    """Return the operation on a source of this shape, or a message about the mismatch."""
    source, remarks = _source(node, shape)
    if source is None:
        return f"needs a source of {len(node.kernel) + 1} axes, channels first; shape {list(shape)} reaches it"
    if node.weight is None:
        pool = SumPool2d if node.kind == "SumPool2d" else AvgPool2d
        given: Any = {"kernel": node.kernel, "stride": node.stride, "padding": node.padding, "input_shape": source}
        if any(
            n + 2 * p < k for n, p, k in zip(source[1:], node.padding, node.kernel, strict=True) if isinstance(p, int)
        ):
            return f"kernel {list(node.kernel)} does not fit into {list(source[1:])}"
        return _checked(node, pool(**given), remarks)
    if node.weight.shape[1] * node.groups != source[0]:
        groups = f" in {node.groups} groups" if node.groups > 1 else ""
        return f"weight has shape {list(node.weight.shape)}{groups}; {source[0]} channels reach it"
    padded = _padded(node)
    if isinstance(padded, str):
        return padded
    weights, dilation, padding, added = padded
    if node.kind == "Conv1d":
        one: Any = {"stride": node.stride[0], "padding": padding[0], "dilation": dilation[0], "groups": node.groups}
        return _checked(node, Conv1d(input_shape=(source[0], source[1]), weights=weights, **one), (*remarks, *added))
    two: Any = {"input_shape": source, "stride": node.stride, "padding": padding, "dilation": dilation}
    return _checked(node, Conv2d(weights=weights, groups=node.groups, **two), (*remarks, *added))


def _checked(node: Window, operation: WindowOperation, remarks: Any) -> Placed | str:
    out = output_shape(window_of(operation))
    if 0 in out:
        return f"kernel {list(node.kernel)} does not fit into {list(operation.input_shape[1:])}"
    return Placed(operation, (out[0], out[2]) if node.kind == "Conv1d" else out, remarks)


def _padded(node: Window) -> Any:
    """Weights, dilation, padding and ledger lines, or a message. "same" keeps the size; like PyTorch, it pads an odd row at
    the end."""
    weights, dilation = np.asarray(node.weight), list(node.dilation)
    if not isinstance(node.padding, str):
        return weights, tuple(dilation), node.padding, ()
    padding, uneven = list[int](), False
    for axis, (kernel, step) in enumerate(zip(node.kernel, node.dilation, strict=True)):
        reach = step * (kernel - 1)
        if reach % 2:
            if weights.size // kernel * (reach + 2) > MOST_WEIGHTS:
                return f"padding 'same' with dilation {step} needs a kernel of {reach + 2} entries"
            weights, dilation[axis], uneven = _shifted(weights, 2 + axis, step), 1, True
        padding.append((reach + 1) // 2)
    note = "PyTorch pads the odd row or column at the end; a leading weight of 0 has the same effect"
    added = (("padding", "same", f"{padding}, kernel {list(weights.shape[2:])}", note),) if uneven else ()
    return weights, tuple(dilation), tuple(padding), added


def _shifted(weights: NDArray[Any], axis: int, step: int) -> NDArray[Any]:
    """Weights with their dilation expanded along an axis, after a leading 0."""
    kernel = weights.shape[axis]
    shape = [*weights.shape]
    shape[axis] = step * (kernel - 1) + 2
    wide = np.zeros(shape, dtype=weights.dtype)
    at = [slice(None)] * weights.ndim
    at[axis] = slice(1, None, step)
    wide[tuple(at)] = weights
    return wide


def window_values(operation: WindowOperation, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the output of a convolution or pool for constant `values` (sources,), as a flat array (targets,)."""
    window = window_of(operation)
    channels, rows, columns = output_shape(window)
    pads = ((0, 0), *((p, p) for p in window.padding))
    padded = np.pad(values.reshape(window.input_shape), pads)
    found = np.zeros((channels, rows, columns))
    inside, outside = window.weights.shape[1], channels // window.groups
    for i, j in np.ndindex(*window.weights.shape[2:]):
        top, left = i * window.dilation[0], j * window.dilation[1]
        inputs = padded[:, top : top + rows * window.stride[0] : window.stride[0]]
        inputs = inputs[:, :rows, left : left + columns * window.stride[1] : window.stride[1]][:, :, :columns]
        for group in range(window.groups):
            part = slice(group * outside, (group + 1) * outside)
            taps = np.asarray(window.weights[part, :, i, j], dtype=np.float64)
            found[part] += np.tensordot(taps, inputs[group * inside : (group + 1) * inside], axes=1)
    return found.ravel()
