"""QuantizeLinear and DequantizeLinear: weights become numbers exactly, stored activations are remembered.

Source: the operator definitions of ONNX: stored = saturate(round(real / scale) + zero_point), real = (stored - zero_point) * scale.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.onnx.faults import malformed, unsupported
from neurodeploy.importers.onnx.graph import Item, Stored, Tensor, Value
from neurodeploy.importers.onnx.layout import axis_of
from neurodeploy.trained.network import Quantization
from neurodeploy.trained.operations import Affine

__all__ = ["QUANTIZED", "dequantized"]

Array = NDArray[Any]


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
    return Stored(tensor, Quantization(scale=step, zero_point=int(zero.ravel()[0]), low=int(limits.min), high=int(limits.max)))  # fmt: skip


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
    draft = item.reading.drafts.get(tensor.name)
    if draft is None or draft.stored not in (None, quantization):  # an input, or a tensor that is stored in two ways
        tensor = item.emit(Affine(), [tensor], tensor.shape, batched=tensor.batched)
        draft = item.reading.drafts[tensor.name]
    item.reading.drafts[tensor.name] = draft._replace(stored=quantization)
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
