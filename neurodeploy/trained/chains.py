"""Operations in sequence as fewer operations with the same product."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import AvgPool2d, Chain, Conv1d, Conv2d, Dense, OneToOne, Operation, Sparse
from neurodeploy.network.convolution import output_shape, window_of
from neurodeploy.network.operations import Step

__all__ = ["as_operation", "merged"]

Array = NDArray[Any]


def merged(steps: tuple[Step, ...], n_source: int) -> tuple[Step, ...]:
    """Return operations with the same product on `n_source` neurons; two that follow each other become one where that is
    possible without listing the synapses of a convolution.
    """
    made: list[Step] = []
    for step in steps:
        made.append(step)
        while len(made) > 1:
            one = _merged(made[-2], made[-1])
            if one is None:
                break
            made[-2:] = [one]
    return tuple(item for item in made if not _is_identity(item))


def as_operation(steps: tuple[Step, ...], n_source: int) -> Operation:
    """Return the operation of a projection from `n_source` neurons: the only step, a chain, or one to one."""
    if not steps:
        return OneToOne(weights=np.ones(()))
    return steps[0] if len(steps) == 1 else Chain(operations=steps)


def _is_identity(step: Step) -> bool:
    return isinstance(step, OneToOne) and bool(np.all(step.weights == 1))


def _merged(first: Step, second: Step) -> Step | None:
    """Two operations as one; None if they stay two."""
    if isinstance(first, OneToOne):
        return _scaled_sources(first, second)
    if isinstance(second, OneToOne):
        return _scaled_targets(first, second)
    if isinstance(first, Dense) and isinstance(second, Dense):
        return Dense(weights=second.weights @ first.weights)
    if isinstance(second, Dense) and isinstance(first, Sparse):
        weights = np.zeros((second.weights.shape[0], first.shape[1]))
        np.add.at(weights.T, first.pre, (second.weights[:, first.post] * first.weights).T)
        return Dense(weights=weights)
    if isinstance(first, AvgPool2d) and isinstance(second, Conv2d):
        return _pool_then_convolution(first, second)
    if isinstance(first, Sparse) and isinstance(second, (Conv1d, Conv2d)):
        return _lines_then_convolution(first, second)
    return None


def _scaled_sources(first: OneToOne, second: Step) -> Step | None:
    """Weights multiplied by a factor of their source."""
    scale = np.asarray(first.weights, dtype=np.float64)
    if isinstance(second, OneToOne):
        return OneToOne(weights=scale * second.weights)
    if isinstance(second, Dense):
        return Dense(weights=second.weights * scale)
    if isinstance(second, Sparse):
        return second.model_copy(
            update={"weights": second.weights * np.broadcast_to(scale, (second.shape[1],))[second.pre]}
        )
    channels = _by_channel(scale, second.input_shape[0])
    if channels is None or isinstance(second, AvgPool2d):
        return _scaled_pool(channels, second) if isinstance(second, AvgPool2d) and channels is not None else None
    if not isinstance(second, (Conv1d, Conv2d)):
        return None
    per_group = second.weights.shape[1]
    kernels = second.weights.reshape(second.groups, -1, *second.weights.shape[1:]).astype(np.float64)
    factor = channels.reshape(second.groups, 1, per_group, *(1,) * (second.weights.ndim - 2))
    return second.model_copy(update={"weights": (kernels * factor).reshape(second.weights.shape)})


def _scaled_targets(first: Step, second: OneToOne) -> Step | None:
    """Weights multiplied by a factor of their target."""
    scale = np.asarray(second.weights, dtype=np.float64)
    if isinstance(first, Dense):
        return Dense(weights=first.weights * np.broadcast_to(scale, (first.weights.shape[0],))[:, None])
    if isinstance(first, Sparse):
        return first.model_copy(
            update={"weights": first.weights * np.broadcast_to(scale, (first.shape[0],))[first.post]}
        )
    if isinstance(first, OneToOne):
        return OneToOne(weights=scale * first.weights)
    channels = _by_channel(scale, output_shape(window_of(first))[0])
    if channels is None:
        return None
    if isinstance(first, AvgPool2d):
        return _scaled_pool(channels, first)
    if not isinstance(first, (Conv1d, Conv2d)):
        return None
    factor = channels.reshape(-1, *(1,) * (first.weights.ndim - 1))
    return first.model_copy(update={"weights": first.weights.astype(np.float64) * factor})


def _scaled_pool(channels: Array, pool: AvgPool2d) -> Step:
    """A pool whose channels are multiplied by factors: a convolution, one group for each channel."""
    weights = np.ones((pool.input_shape[0], 1, *pool.kernel)) / np.prod(pool.kernel)
    return Conv2d(
        input_shape=pool.input_shape, weights=weights * channels[:, None, None, None], stride=pool.stride,
        padding=pool.padding, groups=pool.input_shape[0],
    )  # fmt: skip


def _by_channel(scale: Array, channels: int) -> Array | None:
    """(channels,) factors, if all neurons of a channel have the same."""
    if scale.ndim == 0 or scale.size == 1:
        return np.full(channels, float(scale.ravel()[0]))
    rows = scale.reshape(channels, -1)
    return rows[:, 0].copy() if (rows == rows[:, :1]).all() else None


def _lines_then_convolution(first: Sparse, second: Conv1d | Conv2d) -> Conv1d | Conv2d | None:
    """Several lines for each value, all first lines before all second ones, then a convolution: one of more channels."""
    size, n_lines = first.shape
    lines, channels = np.arange(n_lines), second.input_shape[0]
    if second.groups != 1 or n_lines % size or not np.array_equal(first.pre, lines):
        return None
    factors = _by_channel(first.weights.astype(np.float64), channels * (n_lines // size))
    if factors is None or not np.array_equal(first.post, lines % size):
        return None
    weights = second.weights.astype(np.float64)
    scaled = factors.reshape(n_lines // size, 1, channels, *(1,) * (weights.ndim - 2))
    shape = (factors.size, *second.input_shape[1:])
    return second.model_copy(update={"input_shape": shape, "weights": np.concatenate([*(scaled * weights)], axis=1)})


def _pool_then_convolution(pool: AvgPool2d, after: Conv2d) -> Conv2d | None:
    """An average pool without overlap, then a convolution: one convolution whose kernel repeats each weight.

    y[i] = sum_k w[k] * mean_j x[(i * s + k) * p + j], so the taps lie at (k * p + j) with stride s * p.
    """
    if pool.padding != (0, 0) or after.padding != (0, 0) or after.dilation != (1, 1) or pool.stride != pool.kernel:
        return None
    weights = np.repeat(np.repeat(after.weights, pool.kernel[0], axis=2), pool.kernel[1], axis=3)
    height, width = (p * s for p, s in zip(pool.stride, after.stride, strict=True))
    made = Conv2d(
        input_shape=pool.input_shape,
        weights=weights / np.prod(pool.kernel),
        stride=(height, width),
        groups=after.groups,
    )
    return made if output_shape(window_of(made))[1:] == output_shape(window_of(after))[1:] else None
