"""Verb: convolutions, pools and shapes of a NIR graph as operations. Trusts no shape that a file states."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from neurodeploy.importers.nir_reader import NirNode
from neurodeploy.network import AvgPool2d, Conv1d, Conv2d, Dense, OneToOne, SumPool2d

__all__ = ["flat_shape", "own_steps", "shape_of", "window_step"]

Say = Callable[[str, str], None]
Shape = tuple[int, ...]


def shape_of(node: NirNode) -> Shape | None:
    """Return the shape of an input or of a population: that of its largest parameter; None for one neuron or unknown."""
    if "shape" in node.fields:
        return tuple(int(n) for n in np.atleast_1d(node.fields["shape"]))
    arrays = [np.asarray(value) for value in node.fields.values() if not isinstance(value, str)]
    largest = max(arrays, key=lambda array: array.size, default=np.zeros(()))
    return largest.shape if largest.size > 1 else None


def flat_shape(node: NirNode, shape: Shape | None) -> Shape | None:
    """Return the shape after a Flatten node; axes count without the batch, from 0."""
    if shape is None:
        return None
    first = int(np.asarray(node.fields.get("start_dim", 0)))
    last = int(np.asarray(node.fields.get("end_dim", -1)))
    first, last = first % len(shape), last % len(shape)
    return (*shape[:first], prod(shape[first : last + 1]), *shape[last + 1 :])


def own_steps(item: Any) -> tuple[Any, ...]:
    """Return the matrix or scale of an arrival as an operation."""
    if item.matrix is not None:
        return (Dense(weights=item.matrix),)
    return (OneToOne(weights=item.scale),) if item.scale is not None else ()


def _pair(value: Any) -> tuple[int, int]:
    numbers = np.atleast_1d(np.asarray(value)).astype(int).tolist()
    return (numbers[0], numbers[-1])


def _padding(node: NirNode, kernel: Shape, dilation: tuple[int, int]) -> tuple[int, int] | None:
    """Padding in places; "same" keeps the size and needs an odd reach, which PyTorch asks too."""
    value = node.fields.get("padding", 0)
    if not isinstance(value, str):
        return _pair(value)
    if value == "valid":
        return (0, 0)
    if value == "same":
        reach = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        return None if any(r % 2 for r in reach) else (reach[0] // 2, reach[1] // 2)
    return None


def window_step(name: str, node: NirNode, shape: Shape | None, say: Say) -> Any:
    """Return the operation of a convolution or pool node, or None after a finding (ND045, ND046)."""
    where = f"node '{name}' ({node.type})"
    lacking = [key for key in _NEEDED[node.type] if key not in node.fields]
    if lacking:
        say("ND045", f"{where} lacks its field{'s' if len(lacking) > 1 else ''} {', '.join(map(repr, lacking))}")
        return None
    weights = np.asarray(node.fields.get("weight", np.zeros((0, 0, 0, 0))))
    if "weight" in _NEEDED[node.type] and not np.isfinite(weights).all():
        say("ND046", f"{where}: {int((~np.isfinite(weights)).sum())} values of 'weight' are not finite")
        return None
    groups = int(np.asarray(node.fields.get("groups", 1)))
    if shape is None and "input_shape" in node.fields and "weight" in node.fields:
        shape = (int(weights.shape[1]) * groups, *np.atleast_1d(node.fields["input_shape"]).astype(int).tolist())
    axes = 2 if node.type == "Conv1d" else 3
    if shape is None or len(shape) != axes:
        given = "nothing in the file says its shape" if shape is None else f"shape {list(shape)} reaches it"
        say("ND046", f"{where}: needs a source of {axes} axes, channels first; {given}")
        return None
    return _built(where, node, (weights, groups), shape, say)


_NEEDED = {"Conv1d": ("weight",), "Conv2d": ("weight",), "SumPool2d": ("kernel_size",), "AvgPool2d": ("kernel_size",)}


def _built(where: str, node: NirNode, kernel: tuple[Any, int], shape: Any, say: Say) -> Any:
    weights, groups = kernel
    stride, dilation = node.fields.get("stride"), _pair(node.fields.get("dilation", 1))
    if node.type in ("SumPool2d", "AvgPool2d"):
        size = _pair(node.fields["kernel_size"])
        pool = SumPool2d if node.type == "SumPool2d" else AvgPool2d
        given: Any = {
            "stride": size if stride is None else _pair(stride),
            "padding": _pair(node.fields.get("padding", 0)),
        }
        return pool(input_shape=shape, kernel=size, **given)
    reach = tuple(weights.shape[2:]) if node.type == "Conv2d" else (1, *weights.shape[2:])
    padding = _padding(node, reach, dilation if node.type == "Conv2d" else (1, dilation[0]))
    rank = 4 if node.type == "Conv2d" else 3
    faults = list[str]()
    if weights.ndim != rank:
        faults.append(f"weight has shape {list(weights.shape)}; needs {rank} axes")
    elif weights.shape[1] * groups != shape[0] or weights.shape[0] % groups:
        faults.append(f"weight has shape {list(weights.shape)} in {groups} groups; {shape[0]} channels reach it")
    if padding is None:
        faults.append(f"padding {node.fields.get('padding')!r} is not known for a kernel of {list(weights.shape[2:])}")
    for fault in faults:
        say("ND046", f"{where}: {fault}")
    if faults or padding is None:
        return None
    stride = 1 if stride is None else stride
    if node.type == "Conv1d":
        single: Any = {"stride": _pair(stride)[0], "padding": padding[1], "dilation": dilation[0]}
        return Conv1d(input_shape=shape, weights=weights, groups=groups, **single)
    return Conv2d(
        input_shape=shape, weights=weights, stride=_pair(stride), padding=padding, dilation=dilation, groups=groups
    )
