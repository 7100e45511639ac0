"""Nodes whose inputs are all constant: shapes that exporters compute, and weights that are stored in another form.

Source: the operator definitions of ONNX.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.onnx.constants import array_of, dtype_of
from neurodeploy.importers.onnx.faults import Fault, malformed, unsupported
from neurodeploy.importers.onnx.graph import MOST_VALUES, Item, Stored, Tensor, Value
from neurodeploy.importers.onnx.layout import axes_of, axis_of, reshape_target, slices_of
from neurodeploy.importers.onnx.quantized import dequantized

__all__ = ["SHAPES", "folded", "is_foldable"]

Array = NDArray[Any]
Fold = Callable[[Item], Any]
SHAPES = ("Shape", "Size")
"""Operations whose results are constant for every input."""
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Pow": np.power, "Max": np.maximum, "Min": np.minimum,
    "Equal": np.equal, "Greater": np.greater, "Less": np.less, "And": np.logical_and, "Or": np.logical_or,
}  # fmt: skip
UNARY: dict[str, Callable[[Any], Any]] = {
    "Neg": np.negative, "Sqrt": np.sqrt, "Reciprocal": np.reciprocal, "Abs": np.abs, "Exp": np.exp, "Floor": np.floor,
    "Ceil": np.ceil, "Not": np.logical_not, "Identity": np.asarray, "Dropout": np.asarray, "Relu": lambda x: np.maximum(x, 0),
}  # fmt: skip


def folded(item: Item) -> Value:
    """Return the array of a node whose inputs are all arrays. Raises Fault: ND800 if its operation is not computed."""
    fold = FOLDS.get(item.kind)
    if fold is None and item.kind in BINARY:
        made = BINARY[item.kind](item.constant(0, "constants"), item.constant(1, "constants"))
    elif fold is None and item.kind in UNARY:
        made = UNARY[item.kind](item.constant(0, "constants"))
    elif fold is None:
        raise Fault("ND800", "computes constants by an operation that is not computed here", SIMPLIFY)
    else:
        made = fold(item)
    array = np.asarray(made)
    if array.size > MOST_CONSTANT:
        malformed(f"makes a constant of {array.size:,} values; at most {MOST_CONSTANT:,} are read")
    return array


SIMPLIFY = "fold constants before: onnxsim model.onnx model.onnx, or export with constant folding"
MOST_CONSTANT = 1 << 28
"""Largest number of values of a constant, such as the weights of a layer."""


def _shape(item: Item) -> Array:
    value = item.value(0)
    shape = (value.tensor if isinstance(value, Stored) else value).shape
    start, end = item.integer("start", 0), item.integer("end", len(shape))
    return np.array(shape[start:end], dtype=np.int64)


def _size(item: Item) -> Array:
    return np.array(prod(_shape(item)), dtype=np.int64)


def _constant(item: Item) -> Array:
    """The value of Constant, in any of its forms."""
    for field, value in item.fields.items():
        if field == "value":
            return array_of(value, item.reading.folder)
        if field in ("value_float", "value_int", "value_floats", "value_ints"):
            return np.array(value, dtype=np.float32 if "float" in field else np.int64)
    return unsupported("is a constant of text or a sparse tensor", "store it as a tensor of numbers")


def _filled(item: Item) -> Array:
    shape = item.whole(0, "a shape")
    value = array_of(item.fields["value"]) if "value" in item.fields else np.zeros(1, dtype=np.float32)
    if min(shape, default=1) < 0 or prod(shape) > MOST_CONSTANT or value.size != 1:
        malformed(f"makes a constant of shape {list(shape)}")
    return np.full(shape, value.ravel()[0])


def _cast(item: Item) -> Array:
    wanted = dtype_of(item.integer("to", 0))
    if wanted is None:
        unsupported("casts constants to a type that is no number", "cast to float")
    return item.constant(0, "constants").astype(wanted)


def _divided(item: Item) -> Array:
    one, other = item.constant(0, "constants"), item.constant(1, "constants")
    if not (other != 0).all():
        malformed("divides by 0")
    whole = one.dtype.kind in "iu" and other.dtype.kind in "iu"
    return np.trunc(one / other).astype(one.dtype) if whole else np.divide(one, other)


def _gather(item: Item) -> Array:
    array, index = item.constant(0, "constants"), item.constant(1, "places")
    axis = axis_of(item.integer("axis", 0), max(array.ndim, 1))
    return array.take(index, axis=axis)


def _concat(item: Item) -> Array:
    return np.concatenate(
        [item.constant(place, "constants") for place in range(len(item.inputs))], axis=item.integer("axis", 0)
    )


def _slice(item: Item) -> Array:
    array = item.constant(0, "constants")
    return array[slices_of(item, array.shape)]


def _unsqueeze(item: Item) -> Array:
    array = item.constant(0, "constants")
    given = item.whole(1, "axes") if item.has(1) else item.integers("axes") or ()
    return np.expand_dims(array, tuple(axis_of(axis, array.ndim + len(given)) for axis in given))


def _squeeze(item: Item) -> Array:
    array = item.constant(0, "constants")
    return np.squeeze(array, axis=axes_of(item, 1, array.ndim))


def _reshape(item: Item) -> Array:
    array = item.constant(0, "constants")
    wanted = item.whole(1, "a shape") if item.has(1) else item.integers("shape") or ()
    return array.reshape(reshape_target(wanted, array.shape, keeps_zeros=bool(item.integer("allowzero", 0))))


def _flatten(item: Item) -> Array:
    array, axis = item.constant(0, "constants"), item.integer("axis", 1)
    return np.reshape(array, (prod(array.shape[:axis]), -1))


def _transpose(item: Item) -> Array:
    return item.constant(0, "constants").transpose(item.integers("perm"))


def _expand(item: Item) -> Array:
    array, wanted = item.constant(0, "constants"), item.whole(1, "a shape")
    return np.broadcast_to(array, np.broadcast_shapes(array.shape, wanted))


def _range(item: Item) -> Array:
    limits: list[Any] = [item.constant(place, "limits").ravel()[0] for place in range(3)]
    start, stop, step = limits
    if not step or abs((stop - start) / step) > MOST_VALUES:
        malformed("makes a range without end")
    return np.arange(float(start), float(stop), float(step)).astype(item.constant(0, "limits").dtype)


def _where(item: Item) -> Array:
    return np.where(*(item.constant(place, "constants") for place in range(3)))


def _product(item: Item) -> Array:
    array = item.constant(0, "constants")
    return np.prod(array, axis=axes_of(item, 1, array.ndim), keepdims=bool(item.integer("keepdims", 1)))


def _matmul(item: Item) -> Array:
    return np.matmul(item.constant(0, "weights"), item.constant(1, "weights"))


def _quantized(item: Item) -> Array:
    """Constants that the graph stores as integers itself."""
    array, scale = item.weights(0, "constants"), item.weights(1, "a scale")
    zero = item.constant(2, "a zero point") if item.has(2) else np.zeros((), dtype=np.uint8)
    limits, shape = np.iinfo(zero.dtype), [1] * array.ndim
    if scale.size > 1:
        shape[axis_of(item.integer("axis", 1), array.ndim)] = scale.size
    steps = np.rint(array / scale.reshape(shape)) + zero.reshape(shape if zero.size > 1 else [1] * array.ndim)
    return np.clip(steps, limits.min, limits.max).astype(zero.dtype)


FOLDS: dict[str, Fold] = {
    "Shape": _shape, "Size": _size, "Constant": _constant, "ConstantOfShape": _filled, "Cast": _cast, "Div": _divided,
    "Gather": _gather, "Concat": _concat, "Slice": _slice, "Unsqueeze": _unsqueeze, "Squeeze": _squeeze,
    "Reshape": _reshape, "Flatten": _flatten, "Transpose": _transpose, "Expand": _expand, "Range": _range,
    "Where": _where, "ReduceProd": _product, "MatMul": _matmul, "DequantizeLinear": dequantized,
    "QuantizeLinear": _quantized,
}  # fmt: skip


def is_foldable(item: Item) -> bool:
    """Whether a node has the same result for every input of the network."""
    if item.kind in SHAPES:
        return True
    places = [place for place in range(len(item.inputs)) if item.has(place)]
    return all(not isinstance(item.value(place), (Tensor, Stored)) for place in places)
