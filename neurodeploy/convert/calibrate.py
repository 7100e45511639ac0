"""Calibration: the largest value of every layer that its rates can send, found on samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.coding import Coded, relu_coding
from neurodeploy.convert.inputs import input_coding
from neurodeploy.convert.plan import Plan, plan_of
from neurodeploy.convert.rates import LayerValues, layer_values, simulate
from neurodeploy.trained.layers import Layer, Layers

__all__ = ["Calibrated", "Candidate", "Samples", "calibrate"]

Array = NDArray[Any]
PERCENTILES = (90.0, 95.0, 97.0, 99.0, 99.5, 99.9, 100.0)
SEARCHED = 500
"""Samples at most that a candidate of the search is tried on."""
SMALLEST = 1e-6
"""Least range of a channel, in shares of the range of its layer, so that silent channels have finite weights."""


class Samples(NamedTuple):
    """Calibration data."""

    values: dict[str, Array]
    """Input -> (samples, size) float32."""
    labels: Array | None
    """(samples,) classes; None: the trained network's own answers stand for them."""


class Candidate(NamedTuple):
    """One setting of the search."""

    percentile: float
    per_channel: bool


class Calibrated(NamedTuple):
    """The best plan that the search found."""

    plan: Plan
    candidate: Candidate
    floats: LayerValues
    """Values of the trained network for the calibration samples."""
    scores: dict[Candidate, float]
    """Candidate -> share of searched samples whose answer is right, less the error of the output as a tie-break."""


def calibrate(layers: Layers, samples: Samples, steps: int, candidates: list[Candidate]) -> Calibrated:
    """Return the plan whose simulated answers are best on at most SEARCHED samples."""
    floats = layer_values(layers, samples.values)
    tried = {name: values[:SEARCHED] for name, values in samples.values.items()}
    wanted = floats.values[layers.layers[-1].name][:SEARCHED]
    labels = wanted.argmax(axis=1) if samples.labels is None else samples.labels[:SEARCHED]
    scores, best = dict[Candidate, float](), list[tuple[float, Plan, Candidate]]()
    for candidate in candidates:
        plan = plan_of(layers, codings_of(layers, samples, floats, candidate))
        score = _score(plan, tried, steps, labels, wanted)
        scores[candidate] = score
        best.append((score, plan, candidate))
    _, plan, candidate = max(best, key=lambda item: item[0])
    return Calibrated(plan, candidate, floats, scores)


def _score(plan: Plan, tried: Mapping[str, Array], steps: int, labels: Array, wanted: Array) -> float:
    read = simulate(plan, tried, steps).read[:, -1] / steps * plan.codings[plan.populations[-1].layer].units[0].gain
    right = float((read.argmax(axis=1) == labels).mean())
    spread = float(np.square(wanted - wanted.mean()).mean()) or 1.0
    return right - min(float(np.square(read - wanted).mean()) / spread, 1.0) / (2 * len(labels))


def codings_of(layers: Layers, samples: Samples, floats: LayerValues, candidate: Candidate) -> dict[str, Coded]:
    """Return the coding of every input and layer."""
    found = {item.name: input_coding(item, samples.values[item.name]) for item in layers.inputs}
    for layer in layers.layers:
        found[layer.name] = _coding(layer, floats, candidate)
    return found


def _coding(layer: Layer, floats: LayerValues, candidate: Candidate) -> Coded:
    if layer.activation is None:
        most = float(np.abs(floats.sums[layer.name]).max()) or 1.0
        return relu_coding(np.full(layer.size, most))
    return relu_coding(_largest(floats.values[layer.name], layer, candidate))


def _largest(values: Array, layer: Layer, candidate: Candidate) -> Array:
    """(size,) percentile of the values above 0 of a layer, or of each channel of it."""
    positive = np.where(values > 0, values, np.nan)
    every = float(np.nanpercentile(positive, candidate.percentile)) if (values > 0).any() else 1.0
    if not candidate.per_channel:
        return np.full(layer.size, every)
    channels = positive.reshape(len(values), layer.shape[0], -1)
    empty = np.isnan(channels).all(axis=(0, 2))
    channels = np.where(empty[None, :, None], every, channels)
    own = np.nanpercentile(channels, candidate.percentile, axis=(0, 2))
    return np.repeat(np.maximum(own, every * SMALLEST), layer.size // layer.shape[0])
