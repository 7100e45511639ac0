"""Verb: short ways to write the projections of a network."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurodeploy.network.network import Projection
from neurodeploy.network.operations import Dense, OneToOne, Operation, Sparse

__all__ = ["dense", "one_to_one", "sparse"]


def _projection(source: str, target: str, operation: Operation, fields: dict[str, Any]) -> Projection:
    name = fields.pop("name", f"{source}_to_{target}")
    return Projection(name=name, source=source, target=target, operation=operation, **fields)


def dense(source: str, target: str, weights: Any, **fields: Any) -> Projection:
    """Return a dense projection; `weights` (post, pre); `fields` are those of Projection (name, delay_steps, ...)."""
    return _projection(source, target, Dense(weights=weights), fields)


def one_to_one(source: str, target: str, weights: Any = 1.0, **fields: Any) -> Projection:
    """Return a one-to-one projection; `weights` is one number or (n,)."""
    return _projection(source, target, OneToOne(weights=np.asarray(weights)), fields)


def sparse(source: str, target: str, matrix: Any, **fields: Any) -> Projection:
    """Return a sparse projection from a (post, pre) array or scipy sparse matrix; zeros are no synapses."""
    if hasattr(matrix, "tocoo"):
        coo = matrix.tocoo()
        post, pre, weights = np.asarray(coo.row), np.asarray(coo.col), np.asarray(coo.data)
        shape = tuple(int(n) for n in coo.shape)
    else:
        full = np.asarray(matrix)
        post, pre = np.nonzero(full)
        weights, shape = full[post, pre], full.shape
    order = np.lexsort((post, pre))
    operation = Sparse(shape=shape, post=post[order], pre=pre[order], weights=weights[order])  # type: ignore[arg-type]
    return _projection(source, target, operation, fields)
