"""Nouns of arrays and numbers as C structs: each array becomes a span, a pointer with a number of elements.

A noun is a NamedTuple whose fields are annotated `int`, `float`, another such noun, or one of the array types below. C reads
the same fields in the same order; `header` writes their declaration.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from functools import cache
from threading import RLock
from typing import Annotated, Any, NamedTuple, get_type_hints

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Bits",
    "Bytes",
    "Field",
    "Floats",
    "Ints",
    "Longs",
    "Reals",
    "Shorts",
    "SmallInts",
    "Span",
    "Unsigned",
    "UnsignedLongs",
    "UnsignedShorts",
    "Words",
    "fields_of",
    "lend",
    "record_type",
    "span_of",
    "structure_of",
]


class Span(NamedTuple):
    """Type of an array field in C and in numpy."""

    name: str
    """Name of the struct in C."""
    dtypes: tuple[np.dtype[Any], ...]
    """Types that the array may have."""


def _span(name: str, *dtypes: str) -> Span:
    return Span(name, tuple(map(np.dtype, dtypes)))


Bytes = Annotated[NDArray[np.uint8], _span("span_u8", "uint8")]
Bits = Annotated[NDArray[np.bool_], _span("span_u8", "bool")]
SmallInts = Annotated[NDArray[np.int8], _span("span_i8", "int8")]
Shorts = Annotated[NDArray[np.int16], _span("span_i16", "int16")]
UnsignedShorts = Annotated[NDArray[np.uint16], _span("span_u16", "uint16")]
Ints = Annotated[NDArray[np.int32], _span("span_i32", "int32")]
Unsigned = Annotated[NDArray[np.uint32], _span("span_u32", "uint32")]
Longs = Annotated[NDArray[np.int64], _span("span_i64", "int64")]
UnsignedLongs = Annotated[NDArray[np.uint64], _span("span_u64", "uint64")]
Reals = Annotated[NDArray[np.float64], _span("span_f64", "float64")]
Floats = Annotated[NDArray[np.float32], _span("span_f32", "float32")]
Words = Annotated[NDArray[Any], _span("span_word", "int16", "int32", "int64")]
"""Integers of the width of a narrow layout, or 64 bits; C reads `.narrow`, `.half` or `.wide`."""


class _SpanStructure(ctypes.Structure):
    """Pointer and number of elements."""

    _fields_ = [("at", ctypes.c_void_p), ("n", ctypes.c_int64)]


class Field(NamedTuple):
    """One field of a noun."""

    name: str
    kind: Any
    """`int`, `float`, a noun, or a Span."""


@cache
def fields_of(noun: type) -> tuple[Field, ...]:
    """Fields of a noun in their order."""
    hints = get_type_hints(noun, include_extras=True)
    return tuple(_field(name, hints[name]) for name in noun._fields)  # type: ignore[attr-defined]


def _field(name: str, hint: Any) -> Field:
    for extra in getattr(hint, "__metadata__", ()):
        if isinstance(extra, Span):
            return Field(name, extra)
        if isinstance(extra, type):  # an array of records
            return Field(name, Span(f"span_{extra.__name__}", (record_type(extra),)))
    return Field(name, hint)


@cache
def record_type(noun: type) -> np.dtype[Any]:
    """numpy type of an array of records: all fields are 64-bit integers."""
    return np.dtype([(name, np.int64) for name in noun._fields], align=True)  # type: ignore[attr-defined]


_MAKING = RLock()


def structure_of(noun: type) -> type[ctypes.Structure]:
    """The ctypes structure of a noun: one in all threads, as structures of the same fields are of different types."""
    with _MAKING:
        return _structure_of(noun)


@cache
def _structure_of(noun: type) -> type[ctypes.Structure]:
    return type(noun.__name__, (ctypes.Structure,), {"_fields_": list(_members(noun))})


def _members(noun: type) -> Iterator[tuple[str, Any]]:
    for name, kind in fields_of(noun):
        if isinstance(kind, Span):
            yield name, _SpanStructure
        elif kind is float:
            yield name, ctypes.c_double
        else:
            yield name, ctypes.c_int64 if kind is int else structure_of(kind)


def span_of(array: NDArray[Any]) -> ctypes.Structure:
    """Pointer and number of elements of a contiguous array, which must outlive the span."""
    if not array.flags.c_contiguous:
        raise TypeError("internal: an array is lent to C that is not contiguous")
    return _SpanStructure(array.__array_interface__["data"][0], array.size)


def lend(noun: tuple[Any, ...]) -> ctypes.Structure:
    """The C struct of a noun, which keeps the noun alive; C may write to its arrays.

    Raises TypeError where an array has another type than its field: a fault of the caller's code.
    """
    structure = structure_of(type(noun))()
    for (name, kind), value in zip(fields_of(type(noun)), noun, strict=True):
        if isinstance(kind, Span):
            if value.dtype not in kind.dtypes:
                raise TypeError(f"internal: {type(noun).__name__}.{name} is {value.dtype}, not {kind.dtypes}")
            setattr(structure, name, span_of(value))
        elif kind is int:
            setattr(structure, name, int(value))
        else:
            setattr(structure, name, float(value) if kind is float else lend(value))
    structure.noun = noun
    return structure
