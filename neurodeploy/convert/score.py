"""How near the answers of a spiking network are to those of the trained one.

Plans that a calibration compares differ in a few answers of hundreds, which is chance: a share of right answers cannot tell them
apart. The divergence of the scores can. It counts every sample, and errors where they may change the answer.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Score", "divergence", "relative_error"]

Array = NDArray[Any]
SPREAD = 2.0
"""Standard deviation of the scores whose softmax is compared: natural logits of small networks. Much larger ones would count a few
samples only."""
TIE = 0.01
"""Weight of the relative error of the output beside the divergence."""
OUT_OF_RANGE = 1e3
"""What a v that leaves the range of the target counts: more than every divergence."""


class Score(NamedTuple):
    """How good the answers of a plan are; a greater `value` is better."""

    right: float
    """Share of samples whose answer is right; 0 for an output of values."""
    error: float
    """Mean square error of the output, relative to the variance of the trained network's."""
    divergence: float = 0.0
    """Mean divergence of the scores from the trained network's, in nats; 0 for an output of values."""
    full: bool = False
    """Whether v leaves the range of the target."""

    @property
    def value(self) -> float:
        """The number that is compared."""
        return -self.divergence - TIE * self.error - OUT_OF_RANGE * self.full


def relative_error(read: Array, wanted: Array, *, values: bool) -> float:
    """Return the mean square error of outputs, relative to the variance of the wanted ones.

    `read` and `wanted`: (samples, size). `values`: outputs are values; else they are scores, of which what all classes of a
    sample share decides nothing.
    """
    error = read - wanted
    if not values:
        error, wanted = (x - x.mean(axis=1, keepdims=True) for x in (error, wanted))
    spread = float(np.square(wanted - wanted.mean(axis=0)).mean()) or 1.0
    return float(np.square(error).mean()) / spread


def divergence(read: Array, wanted: Array) -> float:
    """Return the mean Kullback-Leibler divergence of the softmax of scores from that of the wanted scores, in nats.

    `read` and `wanted`: (samples, classes). Both are scaled alike, so that the wanted scores have the standard deviation `SPREAD`.
    """
    centred = wanted - wanted.mean(axis=1, keepdims=True)
    scale = SPREAD / (float(np.sqrt(np.square(centred).mean())) or 1.0)
    given, trained = _log_softmax(read * scale), _log_softmax(wanted * scale)
    return float((np.exp(trained) * (trained - given)).sum(axis=1).mean())


def _log_softmax(scores: Array) -> Array:
    shifted = scores.astype(np.float64) - scores.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
