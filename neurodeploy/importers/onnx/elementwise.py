"""Sums, products with constants, comparisons: operations on each value.

Source: the operator definitions of ONNX.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.onnx.faults import malformed, unsupported
from neurodeploy.importers.onnx.graph import Item, Number, Tensor, require_size
from neurodeploy.importers.onnx.layout import identity
from neurodeploy.importers.onnx.linear import NO_PRODUCT, affine
from neurodeploy.trained.operations import Activate, Add

__all__ = ["ELEMENTWISE", "affine_by", "limited", "stepped", "summed"]

Array = NDArray[Any]
Shape = tuple[int, ...]


def affine_by(item: Item, tensor: Tensor, scale: Number, shift: Number) -> Tensor:
    """Return scale * tensor + shift for constants that broadcast with `tensor`, which grows if they are larger."""
    shapes = (tensor.shape, np.shape(scale), np.shape(shift))
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        malformed(f"combines values of shape {list(tensor.shape)} with constants of {list(max(shapes[1:], key=len))}")
    return affine(item, broadcast(item, tensor, shape), _as_wide(scale, shape), _as_wide(shift, shape))


def _as_wide(value: Number, shape: Shape) -> Number:
    """A constant with all axes of a shape; numbers stay."""
    array = np.asarray(value)
    return array.ravel()[0] if array.size == 1 else array.reshape(*(1,) * (len(shape) - array.ndim), *array.shape)


def broadcast(item: Item, tensor: Tensor, shape: Shape) -> Tensor:
    """Return a tensor with its axes of size 1 repeated to `shape`. `item`: the node."""
    if tensor.shape == shape:
        return tensor
    require_size(prod(shape))
    return item.gathered(tensor, np.broadcast_to(item.places(tensor), shape))


def summed(item: Item, tensors: Sequence[Tensor]) -> Tensor:
    """Return the sum of tensors, which broadcast. `item`: the node."""
    if len(tensors) == 1:
        return tensors[0]
    try:
        shape = np.broadcast_shapes(*(one.shape for one in tensors))
    except ValueError:
        malformed(f"adds tensors of shapes {' and '.join(str(list(one.shape)) for one in tensors)}")
    wide = [broadcast(item, one, shape) for one in tensors]
    if len({one.inner for one in wide}) > 1:
        wide = [item.reshaped(one, one.shape, batched=False) for one in wide]
    return item.emit(Add(), wide, shape, batched=wide[0].batched)


def _sum(item: Item) -> Tensor:
    """The sum of any number of tensors and constants."""
    tensors = [item.tensor(k) for k in range(len(item.inputs)) if not item.is_constant(k)]
    constants = [item.weights(k, "constants") for k in range(len(item.inputs)) if item.is_constant(k)]
    made = summed(item, tensors)
    return affine_by(item, made, 1.0, reduce(np.add, constants)) if constants else made


def mean_of(item: Item) -> Tensor:
    """The mean of several tensors."""
    return affine_by(item, _sum(item), 1.0 / len(item.inputs), 0.0)


def subtract(item: Item) -> Tensor:
    """A - B."""
    if item.is_constant(1):
        return affine_by(item, item.tensor(0), 1.0, -item.weights(1, "constants"))
    if item.is_constant(0):
        return affine_by(item, item.tensor(1), -1.0, item.weights(0, "constants"))
    return summed(item, [item.tensor(0), affine(item, item.tensor(1), -1.0, 0.0)])


def multiply(item: Item) -> Tensor:
    """A * B with one constant."""
    if not item.is_constant(0) and not item.is_constant(1):
        message = "multiplies two tensors that both depend on the input, as SiLU, GELU and gates do"
        unsupported(message, f"use Relu; {NO_PRODUCT}")
    place = 1 if item.is_constant(1) else 0
    return affine_by(item, item.tensor(1 - place), item.weights(place, "constants"), 0.0)


def divide(item: Item) -> Tensor:
    """A / B with a constant B."""
    if not item.is_constant(1):
        unsupported("divides by values that depend on the input", "divide by a constant")
    divisor = item.weights(1, "constants")
    if not (divisor != 0).all():
        malformed("divides by 0")
    return affine_by(item, item.tensor(0), 1.0 / divisor.astype(np.float64), 0.0)


def negate(item: Item) -> Tensor:
    """-A."""
    return affine(item, item.tensor(0), -1.0, 0.0)


def limited(item: Item, tensor: Tensor, low: float | None, high: float | None) -> Tensor:
    """Return clip(tensor, low, high), made of relu: low + min(max(x - low, 0), high - low), or high - max(high - x, 0)."""
    if low is None and high is None:
        return tensor
    if low is not None and high is not None and high <= low:
        return affine(item, tensor, 0.0, high)
    sign, start = (1.0, low) if low is not None else (-1.0, high or 0.0)
    moved = tensor if sign > 0 and start == 0 else affine(item, tensor, sign, -sign * start)
    top = high - low if low is not None and high is not None else None
    made = item.emit(Activate(function="relu", high=top), [moved], tensor.shape, batched=tensor.batched)
    return made if moved is tensor else affine(item, made, sign, start)


def extreme(item: Item) -> Tensor:
    """The larger (Max) or smaller (Min) of each value and a constant."""
    largest, sign = item.kind == "Max", 1.0 if item.kind == "Max" else -1.0
    tensors = [item.tensor(k) for k in range(len(item.inputs)) if not item.is_constant(k)]
    if len(tensors) != 1 or len(item.inputs) != 2:
        word = "larger" if largest else "smaller"
        unsupported(f"takes the {word} of several tensors", "use MaxPool over windows, or Max with a constant and Relu")
    constant = item.weights(0 if item.is_constant(0) else 1, "constants")
    if constant.size == 1:
        bound = float(constant.ravel()[0])
        return limited(item, tensors[0], bound if largest else None, None if largest else bound)
    moved = affine_by(item, tensors[0], sign, -sign * constant)
    made = item.emit(Activate(function="relu"), [moved], moved.shape, batched=moved.batched)
    return affine_by(item, made, sign, constant)


def absolute(item: Item) -> Tensor:
    """|x| = max(x, 0) + max(-x, 0)."""
    tensor = item.tensor(0)
    both = (tensor, affine(item, tensor, -1.0, 0.0))
    return summed(item, [item.emit(Activate(function="relu"), [one], one.shape, batched=one.batched) for one in both])


def stepped(item: Item, tensor: Tensor) -> Tensor:
    """Return 1 where `tensor` is above 0, else 0. `item`: the node."""
    return item.emit(Activate(function="step"), [tensor], tensor.shape, batched=tensor.batched)


def sign(item: Item) -> Tensor:
    """-1, 0 or 1: one step less the step of the negative."""
    tensor = item.tensor(0)
    below = stepped(item, affine(item, tensor, -1.0, 0.0))
    return summed(item, [stepped(item, tensor), affine(item, below, -1.0, 0.0)])


def compare(item: Item) -> Tensor:
    """A step of the difference: A > B is step(A - B), A >= B is 1 - step(B - A)."""
    up = 1.0 if item.kind.startswith("Greater") else -1.0
    strict = not item.kind.endswith("OrEqual")
    up = up if strict else -up
    place = 1 if item.is_constant(1) else 0
    if not item.is_constant(place):
        unsupported("compares two tensors that both depend on the input", "compare with a constant")
    up = up if place else -up
    constant = item.weights(place, "constants")
    made = stepped(item, affine_by(item, item.tensor(1 - place), up, -up * constant))
    return made if strict else affine(item, made, -1.0, 1.0)


def invert(item: Item) -> Tensor:
    """1 - A, for the 0 and 1 of a comparison."""
    return affine(item, item.tensor(0), -1.0, 1.0)


def where(item: Item) -> Tensor:
    """One of two constants, by a comparison."""
    if not item.is_constant(1) or not item.is_constant(2):
        unsupported("chooses between values that depend on the input", "use Relu, Clip or LeakyRelu")
    yes, no = item.weights(1, "constants"), item.weights(2, "constants")
    return affine_by(item, item.tensor(0), yes - no, no)


ELEMENTWISE = {
    "Add": _sum, "Sum": _sum, "Sub": subtract, "Mul": multiply, "Div": divide, "Neg": negate, "Mean": mean_of,
    "Max": extreme, "Min": extreme, "Abs": absolute, "Sign": sign, "Greater": compare, "GreaterOrEqual": compare,
    "Less": compare, "LessOrEqual": compare, "Not": invert, "Where": where, "Cast": identity, "CastLike": identity,
}  # fmt: skip
