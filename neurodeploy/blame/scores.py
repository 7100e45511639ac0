"""Scores of outputs: right answers of a classifier, explained variance of a regressor, with standard errors."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.blame.nouns import Measure

__all__ = ["Scorer", "answers_of", "mean_error", "scorer"]

Array = NDArray[Any]


class Scorer(NamedTuple):
    """What outputs are compared with."""

    measure: Measure
    wanted: Array
    """(samples,) classes, or (samples, size) values."""

    def parts(self, output: Array) -> Array:
        """Return (samples,) contributions, whose mean is the score."""
        if self.measure == "accuracy":
            return (answers_of(output) == self.wanted).astype(np.float64)
        variance = float(np.square(self.wanted - self.wanted.mean(axis=0)).mean()) or 1.0
        return 1.0 - np.square(output - self.wanted).mean(axis=1) / variance

    def score(self, output: Array) -> float:
        """Return the score, at most 1."""
        return float(self.parts(output).mean())

    def standard_error(self, output: Array) -> float:
        """Return the standard error of the score."""
        return mean_error(self.parts(output))

    def error_of_difference(self, first: Array, second: Array) -> float:
        """Return the standard error of the difference of two scores on the same samples."""
        return mean_error(self.parts(first) - self.parts(second))


def answers_of(output: Array) -> Array:
    """Return (samples,) classes of (samples, size) scores; one score alone says whether it is class 1."""
    return output.argmax(axis=1) if output.shape[1] > 1 else (output[:, 0] > 0).astype(np.int64)


def mean_error(parts: Array) -> float:
    """Return the standard error of the mean of (samples,) numbers."""
    return float(parts.std(ddof=1) / np.sqrt(parts.size)) if parts.size > 1 else 0.0


def scorer(task: str, exact: Array, labels: Array | None) -> Scorer:
    """Return the scorer of a task: "classify" or "regress". `exact`: (samples, size) output of the trained network."""
    if task == "classify":
        return Scorer("accuracy", answers_of(exact) if labels is None else labels)
    return Scorer("r2", exact if labels is None else np.asarray(labels, dtype=np.float64).reshape(len(exact), -1))
