"""Operations in sequence as fewer operations with the same product, and sums of operations as one.

Nothing is merged that would list the synapses of a convolution, or make an operation much larger than its parts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import places_of
from neurodeploy.network import Chain, Conv1d, Conv2d, Dense, OneToOne, Operation, Sparse
from neurodeploy.network.convolution import output_shape, window_of
from neurodeploy.network.operations import Step
from neurodeploy.trained.channels import scaled, source_scaled, through_channels, windows_merged

__all__ = ["MOST_ENTRIES", "added", "as_operation", "merged"]

Array = NDArray[Any]
MOST_ENTRIES = 1 << 22
"""Largest number of weights that a merged operation has, unless it has no more than its parts."""


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


def added(one: tuple[Step, ...], other: tuple[Step, ...]) -> tuple[Step, ...] | None:
    """Return the sum of two sequences of operations on the same source as one; None if they are of different kinds."""
    if len(one) > 1 or len(other) > 1:
        return None
    first, second = (steps[0] if steps else OneToOne(weights=np.ones(())) for steps in (one, other))
    if isinstance(first, OneToOne) and isinstance(second, OneToOne):
        return (OneToOne(weights=first.weights + second.weights),)
    if isinstance(first, Dense) and isinstance(second, Dense):
        return (Dense(weights=first.weights + second.weights),)
    alike = isinstance(first, (Conv1d, Conv2d)) and type(first) is type(second)
    if not alike or not isinstance(first, (Conv1d, Conv2d)) or not isinstance(second, (Conv1d, Conv2d)):
        return None
    if second.model_copy(update={"weights": first.weights}) != first or first.weights.shape != second.weights.shape:
        return None
    return (first.model_copy(update={"weights": first.weights + second.weights}),)


def _is_identity(step: Step) -> bool:
    return isinstance(step, OneToOne) and bool(np.all(step.weights == 1))


def _merged(first: Step, second: Step) -> Step | None:
    """Two operations as one; None if they stay two."""
    if isinstance(first, OneToOne):
        return _scaled_sources(first, second)
    if isinstance(second, OneToOne):
        return _scaled_targets(first, second)
    if isinstance(first, Sparse) and isinstance(second, Sparse):
        return _sparse_sparse(first, second)
    if isinstance(second, Dense):
        return _then_dense(first, second)
    if isinstance(first, Dense):
        return _dense_sparse(first, second) if isinstance(second, Sparse) else None
    if isinstance(first, Sparse) or isinstance(second, Sparse):
        return through_channels(first, second, MOST_ENTRIES)
    return windows_merged(first, second, MOST_ENTRIES)


def _is_small(entries: int, *parts: Array) -> bool:
    """Whether a merged operation may have as many weights."""
    return entries <= max(MOST_ENTRIES, sum(part.size for part in parts))


def _then_dense(first: Step, second: Dense) -> Step | None:
    """A dense matrix after another, or after a list of synapses."""
    n_out = second.weights.shape[0]
    if isinstance(first, Dense):
        small = _is_small(n_out * first.weights.shape[1], first.weights, second.weights)
        return Dense(weights=second.weights @ first.weights) if small else None
    if not isinstance(first, Sparse) or not _is_small(n_out * first.shape[1], second.weights):
        return None
    columns = second.weights[:, first.post] * first.weights
    weights = np.zeros((n_out, first.shape[1]))
    if np.unique(first.pre).size == first.pre.size:
        weights[:, first.pre] = columns
    else:
        np.add.at(weights.T, first.pre, columns.T)
    return Dense(weights=weights)


def _dense_sparse(first: Dense, second: Sparse) -> Step | None:
    """Some rows of a dense matrix, in another order; rows of zeros are not added."""
    if second.shape[0] > first.weights.shape[0]:
        return None
    weights = np.zeros((second.shape[0], first.weights.shape[1]))
    np.add.at(weights, second.post, second.weights[:, None] * first.weights[second.pre])
    return Dense(weights=weights)


def _sparse_sparse(first: Sparse, second: Sparse) -> Step | None:
    """Two lists of synapses as the list of all paths, in which those between the same two neurons are added."""
    count = np.bincount(second.pre, minlength=second.shape[1])
    paths = count[first.post]
    if not _is_small(int(paths.sum()), first.post, second.post):
        return None
    order = np.argsort(second.pre, kind="stable")
    outer = order[places_of((np.cumsum(count) - count)[first.post], paths)]
    inner = np.repeat(np.arange(first.post.size), paths)
    post, pre, weights = second.post[outer], first.pre[inner], second.weights[outer] * first.weights[inner]
    shape = (second.shape[0], first.shape[1])
    keys = post.astype(np.int64) * shape[1] + pre
    unique, places = np.unique(keys, return_inverse=True)
    if unique.size < keys.size:
        weights = np.bincount(places.ravel(), weights, unique.size)
        post, pre = unique // shape[1], unique % shape[1]
    return Sparse(shape=shape, post=post, pre=pre, weights=np.asarray(weights, dtype=np.float64))


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
    return None if channels is None else source_scaled(second, channels)


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
    return None if channels is None else scaled(first, channels)


def _by_channel(scale: Array, channels: int) -> Array | None:
    """(channels,) factors, if all neurons of a channel have the same."""
    if scale.ndim == 0 or scale.size == 1:
        return np.full(channels, float(scale.ravel()[0]))
    rows = scale.reshape(channels, -1)
    return rows[:, 0].copy() if (rows == rows[:, :1]).all() else None
