"""Activation functions of Keras: as layers of their own, and as the setting `activation` of other layers.

Source of the functions: https://keras.io/api/layers/activations/ ; hard_sigmoid is clip(0.2 x + 0.5, 0, 1) in Keras 2 and
clip(x / 6 + 0.5, 0, 1) in Keras 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neurodeploy.base.plain import as_items, as_table
from neurodeploy.importers.keras.faults import damaged, unsupported
from neurodeploy.importers.keras.place import Place
from neurodeploy.importers.keras.settings import axis_of, number, numbers
from neurodeploy.importers.keras.tensors import Tensor
from neurodeploy.importers.keras.weights import Wanted
from neurodeploy.trained.operations import Activate, Affine, Scores

__all__ = ["ACTIVATION_LAYERS", "activated", "activation", "named_activation"]

LAYERS = ("ReLU", "LeakyReLU", "PReLU", "Softmax")


def activated(place: Place, x: Tensor, name: str | None = None) -> Tensor:
    """Return the activation that the setting `activation` of a layer names, of its sums `x`."""
    value = place.config.get("activation")
    table = as_table(value)
    if table is not None and table.get("class_name") in LAYERS:
        inner = as_table(table.get("config")) or {}
        kind = str(table["class_name"])
        if kind == "PReLU":
            raise unsupported("has an activation with weights, PReLU", "make it a layer of its own")
        return _layer(place, x, kind, inner, name or f"{place.name}/{kind}")
    function = _function(value)
    return _applied(place, x, function, {}, name or f"{place.name}/{function}")


def activation(place: Place, given: tuple[Tensor, ...]) -> Tensor:
    """Return the tensor of an Activation layer."""
    return activated(place, given[0], place.name)


def named_activation(place: Place, x: Tensor, function: str) -> Tensor:
    """Return a function, by its name in Keras, of a tensor, as the node of the layer."""
    return _applied(place, x, function, place.config, place.name)


def _function(value: object) -> str:
    """The name of a function in a configuration."""
    table = as_table(value)
    if table is not None:
        value = table.get("registered_name") if table.get("class_name") == "function" else table.get("class_name")
        value = value or table.get("config")
    if value is None:
        return "linear"
    return str(value).rpartition(">")[2]


def _applied(place: Place, x: Tensor, function: str, config: Mapping[str, Any], name: str) -> Tensor:
    builder = place.builder
    if function == "linear":
        return x
    if function in ("softmax", "log_softmax"):
        return _scores(place, x, function, config, name)
    if function in ("relu", "relu6"):
        operation = Activate(function="relu", high=6.0 if function == "relu6" else None)
    elif function in ("sigmoid", "tanh"):
        operation = Activate(function="sigmoid" if function == "sigmoid" else "tanh")
    elif function == "leaky_relu":
        operation = Activate(function="leaky_relu", slope=0.2 if place.major > 2 else 0.3)
    elif function == "hard_sigmoid":
        operation = Activate(function="hard_sigmoid", slope=1 / 6 if place.major > 2 else 0.2)
    elif function == "hard_tanh":
        half = builder.add(f"{name}/half", Activate(function="hard_sigmoid", slope=0.5), (x,), x.shape)
        return builder.add(name, Affine(scale=2.0, shift=-1.0), (half,), x.shape)
    else:
        raise unsupported(f"has the activation {function[:60]}", "train it with relu instead")
    return builder.add(name, operation, (x,), x.shape)


def _scores(place: Place, x: Tensor, function: str, config: Mapping[str, Any], name: str) -> Tensor:
    axis = config.get("axis", -1)
    items = as_items(axis)
    if items is not None and len(items) != 1:
        raise unsupported(f"is a softmax over the axes {str(axis)[:40]}", "leave it out: end with the sums")
    own = x.shape[axis_of(axis, len(x.shape))]
    if own != x.size:
        message = f"is a softmax over {own:,} of {x.size:,} values"
        raise unsupported(message, "leave it out: end with the sums, of which the largest is the same")
    ordered = place.builder.arranged(x, tuple(range(len(x.shape))))
    operation = Scores(function="softmax" if function == "softmax" else "log_softmax")
    return place.builder.add(name, operation, (ordered,), x.shape)


def _layer(place: Place, x: Tensor, kind: str, config: Mapping[str, Any], name: str) -> Tensor:
    """ReLU, LeakyReLU, Softmax with their settings."""
    if kind == "Softmax":
        return _applied(place, x, "softmax", config, name)
    if kind == "LeakyReLU":
        slope = float(numbers(config, "negative_slope" if "negative_slope" in config else "alpha", 0.3))
        return place.builder.add(name, Activate(function="leaky_relu", slope=slope), (x,), x.shape)
    high = config.get("max_value")
    slope, threshold = number(config, "negative_slope", 0.0), number(config, "threshold", 0.0)
    if threshold or (slope and high is not None):
        words = "a threshold" if threshold else "a slope below 0 and a largest value"
        raise unsupported(f"has {words}", "use ReLU() or ReLU(max_value=6)")
    if slope:
        return place.builder.add(name, Activate(function="leaky_relu", slope=slope), (x,), x.shape)
    limit = None if high is None else number(config, "max_value", 6.0)
    if limit is not None and limit <= 0:
        raise damaged(f"has max_value {limit:g}; needs a number above 0")
    return place.builder.add(name, Activate(function="relu", high=limit), (x,), x.shape)


def _relu(place: Place, given: tuple[Tensor, ...]) -> Tensor:
    return _layer(place, given[0], "ReLU", place.config, place.name)


def _leaky(place: Place, given: tuple[Tensor, ...]) -> Tensor:
    return _layer(place, given[0], "LeakyReLU", place.config, place.name)


def _softmax(place: Place, given: tuple[Tensor, ...]) -> Tensor:
    return _layer(place, given[0], "Softmax", place.config, place.name)


def _threshold(place: Place, given: tuple[Tensor, ...]) -> Tensor:
    config = {"threshold": number(place.config, "theta", 1.0)}
    return _layer(place, given[0], "ReLU", config, place.name)


def _prelu(place: Place, given: tuple[Tensor, ...]) -> Tensor:
    x = given[0]
    shape = list(x.shape)
    for axis in as_items(place.config.get("shared_axes")) or ():
        shape[axis_of(axis, len(shape))] = 1
    (slope,) = place.weights([Wanted(("alpha",), tuple(shape))])
    operation = Activate(function="leaky_relu", slope=place.builder.spread(np.asarray(slope, dtype=np.float64), x))
    return place.builder.add(place.name, operation, (x,), x.shape)


ACTIVATION_LAYERS = {
    "Activation": activation,
    "ReLU": _relu,
    "LeakyReLU": _leaky,
    "ThresholdedReLU": _threshold,
    "PReLU": _prelu,
    "Softmax": _softmax,
}
"""Class -> its reader."""
