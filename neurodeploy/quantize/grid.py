"""The common unit of a set of numbers: the greatest number that divides all of them.

Floats hold most decimals only approximately (0.1 is not 1/10), so a multiple counts as whole if it is whole within the
precision of the floats. Knows no chip.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["DOUBLE", "SINGLE", "are_single", "common_unit", "magnitudes", "whole"]

Floats = NDArray[np.float64]
DOUBLE, SINGLE = 2.0**-44, 2.0**-22
"""Largest relative distance from a whole multiple: a few units in the last place of a float64, or of a float32."""
DISTINCT = 256
"""Distinct magnitudes up to which a unit is sought; no projection stores more."""
SAMPLE, AT_A_TIME = 1 << 12, 1 << 20
"""Numbers examined first, and per block from then on."""
LEAST = 1e-280
"""Lower bound of a unit, so that division by it stays finite."""
FINEST = 1 << 12
"""Largest divisor tried when a unit is refined by one more number."""


def are_single(values: NDArray[Any]) -> bool:
    """Return whether float32 holds every value exactly."""
    return bool((np.asarray(values, dtype=np.float32) == values).all())


def magnitudes(values: NDArray[Any], most: int = DISTINCT) -> Floats | None:
    """Return the distinct |values| other than 0, ascending; None if there are more than `most`."""
    flat, known = np.asarray(values).ravel(), np.zeros(1)
    start, size = 0, SAMPLE  # trained weights all differ, which a small sample shows
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
    """Return which values are whole multiples of `unit` within a relative `tolerance`."""
    ratio = values / unit
    error = np.abs(ratio - np.rint(ratio))
    # for multiples so large that the tolerance spans much of a unit, any value would pass
    return (error <= tolerance * np.abs(ratio)) & (tolerance * np.abs(ratio) < 2.0**-6)


def common_unit(values: Floats, most: float, tolerance: float) -> float | None:
    """Return the greatest common unit of positive `values`, at most `most` units each; None if none exists."""
    if not values.size or values.min() < LEAST or values.max() > most * values.min():
        return None
    unit, parts = float(values.min()), np.arange(1, FINEST + 1)
    while True:
        left = values[~whole(values, unit, tolerance)]
        if not left.size:
            break
        # the largest fraction of the unit that also divides the smallest value left
        fit = np.flatnonzero(whole(left.min() * parts, unit, tolerance))
        if not fit.size:
            return None
        unit /= int(parts[fit[0]])
        if values.max() > most * unit:
            return None
    return unit if values.max() <= most * unit else None
