"""Scores: how unusual a number of spikes is among those of the calibration, whatever their distribution.

The score of a count is the normal quantile of its rank among the counts of the calibration, in eighths. Ranks of samples
that come from the same distribution as the calibration are uniform, so a score has one distribution for Poisson counts and
for any others. Scores are bounded, which is why one sample alone never raises an alarm.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program.activity import SpikeCounts

__all__ = ["UNIT", "Scores", "chances", "moved_chances", "scores_of"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
UNIT = 8
"""Steps of a score of one standard deviation."""
ENTRIES = 1 << 16
"""Most entries of a table, about."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Table of scores of one population."""

    low: int
    """Number of spikes of the first entry, fewer than ever occurred."""
    width: int
    """Numbers of spikes that share an entry: 1, except for populations with very many spikes."""
    table: Ints
    """(n,) scores in units of 1 / UNIT; the last entry is for more spikes than ever occurred."""

    def of(self, counts: Ints) -> Ints:
        """Return the scores of `counts`, numbers of spikes per sample."""
        return self.table[np.clip((counts - self.low) // self.width, 0, self.table.size - 1)]

    @property
    def most(self) -> int:
        """Largest magnitude of a score."""
        return int(np.abs(self.table).max())


def scores_of(counts: SpikeCounts) -> Scores:
    """Return the scores of numbers of spikes against `counts`, those of the calibration."""
    values, total = counts.values, int(counts.samples.sum())
    width = 1 + int(values[-1] - values[0]) // ENTRIES
    low = int(values[0]) - width
    shown = low + width * np.arange((int(values[-1]) - low) // width + 2)
    until = np.concatenate([[0], np.cumsum(counts.samples)])
    below, upto = (until[np.searchsorted(values, shown, side)] for side in ("left", "right"))
    ranks, entry = np.unique((below + upto + 1) / (2 * (total + 1)), return_inverse=True)
    quantile = NormalDist().inv_cdf
    found = np.array([round(quantile(rank) * UNIT) for rank in ranks.tolist()], dtype=np.int64)
    return Scores(low, width, found[entry.reshape(-1)])


def chances(scores: Scores, counts: SpikeCounts) -> Floats:
    """Return the probabilities of scores from -`scores`.most to +most, as `counts` of the calibration show them.

    The range between two neighbours of n counts holds one in n + 1 of further samples, and so do the two ranges beyond the extremes.
    """
    return _spread(scores, counts.values.astype(np.float64), counts.samples.astype(np.float64))


def moved_chances(scores: Scores, counts: SpikeCounts, factor: float) -> Floats:
    """Return the probabilities of `scores` when every number of spikes in `counts` is `factor` times as large.

    Fractions of a spike are rounded up or down at random, so that the mean moves by the factor for small counts too.
    """
    return _spread(scores, counts.values * factor, counts.samples.astype(np.float64))


def _spread(scores: Scores, values: Floats, weights: Floats) -> Floats:
    most, total = scores.most, float(weights.sum())
    found = np.zeros(2 * most + 1)
    whole = np.floor(values).astype(np.int64)
    share = values - whole
    np.add.at(found, scores.of(whole) + most, weights * (1 - share))
    np.add.at(found, scores.of(whole + 1) + most, weights * share)
    found[0] += 0.5
    found[-1] += 0.5
    return found / (total + 1)
