"""Spectral embedding of neurons, and the order of a tree that bisects points.

Embedding: the slowest eigenvectors of S^T S, where S averages over the targets of each source (the two-step walk target ->
source -> target), found by subspace iteration with Rayleigh-Ritz; each coordinate is scaled by its eigenvalue (a diffusion
map: Coifman and Lafon, Appl. Comput. Harmon. Anal. 21(1), 2006). No core is filled here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.mapping.kernels.calls import average, combine, eigen, gram, orthonormal
from neurodeploy.mapping.kernels.structs import Hypergraph
from neurodeploy.mapping.kernels.sums import WIDTH

__all__ = ["bisected", "embedding"]

Ints = NDArray[np.int64]
SPARE = 3
"""Extra columns that only speed up the convergence of the others."""
ORTHONORMAL_EVERY = 3
"""Iterations after which the columns are made orthonormal."""


def embedding(graph: Hypergraph, steps: int, seed: int) -> NDArray[np.float32]:
    """(neurons, axes) coordinates after `steps` iterations; neurons with the same sources have nearly the same ones."""
    n = graph.population.size
    degree = np.diff(graph.in_ptr)
    scale = (1.0 / np.sqrt(np.maximum(degree, 1))).astype(np.float32)[:, None]
    values = np.random.default_rng(seed).standard_normal((n, WIDTH)).astype(np.float32)
    values[:, 0] = np.sqrt(np.maximum(degree, 1e-3))
    for step in range(steps):
        values = _walked(graph, values, scale)
        if step % ORTHONORMAL_EVERY == ORTHONORMAL_EVERY - 1 or step == steps - 1:
            values = _orthonormal(values)
    eigenvalues, rotation = eigen(gram(values, _walked(graph, values, scale)))
    largest = np.arange(WIDTH)[::-1][1 : WIDTH - SPARE]
    axes = combine(values, rotation[:, largest] * np.maximum(eigenvalues[largest], 0.0)).astype(np.float32)
    return axes * scale


def _walked(graph: Hypergraph, values: NDArray[np.float32], scale: NDArray[np.float32]) -> NDArray[np.float32]:
    """S^T S values (neurons, WIDTH), S with the symmetric scaling of the walk."""
    of_row = (1.0 / (np.diff(graph.out_ptr) + 1e-9)).astype(np.float32)
    means = average(graph.out_ptr, graph.out_target, values * scale, of_row)
    return average(graph.in_ptr, graph.in_row, means, np.ones(len(values), dtype=np.float32)) * scale


def _orthonormal(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Orthonormal columns with the span of `values`, by the Cholesky factor of their Gram matrix (twice, for its rounding)."""
    for _ in range(2):
        values = orthonormal(values, 1e-7).astype(np.float32)
    return values


def bisected(points: NDArray[Any], n_parts: int) -> Ints:
    """(n,) order of `points` (n, axes): they are halved along their longest axis, and the halves again, down to `n_parts` parts."""
    order = np.arange(len(points), dtype=np.int64)
    points = points - points.mean(axis=0)
    unsplit = [(0, len(points), n_parts)]
    while unsplit:
        start, stop, count = unsplit.pop()
        if count <= 1 or stop - start <= 1:
            continue
        mine = order[start:stop]
        centred = points[mine] - points[mine].mean(axis=0)
        _, vectors = eigen(_moments(centred))
        along = (centred * vectors[:, -1].astype(centred.dtype)).sum(axis=1)
        order[start:stop] = mine[np.argsort(along, kind="stable")]
        half = count // 2
        middle = start + 1 + int(np.searchsorted(np.arange(1.0, mine.size + 1), mine.size * half / count))
        middle = min(max(middle, start + 1), stop - 1)
        unsplit += [(middle, stop, count - half), (start, middle, half)]
    return order


def _moments(points: NDArray[Any]) -> NDArray[np.float64]:
    """(axes, axes) second moments of `points` (n, axes)."""
    return gram(points, points)
