"""Levels of input lines: a sample as shares of the largest rate, one for each line, and the spikes of the rate code.

Encoders of a run and the calibration of a conversion both use these functions, so that their spikes are the same bit for bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network.coding import Poisson, Rate
from neurodeploy.network.network import Input

__all__ = ["declares_range", "levels", "levels_of", "lines_first", "range_of", "rate_raster", "rate_spikes"]

Array = NDArray[Any]
TIE = 1e-9
"""Added to sums of rates, so that a sum that is a whole number up to rounding counts as one."""


def lines_first(item: Input, array: Array) -> Array:
    """Return (samples, ..., *sample_shape) values with the axes of a sample in the order of the lines."""
    if item.sample_axes is None:
        return array
    before = array.ndim - len(item.sample_axes)
    return array.transpose(*range(before), *(before + axis for axis in item.sample_axes))


def declares_range(encoder: Rate | Poisson) -> bool:
    """Whether an encoder has a range of its own, outside of which values are clipped; without one they are refused."""
    return np.ndim(encoder.zero) > 0 or np.ndim(encoder.one) > 0 or (encoder.zero, encoder.one) != (0.0, 1.0)


def levels(item: Input, flat: Array) -> Array:
    """Return (samples, lines) levels in [0, 1] of an input whose encoder is a Rate or Poisson.

    `flat`: (samples, values) with the values of a sample in the order of the lines.
    """
    zero, one = _ends(item)
    return levels_of(flat, zero, one, signed=getattr(item.encoder, "signed", False))


def range_of(item: Input) -> tuple[float | Array, float | Array]:
    """Return the lowest and the highest value that a Rate or Poisson encodes: one number, or (values,) in the order of lines."""
    zero, one = _ends(item)
    span = np.abs(np.subtract(one, zero))
    if getattr(item.encoder, "signed", False):
        return _plain(zero - span), _plain(zero + span)
    return _plain(np.minimum(zero, one)), _plain(np.maximum(zero, one))


def _plain(value: Any) -> float | Array:
    return float(value) if np.ndim(value) == 0 else value


def _ends(item: Input) -> tuple[float | Array, float | Array]:
    """Values of the levels 0 and 1."""
    encoder = item.encoder
    if not isinstance(encoder, (Rate, Poisson)):
        raise TypeError(f"internal: encoder '{encoder.kind}' has no levels")
    return _in_line_order(item, encoder.zero), _in_line_order(item, encoder.one)


def levels_of(flat: Array, zero: float | Array, one: float | Array, *, signed: bool) -> Array:
    """Return (samples, lines) levels clip((x - zero) / (one - zero), 0, 1); `signed`: those of the negative, too, after them.

    `flat`: (samples, values) x. `zero` and `one`: one number, or (values,).
    """
    share = (flat.astype(np.float64) - zero) / (np.asarray(one, dtype=np.float64) - zero)
    if signed:
        share = np.concatenate([share, -share], axis=1)
    return np.clip(share, 0.0, 1.0)


def _in_line_order(item: Input, value: float | Array) -> float | Array:
    """One number, or one for each value of a sample in the order of the lines."""
    array = np.asarray(value, dtype=np.float64)
    return float(array) if array.ndim == 0 else lines_first(item, array.reshape(1, *item.sample_shape)).ravel()


def rate_spikes(rate: Array, t: Array, phase: float) -> Array:
    """Return whether lines of the rate code spike in steps `t`, counted from 1, as booleans of the broadcast shape.

    `rate`: spikes per step, from 0 to 1. `phase`: from 0 to below 1.
    """
    start = phase + TIE
    return np.floor(t * rate + start) > np.floor((t - 1) * rate + start)


def rate_raster(rate: Array, steps: int, phase: float) -> NDArray[np.bool_]:
    """Return the (samples, steps, lines) spikes of the rate code in the steps from 1 on: those of rate_spikes, with half of the work.

    `rate`: (samples, lines) spikes per step, from 0 to 1. `phase`: from 0 to below 1.
    """
    sums = np.arange(steps + 1)[:, None] * rate[:, None, :]
    sums += phase + TIE
    np.floor(sums, out=sums)
    return np.greater(sums[:, 1:], sums[:, :-1])
