"""Tensors of a request: the values of JSON, or bytes behind it, as an array of the stated type and shape."""

from __future__ import annotations

from itertools import chain
from math import prod
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.serve.inference.nouns import Tensor
from neurodeploy.serve.protocol.datatypes import DATATYPES
from neurodeploy.serve.protocol.faults import fault, kind_of, not_offered, quoted, unknown_fields

__all__ = ["read_tensor"]

Array = NDArray[Any]
MOST_AXES = 16
LONGEST_AXIS = 2**31 - 1
MOST_VALUES = 2**40
"""Product of the axes that are not empty; far above what the body of a request holds."""
FIELDS = ("name", "datatype", "shape", "data", "parameters")
_TYPES: dict[str, frozenset[type]] = {
    "f": frozenset((float, int)),
    "i": frozenset((int,)),
    "u": frozenset((int,)),
    "b": frozenset((bool,)),
}
"""Kind of a type of numpy -> types of the values of JSON."""
_NEEDS = {"f": "numbers", "i": "whole numbers", "u": "whole numbers", "b": "true or false"}


def read_tensor(plain: dict[str, Any], raw: memoryview | None, where: str) -> tuple[Tensor | None, list[Diagnostic]]:
    """Return the tensor of an input, or None and what is wrong with it.

    `plain`: the input in the document, whose name is a text. `raw`: its bytes behind the document; None if its values are in
    the document. `where`: its path, such as "inputs[pixels]". An array of BOOL is of uint8, as samples are. Faults: ND912,
    ND925 (BYTES and BF16).
    """
    found = list(unknown_fields(where, plain, FIELDS))
    datatype, shape = plain.get("datatype"), plain.get("shape")
    found += _datatype_faults(datatype, f"{where}.datatype", given="datatype" in plain)
    found += _shape_faults(shape, f"{where}.shape", given="shape" in plain)
    if raw is None and "data" not in plain:
        found.append(fault(f"{where}.data", "is missing, and no binary_data_size says that bytes follow the document"))
    if raw is not None and "data" in plain:
        found.append(fault(f"{where}.data", "is given twice: in the document and by binary_data_size"))
    if found:
        return None, found
    assert isinstance(datatype, str), "internal: checked above"
    dtype, sizes = DATATYPES[datatype], tuple(cast("list[int]", shape))
    made = _of_bytes(raw, dtype, sizes) if raw is not None else _of_values(plain["data"], datatype, sizes)
    if isinstance(made, str):
        return None, [fault(f"{where}.data", made)]
    return Tensor(plain["name"], datatype, made), []


def _datatype_faults(datatype: object, where: str, *, given: bool) -> list[Diagnostic]:
    """Faults of the name of a data type."""
    if isinstance(datatype, str) and datatype in DATATYPES:
        return []
    if datatype in ("BYTES", "BF16"):
        return [
            not_offered(where, f"is {datatype}, which no input takes", ["FP32 for values, INT32 for rows of events"])
        ]
    if not given:
        return [fault(where, "is missing")]
    if not isinstance(datatype, str):
        return [fault(where, f"is {kind_of(datatype)}; needs one of {', '.join(DATATYPES)}")]
    known = list(DATATYPES)
    return [fault(where, f"is '{quoted(datatype)}'; needs one of {', '.join(known)}", nearest(datatype, known))]


def _shape_faults(shape: object, where: str, *, given: bool) -> list[Diagnostic]:
    """Faults of a shape: a list of sizes from 0, which together stay far below what overflows."""
    if not given:
        return [fault(where, "is missing")]
    if not isinstance(shape, list):
        return [fault(where, f"is {kind_of(shape)}; needs a list of whole numbers")]
    sizes = cast("list[object]", shape)
    if len(sizes) > MOST_AXES:
        return [fault(where, f"has {len(sizes):,} axes; needs at most {MOST_AXES}")]
    for size in sizes:
        if type(size) is not int:
            return [fault(where, f"holds {kind_of(size)}; needs whole numbers")]
        if not 0 <= size <= LONGEST_AXIS:
            return [fault(where, f"holds a size out of range; needs 0 to {LONGEST_AXIS:,}")]
    if prod(size for size in cast("list[int]", shape) if size) > MOST_VALUES:
        return [fault(where, f"has more than {MOST_VALUES:,} values")]
    return []


def _of_bytes(raw: memoryview, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array | str:
    """The array in little-endian bytes, or what is wrong. It is not copied if it lies where its type may."""
    needed = prod(shape) * dtype.itemsize
    if len(raw) != needed:
        return f"is {len(raw):,} bytes; shape {list(shape)} of {dtype.itemsize} bytes each needs {needed:,}"
    if dtype.kind == "b":
        bits = np.frombuffer(raw, dtype=np.uint8)
        if bits.size and bits.max() > 1:
            return "holds bytes other than 0 and 1"
        return bits.reshape(shape)
    array = np.frombuffer(raw, dtype=dtype).reshape(shape)
    if dtype.kind == "f" and not np.isfinite(array).all():
        return "holds values that are not finite"
    return array if array.flags.aligned else array.copy()


def _of_values(data: object, datatype: str, shape: tuple[int, ...]) -> Array | str:
    """The array of values in JSON, flat or nested as the shape says; or what is wrong."""
    if not isinstance(data, list):
        return f"is {kind_of(data)}; needs a list"
    dtype, flat = DATATYPES[datatype], _flat(cast("list[object]", data), shape)
    if isinstance(flat, str):
        return flat
    wrong = set(map(type, flat)) - _TYPES[dtype.kind]
    if wrong:
        first = next(value for value in flat if type(value) in wrong)
        return f"holds {kind_of(first)}; {datatype} needs {_NEEDS[dtype.kind]}"
    made = _converted(flat, dtype)
    return f"holds values outside the range of {datatype}" if made is None else made.reshape(shape)


def _flat(data: list[object], shape: tuple[int, ...]) -> list[object] | str:
    """All values in one list; nested lists have the sizes of the shape."""
    if not data or type(data[0]) is not list:
        if len(data) != prod(shape):
            return f"holds {len(data):,} values; shape {list(shape)} has {prod(shape):,}"
        return data
    level: list[object] = [data]
    for axis, size in enumerate(shape):
        for item in level:
            if not isinstance(item, list):
                return f"holds {kind_of(item)} where shape {list(shape)} has axis {axis}"
            if len(cast("list[object]", item)) != size:
                length = len(cast("list[object]", item))
                return f"holds a list of {length:,} where shape {list(shape)} has {size:,} on axis {axis}"
        level = list(chain.from_iterable(cast("list[list[object]]", level)))
    return level


def _converted(flat: list[Any], dtype: np.dtype[Any]) -> Array | None:
    """The values as an array of `dtype`; None if one is out of its range."""
    try:
        if dtype.kind == "b":
            return np.array(flat, dtype=np.uint8)
        if dtype == np.uint64:
            return None if min(flat, default=0) < 0 else np.array(flat, dtype=np.uint64)
        wide = np.array(flat, dtype=np.float64 if dtype.kind == "f" else np.int64)
    except OverflowError:
        return None
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            narrow = wide.astype(dtype, copy=False)
        return narrow if np.isfinite(narrow).all() else None
    bounds = np.iinfo(dtype)
    inside = not wide.size or (wide.min() >= bounds.min and wide.max() <= bounds.max)
    return wide.astype(dtype, copy=False) if inside else None
