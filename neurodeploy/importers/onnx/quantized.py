"""QuantizeLinear and DequantizeLinear: weights become numbers exactly, stored activations are remembered.

Source: the operator definitions of ONNX: stored = saturate(round(real / scale) + zero_point), real = (stored - zero_point) * scale.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.onnx.faults import malformed, unsupported
from neurodeploy.importers.onnx.graph import Item, Reading, Stored, Tensor, Value
from neurodeploy.importers.onnx.layout import axis_of
from neurodeploy.trained.network import Quantization
from neurodeploy.trained.operations import (
    Activate,
    Add,
    Affine,
    AveragePool,
    Concat,
    LinearMap,
    MaxPool,
    Reshape,
    Transpose,
)

__all__ = ["QUANTIZED", "dequantized"]

Array = NDArray[Any]
PASSING = (Add, AveragePool, Concat, LinearMap, MaxPool, Reshape, Transpose)
"""Operations that make no negative value of others; the entries of listed maps are 1."""


def quantize(item: Item) -> Stored:
    """Real numbers as integers."""
    tensor, scale = item.tensor(0), item.weights(1, "a scale")
    zero = item.constant(2, "a zero point") if item.has(2) else np.zeros((), dtype=np.uint8)
    if zero.dtype.kind not in "iu" or not zero.size or (scale <= 0).any():
        unsupported(
            f"stores values as {zero.dtype} in steps of {scale.ravel()[:3].tolist()}", "quantize to 8-bit integers"
        )
    if (zero != zero.ravel()[0]).any():
        unsupported("has another zero point for each channel", "quantize activations with one zero point")
    limits = np.iinfo(zero.dtype)
    step = float(scale.ravel()[0]) if scale.size == 1 else scale
    quantization = Quantization(scale=step, zero_point=int(zero.ravel()[0]), low=int(limits.min), high=int(limits.max))  # fmt: skip
    return Stored(_kept(item, tensor, quantization), quantization)


def _kept(item: Item, tensor: Tensor, quantization: Quantization) -> Tensor:
    """The tensor that is stored; max(x, 0) of it where 0 is the least stored value, because quantizers leave out relu there."""
    reading = item.reading
    made = reading.stored.get((tensor.name, quantization))
    if made is not None:
        return made
    made = tensor
    if quantization.zero_point == quantization.low and _can_be_negative(reading, tensor.name):
        made = item.emit(Activate(function="relu"), [tensor], tensor.shape, batched=tensor.batched)
        reading.clamps[made.name] = tensor.name
        reading.note("node", item.name, "activation", "0 as the least stored value", "relu", "exact")
    draft = reading.drafts.get(made.name)
    if draft is None or draft.stored not in (None, quantization):  # an input, or a tensor that is stored in two ways
        made = item.emit(Affine(), [made], tensor.shape, batched=tensor.batched)
        draft = reading.drafts[made.name]
    reading.drafts[made.name] = draft._replace(stored=quantization)
    reading.stored[tensor.name, quantization] = made
    return made


def _can_be_negative(reading: Reading, name: str) -> bool:
    """Whether a tensor is a sum that no activation follows; inputs are taken as they come."""
    left, seen = [name], set[str]()
    while left:
        label = left.pop()
        if label in seen or label not in reading.drafts:
            continue
        seen.add(label)
        draft = reading.drafts[label]
        if isinstance(draft.operation, PASSING) or draft.operation == Affine():
            left += draft.inputs
        elif not isinstance(draft.operation, Activate) or draft.operation.function in ("leaky_relu", "tanh"):
            return True
    return False


def dequantize(item: Item) -> Value:
    """Integers as real numbers."""
    found = item.value(0)
    if isinstance(found, np.ndarray):
        return dequantized(item)
    if isinstance(found, Tensor):
        unsupported("reads integers that no QuantizeLinear has made", "give the network real numbers as its input")
    tensor, quantization = found
    scale = item.weights(1, "a scale")
    zero = item.constant(2, "a zero point") if item.has(2) else np.zeros((), dtype=np.uint8)
    given = np.asarray(quantization.scale)
    if scale.shape not in (given.shape, (1,)) or (scale != given).any() or (zero != quantization.zero_point).any():
        unsupported("has another scale or zero point than the QuantizeLinear before it", "use the same for both")
    return tensor


def dequantized(item: Item) -> Array:
    """Return constant integers as real numbers. `item`: DequantizeLinear with constant inputs."""
    stored, scale = item.constant(0, "integers"), item.weights(1, "a scale")
    zero = item.constant(2, "a zero point") if item.has(2) else np.zeros((), dtype=stored.dtype)
    if stored.dtype.kind not in "iu" or zero.dtype.kind not in "iu":
        unsupported(f"reads values of type {stored.dtype}", "store weights as 8-bit integers")
    if item.integer("block_size", 0):
        unsupported("has a scale for each block of weights", "use one scale for each channel")
    shape: list[int] = [1] * stored.ndim
    if scale.size > 1:
        axis = axis_of(item.integer("axis", 1), stored.ndim)
        if scale.size != stored.shape[axis]:
            malformed(f"has {scale.size} scales for an axis of {stored.shape[axis]}")
        shape[axis] = scale.size
    if zero.size not in (1, scale.size):
        malformed(f"has {zero.size} zero points and {scale.size} scales")
    offset = zero.astype(np.int64).reshape(shape if zero.size > 1 else [1] * stored.ndim)
    return (stored.astype(np.int64) - offset).astype(scale.dtype) * scale.reshape(shape)


QUANTIZED = {"QuantizeLinear": quantize, "DequantizeLinear": dequantize}
