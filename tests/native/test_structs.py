"""Nouns of arrays as C structs: what is lent is checked, and the C declarations are those of the Python modules."""

from __future__ import annotations

import ctypes
import importlib
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import pytest

from neurodeploy.native.header import header_of
from neurodeploy.native.sources import installed_folders
from neurodeploy.native.structs import (
    Bits,
    Bytes,
    Ints,
    Longs,
    Words,
    fields_of,
    lend,
    record_type,
    span_of,
    structure_of,
)


class Point(NamedTuple):
    """A record."""

    x: int
    y: int


class Inner(NamedTuple):
    """A noun in a noun."""

    values: Ints


class Outer(NamedTuple):
    """A noun with a field of each kind."""

    count: int
    rate: float
    inner: Inner
    flags: Bits
    words: Words
    points: Annotated[np.ndarray, Point]


def outer(**changed):
    fields = {
        "count": 3,
        "rate": 0.5,
        "inner": Inner(np.arange(4, dtype=np.int32)),
        "flags": np.array([True, False]),
        "words": np.arange(5, dtype=np.int16),
        "points": np.zeros(2, dtype=record_type(Point)),
    }
    return Outer(**fields | changed)


def test_fields_arrive_in_order():
    noun = outer()
    lent = lend(noun)
    assert (lent.count, lent.rate, lent.inner.values.n, lent.flags.n, lent.words.n, lent.points.n) == (
        3,
        0.5,
        4,
        2,
        5,
        2,
    )
    assert lent.inner.values.at == noun.inner.values.__array_interface__["data"][0]
    assert [name for name, *_ in structure_of(Outer)._fields_] == list(Outer._fields)
    assert ctypes.sizeof(structure_of(Outer)) == 8 * 2 + 16 * 4
    assert record_type(Point).itemsize == 16
    view = (ctypes.c_int32 * 4).from_address(lent.inner.values.at)
    view[2] = 77
    assert noun.inner.values[2] == 77, "C writes to the array itself"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("flags", np.zeros(2, np.uint8)),
        ("flags", np.zeros(2, np.int32)),
        ("words", np.zeros(2, np.uint16)),
        ("words", np.zeros(2, np.float64)),
        ("words", np.zeros(2, ">i4")),
        ("points", np.zeros((2, 2), np.int64)),
        ("points", np.zeros(2, [("x", np.int64), ("z", np.int64)])),
        ("points", np.zeros(2, [("y", np.int64), ("x", np.int64)])),
        ("inner", Inner(np.zeros(2, np.int64))),
    ],
)
def test_an_array_of_another_type_is_refused(field, value):
    """A byte read as a word would be nonsense without a message."""
    with pytest.raises(TypeError, match=r"^internal: (Outer|Inner)\."):
        lend(outer(**{field: value}))


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.int64])
def test_words_have_any_width(dtype):
    assert lend(outer(words=np.zeros(3, dtype))).words.n == 3


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(10, np.int32)[::2],
        np.zeros((4, 4), np.int32)[:, :2],
        np.zeros((3, 4), np.int32).T,
        np.zeros(4, np.int32)[::-1],
    ],
)
def test_an_array_with_gaps_is_refused(array):
    with pytest.raises(TypeError, match="not contiguous"):
        lend(outer(inner=Inner(array)))
    with pytest.raises(TypeError, match="not contiguous"):
        span_of(array)


def test_empty_and_read_only_arrays_are_lent():
    empty = np.zeros((0, 3), np.int32)
    assert span_of(empty).n == 0
    fixed = np.arange(3, dtype=np.int32)
    fixed.flags.writeable = False
    assert span_of(fixed).n == 3


def test_a_noun_lives_as_long_as_its_struct():
    lent = lend(Inner(np.full(1000, 9, dtype=np.int32)))
    assert (ctypes.c_int32 * 1000).from_address(lent.values.at)[999] == 9
    assert isinstance(lent.noun, Inner)


def test_types_of_arrays():
    names = [kind.name for _, kind in fields_of(NamedTuple("Spans", [("a", Bytes), ("b", Longs)]))]
    assert names == ["span_u8", "span_i64"]


HEADERS = [
    path
    for folder in installed_folders()
    for path in folder.glob("*.h")
    if path.read_text().startswith("/* Generated from ")
]


@pytest.mark.parametrize("path", HEADERS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_headers_are_those_of_their_modules(path):
    """C and Python agree on every field, or kernels read nonsense."""
    module = path.read_text().split()[3]
    assert Path(module.rpartition(".")[2]).stem == path.stem
    expected = header_of(importlib.import_module(module))
    assert path.read_text() == expected, f"refresh it: python -m neurodeploy.native.header {module}"


def test_there_are_headers():
    assert HEADERS
