"""Typed readers of the values of an HDF5 file: the value that was asked for, or why there is none.

    numbers(folder.items.get("weight"), axes=2)    # NDArray | Unread
    whole(folder.items.get("groups"), least=1)     # int | Unread
    wholes(folder.items.get("stride"), least=1, count=(1, 2))   # tuple[int, ...] | Unread
    text(folder.items.get("type"))                 # str | Unread

`Unread.why` goes on from "field 'x' ...". None stands for an entry that is not there. Numbers are finite unless told
otherwise. Nothing here raises for what a file holds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.hdf5 import Folder, Item, Unread

__all__ = ["LARGEST", "brief", "numbers", "text", "texts", "whole", "wholes"]

WIDEST = 2**31 - 1
"""Sizes, strides and counts are at most this."""
LARGEST = 1e38
"""Numbers of a network are at most this in size."""
SHOWN = 40


def numbers(
    item: Item | None, *, axes: int | None = None, finite: bool = True, empty: bool = False
) -> NDArray[Any] | Unread:
    """Return an array of integers or floats, of so many axes if that is told; finite and not empty unless told otherwise."""
    odd = _not_an_array(item, "numbers")
    if odd is not None or not isinstance(item, np.ndarray):
        return odd or Unread("is missing")
    if axes is not None and item.ndim != axes:
        return Unread(f"has shape {list(item.shape)}; needs {axes} axes")
    if not item.size and not empty:
        return Unread(f"has shape {list(item.shape)}, which holds no value")
    if not item.size or not finite:
        return item
    ends = float(item.min()), float(item.max())  # NaN if any value is
    if not all(np.isfinite(ends)):
        bad = ~np.isfinite(item)
        first = [int(n) for n in np.argwhere(bad)[0]]
        place = f"; the first is at {first}" if first else ""
        return Unread(f"holds {int(bad.sum())} of {item.size} values that are not finite{place}")
    if max(map(abs, ends)) > LARGEST:
        return Unread(f"holds values up to {max(map(abs, ends)):g} in size; {LARGEST:g} is the limit")
    return item


def wholes(
    item: Item | None, *, least: int = 0, most: int = WIDEST, count: tuple[int, ...] | None = None
) -> tuple[int, ...] | Unread:
    """Return integers in a range, as many as one of `count` says; floats count if they are whole."""
    array = numbers(item, empty=True)
    if isinstance(array, Unread):
        return array
    if array.ndim > 1 or (count is not None and array.size not in count):
        needs = "a list" if count is None else f"{' or '.join(map(str, count))} numbers"
        return Unread(f"has shape {list(array.shape)}; needs {needs}")
    found = list[int]()
    for value in array.ravel().tolist():
        if value != int(value):
            return Unread(f"is {value:g}, which is no whole number")
        if not least <= value <= most:
            return Unread(f"is {brief(int(value))}; needs {least} to {most}")
        found.append(int(value))
    return tuple(found)


def whole(item: Item | None, *, least: int = 0, most: int = WIDEST) -> int | Unread:
    """Return one integer in a range; an array of one value counts."""
    found = wholes(item.ravel() if isinstance(item, np.ndarray) else item, least=least, most=most, count=(1,))
    return found if isinstance(found, Unread) else found[0]


def text(item: Item | None) -> str | Unread:
    """Return one text; an array of one text counts."""
    found = texts(item)
    if isinstance(found, Unread):
        return found
    return str(found.ravel()[0]) if found.size == 1 else Unread(f"has {found.size} texts; needs one")


def texts(item: Item | None) -> NDArray[Any] | Unread:
    """Return an object array of `str`."""
    if isinstance(item, str):
        return np.array(item, dtype=object)
    odd = _not_an_array(item, "text")
    return item if odd is None and isinstance(item, np.ndarray) else odd or Unread("is missing")


def _not_an_array(item: Item | None, needs: str) -> Unread | None:
    """Why an item is no array of numbers, or of texts; None if it is one."""
    if item is None:
        return Unread("is missing")
    if isinstance(item, Unread):
        return item
    if isinstance(item, Folder):
        return Unread(f"is a group, not {needs}")
    if isinstance(item, str):
        return None if needs == "text" else Unread(f"is the text '{brief(item)}', not {needs}")
    is_text = item.dtype.kind == "O"
    if is_text != (needs == "text"):
        return Unread(f"holds {'text' if is_text else 'numbers'}, not {needs}")
    return None


def brief(value: int | str) -> str:
    """Return a number or text of a file in a few letters, all of which can be printed."""
    shown = repr(value)[1:-1] if isinstance(value, str) else f"{value:,}"
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."
