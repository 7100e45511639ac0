"""Convolutions recovered from the synapses that nengo-loihi made of them, so that cores store each kernel once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import Conv2d, Projection
from neurodeploy.network.connectivity import synapses_of

__all__ = ["convolution_of"]

Array = NDArray[Any]


def convolution_of(columns: dict[str, Array], geometry: dict[str, Any]) -> Conv2d | None:
    """Return the convolution with exactly the synapses of `columns` (pre, post, mantissas), or None if there is none.

    `geometry`: input and output shape (channels, height, width), kernel size, strides and padding ("valid" or "same") of
    nengo.Convolution.
    """
    source, target = tuple(geometry["input_shape"]), tuple(geometry["output_shape"])
    size, stride = tuple(geometry["kernel_size"]), tuple(geometry["strides"])
    padding = _padding(geometry, source, target)
    channel, y, x = np.unravel_index(columns["pre"], source)
    out, row, column = np.unravel_index(columns["post"], target)
    ky, kx = y - row * stride[0] + padding[0], x - column * stride[1] + padding[1]
    if ((ky < 0) | (ky >= size[0]) | (kx < 0) | (kx >= size[1])).any():
        return None
    weights = np.zeros((target[0], source[0], *size), dtype=np.int16)
    weights[out, channel, ky, kx] = columns["mantissas"]
    made = Conv2d(input_shape=source, weights=weights, stride=stride, padding=padding)  # pyright: ignore[reportArgumentType]
    return made if _equal(made, columns, int(np.prod(source)), int(np.prod(target))) else None


def _padding(geometry: dict[str, Any], source: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of zeros before the source; "same" puts the smaller half there."""
    if geometry["padding"] == "valid":
        return 0, 0
    axes = zip(target[1:], geometry["strides"], geometry["kernel_size"], source[1:], strict=True)
    before = [max((n - 1) * stride + kernel - wide, 0) // 2 for n, stride, kernel, wide in axes]
    return before[0], before[1]


def _equal(made: Conv2d, columns: dict[str, Array], n_source: int, n_target: int) -> bool:
    """Whether a convolution has the synapses of `columns`, and no other."""
    found = synapses_of(Projection(name="made", source="a", target="b", operation=made), n_source)
    order = np.lexsort((columns["post"], columns["pre"]))
    given = (columns["pre"][order], columns["post"][order], columns["mantissas"][order])
    if found.n_target != n_target or found.n_synapses != order.size:
        return False
    return all(
        np.array_equal(one, other) for one, other in zip((found.pre, found.post, found.weights), given, strict=True)
    )
