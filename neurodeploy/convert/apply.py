"""Operations of projections applied to dense batches of values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import product
from neurodeploy.network import AvgPool2d, Conv1d, Conv2d, Dense, OneToOne, Sparse, SumPool2d
from neurodeploy.network.operations import Step
from neurodeploy.trained.forward import convolved, windows_of
from neurodeploy.trained.operations import Convolution

__all__ = ["apply", "apply_all"]

Array = NDArray[Any]
TURNS = 16
"""Synapses of a target up to which they are added one after the other, for all targets at once."""


def apply_all(steps: Sequence[Step], x: Array) -> Array:
    """Return (rows, n_target) products of (rows, n_source) values with operations in sequence."""
    for step in steps:
        x = apply(step, x)
    return x


def apply(step: Step, x: Array) -> Array:
    """Return (rows, n_target) products of (rows, n_source) values with an operation, in the float type of the values."""
    if isinstance(step, Dense):
        return product(x, np.asarray(step.weights, dtype=x.dtype).T)
    if isinstance(step, OneToOne):
        return x * np.asarray(step.weights, dtype=x.dtype)
    if isinstance(step, Sparse):
        return _sparse(step, x)
    rows = len(x)
    if isinstance(step, (AvgPool2d, SumPool2d)):
        padding = (*step.padding,)
        windows = windows_of(x.reshape(rows, *step.input_shape), step.kernel, step.stride, padding, padding)
        total = windows.sum(axis=(-2, -1))
        share = np.asarray(np.prod(step.kernel) if isinstance(step, AvgPool2d) else 1, dtype=x.dtype)
        return (total / share).reshape(rows, -1)
    images = x.reshape(rows, *step.input_shape)
    blocks = _blocks(step) if isinstance(step, Conv2d) else (1, 1)
    if blocks != (1, 1) and isinstance(step, Conv2d):
        images, step = _block_sums(images, blocks), _of_blocks(step, blocks)
    return convolved(_convolution(step), images).reshape(rows, -1)


def _blocks(step: Conv2d) -> tuple[int, int]:
    """Sides of the largest blocks in which a kernel repeats its weights, as that of a pool and a convolution in one does.

    The sums of such blocks, which every stride steps over whole, are then multiplied once.
    """
    if step.dilation != (1, 1) or step.padding != (0, 0):
        return (1, 1)
    return _side(step, 0), _side(step, 1)


def _side(step: Conv2d, axis: int) -> int:
    """The longest run of equal weights along an axis of the kernel, 0 or 1, that divides kernel and stride."""
    kernel, stride = step.weights.shape[2 + axis], step.stride[axis]
    along = np.moveaxis(step.weights, 2 + axis, -1)
    for side in range(min(kernel, stride), 1, -1):
        runs = along.reshape(*along.shape[:-1], -1, side) if kernel % side == 0 and stride % side == 0 else None
        if runs is not None and (runs == runs[..., :1]).all():
            return side
    return 1


def _block_sums(images: Array, blocks: tuple[int, int]) -> Array:
    """Sums of the blocks of (rows, channels, height, width) values; what is left over at the ends is left out."""
    height, width = (size // side for size, side in zip(images.shape[2:], blocks, strict=True))
    inner = images[:, :, : height * blocks[0], : width * blocks[1]]
    return sum(
        (inner[:, :, i :: blocks[0], j :: blocks[1]] for i, j in np.ndindex(*blocks)), start=np.zeros((), images.dtype)
    )


def _of_blocks(step: Conv2d, blocks: tuple[int, int]) -> Conv2d:
    """The convolution of the sums of blocks."""
    channels, height, width = step.input_shape
    return step.model_copy(
        update={
            "input_shape": (channels, height // blocks[0], width // blocks[1]),
            "weights": step.weights[:, :, :: blocks[0], :: blocks[1]],
            "stride": (step.stride[0] // blocks[0], step.stride[1] // blocks[1]),
        }
    )


def _convolution(step: Conv1d | Conv2d) -> Convolution:
    one = isinstance(step, Conv1d)
    padding = (step.padding,) if one else step.padding
    return Convolution(
        weights=step.weights,
        stride=(step.stride,) if one else step.stride,
        begin=padding,
        end=padding,
        dilation=(step.dilation,) if one else step.dilation,
        groups=step.groups,
    )


def _sparse(step: Sparse, x: Array) -> Array:
    made = np.zeros((len(x), step.shape[0]), dtype=x.dtype)
    order = np.argsort(step.post, kind="stable")
    post, pre, weights = step.post[order], step.pre[order], np.asarray(step.weights, dtype=x.dtype)[order]
    first = np.r_[0, np.flatnonzero(np.diff(post)) + 1] if post.size else np.zeros(0, dtype=np.int64)
    turn = np.arange(post.size) - np.repeat(first, np.diff(np.r_[first, post.size]))
    if turn.max(initial=0) < TURNS:  # few synapses for each target: the first of each, the second of each, ...
        for number in range(turn.max(initial=-1) + 1):
            own = np.flatnonzero(turn == number)
            made[:, post[own]] += x[:, pre[own]] * weights[own]
        return made
    np.add.at(made.T, post, weights[:, None] * x.T[pre])
    return made
