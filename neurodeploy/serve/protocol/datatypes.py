"""Data types of the protocol, and those of numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["DATATYPES", "datatype_of"]

DATATYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype("<b1"),
    "UINT8": np.dtype("<u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("<i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}
"""Data type of the protocol -> that of numpy, as bytes lie on the wire. BYTES is text, and BF16 does not exist in numpy."""
_NAMES = {dtype.newbyteorder("="): name for name, dtype in DATATYPES.items()}


def datatype_of(dtype: np.dtype[Any]) -> str:
    """Return the name that the protocol gives a type of numpy, such as "FP32". Raises KeyError for types that it does not have."""
    return _NAMES[dtype.newbyteorder("=")]
