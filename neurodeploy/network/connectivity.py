"""Verb: the synapses of a projection as plain columns, whatever its operation. Must not know any chip."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network.network import Projection
from neurodeploy.network.operations import Dense, OneToOne, Sparse

__all__ = ["Synapses", "synapses_of"]


class Synapses(NamedTuple):
    """Synapses sorted by (pre, post). Zero weights of a dense operation are left out."""

    pre: NDArray[np.int64]
    post: NDArray[np.int64]
    weights: NDArray[Any]
    delay_steps: NDArray[np.int64]


def _columns(projection: Projection, n_source: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """(pre, post, weights, index into an array of the weights' shape), before sorting."""
    operation = projection.operation
    if isinstance(operation, Dense):
        by_source = np.ascontiguousarray(operation.weights.T)
        pre, post = np.nonzero(by_source)
        return pre, post, by_source[pre, post], post * by_source.shape[0] + pre
    if isinstance(operation, Sparse):
        return operation.pre, operation.post, operation.weights, np.arange(operation.weights.size)
    index = np.arange(n_source)
    return index, index, np.broadcast_to(operation.weights, (n_source,)), index


def synapses_of(projection: Projection, n_source: int) -> Synapses:
    """Return the synapses of a valid projection whose source has `n_source` neurons or lines."""
    pre, post, weights, position = _columns(projection, n_source)
    delays = np.asarray(projection.delay_steps)
    if delays.ndim == 0:
        per_synapse = np.full(pre.shape, int(delays), dtype=np.int64)
    elif projection.delay_axis == "source":
        per_synapse = delays.ravel()[pre]
    elif projection.delay_axis == "target":
        per_synapse = delays.ravel()[post]
    else:
        per_synapse = delays.ravel()[position]
    if not isinstance(projection.operation, (Dense, OneToOne)):
        order = np.lexsort((post, pre))
        pre, post, weights, per_synapse = pre[order], post[order], weights[order], per_synapse[order]
    return Synapses(pre.astype(np.int64), post.astype(np.int64), np.asarray(weights), per_synapse.astype(np.int64))
