"""Operators in the functional form of Keras 3, such as x / 255 or keras.ops.relu(x), which are calls without a layer."""

from __future__ import annotations

from neurodeploy.importers.keras.activations import named_activation
from neurodeploy.importers.keras.faults import unsupported
from neurodeploy.importers.keras.place import Place
from neurodeploy.importers.keras.shapes import SHAPE_LAYERS, scaled
from neurodeploy.importers.keras.spec import LayerSpec
from neurodeploy.importers.keras.tensors import Tensor

__all__ = ["FUNCTIONS", "is_operator", "operator"]

FUNCTIONS = {
    "Relu": "relu",
    "Relu6": "relu6",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
    "HardSigmoid": "hard_sigmoid",
    "HardTanh": "hard_tanh",
}
"""Class of an operator -> its function."""
ALONE = ("TrueDivide", "Divide", "Negative", *FUNCTIONS)
"""Operators whose class is not that of a layer. Files in HDF5 do not say which of both it is."""
ARITHMETIC = ("Add", "Subtract", "Multiply", "TrueDivide", "Divide", "Negative")


def is_operator(spec: LayerSpec) -> bool:
    """Return whether a part of a model is an operator of keras.ops, not a layer."""
    if spec.module:
        return ".ops." in f"{spec.module}."
    alone = spec.kind in ALONE and spec.kind != "Softmax"
    return alone or (spec.kind == "Multiply" and "trainable" not in spec.config)


def operator(place: Place, given: tuple[Tensor, ...]) -> Tensor:
    """Return the tensor of an operator. Raises LayerError: ND800."""
    kind, numbers = place.spec.kind, place.call.constants
    if kind in FUNCTIONS and len(given) == 1:
        return named_activation(place, given[0], FUNCTIONS[kind])
    if kind in ("Add", "Subtract") and len(given) == 2 and not numbers:
        return SHAPE_LAYERS[kind](place, given)
    if kind in ARITHMETIC and len(given) == 1 and len(numbers) == (kind != "Negative"):
        scale, shift = _line(place, numbers[0] if numbers else -1.0)
        return scaled(place, place.name, given[0], scale, shift)
    fixes = ("use the layers Add, Subtract, Rescaling and ReLU",)
    raise unsupported(
        f"is the operator keras.ops.{kind[:60]} of {len(given)} tensors and {len(numbers)} numbers", *fixes
    )


def _line(place: Place, value: float) -> tuple[float, float]:
    """Scale and shift of an arithmetic operator with a tensor and a number."""
    kind, first = place.spec.kind, place.call.tensor_first
    if kind == "Add":
        return 1.0, value
    if kind == "Subtract":
        return (1.0, -value) if first else (-1.0, value)
    if kind in ("Multiply", "Negative"):
        return value, 0.0
    if not first or value == 0:
        raise unsupported("divides a number by a tensor, or by 0", "divide by a number")
    return 1.0 / value, 0.0
