"""Sums over synapses and over traffic, always in the same order: numpy loops over what is summed, in C the loops are plain."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurodeploy.native.structs import Bytes, Floats, Ints, Longs, Reals

__all__ = ["WIDTH", "add_combined", "add_products", "add_spread", "average", "list_by_target"]

WIDTH = 12
"""Columns of an embedding while it is computed; a constant, so that the loops over them become vector instructions."""
ROWS = 4096
"""Rows whose products are held at a time."""


def _places(ptr: Longs) -> Iterator[tuple[Longs, Longs]]:
    """(items, places): the first place of every item that has one, then the second, and so on; item i has [ptr[i], ptr[i + 1])."""
    items, start, stop = np.arange(ptr.size - 1), ptr[:-1], ptr[1:]
    number = 0
    while (items := items[start[items] + number < stop[items]]).size:
        yield items, start[items] + number
        number += 1


def list_by_target(out_ptr: Longs, out_target: Ints, delay: Bytes, following: Longs, row: Ints, level: Bytes) -> None:
    """Write the row and the delay class of every synapse by target, rows ascending, to `row` and `level` (synapses,).

    `out_ptr` (rows + 1,); `out_target`, `delay` (synapses,) by row; `delay` is empty where no synapse is delayed, and `level`
    stays as it is. `following` (targets,): where the synapses of each target begin, and after the call where they end.
    """
    order = np.argsort(out_target, kind="stable")
    row[:] = np.repeat(np.arange(out_ptr.size - 1), np.diff(out_ptr))[order]
    if delay.size:
        level[:] = delay[order]
    following += np.bincount(out_target, minlength=following.size)


def average(ptr: Longs, index: Ints, values: Floats, scale: Floats, result: Floats) -> None:
    """result[i] = scale[i] * sum of values[index[j]] over j in [ptr[i], ptr[i + 1]), in the order of j.

    `values`, `result` (n, WIDTH).
    """
    result[:] = 0.0
    for items, places in _places(ptr):
        result[items] += values[index[places]]
    result *= scale[:, None]


def add_products(left: Reals, right: Reals, columns: int, total: Reals) -> None:
    """total += left^T right, row after row; `left`, `right` (n, columns), `total` (columns, columns)."""
    for start in range(0, len(left), ROWS):
        part = slice(start, start + ROWS)
        products = left[part, :, None] * right[part, None, :]
        total[:] = np.add.accumulate(np.concatenate([total[None], products]))[-1]


def add_combined(values: Reals, matrix: Reals, columns: int, result: Reals) -> None:
    """result += values @ matrix, column after column; `values` (n, columns), `matrix` (columns, k), `result` (n, k)."""
    for column in range(columns):
        result += values[:, column, None] * matrix[column]


def add_spread(ptr: Longs, to: Longs, traffic: Reals, scale: Reals, values: Reals, result: Reals) -> None:
    """result += D^-1/2 W D^-1/2 values; W sparse as `ptr` (n + 1,), `to`, `traffic`; D^-1/2 = `scale` (n,).

    `values`, `result` (n, m).
    """
    for items, places in _places(ptr):
        weight = traffic[places] * scale[items] * scale[to[places]]
        result[items] += weight[:, None] * values[to[places]]
