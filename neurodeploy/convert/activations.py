"""The coding of the values of each layer, by its activation function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.coding import Coded, rates, relu_coding, value_of
from neurodeploy.convert.curves import curve_of, is_curve, leaky_coding
from neurodeploy.convert.pooling import pooled_coding
from neurodeploy.trained.layers import Layer
from neurodeploy.trained.operations import MaxPool

__all__ = ["became", "clipped_share", "coding_error", "layer_coding"]

Array = NDArray[Any]


def layer_coding(layer: Layer, sums: Array, found: Mapping[str, Coded], largest: Callable[[bool], Array]) -> Coded:
    """Return the coding of a layer with an activation.

    `sums`: (samples, size) sums of the layer. `found`: codings of the inputs and layers before it. `largest`: (size,) greatest
    value that rates can send, above 0; of True, the greatest -x for sums x below 0.
    """
    activation = layer.activation
    if isinstance(activation, MaxPool):
        return pooled_coding(layer, found[layer.terms[0].source])
    if activation is None:
        raise TypeError(f"internal: layer '{layer.name}' has no activation")
    if is_curve(activation):
        return curve_of(activation, sums)
    if activation.function == "leaky_relu":
        slope = np.broadcast_to(np.asarray(activation.slope, dtype=np.float64), layer.shape).ravel()
        return leaky_coding(largest(False), largest(True), slope)
    most = largest(False)
    return relu_coding(most if activation.high is None else np.minimum(most, activation.high))


NUMBERS = ("no", "one", "two", "three", "four")


def became(layer: Layer, coded: Coded) -> str:
    """Return what the chip runs instead of a layer, in words."""
    if layer.activation is None:
        return "an integrator that is read"
    each = NUMBERS[len(coded.units)]
    if isinstance(layer.activation, MaxPool):
        return f"{each} population{'s' if len(coded.units) > 1 else ''}: a spike if any source of the window spikes"
    if len(coded.units) == 1:
        return "one integrate-and-fire population"
    what = "one for each sign" if layer.activation.function == "leaky_relu" else "whose sum follows the function"
    return f"{each} integrate-and-fire populations, {what}"


def coding_error(layer: Layer, coded: Coded, sums: Array, values: Array) -> float:
    """Return the mean |coded value - value|, in shares of the mean |value|; 0 for maxima, which the coding does not change.

    `sums` and `values`: (samples, size), before and after the activation.
    """
    if isinstance(layer.activation, MaxPool):
        return 0.0
    scale = float(np.abs(values).mean()) or 1.0
    return float(np.abs(value_of(coded, rates(coded, sums)) - values).mean()) / scale


def clipped_share(layer: Layer, coded: Coded, sums: Array, values: Array) -> float:
    """Return the share of values beyond the largest rates; 0 for functions that end at them themselves.

    `sums` and `values`: (samples, size), before and after the activation.
    """
    activation = layer.activation
    if activation is None or isinstance(activation, MaxPool) or is_curve(activation):
        return 0.0
    most = coded.units[0].gain
    above = values > most * (1 + 1e-6)
    if len(coded.units) > 1:
        above |= sums < (1 + 1e-6) / coded.units[1].slope
    return float(above.mean())
