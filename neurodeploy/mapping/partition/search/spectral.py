"""Verb: an order of neurons in which those that share sources stand together. Fills no core.

Embedding: the slow eigenvectors of S^T S, where S averages over the targets of each source (the two-step walk target ->
source -> target), found by subspace iteration with Rayleigh-Ritz; each coordinate is scaled by its eigenvalue (a diffusion
map). The order is that of a tree which halves the neurons along the longest axis of every part.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.mapping.compiled import summing
from neurodeploy.mapping.partition.search.embedding import WIDTH
from neurodeploy.mapping.partition.search.kernels import Wires

__all__ = ["embedding", "parts"]

Ints = NDArray[np.int64]
SPARE = 3
"""Columns that only help the others to converge."""


def _orthonormal(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Columns with the same span, by the Cholesky factor of their Gram matrix (twice, for its rounding)."""
    for _ in range(2):
        matrix = summing.gram(values, values)
        matrix += np.eye(len(matrix)) * (1e-7 * np.trace(matrix) + 1e-30)
        result = np.empty_like(values)
        summing.combine(values, np.linalg.inv(np.linalg.cholesky(matrix).T), result)
        values = result
    return values


def _step(wires: Wires, values: NDArray[np.float32], scale: NDArray[np.float32]) -> NDArray[np.float32]:
    """S^T S values, S with the symmetric scaling of the walk."""
    means = np.empty((wires.out_ptr.size - 1, WIDTH), dtype=np.float32)
    result = np.empty_like(values)
    summing.average(wires.out_ptr, wires.out_target, values * scale, means, 1.0)
    summing.average(wires.in_ptr, wires.in_row, means, result, 0.0)
    return result * scale


def embedding(wires: Wires, steps: int, seed: int) -> NDArray[np.float32]:
    """Return (n, n_axes) coordinates; neurons with the same sources have nearly the same."""
    n = wires.population.size
    degree = np.diff(wires.in_ptr)
    scale = (1.0 / np.sqrt(np.maximum(degree, 1))).astype(np.float32)[:, None]
    values = np.random.default_rng(seed).standard_normal((n, WIDTH)).astype(np.float32)
    values[:, 0] = np.sqrt(np.maximum(degree, 1e-3))
    for step in range(steps):
        values = _step(wires, values, scale)
        if step % 3 == 2 or step == steps - 1:
            values = _orthonormal(values)
    eigenvalues, rotation = np.linalg.eigh(summing.gram(values, _step(wires, values, scale)))
    largest = np.argsort(-eigenvalues)[1 : WIDTH - SPARE]
    axes = np.empty((n, largest.size), dtype=np.float32)
    summing.combine(values, rotation[:, largest] * np.maximum(eigenvalues[largest], 0.0), axes)
    return axes * scale


def parts(axes: NDArray[Any], load: NDArray[Any], n_parts: int) -> tuple[Ints, Ints]:
    """Return (order, part of each neuron): `n_parts` parts of nearly equal load, cut across the longest axis each time."""
    order = np.arange(len(axes), dtype=np.int64)
    part = np.zeros(len(axes), dtype=np.int64)
    axes = axes - axes.mean(axis=0)
    open_parts = [(0, len(axes), 0, n_parts)]
    while open_parts:
        start, stop, first, count = open_parts.pop()
        mine = order[start:stop]
        if count <= 1 or stop - start <= 1:
            part[mine] = first
            continue
        points = axes[mine] - axes[mine].mean(axis=0)
        _, vectors = np.linalg.eigh(_moments(points))
        along = (points * vectors[:, -1].astype(points.dtype)).sum(axis=1)
        mine = mine[np.argsort(along, kind="stable")]
        order[start:stop] = mine
        total = np.cumsum(np.asarray(load[mine], dtype=np.float64))
        half = count // 2
        middle = start + 1 + int(np.searchsorted(total, float(total[-1]) * half / count))
        middle = min(max(middle, start + 1), stop - 1)
        open_parts += [(middle, stop, first + half, count - half), (start, middle, first, half)]
    return order, part


def _moments(points: NDArray[Any]) -> NDArray[np.float64]:
    return summing.gram(np.ascontiguousarray(points), np.ascontiguousarray(points))
