"""Rasters and currents of values for each encoder. The formulas are in neurodeploy.network.coding."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import Bias, Current, Encoder, Input, Latency, Poisson, Rate
from neurodeploy.network.coding import shown_currents
from neurodeploy.network.levels import rate_raster

__all__ = ["currents_of", "raster_of", "spikes_over_time"]

Array = NDArray[Any]


def spikes_over_time(item: Input, values: Array, steps: int) -> Array:
    """Return spikes (samples, any steps, *shape) as a (samples, steps, lines) uint8 raster, cut or padded with zeros."""
    timed = values.reshape(values.shape[0], values.shape[1], item.size)[:, :steps]
    if timed.shape[1] == steps and timed.dtype == np.uint8:
        return timed
    raster = np.zeros((timed.shape[0], steps, item.size), dtype=np.uint8)
    raster[:, : timed.shape[1]] = timed
    return raster


def raster_of(encoder: Encoder, flat: Array, steps: int, seed: int, first_sample: int) -> Array:
    """Return the (samples, steps, lines) uint8 raster of (samples, lines) levels in [0, 1].

    Random draws depend only on the seed and on the number of a sample.
    """
    if isinstance(encoder, Rate):
        return rate_raster(flat * encoder.max_rate, steps, encoder.phase).view(np.uint8)
    t, values = np.arange(1, steps + 1)[None, :, None], flat[:, None, :]
    if isinstance(encoder, Poisson):
        fires = _draws(flat.shape, steps, seed, first_sample) < values * encoder.max_rate
    elif isinstance(encoder, Bias):
        fires = _integrated(encoder, np.rint(values * encoder.threshold).astype(np.int64), t)
    elif isinstance(encoder, Latency):
        fires = (t == np.rint(1 + (1 - values) * (steps - 1))) & (values > 0)
    else:
        raise TypeError(f"internal: encoder '{encoder.kind}' takes no values")
    return fires.view(np.uint8)


def _draws(shape: tuple[int, ...], steps: int, seed: int, first_sample: int) -> Array:
    numbers = range(first_sample, first_sample + shape[0])
    drawn = [np.random.default_rng([seed % (1 << 64), number]).random((steps, shape[1])) for number in numbers]
    return np.stack(drawn) if drawn else np.zeros((0, steps, shape[1]))


def _integrated(encoder: Bias, bias: Array, t: Array) -> Array:
    """Spikes of the integrator in closed form."""
    if encoder.reset == "subtract":
        return t * bias // encoder.threshold > (t - 1) * bias // encoder.threshold
    return (bias > 0) & (t % np.maximum(-(-encoder.threshold // np.maximum(bias, 1)), 1) == 0)


def currents_of(item: Input, array: Array, steps: int) -> Array:
    """Return (samples, steps, lines) currents of constant values, or of values over time padded with 0."""
    n, array = array.shape[0], shown_currents(item.encoder, array) if isinstance(item.encoder, Current) else array
    if array.ndim == len(item.shape) + 1:
        return np.repeat(array.reshape(n, 1, item.size).astype(np.float64), steps, axis=1)
    currents = np.zeros((n, steps, item.size))
    timed = array.reshape(n, array.shape[1], item.size)[:, :steps]
    currents[:, : timed.shape[1]] = timed
    return currents
