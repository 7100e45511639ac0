"""Verb: the synapses of a projection as plain columns, whatever its operation. Must not know any chip."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network.convolution import Columns, composed, output_shape, window_columns, window_of
from neurodeploy.network.network import Projection
from neurodeploy.network.operations import Chain, Dense, OneToOne, Operation, Sparse

__all__ = ["Synapses", "columns_of", "synapses_of", "target_size"]


class Synapses(NamedTuple):
    """Synapses sorted by (pre, post). Zero weights of a dense operation or a kernel are left out."""

    pre: NDArray[np.int64]
    post: NDArray[np.int64]
    weights: NDArray[Any]
    delay_steps: NDArray[np.int64]


def columns_of(operation: Operation, n_source: int) -> Columns:
    """Return the synapses of a valid operation on `n_source` neurons, by pre where it is dense or one to one."""
    if isinstance(operation, Dense):
        by_source = np.ascontiguousarray(operation.weights.T)
        pre, post = np.nonzero(by_source)
        return Columns(pre, post, by_source[pre, post])
    if isinstance(operation, Sparse):
        return Columns(operation.pre, operation.post, operation.weights)
    if isinstance(operation, OneToOne):
        index = np.arange(n_source)
        return Columns(index, index, np.broadcast_to(operation.weights, (n_source,)))
    if isinstance(operation, Chain):
        found = columns_of(operation.operations[0], n_source)
        size = target_size(operation.operations[0], n_source)
        for step in operation.operations[1:]:
            found, size = composed(found, columns_of(step, size), n_source), target_size(step, size)
        return found
    return window_columns(window_of(operation))


def target_size(operation: Operation, n_source: int) -> int:
    """Return how many neurons a valid operation on `n_source` neurons reaches."""
    if isinstance(operation, Dense):
        return int(operation.weights.shape[0])
    if isinstance(operation, Sparse):
        return operation.shape[0]
    if isinstance(operation, OneToOne):
        return n_source
    if isinstance(operation, Chain):
        for step in operation.operations:
            n_source = target_size(step, n_source)
        return n_source
    return prod(output_shape(window_of(operation)))


def _position(operation: Operation, columns: Columns, n_source: int) -> NDArray[Any]:
    """Index of each synapse into an array of the weights' shape, for delays by synapse."""
    if isinstance(operation, Dense):
        return columns.post * n_source + columns.pre
    return np.arange(columns.pre.size)


def synapses_of(projection: Projection, n_source: int) -> Synapses:
    """Return the synapses of a valid projection whose source has `n_source` neurons or lines."""
    columns = columns_of(projection.operation, n_source)
    pre, post, weights = columns
    delays = np.asarray(projection.delay_steps)
    if delays.ndim == 0:
        per_synapse = np.full(pre.shape, int(delays), dtype=np.int64)
    elif projection.delay_axis == "source":
        per_synapse = delays.ravel()[pre]
    elif projection.delay_axis == "target":
        per_synapse = delays.ravel()[post]
    else:
        per_synapse = delays.ravel()[_position(projection.operation, columns, n_source)]
    if not isinstance(projection.operation, (Dense, OneToOne)):
        if not isinstance(projection.operation, Sparse):
            kept = np.flatnonzero(weights)
            pre, post, weights, per_synapse = pre[kept], post[kept], weights[kept], per_synapse[kept]
        order = np.lexsort((post, pre))
        pre, post, weights, per_synapse = pre[order], post[order], weights[order], per_synapse[order]
    return Synapses(pre.astype(np.int64), post.astype(np.int64), np.asarray(weights), per_synapse.astype(np.int64))
