"""Reader of untrusted .npy data: the header is parsed here and its size is checked before memory is allocated."""

from __future__ import annotations

import ast
import struct
from math import prod
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.plain import as_items, as_table

__all__ = ["NpyError", "NpyHeader", "PickledError", "read_npy", "read_npy_header"]

MAGIC = b"\x93NUMPY"
HEADER_BYTES = 1 << 16
LARGEST = 1 << 62
CHUNK = 1 << 20


class NpyError(ValueError):
    """The data is not a valid .npy array."""


class PickledError(NpyError):
    """The array contains Python objects."""


class NpyHeader(NamedTuple):
    """Header of an .npy file."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran_order: bool

    @property
    def nbytes(self) -> int:
        """Size of the data in bytes."""
        return prod(self.shape) * self.dtype.itemsize


def read_npy_header(file: IO[bytes]) -> NpyHeader:
    """Return the header of an .npy file opened at its start. Raises NpyError."""
    start = file.read(len(MAGIC) + 2)
    if len(start) < len(MAGIC) + 2 or not start.startswith(MAGIC) or start[len(MAGIC)] not in (1, 2, 3):
        raise NpyError("it does not begin like an .npy file")
    form = "<H" if start[len(MAGIC)] == 1 else "<I"
    length = file.read(struct.calcsize(form))
    size = struct.unpack(form, length)[0] if len(length) == struct.calcsize(form) else HEADER_BYTES + 1
    text = file.read(size) if size <= HEADER_BYTES else b""
    if len(text) != size:
        raise NpyError("its header is truncated or too long")
    try:
        table = _literal(text.decode("utf-8" if start[len(MAGIC)] == 3 else "latin1"))
    except UnicodeDecodeError:
        raise NpyError("its header is not text") from None
    return _header(table)


def _literal(text: str) -> Any:
    """The value of a header literal. Escapes are refused: no header has any, and some make the parser warn."""
    if "\\" in text or text.count("(") + text.count("[") + text.count("{") > 200:
        raise NpyError("its header is not a dictionary")
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        raise NpyError("its header is not a dictionary") from None


def _header(value: Any) -> NpyHeader:
    table = as_table(value) or {}
    if set(table) != {"descr", "fortran_order", "shape"}:
        raise NpyError("its header does not name descr, fortran_order and shape")
    shape, order = table["shape"], table["fortran_order"]
    sizes = as_items(shape)
    if sizes is None or isinstance(shape, list) or any(type(n) is not int or n < 0 for n in sizes):
        raise NpyError("its shape is not a tuple of sizes")
    if not isinstance(order, bool):
        raise NpyError("its order is neither True nor False")
    dtype = _dtype(table["descr"])
    if len(sizes) > 32 or prod(n or 1 for n in sizes) * max(dtype.itemsize, 1) > LARGEST:
        raise NpyError("its shape exceeds any memory")
    return NpyHeader(dtype, tuple(sizes), order)


def _dtype(descr: Any) -> np.dtype[Any]:
    try:
        dtype = np.lib.format.descr_to_dtype(descr)
    except (ValueError, TypeError, SyntaxError, LookupError, AttributeError, OverflowError, DeprecationWarning):
        dtype = None
    if dtype is None or isinstance(descr, type(None)):
        raise NpyError("its header does not name a number type")
    if dtype.hasobject:
        raise PickledError("it holds Python objects")
    return dtype


def read_npy(file: IO[bytes], header: NpyHeader) -> NDArray[Any]:
    """Return the data after a header as a read-only array. Raises NpyError if its size differs from the header."""
    content: NDArray[np.uint8] = np.zeros(header.nbytes, dtype=np.uint8)
    at = 0
    while at < content.size:
        part = file.read(min(CHUNK, content.size - at))
        if not part:
            raise NpyError(f"it is truncated: {at:,} of {content.size:,} bytes are present")
        values = np.frombuffer(part, dtype=np.uint8)
        if values.any():  # pages of zeros that nobody writes take no memory
            content[at : at + len(part)] = values
        at += len(part)
    if file.read(1):
        raise NpyError("it is longer than its header declares")
    content.flags.writeable = False
    order = "F" if header.fortran_order else "C"
    if not header.nbytes:
        empty = np.zeros(header.shape, dtype=header.dtype, order=order)
        empty.flags.writeable = False
        return empty
    return content.view(header.dtype).reshape(header.shape, order=order)
