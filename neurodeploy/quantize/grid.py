"""The common unit of a set of numbers: the greatest number of which all of them are whole multiples.

Numbers come as floats that hold decimals only nearly (0.1 is not 1/10), so a multiple counts as whole if it is whole to
within the precision of the floats. Nothing here knows a chip.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["DOUBLE", "SINGLE", "are_single", "common_unit", "magnitudes", "whole"]

Floats = NDArray[np.float64]
DOUBLE, SINGLE = 2.0**-44, 2.0**-22
"""How far, relative to itself, a number may be from a whole multiple: some last bits of a float64, or of a float32."""
DISTINCT = 256
"""A set with more distinct magnitudes than this has no unit: no projection stores more."""
SAMPLE, AT_A_TIME = 1 << 12, 1 << 20
"""Numbers that are looked at first, and at a time from then on."""
LEAST = 1e-280
"""A unit is at least this: what is divided by it stays finite."""
FINEST = 1 << 12
"""A unit is at least this part of the number that was there before."""


def are_single(values: NDArray[Any]) -> bool:
    """Return whether numbers are held as float32, or could be."""
    return bool((np.asarray(values, dtype=np.float32) == values).all())


def magnitudes(values: NDArray[Any], most: int = DISTINCT) -> Floats | None:
    """Return the distinct |values| that are not 0, ascending; None if there are more than `most`."""
    flat, known = np.asarray(values).ravel(), np.zeros(1)
    start, size = 0, SAMPLE  # training leaves all numbers different: a few show it
    while start < flat.size:
        part = np.abs(flat[start : start + size])
        place = np.minimum(np.searchsorted(known, part), known.size - 1)
        new = part[known[place] != part]
        if new.size:
            known = np.union1d(known, new)
        if known.size > most + 1:
            return None
        start, size = start + size, AT_A_TIME
    return known[1:].astype(np.float64)


def whole(values: Floats, unit: float, tolerance: float) -> NDArray[np.bool_]:
    """Return which values are whole multiples of the unit, to within the tolerance."""
    ratio = values / unit
    error = np.abs(ratio - np.rint(ratio))
    # a multiple so large that the tolerance spans a good part of the unit says nothing
    return (error <= tolerance * np.abs(ratio)) & (tolerance * np.abs(ratio) < 2.0**-6)


def common_unit(values: Floats, most: float, tolerance: float) -> float | None:
    """Return the greatest unit of positive numbers, of which none is more than `most` multiples; None if there is none."""
    if not values.size or values.min() < LEAST or values.max() > most * values.min():
        return None
    unit, parts = float(values.min()), np.arange(1, FINEST + 1)
    while True:
        left = values[~whole(values, unit, tolerance)]
        if not left.size:
            break
        # the part of the unit of which the smallest one left is a multiple too
        fit = np.flatnonzero(whole(left.min() * parts, unit, tolerance))
        if not fit.size:
            return None
        unit /= int(parts[fit[0]])
        if values.max() > most * unit:
            return None
    return unit if values.max() <= most * unit else None
