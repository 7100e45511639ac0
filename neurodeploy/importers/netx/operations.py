"""Synapses of netx layers as operations.

Sources: lava-dl 0.6.0, netx/hdf5.py create_dense and create_conv; for pool, unpool and convT, which netx does not read, the
synapses of slayer/synapse/layer.py.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.netx.delays import DENSE
from neurodeploy.importers.netx.fields import Fields
from neurodeploy.importers.netx.shapes import Shape
from neurodeploy.network import Conv2d, Dense, OneToOne, Sparse

__all__ = ["KERNELS", "LayerOperation", "operation_of", "recurrence_of", "weights_of"]

Ints = NDArray[np.int64]
LayerOperation: TypeAlias = Dense | Conv2d | OneToOne | Sparse
KERNELS = ("conv", "pool", "unpool", "convT")
"""Types of layers whose weights are a kernel."""
RECURRENT_KEYS = ("weight_rec", "recWeight")
"""Names of recurrent weights in lava-dl and in the older slayerPytorch."""
MOST_TAPS = 1 << 27
"""Most synapses of a transposed convolution, which is written out as a list."""


def weights_of(fields: Fields) -> dict[str, Ints] | None:
    """Return the weights onto a layer's neurons by port: "a", or "a" and "b" of complex weights; None after a finding."""
    if "weight" not in fields:
        fields.findings.add("ND052", f"{fields.where} lacks its weight")
        return None
    if not fields.is_group("weight"):
        weights = fields.integers("weight")
        return None if weights is None else {"a": weights}
    own = fields.group("weight")
    lacking = [key for key in ("real", "imag") if own is None or key not in own]
    if own is None or lacking:
        fields.findings.add("ND052", f"{fields.where} lacks {', '.join(f'weight/{key}' for key in lacking)}")
        return None
    real, imaginary = own.integers("real"), own.integers("imag")
    if real is None or imaginary is None:
        return None
    if real.shape != imaginary.shape:
        fields.wrong(f"has real weights of shape {list(real.shape)} and imaginary ones of {list(imaginary.shape)}")
        return None
    return {"a": real, "b": imaginary}


def operation_of(
    kind: str, fields: Fields, weights: Ints, shape: Shape | None, source: Shape | None
) -> LayerOperation | None:
    """Return the operation of a layer; None after a finding. `shape`: of the layer; `source`: the shape that feeds it."""
    if kind in DENSE:
        return _dense(fields, weights, shape, source)
    if weights.ndim == 5 and weights.shape[-1] == 1:
        weights = weights[..., 0]
    strides = _strides(fields)
    if strides is None or source is None:
        return None
    if weights.ndim != 4 or len(source) != 3:
        fields.wrong(f"has weights of shape {list(weights.shape)}; shape {list(source)} feeds it")
        return None
    if kind == "conv":
        return _convolution(fields, weights, source, strides)
    if kind == "convT":
        groups = fields.integer("groups", 1, least=1)
        return None if groups is None else _transposed(fields, weights, source, strides, groups)
    return _pooling(kind, fields, weights, source, strides)


def _dense(fields: Fields, weights: Ints, shape: Shape | None, source: Shape | None) -> Dense | None:
    """A dense operation; netx reads weights of one axis as a matrix in row order. Older exports have more axes of length 1."""
    out, stated = prod(shape) if shape else 0, weights.shape
    if weights.ndim > 2 and prod(stated[2:]) == 1:
        weights = weights.reshape(stated[:2])
    if weights.ndim < 2 and out and weights.size % out == 0:
        weights = weights.reshape(out, -1)
    if weights.ndim != 2 or (source and weights.shape[1] != prod(source)):
        feeds = f"; {prod(source)} neurons feed it" if source else ""
        fields.wrong(f"has weights of shape {list(stated)}, needs (neurons, sources){feeds}")
        return None
    return Dense(weights=weights)


def recurrence_of(fields: Fields, shape: Shape | None) -> Ints | None:
    """Return recurrent weights, (neurons, neurons); None if there are none, or after a finding."""
    keys = [key for key in RECURRENT_KEYS if key in fields]
    if len(keys) > 1:
        fields.wrong(f"has both {' and '.join(keys)}")
    weights = fields.integers(keys[0]) if keys else None
    if weights is None or shape is None:
        return None
    size = prod(shape)
    if weights.size != size**2 or (weights.ndim == 2 and weights.shape[0] != size):
        fields.wrong(f"has recurrent weights of shape {list(weights.shape)} for {size} neurons; needs [{size}, {size}]")
        return None
    return weights.reshape(size, size)


class _Strides(NamedTuple):
    """Steps of a kernel, (rows, columns) each."""

    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]


def _strides(fields: Fields) -> _Strides | None:
    stride, dilation = fields.sides("stride", 1, least=1), fields.sides("dilation", 1, least=1)
    padding = fields.sides("padding", 0, least=0)
    if stride is None or dilation is None or padding is None:
        return None
    return _Strides(stride, padding, dilation)


def _convolution(fields: Fields, weights: Ints, source: Shape, strides: _Strides) -> Conv2d | None:
    groups = fields.integer("groups", 1, least=1)
    if groups is None:
        return None
    if weights.shape[1] * groups != source[0] or weights.shape[0] % groups:
        message = f"has weights of shape {list(weights.shape)} in {groups} groups; shape {list(source)} feeds it"
        fields.wrong(message)
        return None
    shape: Any = source
    stride, padding, dilation = strides
    return Conv2d(input_shape=shape, weights=weights, groups=groups, stride=stride, padding=padding, dilation=dilation)


def _pooling(kind: str, fields: Fields, weights: Ints, source: Shape, strides: _Strides) -> LayerOperation | None:
    """One kernel for all channels. lava-dl moves it over all channels as one image, so windows must not cross channels."""
    stride, padding, dilation = strides
    kernel = weights.shape[2:]
    apart = stride == kernel and padding == (0, 0) and dilation == (1, 1)
    if weights.shape[:2] != (1, 1) or not apart or (kind == "pool" and any(np.mod(source[1:], kernel))):
        message = (
            f"layers of type '{kind}' are imported only without padding and with one kernel as large as its stride that"
            " divides the image"
        )
        fields.findings.not_imported(message, fields.where)
        return None
    shape: Any = source
    each = np.repeat(weights, source[0], axis=0)
    if kind == "pool":
        return Conv2d(input_shape=shape, weights=each, groups=source[0], stride=stride)
    return _transposed(fields, each, source, strides, source[0])


def _transposed(fields: Fields, weights: Ints, source: Shape, strides: _Strides, groups: int) -> Sparse | None:
    """A transposed convolution as a list: y[o, stride * i - padding + dilation * k] += weights[c, o, k] * x[c, i]."""
    channels, height, width = source
    out = weights.shape[1] * groups
    if weights.shape[0] != channels or channels % groups:
        message = f"has weights of shape {list(weights.shape)} in {groups} groups; shape {list(source)} feeds it"
        fields.wrong(message)
        return None
    if weights.size * height * width > MOST_TAPS:
        message = "has more synapses than are supported in a transposed convolution"
        fields.wrong(message, found=weights.size * height * width, limit=MOST_TAPS, unit="synapse")
        return None
    sizes, at = list[int](), list[Ints]()
    for side, length, kernel in zip((0, 1), source[1:], weights.shape[2:], strict=True):
        stride, padding, dilation = (pair[side] for pair in strides)
        sizes.append((length - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1)
        at.append(stride * np.indices((length, kernel))[0] - padding + dilation * np.indices((length, kernel))[1])
    if min(sizes) < 1:
        fields.wrong(f"has padding {list(strides[1])}, which leaves nothing of its output")
        return None
    taps = np.indices((*weights.shape[:2], height, weights.shape[2], width, weights.shape[3]))
    c, o, i, k, j, m = (axis.ravel() for axis in taps)
    row, column = at[0][i, k], at[1][j, m]
    inside = (row >= 0) & (row < sizes[0]) & (column >= 0) & (column < sizes[1])
    target = o + c // (channels // groups) * weights.shape[1]
    post, pre = (target * sizes[0] + row) * sizes[1] + column, (c * height + i) * width + j
    size = (out * sizes[0] * sizes[1], prod(source))
    return Sparse(shape=size, post=post[inside], pre=pre[inside], weights=weights[c, o, k, m][inside])
