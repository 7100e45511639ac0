"""Typed readers of the values of an HDF5 file. Each returns the value, or Unread with the reason why it was not read.

    numbers(folder.items.get("weight"), axes=2)    # NDArray | Unread
    whole(folder.items.get("groups"), least=1)     # int | Unread
    wholes(folder.items.get("stride"), least=1, count=(1, 2))   # tuple[int, ...] | Unread
    text(folder.items.get("type"))                 # str | Unread

`Unread.why` continues a sentence that begins "field 'x' ...". An item of None is a missing entry. The contents of a file never cause an
exception here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.hdf5 import Folder, Item, Unread

__all__ = ["LARGEST", "brief", "numbers", "text", "texts", "whole", "wholes"]

WIDEST = 2**31 - 1
"""Largest size, stride or count."""
LARGEST = 1e38
"""Largest magnitude of a number in a network."""
SHOWN = 40


def numbers(
    item: Item | None, *, axes: int | None = None, finite: bool = True, empty: bool = False
) -> NDArray[Any] | Unread:
    """Return an array of integers or floats with the given number of axes, by default any; finite and non-empty by default."""
    problem = _not_an_array(item, "numbers")
    if problem is not None or not isinstance(item, np.ndarray):
        return problem or Unread("is missing")
    if axes is not None and item.ndim != axes:
        return Unread(f"has shape {list(item.shape)}; needs {axes} axes")
    if not item.size and not empty:
        return Unread(f"has shape {list(item.shape)}, which contains no value")
    if not item.size or not finite:
        return item
    ends = float(item.min()), float(item.max())  # NaN if any value is
    if not all(np.isfinite(ends)):
        bad = ~np.isfinite(item)
        first = [int(n) for n in np.argwhere(bad)[0]]
        place = f"; the first is at {first}" if first else ""
        return Unread(f"has {int(bad.sum())} non-finite of {item.size} values{place}")
    if max(map(abs, ends)) > LARGEST:
        return Unread(f"has values of magnitude {max(map(abs, ends)):g}; the limit is {LARGEST:g}")
    return item


def wholes(
    item: Item | None, *, least: int = 0, most: int = WIDEST, count: tuple[int, ...] | None = None
) -> tuple[int, ...] | Unread:
    """Return integers from `least` to `most`, of a number listed in `count`; whole floats are accepted."""
    array = numbers(item, empty=True)
    if isinstance(array, Unread):
        return array
    if array.ndim > 1 or (count is not None and array.size not in count):
        needs = "a list" if count is None else f"{' or '.join(map(str, count))} numbers"
        return Unread(f"has shape {list(array.shape)}; needs {needs}")
    found = list[int]()
    for value in array.ravel().tolist():
        if value != int(value):
            return Unread(f"is {value:g}, which is not a whole number")
        if not least <= value <= most:
            return Unread(f"is {brief(int(value))}; needs {least} to {most}")
        found.append(int(value))
    return tuple(found)


def whole(item: Item | None, *, least: int = 0, most: int = WIDEST) -> int | Unread:
    """Return one integer from `least` to `most`; an array of one value is accepted."""
    found = wholes(item.ravel() if isinstance(item, np.ndarray) else item, least=least, most=most, count=(1,))
    return found if isinstance(found, Unread) else found[0]


def text(item: Item | None) -> str | Unread:
    """Return one string; an array of one string is accepted."""
    found = texts(item)
    if isinstance(found, Unread):
        return found
    return str(found.ravel()[0]) if found.size == 1 else Unread(f"has {found.size} strings; needs one")


def texts(item: Item | None) -> NDArray[Any] | Unread:
    """Return an object array of `str`."""
    if isinstance(item, str):
        return np.array(item, dtype=object)
    problem = _not_an_array(item, "text")
    return item if problem is None and isinstance(item, np.ndarray) else problem or Unread("is missing")


def _not_an_array(item: Item | None, needs: str) -> Unread | None:
    """Why an item is not an array of numbers or of text (`needs`); None if it is."""
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
        return Unread(f"contains {'text' if is_text else 'numbers'}, not {needs}")
    return None


def brief(value: int | str) -> str:
    """Return a short, printable form of a number or string of a file."""
    shown = repr(value)[1:-1] if isinstance(value, str) else f"{value:,}"
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."
