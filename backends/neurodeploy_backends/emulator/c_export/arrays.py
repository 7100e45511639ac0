"""Arrays of C: the smallest type that holds the numbers, and their text."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neurodeploy.c_export.nouns import CTable

__all__ = ["Arrays", "at", "bytes_of", "literal", "literal64", "packs", "plain", "smallest", "unsigned_of"]

Array = NDArray[Any]
BYTES = {
    "int8_t": 1,
    "uint8_t": 1,
    "int16_t": 2,
    "uint16_t": 2,
    "int32_t": 4,
    "uint32_t": 4,
    "int64_t": 8,
    "uint64_t": 8,
    "double": 8,
}
SIGNED = (("int8_t", 7), ("int16_t", 15), ("int32_t", 31))
UNSIGNED = (("uint8_t", 8), ("uint16_t", 16), ("uint32_t", 32))
SCALARS = ("step", "seed", "sample")
"""Fields of the state that are no arrays."""
LINE = 120
"""Columns of a line of numbers."""


def bytes_of(kind: str) -> int:
    """Bytes of a type."""
    return BYTES[kind]


def unsigned_of(most: int) -> str:
    """The smallest unsigned type that holds a number."""
    return next((name for name, bits in UNSIGNED if most < 1 << bits), "uint64_t")


def smallest(values: Array) -> str:
    """The smallest type that holds all numbers: unsigned if none is negative and that is smaller."""
    if values.size == 0:
        return "uint8_t"
    low, high = values.min(), values.max()
    if values.dtype.kind == "f" and not (values == np.rint(values)).all():
        return "double"
    if values.dtype.kind == "f" and max(abs(low), abs(high)) >= 2.0**63:
        return "double"
    if low >= 0 and high < 2**32:
        return unsigned_of(int(high))
    return next((name for name, bits in SIGNED if -(1 << bits) <= low and high < 1 << bits), "int64_t")


def plain(text: str) -> str:
    """A text that does not end a comment."""
    return text.replace("*/", "* /").replace("/*", "/ *")


def at(start: int, index: str) -> str:
    """An index counted from `start`."""
    return f"{start}u + {index}" if start else index


def packs(weights: Array) -> bool:
    """Whether four bits hold each weight."""
    return bool(weights.size) and weights.min() >= -8 and weights.max() < 8


def literal(value: int) -> str:
    """A number that int32_t holds."""
    return "(-2147483647 - 1)" if value == -(2**31) else str(int(value))


def literal64(value: int) -> str:
    """A number that int64_t holds."""
    return "(-INT64_C(9223372036854775807) - 1)" if value == -(2**63) else f"INT64_C({int(value)})"


def _items(values: Array, kind: str) -> list[str]:
    if kind == "double":
        return [float(value).hex() for value in values]
    if kind == "int64_t":
        return [literal64(int(value)) for value in values]
    if kind == "int32_t":
        return [literal(int(value)) for value in values]
    end = "u" if kind == "uint32_t" else ""
    return [f"{int(value)}{end}" for value in values]


def _lines(items: list[str]) -> list[str]:
    lines, line = list[str](), ""
    for item in items:
        if line and len(line) + len(item) + 2 > LINE:
            lines.append(line)
            line = ""
        line += f"{' ' if line else '  '}{item},"
    return [*lines, line]


class Arrays:
    """The arrays of one program, as they are added: their text, and their sizes."""

    def __init__(self) -> None:
        self.texts, self.tables, self.known = list[str](), list[CTable](), set[str]()

    def constant(self, name: str, values: Array, holds: str, kind: str = "") -> str:
        """Add a table in flash; return its name. `kind`: its type; the smallest one if empty."""
        kind = kind or smallest(values)
        self.known.add(name)
        lines = _lines(_items(values, kind))
        self.texts.append(
            f"/* {plain(holds)} */\nstatic const {kind} {name}[{values.size}] = {{\n" + "\n".join(lines) + "\n};"
        )
        self._add(name, holds, kind, values.size, "flash")
        return name

    def weights(self, name: str, values: Array, holds: str) -> str:
        """Add a table of weights, two in a byte where four bits hold each; return how element `{}` of it is read."""
        if not packs(values):
            self.constant(name, values, holds)
            return name + "[{}]"
        even = np.append(values, 0)[: values.size + values.size % 2].astype(np.int64) & 15
        self.constant(name, even[::2] | even[1::2] << 4, f"{holds}, two weights in a byte", "uint8_t")
        return f"half_byte({name}, {{}})"

    def state(self, name: str, holds: str, kind: str, count: int) -> str:
        """Add a field of the state; return its declaration."""
        self._add(name, holds, kind, count, "ram")
        return f"  {kind} {name};" if name in SCALARS else f"  {kind} {name}[{count}];"

    def _add(self, name: str, holds: str, kind: str, count: int, memory: Literal["flash", "ram"]) -> None:
        size = count * bytes_of(kind)
        self.tables.append(CTable(name=name, holds=holds, type=kind, count=count, size_bytes=size, memory=memory))
