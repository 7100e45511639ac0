"""Spike rows (sample, step, index): range checks and order. Independent of networks."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["LARGEST", "Bound", "row_messages", "rows_ascend", "rows_inside", "rows_sorted"]

Rows = NDArray[Any]
LARGEST = 2**31 - 2
"""Largest sample, step or index: rows are int32, and the next number must fit too."""
_TILE = 1024
_STRIP = 1 << 15


class Bound(NamedTuple):
    """Name and inclusive range of one column."""

    word: str
    low: int
    high: int


def rows_inside(rows: Rows, bounds: tuple[Bound, ...]) -> bool:
    """Whether all rows lie within their bounds. Checked in long strips for speed."""
    low, high = tuple(b.low for b in bounds), tuple(b.high for b in bounds)
    if any(last < first for first, last in zip(low, high, strict=True)):
        return not len(rows)
    if rows.dtype != np.int32 or not rows.flags.c_contiguous or len(rows) < _TILE:
        return bool(((rows >= low) & (rows <= high)).all())
    whole = len(rows) // _TILE * _TILE
    strips = rows[:whole].reshape(-1, 3 * _TILE).view(np.uint32)
    span = np.tile(np.array(high, dtype=np.int64) - low, _TILE).astype(np.uint32)
    shift = np.tile(np.array(low, dtype=np.uint32), _TILE)
    return bool((strips - shift <= span).all()) and rows_inside(rows[whole:], bounds)


def rows_ascend(rows: Rows) -> bool:
    """Whether rows strictly ascend. Values must be non-negative and fit int32."""
    for start in range(0, len(rows) - 1, _STRIP):
        part = rows[start : start + _STRIP + 1]
        high = part[:, 0].astype(np.int64) << 32
        high |= part[:, 1].astype(np.int64)
        change = np.diff(high)
        if (change < 0).any() or ((change == 0) & (np.diff(part[:, 2].astype(np.int64)) <= 0)).any():
            return False
    return True


def rows_sorted(rows: Rows) -> Rows:
    """Return the rows in ascending order."""
    return rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))]


def row_messages(rows: Rows, bounds: tuple[Bound, ...], what: str, *, ordered: bool) -> list[str]:
    """Return the faults of rows, one sentence each.

    `what`: names the rows. `ordered`: require ascending order and a type that int64 contains, as recordings guarantee.
    """
    names = ", ".join(b.word for b in bounds)
    whole = rows.dtype.kind in "iu" and (np.can_cast(rows.dtype, np.int64) or not ordered)
    if rows.ndim != 2 or rows.shape[1] != 3 or not whole:
        return [f"{what} have shape {list(rows.shape)} of {rows.dtype}; needs integer rows ({names})"]
    if not rows_inside(rows, bounds):
        return _outside(rows, bounds, what)
    if rows_ascend(rows):
        return []
    again = rows_sorted(rows)
    doubled = np.flatnonzero((np.diff(again, axis=0) == 0).all(axis=1))
    if doubled.size:
        first = ", ".join(f"{b.word} {int(value)}" for b, value in zip(bounds, again[doubled[0]], strict=True))
        return [f"{doubled.size:,} of {len(rows):,} {what} are duplicated, first {first}"]
    return [f"{what} are not sorted by {names}"] if ordered else []


def _outside(rows: Rows, bounds: tuple[Bound, ...], what: str) -> list[str]:
    found = list[str]()
    for column, (word, low, high) in enumerate(bounds):
        bad = np.flatnonzero((rows[:, column] < low) | (rows[:, column] > high))
        if bad.size:
            first = int(rows[bad[0], column])
            found.append(f"{bad.size} {what} have a {word} outside {low}..{high}, first {first}")
    return found
