"""Compiled passes over spike rows (sample, step, index): as fast as memory, where numpy makes copies of every column."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.rows import Bound
from neurodeploy.native.library import kernels

__all__ = ["Extent", "counts_of", "extents_of"]

Array = NDArray[Any]
FOLDER = Path(__file__).parent


class Extent(NamedTuple):
    """The ranges of the columns of rows."""

    ascends: bool
    """Whether the rows strictly ascend."""
    ends: Array
    """(2, 3) int32 least and greatest value of each column, 0 without rows."""
    rows: int

    def inside(self, bounds: tuple[Bound, ...]) -> bool:
        """Whether all rows lie within their bounds."""
        low, high = np.array([b.low for b in bounds]), np.array([b.high for b in bounds])
        return not self.rows or bool((self.ends[0] >= low).all() and (self.ends[1] <= high).all())


def _plain(rows: Array) -> bool:
    return rows.dtype == np.int32 and rows.ndim == 2 and rows.shape[1] == 3 and rows.flags.c_contiguous


def extents_of(arrays: Mapping[str, Array]) -> dict[str, Extent]:
    """Return the extents of rows by name, of those that are (n, 3) int32; of none where nothing is compiled."""
    passes, found = kernels(FOLDER), dict[str, Extent]()
    for name, rows in arrays.items():
        if passes is not None and _plain(rows):
            ends = np.zeros((2, 3), dtype=np.int32)
            found[name] = Extent(bool(passes.call("survey_rows", rows, ends)), ends, len(rows))
    return found


def counts_of(rows: Array, size: int) -> NDArray[np.int64]:
    """Return (size,) the number of rows of each index. `rows`: (n, 3), their indices in [0, size)."""
    passes = kernels(FOLDER)
    if passes is None or not _plain(rows):
        return np.bincount(rows[:, 2], minlength=size)
    counts = np.zeros(size, dtype=np.int64)
    passes.call("count_rows", rows, counts)
    return counts
