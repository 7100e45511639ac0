"""Synapses of netx layers as operations. Source: lava-dl 0.6.0, netx/hdf5.py create_dense and create_conv."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.netx.fields import Fields
from neurodeploy.importers.netx.shapes import Shape
from neurodeploy.network import Conv2d, Dense

__all__ = ["operation_of"]

Ints = NDArray[np.int64]


def operation_of(kind: str, fields: Fields, shape: Shape | None, source: Shape | None) -> Dense | Conv2d | None:
    """Return the operation of a layer from its weights; None after a finding. `source`: the shape that feeds it."""
    if "weight" not in fields:
        fields.findings.add("ND052", f"{fields.where} lacks its weight")
        return None
    weights = None if fields.is_group("weight") else fields.integers("weight")
    if weights is None:
        return None
    return _dense(fields, weights, shape, source) if kind == "dense" else _convolution(fields, weights, source)


def _dense(fields: Fields, weights: Ints, shape: Shape | None, source: Shape | None) -> Dense | None:
    """A dense operation; netx reads weights of one axis as a matrix in row order."""
    out = prod(shape) if shape else 0
    if weights.ndim == 1 and out and weights.size % out == 0:
        weights = weights.reshape(out, -1)
    if weights.ndim != 2 or (source and weights.shape[1] != prod(source)):
        feeds = f"; {prod(source)} neurons feed it" if source else ""
        fields.wrong(f"has weights of shape {list(weights.shape)}, needs (neurons, sources){feeds}")
        return None
    return Dense(weights=weights)


def _convolution(fields: Fields, weights: Ints, source: Shape | None) -> Conv2d | None:
    weights = weights[..., 0] if weights.ndim == 5 and weights.shape[-1] == 1 else weights
    groups = fields.integer("groups", 1, least=1)
    stride, dilation = fields.sides("stride", 1, least=1), fields.sides("dilation", 1, least=1)
    padding = fields.sides("padding", 0, least=0)
    if groups is None or stride is None or dilation is None or padding is None or source is None:
        return None
    fits = weights.ndim == 4 and len(source) == 3 and weights.shape[1] * groups == source[0]
    if not fits or weights.shape[0] % groups:
        message = f"has weights of shape {list(weights.shape)} in {groups} groups; shape {list(source)} feeds it"
        fields.wrong(message)
        return None
    shape: Any = source
    return Conv2d(input_shape=shape, weights=weights, groups=groups, stride=stride, padding=padding, dilation=dilation)
