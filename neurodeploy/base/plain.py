"""Type narrowing of plain data, as JSON and TOML parsers return it."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["as_array", "as_items", "as_table"]


def as_array(value: object) -> NDArray[Any] | None:
    """Return the value if it is an array, else None."""
    return cast("NDArray[Any]", value) if isinstance(value, np.ndarray) else None


def as_table(value: object) -> dict[str, Any] | None:
    """Return the value if it is a dict, else None."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def as_items(value: object) -> list[Any] | None:
    """Return the items if the value is a list or tuple, else None."""
    return list(cast("list[Any]", value)) if isinstance(value, (list, tuple)) else None
