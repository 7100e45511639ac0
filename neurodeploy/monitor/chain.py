"""Cumulative sums of scores as Markov chains, whose run lengths are exact because scores are whole numbers.

A cumulative sum begins at 0, adds a score minus an allowance for each sample, never falls below 0, and raises an alarm when
it reaches a threshold; it then begins anew. Source of the method: E. S. Page, Continuous inspection schemes, Biometrika 41
(1954); of its chain: D. Brook and D. A. Evans, An approach to the probability distribution of CUSUM run length, Biometrika 59 (1972).
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

__all__ = ["alarm_chance", "leaned", "run_length", "threshold"]

Floats = NDArray[np.float64]
HIGHEST = 320
"""Highest threshold that is used, about."""
LEAST_LEAN = 0.05
"""Least allowance beyond the mean, in standard deviations of a score, with which a sum returns to 0 often enough."""


def _moves(chances: Floats, allowance: int, height: int) -> Floats:
    """(height, height) probabilities from one sum below the threshold to another."""
    most = chances.size // 2
    room = np.zeros(height + most + allowance)
    padded = np.concatenate([room, chances, room])
    first = room.size + most + allowance  # of a row that begins at sum 0
    moves = sliding_window_view(padded, height)[first - height + 1 : first + 1][::-1].copy()
    below = np.concatenate([[0.0], np.cumsum(chances)])
    moves[:, 0] = below[np.clip(allowance - np.arange(height) + most + 1, 0, chances.size)]
    return moves


def run_length(chances: Floats, allowance: int, height: int) -> float:
    """Return the mean number of samples until a sum that begins at 0 reaches a threshold.

    `chances`: probabilities of scores from -most to +most. `allowance`: taken off each score. `height`: the threshold, at least 1.
    """
    left = np.eye(height) - _moves(chances, allowance, height)
    try:
        found = float(np.linalg.solve(left, np.ones(height))[0])
    except np.linalg.LinAlgError:
        return np.inf
    return found if 0 < found < 1e12 else np.inf


def alarm_chance(chances: Floats, allowance: int, height: int, samples: int) -> float:
    """Return the probability that a sum which begins at 0 reaches the threshold within a number of `samples`.

    `chances`, `allowance` and `height`: as for run_length.
    """
    moves = _moves(chances, allowance, height)
    at = np.zeros(height)
    at[0] = 1.0
    for _ in range(samples):
        at = at @ moves
    return float(min(max(1 - at.sum(), 0.0), 1.0))


def threshold(chances: Floats, allowance: int, length: float) -> int | None:
    """Return the lowest threshold with a mean run length of at least `length` samples; None if it would be above HIGHEST.

    `chances`, `allowance`: as for run_length.
    """
    height = _guess(chances, allowance, length)
    short, enough = 0, 2 * HIGHEST
    while enough - short > 1 and height <= HIGHEST:
        found = run_length(chances, allowance, height)
        short, enough = (height, enough) if found < length else (short, height)
        # the logarithm of run lengths rises by about the same for every unit
        rise = np.log(max(found, 1.01)) / (height + 1)
        height = min(max(height + round(float(np.log(length / found) / rise)), short + 1), enough - 1)
    return enough if enough <= HIGHEST else None


def _guess(chances: Floats, allowance: int, length: float) -> int:
    """The threshold with this mean run length if scores were normal, about. Source of the formula: D. Siegmund, Sequential
    Analysis (1985), for a sum of normal numbers.
    """
    scores = np.arange(chances.size) - chances.size // 2
    mean = float(scores @ chances)
    spread = float(np.sqrt(scores**2 @ chances - mean**2))
    lean = (allowance - mean) / spread
    low, high = 0.0, 1000.0
    if lean < LEAST_LEAN:
        return 2 * HIGHEST
    while high - low > 0.01:
        middle = (low + high) / 2
        twice = 2 * lean * (middle + 1.166)
        short = twice < 100 and (np.expm1(twice) - twice) / (2 * lean**2) < length
        low, high = (middle, high) if short else (low, middle)
    return max(int(high * spread), 1)


def leaned(chances: Floats, shift: float) -> Floats:
    """Return the distribution nearest to `chances` whose mean is higher by `shift`, in units of scores.

    Each probability is multiplied by an exponential of its score. Where no lean suffices, the steepest that is tried is used.
    """
    scores = np.arange(chances.size) - chances.size // 2
    wanted = float(scores @ chances) + shift
    low, high, found = 0.0, 1.0, chances
    for _ in range(60):
        lean = (low + high) / 2
        found = chances * np.exp(lean * (scores - scores[-1]))
        found /= found.sum()
        low, high = (lean, high) if float(scores @ found) < wanted else (low, lean)
    return found
