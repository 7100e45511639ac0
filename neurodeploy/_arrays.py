"""Verbs on arrays that numpy lacks, or has slower. Knows nothing of what the numbers mean."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["distinct", "places_of"]

FLAGGED = 50_000_000
"""Numbers up to which one flag each is cheaper than sorting."""


def places_of(start: NDArray[Any], length: NDArray[Any]) -> NDArray[np.int64]:
    """Return (sum of length,) the indices of the spans [start, start + length), both (n,) integers."""
    return np.repeat(start - np.cumsum(length) + length, length) + np.arange(int(length.sum()))


def distinct(keys: NDArray[np.int64], bound: int) -> NDArray[np.int64]:
    """Return the distinct keys, ascending; they lie in [0, bound). Faster than numpy.unique, which hashes them."""
    if bound <= FLAGGED:
        seen = np.zeros(bound, dtype=bool)
        seen[keys] = True
        return np.flatnonzero(seen)
    ordered = np.sort(keys)
    return ordered[np.diff(ordered, prepend=-1) > 0]
