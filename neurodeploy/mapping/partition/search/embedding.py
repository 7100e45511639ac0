# pyright: basic, reportCallIssue=false
"""Kernels of embeddings: sums over synapses and Gram matrices, always in the same order, in one thread."""

import numpy as np
from numba import njit

__all__ = ["WIDTH", "average", "combine", "gram", "transpose"]

WIDTH = 12
"""Columns of an embedding while it is found; a constant, so that the loops over them become vector instructions."""


@njit(cache=True)
def transpose(out_ptr, out_target, delay, in_ptr):
    """(row, delay class) of every synapse by target, rows ascending; no delay class where none is given."""
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


@njit(cache=True, error_model="numpy")
def average(ptr, index, values, result, exponent):
    """result[i] = sum of values[index[j]] over j in [ptr[i], ptr[i + 1]), over their number to the power of `exponent`.

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


@njit(cache=True)
def gram(left, right):
    """left^T right in float64, summed in a fixed order; (n, m) each."""
    m = left.shape[1]
    total = np.zeros((m, m))
    for i in range(left.shape[0]):
        for a in range(m):
            for b in range(m):
                total[a, b] += np.float64(left[i, a]) * np.float64(right[i, b])
    return total


@njit(cache=True)
def combine(values, matrix, result):
    """result = values @ matrix, element by element."""
    m = values.shape[1]
    for i in range(values.shape[0]):
        for b in range(matrix.shape[1]):
            total = 0.0
            for a in range(m):
                total += values[i, a] * matrix[a, b]
            result[i, b] = total
