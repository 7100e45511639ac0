"""Activation functions and the scores of classifiers.

Source: the operator definitions of ONNX.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from neurodeploy.importers.onnx.elementwise import limited
from neurodeploy.importers.onnx.faults import malformed, unsupported
from neurodeploy.importers.onnx.graph import Item, Tensor
from neurodeploy.importers.onnx.layout import axis_of
from neurodeploy.importers.onnx.linear import affine
from neurodeploy.trained.operations import Activate, Scores

__all__ = ["ACTIVATIONS", "SCORES"]

LARGEST = 1e38


def _activated(item: Item, operation: Activate) -> Tensor:
    tensor = item.tensor(0)
    return item.emit(operation, [tensor], tensor.shape, batched=tensor.batched)


def relu(item: Item) -> Tensor:
    """max(x, 0)."""
    return _activated(item, Activate(function="relu"))


def clip(item: Item) -> Tensor:
    """min(max(x, low), high)."""
    bounds: list[float | None] = []
    for place, field in ((1, "min"), (2, "max")):
        value: Any = item.fields.get(field)
        if item.has(place):
            array = item.constant(place, "limits")
            if array.size != 1 or array.dtype.kind not in "iuf":
                malformed(f"has a limit of shape {list(array.shape)}")
            value = float(array.ravel()[0])
        if value is not None and not isinstance(value, (int, float)):
            malformed(f"has an attribute {field} that is no number")
        bounds.append(None if value is None or abs(value) > LARGEST else float(value))
        if value is not None and np.isnan(value):
            malformed(f"has a limit {field} that is no number")
    return limited(item, item.tensor(0), *bounds)


def leaky_relu(item: Item) -> Tensor:
    """x, times a slope below 0."""
    return _activated(item, Activate(function="leaky_relu", slope=item.number("alpha", 0.01)))


def prelu(item: Item) -> Tensor:
    """x, times a slope for each channel below 0."""
    tensor, slope = item.tensor(0), item.weights(1, "slopes")
    try:
        wide = np.broadcast_shapes(slope.shape, tensor.shape)
    except ValueError:
        wide = ()
    if wide != tensor.shape:
        malformed(f"has slopes of shape {list(slope.shape)} for a tensor of shape {list(tensor.shape)}")
    inner: Any = float(slope.ravel()[0]) if slope.size == 1 else slope
    if slope.size > 1 and slope.ndim == len(tensor.shape) and tensor.batched:
        inner = slope[0]
    return _activated(item, Activate(function="leaky_relu", slope=inner))


def sigmoid(item: Item) -> Tensor:
    """1 / (1 + exp(-x))."""
    return _activated(item, Activate(function="sigmoid"))


def tanh(item: Item) -> Tensor:
    """The hyperbolic tangent."""
    return _activated(item, Activate(function="tanh"))


def hard_sigmoid(item: Item) -> Tensor:
    """clip(alpha * x + beta, 0, 1)."""
    alpha, beta = item.number("alpha", 0.2), item.number("beta", 0.5)
    if beta == 0.5:
        return _activated(item, Activate(function="hard_sigmoid", slope=alpha))
    return limited(item, affine(item, item.tensor(0), alpha, beta), 0.0, 1.0)


def scores(item: Item) -> Tensor:
    """Softmax and its logarithm over the classes."""
    tensor = item.tensor(0)
    axis = axis_of(item.integer("axis", -1 if item.reading.opset >= 13 else 1), len(tensor.shape))
    classes = tensor.shape[axis] if item.reading.opset >= 13 else prod(tensor.shape[axis:])
    if classes != prod(tensor.shape):
        unsupported(f"gives scores along one axis of a tensor of shape {list(tensor.shape)}", "use Softmax on the scores of the classes only")  # fmt: skip
    function = "softmax" if item.kind == "Softmax" else "log_softmax"
    return item.emit(Scores(function=function), [tensor], tensor.shape, batched=tensor.batched)


def argmax(item: Item) -> Tensor:
    """The class of the largest score."""
    tensor = item.tensor(0)
    axis = axis_of(item.integer("axis", 0), len(tensor.shape))
    if tensor.shape[axis] != prod(tensor.shape):
        unsupported(f"takes the largest along one axis of a tensor of shape {list(tensor.shape)}", "use ArgMax on the scores of the classes only")  # fmt: skip
    return item.emit(Scores(function="argmax"), [tensor], (1,), batched=False)


ACTIVATIONS = {
    "Relu": relu, "Clip": clip, "LeakyRelu": leaky_relu, "PRelu": prelu, "Sigmoid": sigmoid, "Tanh": tanh,
    "HardSigmoid": hard_sigmoid,
}  # fmt: skip
SCORES = {"Softmax": scores, "LogSoftmax": scores, "ArgMax": argmax}
