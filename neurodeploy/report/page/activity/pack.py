"""Whole numbers as short text, which the page's script reads back."""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray

__all__ = ["gaps", "packed"]

Ints = NDArray[np.int64]
GROUP = 7
"""Bits of a number in one byte; the eighth says that more follow (LEB128, DWARF 5, section 7.6)."""


def gaps(places: Ints) -> Ints:
    """Return the differences of ascending numbers, the first one from -1, each less 1: small where the numbers are close.

    `places`: (n,) distinct whole numbers from 0, ascending.
    """
    return np.diff(places, prepend=-1) - 1


def packed(values: Ints) -> str:
    """Return whole numbers as base64 of LEB128: one byte below 128, two below 16,384, and so on.

    `values`: (n,) whole numbers, at least 0.
    """
    left, parts = np.asarray(values, dtype=np.int64), list[Ints]()
    while left.size:
        parts.append(left & ((1 << GROUP) - 1))
        left = left >> GROUP
        if not left.any():
            break
    if not parts:
        return ""
    table: Ints = np.stack(parts, axis=1)
    n_bytes: Ints = table.shape[1] - np.argmax(table[:, ::-1] != 0, axis=1)
    n_bytes[~table.any(axis=1)] = 1
    place: Ints = np.arange(table.shape[1], dtype=np.int64)[None, :]
    more: NDArray[np.bool_] = np.less(place, n_bytes[:, None] - 1)
    used: NDArray[np.bool_] = np.less(place, n_bytes[:, None])
    marked: Ints = table | (more.astype(np.int64) << GROUP)
    return base64.b64encode(marked[used].astype(np.uint8).tobytes()).decode("ascii")
