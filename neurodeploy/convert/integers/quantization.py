"""Quantization of a trained network to integers, layer by layer, on calibration samples.

A layer has the unit s of its sums, one number or one for each channel, and a shift: its weights are integers times s over the
unit of their source, its biases integers times s, and its values integers times s * 2**shift. s is as small as 8-bit weights,
the range of the states, and activations of the wanted bits allow; the shift with the least squared error wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, log2
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.integers.model import IntegerLayer, IntegerNetwork, IntegerTerm, integer_sums, settled
from neurodeploy.convert.integers.terms import SAME, integer_term, least_units, real_steps
from neurodeploy.convert.rates import LayerValues
from neurodeploy.network.coding import Current, shown_currents
from neurodeploy.network.operations import Step
from neurodeploy.trained.layers import Layer, Layers, Term
from neurodeploy.trained.network import Quantization
from neurodeploy.trained.operations import Activate

__all__ = ["Rounding", "quantized"]

Array = NDArray[Any]
TRIED, COMPARED = 200, 1 << 21
"""Calibration samples at most on which shifts are compared, and values of a layer for them."""
SHIFTS = 3
"""Shifts that are compared: the largest that makes sense, and smaller ones, for which weights are coarser."""
SPREAD = 64.0
"""Largest ratio of the units of two channels of a layer, so that a channel that is silent on the samples stays in range."""
TINY = 1e-30


class Rounding(NamedTuple):
    """What integers may be."""

    bits: int
    """Bits of activations and, unless the model states its own, of inputs."""
    per_channel: bool
    """Whether each channel has a unit of its own."""
    percentile: float
    """Percentile of the calibration values of a layer that `bits` hold; larger values are sent all the same."""
    exponent: int
    """Greatest power of two that multiplies the weights of a projection."""
    state: float
    """Greatest sum that the calibration samples may reach."""
    stored: Mapping[str, Quantization]
    """Input or layer -> integers that the model states; used if all scales are powers of two."""


class _Real(NamedTuple):
    """A term in values of the trained network."""

    source: str
    steps: tuple[Step, ...]
    n_source: int
    least: Array
    """(size,) least unit of the sums."""
    signs: Array | None
    """(size,) units for which all weights are 1 or -1; None: there are none."""


def quantized(layers: Layers, floats: LayerValues, inputs: Mapping[str, Array], rounding: Rounding) -> IntegerNetwork:
    """Return a trained network in integers.

    `layers`: its layers, with relu only. `floats`: their values for the calibration samples. `inputs`: input -> (samples, size)
    calibration values. `rounding`: what integers may be.
    """
    encoders = {name: _encoder(values, rounding, rounding.stored.get(name)) for name, values in inputs.items()}
    units = {name: np.full(inputs[name].shape[1], 1.0 / (item.scale or 1.0)) for name, item in encoders.items()}
    few = min(TRIED, max(COMPARED // max(layer.bias.size for layer in layers.layers), 1))
    known: dict[str, Any] = {
        name: shown_currents(item, inputs[name][:few]).astype(np.float32) for name, item in encoders.items()
    }
    made = list[IntegerLayer]()
    for layer in layers.layers:
        real = [_real(term, units[term.source]) for term in layer.terms]
        chosen = _best(layer, real, floats, known, rounding, last=layer is layers.layers[-1])
        made.append(chosen)
        units[layer.name] = chosen.unit
        known[layer.name] = settled(chosen, integer_sums(chosen, known)).astype(np.float32)
    return IntegerNetwork(encoders, tuple(made))


def _encoder(values: Array, rounding: Rounding, stored: Quantization | None) -> Current:
    """Integers of `bits`, for values above 0 without a sign."""
    if stored is not None:
        low, high = stored.low - stored.zero_point, stored.high - stored.zero_point
        return Current(scale=1.0 / float(np.max(stored.scale)), low=min(low, 0), high=max(high, 0))
    signed, largest = bool(values.min() < 0), float(np.abs(values).max()) or 1.0
    top = 2 ** (rounding.bits - signed) - 1
    scale = top / largest
    if rounding.stored:  # powers of two everywhere
        scale = 2.0 ** np.floor(log2(scale))
    return Current(scale=float(scale), low=-top if signed else 0, high=top)


def _real(term: Term, unit: Array) -> _Real:
    steps = real_steps(term, unit)
    return _Real(term.source, steps, unit.size, *least_units(steps, unit.size))


def _best(
    layer: Layer, real: list[_Real], floats: LayerValues, known: Mapping[str, Any], rounding: Rounding, *, last: bool
) -> IntegerLayer:
    """The layer with the shift whose values are nearest to the trained ones."""
    relu = isinstance(layer.activation, Activate)
    wanted = floats.values[layer.name]
    joint = last or not rounding.per_channel or bool(rounding.stored)
    least = _channelwise(_least(layer, real, floats, rounding), layer, joint=joint)
    least = np.maximum(least, max(float(least.max()) / SPREAD, TINY))
    if not relu:
        unit = _power(least) if rounding.stored else least
        return _layer(layer, real, unit, 0, floats, rounding)
    stored = rounding.stored.get(layer.name)
    if stored is not None:
        scale = float(np.max(stored.scale))
        shift = max(int(np.floor(log2(scale / float(least.max())))), 0)
        return _layer(layer, real, np.full(layer.size, scale / 2.0**shift), shift, floats, rounding)
    signs = _signs(real)
    if signs is not None:  # sums and differences of integers with one unit: nothing is rounded
        return _layer(layer, real, signs, 0, floats, rounding)
    ranges = _channelwise(_ranges(wanted, rounding.percentile), layer, joint=joint) / (2**rounding.bits - 1)
    largest = max(ceil(log2(max(float((ranges / least).max()), TINY)) - 1e-9), 0)
    tried: list[tuple[float, IntegerLayer]] = []
    for shift in range(largest, max(largest - SHIFTS, -1), -1):
        unit = np.maximum(least, ranges / 2.0**shift)
        made = _layer(layer, real, _power(unit) if rounding.stored else unit, shift, floats, rounding)
        values = settled(made, integer_sums(made, known)) * made.unit
        tried.append((float(np.square(values - wanted[: len(values)]).mean()), made))
    return min(tried, key=lambda item: item[0])[1]


def _signs(real: list[_Real]) -> Array | None:
    """(size,) units for which the weights of all terms are 1 or -1; None: there are none."""
    units = [item.signs for item in real if item.signs is not None]
    if len(units) < len(real) or not units:
        return None
    most = np.max(units, axis=0)
    same = all(np.allclose(np.where(item > 0, item, most), most, rtol=SAME, atol=0) for item in units)
    return np.where(most > 0, most, max(float(most.max()), TINY)) if same else None


def _least(layer: Layer, real: list[_Real], floats: LayerValues, rounding: Rounding) -> Array:
    """(size,) least unit of the sums: of the finest term, of the other terms with their exponents, and of the state's range."""
    sums = np.maximum(np.abs(floats.sums[layer.name]).max(axis=0), np.abs(layer.bias)) / rounding.state
    finest, coarsest = np.full(layer.size, np.inf), np.zeros(layer.size)
    for item in real:
        finest = np.where(item.least > 0, np.minimum(finest, item.least), finest)
        coarsest = np.maximum(coarsest, item.least / 2.0**rounding.exponent)
    finest = np.where(np.isfinite(finest), finest, 0.0)
    return np.maximum(np.maximum(finest, coarsest), sums)


def _channelwise(values: Array, layer: Layer, *, joint: bool) -> Array:
    """(size,) the largest value of each channel, or of the layer."""
    if joint:
        return np.full(layer.size, values.max())
    return np.repeat(values.reshape(layer.shape[0], -1).max(axis=1), layer.size // layer.shape[0])


def _ranges(values: Array, percentile: float) -> Array:
    """(size,) values that the wanted bits hold."""
    if percentile >= 100:
        return values.max(axis=0)
    positive = np.where(values > 0, values, np.nan)
    own = np.full(values.shape[1], 0.0)
    some = ~np.isnan(positive).all(axis=0)
    own[some] = np.nanpercentile(positive[:, some], percentile, axis=0)
    return own


def _power(unit: Array) -> Array:
    """The next power of two for the largest unit."""
    return np.full(unit.size, 2.0 ** ceil(log2(float(unit.max())) - 1e-9))


def _layer(
    layer: Layer, real: list[_Real], unit: Array, shift: int, floats: LayerValues, rounding: Rounding
) -> IntegerLayer:
    """The layer in multiples of `unit`."""
    terms = list[IntegerTerm]()
    for item in real:
        ratio = max(float((item.least / unit).max()), TINY)
        exponent = min(max(ceil(log2(ratio) - 1e-9), 0), rounding.exponent)
        terms.append(integer_term(item.source, item.steps, item.n_source, unit, exponent))
    own = unit * 2.0**shift
    bias = np.rint(layer.bias / unit).astype(np.int64)
    high = _high(layer, own, floats, rounding.stored.get(layer.name))
    return IntegerLayer(layer.name, layer.shape, tuple(terms), bias, layer.activation is not None, shift, high, own)


def _high(layer: Layer, unit: Array, floats: LayerValues, stored: Quantization | None) -> Array | None:
    """(size,) greatest integers of a layer, if the sums of some calibration sample are above them."""
    high = np.full(layer.size, 2**31)
    if isinstance(layer.activation, Activate) and layer.activation.high is not None:
        high = np.minimum(high, np.rint(layer.activation.high / unit).astype(np.int64))
    if stored is not None:
        high = np.minimum(high, stored.high - stored.zero_point)
    return high if (floats.sums[layer.name] / unit > high).any() else None
