"""Errors of decoded values against targets."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from neurodeploy.metrics.nouns import RegressionMetrics

__all__ = ["regression"]

Floats = NDArray[np.float64]


def _r2(found: Floats, wanted: Floats) -> float | None:
    """1 - SS_residual / SS_total of each value, (rows, values), and the mean over values; None if a target is constant."""
    shares = list[float]()
    for column in range(wanted.shape[1]):
        mean = math.fsum(wanted[:, column]) / wanted.shape[0]
        total = math.fsum((wanted[:, column] - mean) ** 2)
        if total == 0:
            return None
        shares.append(1 - math.fsum((wanted[:, column] - found[:, column]) ** 2) / total)
    return math.fsum(shares) / len(shares)


def regression(output: str, found: Floats, wanted: Floats) -> RegressionMetrics:
    """Return the errors of one output.

    `output`: its name. `found`, `wanted`: (..., values) decoded values and targets of one shape, finite, not empty; all axes
    but the last count as samples.
    """
    rows, targets = found.reshape(-1, found.shape[-1]), wanted.reshape(-1, wanted.shape[-1])
    error = np.abs(rows - targets)
    return RegressionMetrics(
        output=output,
        values=error.size,
        mae=math.fsum(error.ravel()) / error.size,
        rmse=math.sqrt(math.fsum(error.ravel() ** 2) / error.size),
        max_error=float(error.max()),
        r2=_r2(rows, targets),
    )
