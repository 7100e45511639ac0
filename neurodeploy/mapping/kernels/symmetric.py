"""Small symmetric matrices, always in the same order: what LAPACK gives depends on the processor, and cuts and places would too."""

from __future__ import annotations

from itertools import combinations
from math import sqrt

from neurodeploy.native.structs import Reals

__all__ = ["diagonalize", "invert_factor"]

LEAST = 1e-300
"""Least square of a diagonal element of a Cholesky factor: rounding must not make it negative."""
NEGLIGIBLE = 2.0**-60
"""Element beside the diagonal that counts as 0, over the sum of its two diagonal elements."""
SWEEPS = 50
"""Most passes over all elements; six are usual."""


def invert_factor(matrix: Reals, size: int, result: Reals) -> None:
    """Write the inverse of the transposed Cholesky factor of `matrix` to `result`, both (size, size); `result` is 0 before.

    The lower triangle of `matrix` is the factor afterwards.
    """
    factor, found = matrix.tolist(), result.tolist()
    for j in range(size):
        for i in range(j, size):
            total = factor[i][j]
            for k in range(j):
                total -= factor[i][k] * factor[j][k]
            factor[i][j] = total / factor[j][j] if i > j else sqrt(max(total, LEAST))
    for j in range(size):
        for i in range(j, -1, -1):
            total = 1.0 if i == j else 0.0
            for k in range(i + 1, j + 1):
                total -= factor[k][i] * found[k][j]
            found[i][j] = total / factor[i][i]
    matrix[:], result[:] = factor, found


def diagonalize(matrix: Reals, size: int, vectors: Reals) -> None:
    """Turn `matrix` into its eigenvalues on the diagonal, and the columns of `vectors`, 1 on the diagonal before, into the vectors.

    Both (size, size). Cyclic Jacobi rotations (Golub and Van Loan, Matrix Computations, 4th ed., section 8.5).
    """
    a, v = matrix.tolist(), vectors.tolist()
    for _ in range(SWEEPS):
        if not _turned(a, v):
            break
    matrix[:], vectors[:] = a, v


def _turned(a: list[list[float]], v: list[list[float]]) -> bool:
    """Turn every element beside the diagonal that is not negligible to 0, one after the other; whether there was one."""
    turned = False
    for p, q in combinations(range(len(a)), 2):
        if not abs(a[p][q]) <= NEGLIGIBLE * (abs(a[p][p]) + abs(a[q][q])):
            _rotate(a, v, p, q)
            turned = True
    return turned


def _rotate(a: list[list[float]], v: list[list[float]], p: int, q: int) -> None:
    """Rotate rows and columns p and q so that element (p, q) is 0."""
    ratio = (a[q][q] - a[p][p]) / (2.0 * a[p][q])
    tangent = 1.0 / (abs(ratio) + sqrt(ratio * ratio + 1.0))
    tangent = -tangent if ratio < 0.0 else tangent
    cosine = 1.0 / sqrt(tangent * tangent + 1.0)
    sine, taken = tangent * cosine, tangent * a[p][q]
    a[p][p], a[q][q] = a[p][p] - taken, a[q][q] + taken
    a[p][q] = a[q][p] = 0.0
    for k, row in enumerate(a):
        if k not in (p, q):
            one, other = row[p], row[q]
            row[p] = a[p][k] = cosine * one - sine * other
            row[q] = a[q][k] = sine * one + cosine * other
    for row in v:
        one, other = row[p], row[q]
        row[p], row[q] = cosine * one - sine * other, sine * one + cosine * other
