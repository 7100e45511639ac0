"""Broadcasting of parameters, as in numpy, and leading axes of 1."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["spread", "together", "without_ones"]

Shape = tuple[int, ...]


def together(shapes: list[Shape]) -> Shape | None:
    """Return the shape that parameters broadcast to; the first one if all have the same size; None if there is none."""
    if len({prod(shape) for shape in shapes}) <= 1:
        return tuple(int(n) for n in shapes[0]) if shapes else None
    try:
        return tuple(int(n) for n in np.broadcast_shapes(*shapes))
    except ValueError:
        return None


def spread(value: NDArray[Any], shape: Shape) -> NDArray[Any]:
    """Return a value as one number, or flat with one number for each entry of `shape`."""
    found = value.reshape(without_ones(value.shape, len(shape)))
    return found.ravel() if found.size in (1, prod(shape)) else np.broadcast_to(found, shape).ravel()


def without_ones(shape: Shape, axes: int) -> Shape:
    """Return a shape without the leading axes of 1 that are more than `axes`."""
    while len(shape) > axes and shape[0] == 1:
        shape = shape[1:]
    return shape
