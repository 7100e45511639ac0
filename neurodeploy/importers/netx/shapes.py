"""Shapes of netx layers, and values given for each neuron or each channel of one."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.fields import wholes
from neurodeploy.importers.hdf5 import Unread
from neurodeploy.importers.netx.fields import Fields

__all__ = ["Shape", "each", "shape_of"]

Shape = tuple[int, ...]
Ints = NDArray[np.int64]
LARGEST_LAYER = 1 << 24
"""Most neurons of a layer; a few bytes of a file can request any number."""


def shape_of(fields: Fields) -> Shape | None:
    """Return the stated shape of a layer, with three axes (channels, height, width); None if missing or invalid."""
    if "shape" not in fields:
        return None
    shape = wholes(fields.values["shape"], least=1, count=(1, 2, 3))
    if isinstance(shape, Unread):
        fields.unread("shape", shape.why)
        return None
    if prod(shape) > LARGEST_LAYER:
        message = f"has shape {list(shape)}, which is more neurons than supported in one layer"
        fields.wrong(message, found=prod(shape), limit=LARGEST_LAYER, unit="neuron")
        return None
    return shape


def each(values: Ints, shape: Shape) -> Ints | None:
    """Return one value for each neuron, from one for each neuron or each channel; None for any other number.

    Values for each position of a convolution have shape (width, height, channels), the axis order of netx.
    """
    if len(shape) == 3 and values.shape == shape[::-1] and values.ndim == 3:
        return np.ascontiguousarray(values.transpose(2, 1, 0)).ravel()
    if values.size == shape[0] and values.size == max(values.shape):
        return np.repeat(values.ravel(), prod(shape[1:]))
    return values.ravel() if len(shape) < 3 and values.size == prod(shape) else None
