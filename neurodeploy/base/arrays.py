"""Array functions that numpy does not have, or that are faster than numpy's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = [
    "FLAGGED",
    "aligned_zeros",
    "all_different",
    "distinct",
    "narrowed",
    "places_of",
    "product",
    "read_only",
    "repeats",
    "stable_order",
]

LINE_BYTES = 64
"""Bytes of a cache line, and of the widest vector."""
FLAGGED = 50_000_000
"""Largest bound for which one flag per number is faster than sorting."""


def aligned_zeros(shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Zeros that begin at a cache line: a vector that crosses two lines takes twice as long."""
    size = (shape if isinstance(shape, int) else math.prod(shape)) * np.dtype(dtype).itemsize
    room = np.zeros(size + LINE_BYTES, dtype=np.uint8)
    first = -room.__array_interface__["data"][0] % LINE_BYTES
    return room[first : first + size].view(dtype).reshape(shape)


def places_of(start: NDArray[Any], length: NDArray[Any]) -> NDArray[np.int64]:
    """Return (sum of length,) the indices of the spans [start, start + length), both (n,) integers."""
    return np.repeat(start - np.cumsum(length) + length, length) + np.arange(int(length.sum()))


def distinct(keys: NDArray[np.int64], bound: int | None = None) -> NDArray[np.int64]:
    """Return the distinct keys in ascending order. `keys`: (n,); in [0, bound) if there is a bound.

    Sorts or flags them; numpy.unique hashes them, which takes up to a hundred times longer.
    """
    if bound is not None and bound <= FLAGGED:
        present = np.zeros(bound, dtype=bool)
        present[keys] = True
        return np.flatnonzero(present)
    ordered = np.sort(keys)
    kept = np.ones(ordered.size, dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=kept[1:])
    return ordered[kept]


def repeats(keys: NDArray[Any]) -> int:
    """How many keys are equal to an earlier one. Sorts unless they ascend; `np.unique` hashes, which takes many times as long."""
    if bool((keys[1:] > keys[:-1]).all()):
        return 0
    ordered = np.sort(keys)
    return int(np.count_nonzero(ordered[1:] == ordered[:-1]))


def all_different(keys: NDArray[Any]) -> bool:
    """Whether no key occurs twice."""
    return repeats(keys) == 0


def narrowed(values: NDArray[Any], dtype: type[np.integer[Any]] | np.dtype[np.integer[Any]]) -> NDArray[Any]:
    """Return integers in a narrower type. Raises OverflowError if the type does not contain all of them."""
    limits = np.iinfo(dtype)
    if (
        values.dtype != limits.dtype
        and values.size
        and (int(values.min()) < limits.min or int(values.max()) > limits.max)
    ):
        raise OverflowError(f"internal: {limits.dtype} does not contain {int(values.min())} to {int(values.max())}")
    return values.astype(limits.dtype, copy=False)


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return `array` itself, made read-only, so that a noun uses it without a copy. No other reference may write to it."""
    array.flags.writeable = False
    return array


def stable_order(values: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Return (n,) the stable ascending order of integers. Those that span 16 bits are sorted by radix, which is faster."""
    if not values.size:
        return np.zeros(0, dtype=np.int64)
    least, most = int(values.min()), int(values.max())
    near = (values - least).astype(np.uint16) if most - least < 1 << 16 else values
    return np.argsort(near, kind="stable")


def product(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """Return left @ right in the type of `left`, summed in float64.

    Processors sum in orders of their own, and the last bits of a sum follow from the order; those of a sum in float64 are gone
    once it is rounded to float32. `left`, `right`: matrices, or stacks of them, as of numpy's matmul.
    """
    wide = (side.astype(np.float64, copy=False) for side in (left, right))
    return np.matmul(*wide).astype(left.dtype, copy=False)
