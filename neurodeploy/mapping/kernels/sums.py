# pyright: basic, reportCallIssue=false
"""Kernels of embeddings: sums over synapses and over traffic, Gram matrices. Always summed in the same order."""

import numpy as np

from neurodeploy.base.numba_cache import cached_njit

__all__ = ["WIDTH", "average", "combine", "gram", "spread", "transpose"]

WIDTH = 12
"""Columns of an embedding while it is computed; a constant, so that the loops over them become vector instructions."""
compiled = cached_njit()


@compiled
def transpose(out_ptr, out_target, delay, in_ptr):
    """(row, delay class) of every synapse by target, rows ascending.

    `out_ptr` (rows + 1,), `out_target` (synapses,), `delay` (synapses,) uint8 or empty, `in_ptr` (targets + 1,). The delay
    classes are (1,) if `delay` is empty.
    """
    row = np.empty(out_target.size, np.int32)
    level = np.zeros(max(delay.size, 1), np.uint8)
    at = in_ptr[:-1].copy()
    for number in range(out_ptr.size - 1):
        for place in range(out_ptr[number], out_ptr[number + 1]):
            to = out_target[place]
            row[at[to]] = number
            if delay.size:
                level[at[to]] = delay[place]
            at[to] += 1
    return row, level


@cached_njit(error_model="numpy")
def average(ptr, index, values, result, exponent):
    """result[i] = sum of values[index[j]] over j in [ptr[i], ptr[i + 1]), divided by (their number) ** exponent.

    `values`, `result` (n, WIDTH) float32.
    """
    total = np.zeros(WIDTH, np.float32)
    for i in range(ptr.size - 1):
        for k in range(WIDTH):
            total[k] = 0.0
        for place in range(ptr[i], ptr[i + 1]):
            at = np.uint32(index[place])
            for k in range(WIDTH):
                total[k] += values[at, k]
        scale = np.float32((ptr[i + 1] - ptr[i] + 1e-9) ** -exponent)
        for k in range(WIDTH):
            result[i, k] = total[k] * scale


@compiled
def gram(left, right):
    """left^T right (m, m) in float64; `left`, `right` (n, m)."""
    m = left.shape[1]
    total = np.zeros((m, m))
    for i in range(left.shape[0]):
        for a in range(m):
            for b in range(m):
                total[a, b] += np.float64(left[i, a]) * np.float64(right[i, b])
    return total


@compiled
def combine(values, matrix, result):
    """result = values @ matrix; `values` (n, m), `matrix` (m, k), `result` (n, k)."""
    m = values.shape[1]
    for i in range(values.shape[0]):
        for b in range(matrix.shape[1]):
            total = 0.0
            for a in range(m):
                total += values[i, a] * matrix[a, b]
            result[i, b] = total


@compiled
def spread(ptr, to, traffic, scale, values, result):
    """result = (I + D^-1/2 W D^-1/2) values; W sparse as `ptr` (n + 1,), `to`, `traffic`, D^-1/2 = `scale` (n,).

    `values`, `result` (n, m).
    """
    for core in range(values.shape[0]):
        for k in range(values.shape[1]):
            result[core, k] = values[core, k]
        for at in range(ptr[core], ptr[core + 1]):
            weight = traffic[at] * scale[core] * scale[to[at]]
            for k in range(values.shape[1]):
                result[core, k] += weight * values[to[at], k]
