"""Arrays that grow while a run goes on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import read_only

__all__ = ["Growing"]

Array = NDArray[Any]
AHEAD = 8
"""Most times of what it holds for which an array takes addresses; memory itself is taken page by page, as it is written."""


class Growing:
    """Rows that arrive call by call."""

    def __init__(self, none: Array) -> None:
        """`none`: an array of no rows, of their shape and type."""
        self._rows, self._size = none.copy(), 0

    def add(self, rows: Array, done: float) -> None:
        """Append rows. `done`: share of the whole run, above 0, that is done with them."""
        end = self._size + len(rows)
        if end > len(self._rows):
            room = max(end, min(AHEAD * end, int(1.02 * end / done)))
            larger = np.empty((room, *rows.shape[1:]), dtype=rows.dtype)
            larger[: self._size] = self._rows[: self._size]
            self._rows = larger
        self._rows[self._size : end] = rows
        self._size = end

    def __len__(self) -> int:
        return self._size

    def whole(self) -> Array:
        """All rows, read-only. Nothing can be appended after that."""
        return read_only(read_only(self._rows)[: self._size])
