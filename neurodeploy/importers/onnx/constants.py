"""Tensors of an ONNX file as arrays, wherever their bytes lie: in the file, or in a file beside it."""

from __future__ import annotations

import os
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.onnx.faults import Fault, malformed, unsupported
from neurodeploy.io.archive import memory_limit_bytes

if TYPE_CHECKING:
    import onnx

__all__ = ["array_of", "dtype_of", "external_fault", "is_external", "type_name"]

Array = NDArray[Any]
EXTERNAL = 1
"""TensorProto.EXTERNAL."""
TYPES: dict[int, Any] = {
    1: np.float32, 2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32, 7: np.int64, 9: np.bool_,
    10: np.float16, 11: np.float64, 12: np.uint32, 13: np.uint64, 16: np.float32,
}  # fmt: skip
"""Element type of TensorProto -> array type. bfloat16 (16) becomes float32, which holds all of its values."""
BFLOAT16 = 16
NARROW = (10, BFLOAT16)
"""Types of two bytes, which become float32."""


def dtype_of(number: int) -> np.dtype[Any] | None:
    """Return the array type of an element type of TensorProto; None if it is no number."""
    return np.dtype(TYPES[number]) if number in TYPES else None


def type_name(number: int) -> str:
    """Return the name of an element type, such as "float16"."""
    from onnx import TensorProto

    known = dict(TensorProto.DataType.items())
    return next((name.lower() for name, value in known.items() if value == number), f"type {number}")


def is_external(tensor: onnx.TensorProto) -> bool:
    """Whether the bytes of a TensorProto lie in another file."""
    return tensor.data_location == EXTERNAL


def array_of(tensor: onnx.TensorProto, folder: Path | None = None) -> Array:
    """Return the values of a TensorProto; those of two bytes as float32.

    `folder`: the folder of the model, for bytes in other files, which `external_fault` has judged.
    Raises Fault: ND803 (its bytes do not fit its shape), ND800 (no numbers), ND811 (external bytes).
    """
    from onnx import numpy_helper

    if tensor.data_type not in TYPES:
        unsupported(f"has values of type {type_name(tensor.data_type)}", "store weights as float or 8-bit integers")
    shape = tuple(tensor.dims)
    if any(size < 0 for size in shape) or prod(shape) * 8 > 2 * memory_limit_bytes():
        malformed(f"has a constant of shape {list(shape)}")
    if is_external(tensor):
        return _external(tensor, shape, folder)
    try:
        array = np.asarray(numpy_helper.to_array(tensor))
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        malformed(f"has a constant '{tensor.name}' that cannot be read: {error}")
    return array.astype(np.float32) if tensor.data_type in NARROW else array


def _external(tensor: onnx.TensorProto, shape: tuple[int, ...], folder: Path | None) -> Array:
    """Values from a file beside the model."""
    why = external_fault(tensor, folder)
    if why or folder is None:
        raise Fault("ND811", why)
    fields = {item.key: item.value for item in tensor.external_data}
    stored = np.dtype("<u2") if tensor.data_type == BFLOAT16 else np.dtype(TYPES[tensor.data_type]).newbyteorder("<")
    with (folder / fields["location"]).open("rb") as file:
        file.seek(int(fields.get("offset") or 0))
        raw = file.read(prod(shape) * stored.itemsize)
    array = np.frombuffer(raw, dtype=stored).reshape(shape)
    if tensor.data_type == BFLOAT16:
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array.astype(TYPES[tensor.data_type] if tensor.data_type not in NARROW else np.float32)


def external_fault(tensor: onnx.TensorProto, folder: Path | None) -> str:
    """Return what is wrong with the bytes of a TensorProto in another file, before anything is opened; "" if nothing is.

    `folder`: the folder of the model, outside of which nothing is read; None: the model came without one.
    """
    fields = {item.key: item.value for item in tensor.external_data}
    location = fields.get("location", "")
    if folder is None:
        return f"lie in another file, '{location}', and the model was given without its folder"
    if not location or "\0" in location or os.path.isabs(location) or "\\" in location or ":" in location:
        return f"lie at '{location}', which is no file of the model's folder"
    root = os.path.realpath(folder)
    place = os.path.realpath(os.path.join(root, location))
    if os.path.commonpath([root, place]) != root:
        return f"lie at '{location}', outside of the model's folder, where nothing is read"
    if not os.path.isfile(place):
        return f"lie in '{location}', which is missing"
    numbers = [fields.get(key) or "0" for key in ("offset", "length")]
    if not all(item.isascii() and item.isdigit() and len(item) < 16 for item in numbers):
        return f"lie in '{location}' at an offset that is no number"
    offset, length = (int(item) for item in numbers)
    itemsize = 2 if tensor.data_type == BFLOAT16 else np.dtype(TYPES.get(tensor.data_type, np.uint8)).itemsize
    needed = prod(tensor.dims) * itemsize
    if fields.get("length") and length != needed:
        return f"take {needed:,} bytes, and the file says that '{location}' holds {length:,} of them"
    if offset + needed > os.path.getsize(place):
        return f"end at byte {offset + needed:,} of '{location}', which has {os.path.getsize(place):,}"
    return ""
