"""Inputs of a converted network: the range of their rate code, found on samples, and the lines that projections read.

A value is sent by one line, or by two of which one carries its sign. The first operation of every projection from an input
turns the rates of lines back into values, so that all others are those of the trained network.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.coding import Coded, Unit
from neurodeploy.diagnostics import about
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.network import Input, OneToOne, Rate, Sparse
from neurodeploy.network.levels import levels_of
from neurodeploy.trained.network import TrainedInput

__all__ = ["input_coding", "input_levels", "input_line", "input_of", "is_signed", "values_of_lines"]

Array = NDArray[Any]
PHASE = 0.5
"""Counts of spikes are rounded to the nearest."""
FAR = 0.25
"""Least distance of the values of a feature from 0, in shares of their span, for rates that count from the lowest of them."""
ALIKE = 0.5
"""Least median span of features, in shares of the largest value, for one range of all features."""
BYTE = 255.0
"""Largest value of images of bytes."""


def input_coding(item: TrainedInput, values: Array) -> Coded:
    """Return the coding of an input from (samples, size) calibration values: one line for each value, or two.

    Values of one sign are sent from 0 to the largest; values of both signs by two lines. Features, which are inputs with one
    axis, have ranges of their own if they are far from 0 or differ much in span.
    """
    values = values.astype(np.float64)
    low, high = values.min(axis=0), values.max(axis=0)
    if len(item.shape) > 1:
        low, high = np.full_like(low, low.min()), np.full_like(high, high.max())
        if low[0] >= 0 and BYTE / 2 < high[0] <= BYTE and (values == np.rint(values)).all():
            high = np.full_like(high, BYTE)
    zero, one, signed = _range(low, high, features=len(item.shape) == 1)
    gain = one - zero
    units = [Unit(1 / gain, -zero / gain, gain)]
    if signed:
        units.append(Unit(-1 / gain, zero / gain, -gain))
    return Coded(tuple(units), zero)


def _range(low: Array, high: Array, *, features: bool) -> tuple[Array, Array, bool]:
    """Values of the levels 0 and 1, and whether levels have a sign, from the lowest and highest values."""
    span, most = high - low, np.maximum(np.abs(low), np.abs(high))
    common, moves = float(most.max()) or 1.0, span > 0
    own = features and bool(moves.any()) and float(np.median(span[moves])) < ALIKE * common
    far = np.maximum(low, -high) > FAR * span
    signed = bool((low[~far] < 0).any()) if features else bool((low < 0).any())
    if not features or not (own or far.any()):
        return np.zeros_like(low), np.full_like(high, common), signed
    reach = np.where(moves, most, common) if own else np.full_like(high, common)
    middle = (low + high) / 2 if signed else low
    zero = np.where(far, middle, 0.0)
    one = np.where(far, np.where(moves, high, zero + common), reach)
    return zero, one, signed


def is_signed(coded: Coded) -> bool:
    """Whether an input has two lines for each value."""
    return len(coded.units) > 1


def input_of(item: TrainedInput, coded: Coded) -> Input:
    """Return the input of the spiking network, with samples as those of the training."""
    signed = is_signed(coded)
    zero, one = (_of_sample(item, value) for value in (coded.shift, coded.shift + coded.units[0].gain))
    return Input(
        name=item.name,
        shape=(2, *item.shape) if signed else item.shape,
        encoder=Rate(phase=PHASE, zero=zero, one=one, signed=signed),
        sample_axes=item.sample_axes,
    )


def _of_sample(item: TrainedInput, value: Array) -> float | Array:
    """One number if all are equal, else one for each value of a sample, with the axes of a sample."""
    if (value == value[0]).all():
        return float(value[0])
    axes = item.sample_axes or tuple(range(len(item.shape)))
    return value.reshape(item.shape).transpose(np.argsort(axes))


def input_levels(coded: Coded, x: Array) -> Array:
    """Return the (samples, lines) levels of an input for (samples, size) values, as the encoder gives them."""
    one = coded.shift + coded.units[0].gain
    return levels_of(x, coded.shift, one, signed=is_signed(coded))


def values_of_lines(coded: Coded) -> OneToOne | Sparse:
    """Return the operation that turns levels of the lines of an input into values, less the shift of the coding."""
    gain = coded.units[0].gain
    if not is_signed(coded):
        return OneToOne(weights=gain[0] if (gain == gain[0]).all() else gain)
    lines = np.arange(2 * gain.size)
    return Sparse(
        shape=(gain.size, lines.size), post=lines % gain.size, pre=lines, weights=np.concatenate([gain, -gain])
    )


def input_line(item: TrainedInput, coded: Coded) -> LedgerLine:
    """Return the ledger line of an input."""
    zero, one = coded.shift, coded.shift + coded.units[0].gain
    least = zero - coded.units[0].gain if is_signed(coded) else zero
    one_range = len(np.unique(zero)) == len(np.unique(one)) == 1
    each = f"one range for each of {zero.size:,} values"
    ends = f"{least[0]:.4g} to {one[0]:.4g}" if one_range else each
    note = "two lines for each value, one for each sign" if is_signed(coded) else "one line for each value"
    return LedgerLine(
        subject=about("input", item.name), quantity="values", asked="numbers", got=f"rates, {ends}", level="approximate",
        note=f"{note}; values beyond those of the calibration are clipped",
    )  # fmt: skip
