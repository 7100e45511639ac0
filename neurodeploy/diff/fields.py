"""Rows of the fields and arrays in which two nouns differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.noun import Noun
from neurodeploy.base.plain import as_items, as_table
from neurodeploy.diagnostics import Subject
from neurodeploy.diff.nouns import Difference, Value, difference
from neurodeploy.io.tensors import split

__all__ = ["array_difference", "field_differences", "flat", "mean_size"]

Array = NDArray[Any]
LONGEST = 60
"""Letters of a text that a row shows."""


def flat(plain: object, path: str = "") -> Iterator[tuple[str, Value]]:
    """Yield (dotted path, value) of every leaf of plain data; truth values are yes and no, a tensor is "array".

    `plain`: what `split` returns, or JSON data. `path`: of `plain` itself.
    """
    table, items = as_table(plain), as_items(plain)
    if table is not None and len(table) == 1 and isinstance(table.get("tensor"), str):
        yield path, "array"
    elif table is not None:
        for key, item in table.items():
            yield from flat(item, f"{path}.{key}" if path else str(key))
    elif items is not None:
        for index, item in enumerate(items):
            yield from flat(item, f"{path}.{index}" if path else str(index))
    elif plain is not None:
        yield path, _leaf(plain)


def _leaf(value: object) -> Value:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return value
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _kind(array: Array) -> str:
    return f"{array.dtype}{list(array.shape)}"


def array_difference(subject: Subject, field: str, base: Array, head: Array) -> Difference | None:
    """Return the row of an array that differs: its shapes, or how many values differ, and by how much; None if it is equal.

    `subject`: what it belongs to. `field`: its path in it. `base`, `head`: the arrays.
    """
    if base.shape != head.shape:
        return difference(subject, field, _kind(base), _kind(head), why="other shape")
    moved = base != head
    count = int(moved.sum())
    if not count:
        return None
    change = head[moved].astype(np.float64) - base[moved].astype(np.float64)
    rms = float(np.sqrt(np.mean(change**2)))
    largest = float(np.abs(change).max())
    of = f"{count:,} of {base.size:,} values differ, by at most {largest:.6g} (RMS {rms:.3g})"
    before, after = mean_size(base), mean_size(head)
    return difference(subject, f"{field} (mean size)", before, after, kind="moved", why=of)


def mean_size(array: Array) -> float:
    """Return the mean magnitude of the values of an array. `array`: not empty."""
    return float(np.mean(np.abs(array.astype(np.float64))))


def field_differences(subject: Subject, base: Noun, head: Noun, without: tuple[str, ...] = ()) -> Iterator[Difference]:
    """Yield a row for each field and array in which two nouns differ, by its dotted path.

    `subject`: what they are. `base`, `head`: of any kinds. `without`: fields to leave out.
    """
    one, tensors = _parts(base, without)
    other, others = _parts(head, without)
    for path in dict.fromkeys((*one, *other)):
        if one.get(path) != other.get(path):
            yield difference(subject, path, one.get(path), other.get(path))
    for path in tensors.keys() & others.keys():
        row = array_difference(subject, path.replace("/", "."), tensors[path], others[path])
        if row is not None:
            yield row


def _parts(noun: Noun, without: tuple[str, ...]) -> tuple[dict[str, Value], Mapping[str, Array]]:
    plain, tensors = split(noun)
    kept = {key: item for key, item in plain.items() if key not in without}
    arrays = {key: item for key, item in sorted(tensors.items()) if key.partition("/")[0] not in without}
    return dict(flat(kept)), arrays
