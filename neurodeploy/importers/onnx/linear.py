"""Products, convolutions and normalization: operations with weights.

Source: the operator definitions of ONNX, Gemm, MatMul, Conv, ConvTranspose, BatchNormalization.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.onnx.faults import malformed, unsupported
from neurodeploy.importers.onnx.geometry import Windows, each_axis, image, pads_of, windows
from neurodeploy.importers.onnx.graph import Item, Number, Tensor, require_size
from neurodeploy.importers.onnx.layout import transposed
from neurodeploy.trained.operations import Affine, Convolution, FullyConnected, LinearMap

__all__ = ["LINEAR"]

Array = NDArray[Any]
Shape = tuple[int, ...]
TWO_VALUES = "multiplies two tensors that both depend on the input, as attention does"
NO_PRODUCT = "train a network without attention or gates: synapses multiply by constant weights"


def gemm(item: Item) -> Tensor:
    """alpha * A' @ B' + beta * C."""
    alpha, beta = item.number("alpha", 1.0), item.number("beta", 1.0)
    if item.is_constant(0) or not item.is_constant(1):
        unsupported(
            TWO_VALUES if not item.is_constant(0) else "multiplies constants by the input from the left", NO_PRODUCT
        )
    tensor, weights = item.tensor(0), item.weights(1, "weights")
    if item.integer("transA", 0):
        tensor = transposed(item, tensor, (1, 0)) if len(tensor.shape) == 2 else tensor
    if len(tensor.shape) != 2 or weights.ndim != 2:
        malformed(f"multiplies tensors of shapes {list(tensor.shape)} and {list(weights.shape)}; needs two axes each")
    matrix = weights if item.integer("transB", 0) else weights.T
    bias = item.weights(2, "a bias") * _like(weights, beta) if item.has(2) and not _is_tensor(item, 2) else None
    made = product(item, tensor, matrix * _like(weights, alpha), bias)
    if item.has(2) and bias is None:
        unsupported("adds a tensor that depends on the input, as its bias", "use MatMul and Add")
    return made


def _like(weights: Array, factor: float) -> Any:
    return np.asarray(factor, dtype=weights.dtype)


def _is_tensor(item: Item, place: int) -> bool:
    return not item.is_constant(place)


def product(item: Item, tensor: Tensor, matrix: Array, bias: Array | None = None) -> Tensor:
    """Return the product along the last axis of `tensor` with `matrix` (out, in), and the `bias` added, if there is one.

    `item`: the node. On more than one row it is a convolution with a kernel of one position.
    """
    n_out, n_in = matrix.shape
    if tensor.shape[-1:] != (n_in,):
        malformed(f"multiplies {list(tensor.shape)} values by weights for {n_in}")
    shape = (*tensor.shape[:-1], n_out)
    added = None if bias is None else _bias(item, bias, n_out)
    if prod(tensor.shape) == n_in:
        operation = FullyConnected(weights=matrix, bias=0.0 if added is None else added)
        return item.emit(operation, [tensor], shape, batched=tensor.batched and len(shape) > 1)
    rows = prod(tensor.shape[:-1])
    flat = item.reshaped(tensor, (1, rows, n_in))
    columns = transposed(item, flat, (0, 2, 1))
    made = _convolved(item, columns, matrix[:, :, None], 0.0 if added is None else added, _point(1, (rows,)), 1)
    return item.reshaped(transposed(item, made, (0, 2, 1)), shape)


def _bias(item: Item, bias: Array, n_out: int) -> Array:
    """A bias for each output, from all that broadcasts to one row."""
    if bias.size not in (1, n_out) or (bias.ndim and bias.shape[-1] not in (1, n_out)):
        malformed(f"adds a bias of shape {list(bias.shape)} to {n_out} values")
    return np.broadcast_to(bias.ravel(), (n_out,))


def matmul(item: Item) -> Tensor:
    """A @ B with one constant."""
    if not item.is_constant(0) and not item.is_constant(1):
        unsupported(TWO_VALUES, NO_PRODUCT)
    if item.is_constant(1):
        tensor, weights = item.tensor(0), _matrix(item, 1)
        made = product(item, tensor, weights.T)
        return made if item.constant(1, "weights").ndim > 1 else item.reshaped(made, made.shape[:-1] or (1,))
    weights, tensor = _matrix(item, 0), item.tensor(1)
    if len(tensor.shape) < 2:
        return product(item, tensor, weights)
    *before, rows, columns = tensor.shape
    if prod(before) != 1 or rows != weights.shape[1]:
        malformed(f"multiplies weights of shape {list(weights.shape)} by {list(tensor.shape)} values")
    made = _convolved(
        item, item.reshaped(tensor, (1, rows, columns)), weights[:, :, None], 0.0, _point(1, (columns,)), 1
    )
    return item.reshaped(made, (*before, len(weights), columns))


def _matrix(item: Item, place: int) -> Array:
    """Constant weights with two axes; a vector is one column."""
    weights = item.weights(place, "weights")
    if weights.ndim == 1:
        return weights[:, None] if place else weights[None]
    if weights.ndim < 1 or prod(weights.shape[:-2]) != 1:
        unsupported(f"has weights of shape {list(weights.shape)}, another matrix for each sample or head", NO_PRODUCT)
    return weights.reshape(weights.shape[-2:])


def _point(axes: int, sizes: Shape) -> Windows:
    """Windows of one position."""
    one, none = (1,) * axes, (0,) * axes
    return Windows(one, one, none, none, one, sizes, none)


def conv(item: Item) -> Tensor:
    """A convolution; zeros around its input are part of it."""
    tensor, weights = image(item, 0), item.weights(1, "weights")
    groups, sizes = item.integer("group", 1), tensor.shape[2:]
    if weights.ndim != 2 + len(sizes) or 0 in weights.shape:
        malformed(f"has weights of shape {list(weights.shape)} for a tensor of shape {list(tensor.shape)}")
    if groups < 1 or weights.shape[1] * groups != tensor.shape[1] or len(weights) % groups:
        malformed(f"has weights of shape {list(weights.shape)} in {_groups(groups)} for {tensor.shape[1]} channels")
    given = item.integers("kernel_shape")
    if given is not None and given != weights.shape[2:]:
        malformed(f"has kernel_shape {list(given)} and weights of shape {list(weights.shape)}")
    bias = item.weights(2, "a bias") if item.has(2) else 0.0
    if item.has(2) and np.shape(bias) != (len(weights),):
        malformed(f"has a bias of shape {list(np.shape(bias))} for {len(weights)} channels")
    return _convolved(item, tensor, weights, bias, windows(item, sizes, weights.shape[2:]), groups)


def _groups(groups: int) -> str:
    return "1 group" if groups == 1 else f"{groups} groups"


def _convolved(item: Item, tensor: Tensor, weights: Array, bias: Any, over: Windows, groups: int) -> Tensor:
    operation = Convolution(
        weights=weights, bias=bias, stride=over.stride, begin=over.begin, end=over.end, dilation=over.dilation,
        groups=groups,
    )  # fmt: skip
    return item.emit(operation, [tensor], (1, len(weights), *over.out))


def conv_transpose(item: Item) -> Tensor:
    """Zeros between the values, then a convolution with the kernel turned round."""
    tensor, weights = image(item, 0), item.weights(1, "weights")
    groups, sizes, axes = item.integer("group", 1), tensor.shape[2:], len(tensor.shape) - 2
    if weights.ndim != 2 + axes or groups < 1 or len(weights) != tensor.shape[1] or len(weights) % groups:
        malformed(f"has weights of shape {list(weights.shape)} in {_groups(groups)} for {tensor.shape[1]} channels")
    if item.text("auto_pad", "NOTSET") not in ("NOTSET", "VALID") or item.integers("output_shape") is not None:
        unsupported("has auto_pad or output_shape", "export it with pads and output_padding")
    kernel = weights.shape[2:]
    stride, dilation = each_axis(item, "strides", axes), each_axis(item, "dilations", axes)
    before, after = pads_of(item, sizes, kernel, stride, dilation)
    more = item.integers("output_padding") or (0,) * axes
    spans = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    begin = tuple(span - b for span, b in zip(spans, before, strict=True))
    end = tuple(span - e + m for span, e, m in zip(spans, after, more, strict=True))
    if min(begin) < 0 or min(end) < 0 or len(more) != axes:
        unsupported("has pads that are larger than its kernel", "use smaller pads")
    wide = _apart(item, tensor, stride)
    out = tuple(n + b + e - span for n, b, e, span in zip(wide.shape[2:], begin, end, spans, strict=True))
    if min(out) < 1:
        malformed(f"has a result of sizes {list(out)}")
    per_group = weights.reshape(groups, -1, *weights.shape[1:])
    turned = np.flip(per_group.swapaxes(1, 2), axis=tuple(range(3, 3 + axes))).reshape(-1, per_group.shape[1], *kernel)
    bias = item.weights(2, "a bias") if item.has(2) else 0.0
    if item.has(2) and np.shape(bias) != (len(turned),):
        malformed(f"has a bias of shape {list(np.shape(bias))} for {len(turned)} channels")
    one = (1,) * axes
    return _convolved(item, wide, turned, bias, Windows(kernel, one, begin, end, dilation, out, one), groups)


def _apart(item: Item, tensor: Tensor, stride: Shape) -> Tensor:
    """The values with stride - 1 zeros between them."""
    if set(stride) == {1}:
        return tensor
    sizes = tuple((n - 1) * s + 1 for n, s in zip(tensor.shape[2:], stride, strict=True))
    wide = (*tensor.shape[:2], *sizes)
    require_size(prod(wide))
    places = np.arange(prod(tensor.shape)).reshape(tensor.shape)
    where = np.arange(prod(wide)).reshape(wide)[(slice(None), slice(None), *(slice(None, None, s) for s in stride))]
    operation = LinearMap(shape=wide[1:], post=where.ravel(), pre=places.ravel(), weights=np.ones(where.size))
    return item.emit(operation, [tensor], wide)


def batch_normalization(item: Item) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) * scale + shift, channel by channel."""
    if item.integer("training_mode", 0):
        unsupported("normalizes by the statistics of each batch (training_mode=1)", "export the network in evaluation mode: model.eval()")  # fmt: skip
    tensor = item.tensor(0)
    if len(tensor.shape) < 2:
        malformed(f"reads a tensor of shape {list(tensor.shape)}, which has no channels")
    roles = ("a scale", "a shift", "a mean", "a variance")
    scale, shift, mean, variance = (item.weights(1 + k, role).astype(np.float64) for k, role in enumerate(roles))
    channels = tensor.shape[1]
    for array, role in zip((scale, shift, mean, variance), roles, strict=True):
        if array.shape != (channels,):
            malformed(f"has {role} of shape {list(array.shape)} for {channels} channels")
    spread = variance + item.number("epsilon", 1e-5)
    if (spread <= 0).any():
        malformed("has a variance that is not positive")
    factor = scale / np.sqrt(spread)
    return affine(item, tensor, factor, shift - mean * factor, axis=1)


def affine(item: Item, tensor: Tensor, scale: Number, shift: Number, axis: int | None = None) -> Tensor:
    """Return scale * tensor + shift. `item`: the node. Arrays broadcast to `tensor`, or lie along its axis `axis`."""
    parts: list[Any] = []
    for value in (scale, shift):
        array = np.asarray(value)
        if axis is not None and array.ndim:
            array = array.reshape(-1, *(1,) * (len(tensor.shape) - axis - 1))
        parts.append(_inner(array, tensor))
    return item.emit(Affine(scale=parts[0], shift=parts[1]), [tensor], tensor.shape, batched=tensor.batched)


def _inner(array: Array, tensor: Tensor) -> Any:
    """A constant that broadcasts to a tensor, without the batch axis."""
    if array.size == 1:
        return float(array.ravel()[0])
    if array.ndim == len(tensor.shape) and tensor.batched:
        return array[0]
    return array


LINEAR = {
    "Gemm": gemm,
    "MatMul": matmul,
    "Conv": conv,
    "ConvTranspose": conv_transpose,
    "BatchNormalization": batch_normalization,
}
