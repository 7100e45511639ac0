"""Thresholds of a monitor, from the activity of a calibration and the false alarms that are allowed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.monitor.chain import alarm_chance, leaned, run_length, threshold
from neurodeploy.monitor.nouns import MonitorOptions
from neurodeploy.monitor.scores import UNIT, Scores, chances, moved_chances, scores_of
from neurodeploy.program.activity import SpikeCounts

__all__ = ["Side", "Test", "design", "likeness", "smallest_shift"]

Floats = NDArray[np.float64]
ALLOWANCES = tuple(int(UNIT * part) for part in (0.125, 0.25, 0.375, 0.5, 0.75, 1.0))
"""Allowances that are tried: half of the shift that a sum is best for, in units of scores. Greater ones would rest on the few
samples of a calibration that were most unusual."""
DOUBT = 1.645
"""Standard errors by which the mean of a calibration may be wrong: 95 % of calibrations are wrong by less to this side."""
SEEN = 2.0
"""Standard errors from which a correlation of neighbours is taken for one."""
NEVER = 1 << 40
"""Threshold of a sum that cannot raise alarms rarely enough."""
DETECTED = 0.95
"""Probability with which the smallest shift is detected in time."""
LARGEST_RISE = 16.0


@dataclass(frozen=True, slots=True)
class Side:
    """The sum that detects more spikes, or the one that detects fewer."""

    allowance: int
    height: int
    """Threshold; NEVER if there is none."""
    apart: int
    """The threshold if samples did not resemble each other."""


@dataclass(frozen=True, slots=True)
class Test:
    """What is done with the counts of one input or population."""

    counts: SpikeCounts
    scores: Scores
    more: Side
    fewer: Side
    doubt: float
    """Scores by which the mean of the calibration may be wrong."""


def design(counts: tuple[SpikeCounts, ...], options: MonitorOptions) -> tuple[Test, ...]:
    """Return the test of each population, so that all together raise the false alarms that `options` allow, at most.

    `counts`: of the calibration. Each of the two sums of a population gets the same share of the false alarms, and keeps it even
    if the mean of the calibration is wrong by 1.645 standard errors in its direction.
    """
    length = 2 * len(counts) / options.false_alarms
    return tuple(_test(item, options.shift, length) for item in counts)


def _test(counts: SpikeCounts, shift: float, length: float) -> Test:
    scores = scores_of(counts)
    usual = chances(scores, counts)
    ranks = np.arange(usual.size) - usual.size // 2
    spread = float(np.sqrt(ranks**2 @ usual - (ranks @ usual) ** 2))
    alike = likeness(counts)
    doubt = DOUBT * spread * float(np.sqrt(alike / counts.samples.sum()))
    more = _side(leaned(usual, doubt), moved_chances(scores, counts, 1 + shift), length, alike)
    fewer = _side(leaned(usual[::-1], doubt), moved_chances(scores, counts, 1 - shift)[::-1], length, alike)
    return Test(counts, scores, more, fewer, doubt)


def likeness(counts: SpikeCounts) -> float:
    """Return the factor by which resemblance of neighbours increases the variance of sums of `counts`; 1 if there is none to be seen.

    That of a sequence whose correlation falls by the same factor with each further sample.
    """
    seen = counts.autocorrelation * float(np.sqrt(counts.samples.sum())) > SEEN
    return (1 + counts.autocorrelation) / (1 - counts.autocorrelation) if seen and counts.autocorrelation < 1 else 1.0


def _side(usual: Floats, moved: Floats, length: float, alike: float) -> Side:
    """The sum that detects the moved counts soonest of those whose mean run length on the usual ones is `length`.

    The mean run length of a sum depends on its threshold over the variance, so that is multiplied by `alike` as well.
    """
    best, soonest = Side(0, NEVER, NEVER), np.inf
    for allowance in ALLOWANCES:
        height = threshold(usual, allowance, length)
        if height is None:
            continue
        delay = run_length(moved, allowance, height)
        if best.height != NEVER and delay >= soonest:
            break  # delays fall to the best allowance, and rise beyond it
        best, soonest = Side(allowance, int(np.ceil(height * alike)), height), delay
    return best


def smallest_shift(test: Test, within: int) -> float | None:
    """Return the smallest relative change of the rate that a test detects within so many samples in 95 of 100 cases.

    The larger of the smallest rise and the smallest fall: 0.2 is 20 %, if the mean of the calibration is wrong by 1.645 standard errors
    towards the change. None if even silence, or 17 times the spikes, are not detected. `within`: samples after the change.
    """
    if NEVER in (test.more.height, test.fewer.height) or not test.counts.mean:
        return None
    rise = _least(lambda shift: _detects(test, within, shift), LARGEST_RISE)
    fall = _least(lambda shift: _detects(test, within, -shift), 1.0)
    return None if rise is None or fall is None else max(rise, fall)


def _detects(test: Test, within: int, shift: float) -> bool:
    moved = moved_chances(test.scores, test.counts, 1 + shift)
    side, seen = (test.more, moved) if shift > 0 else (test.fewer, moved[::-1])
    seen = leaned(seen[::-1], test.doubt)[::-1]
    samples = int(within / likeness(test.counts))  # as many that do not resemble each other say as much
    return alarm_chance(seen, side.allowance, side.apart, samples) >= DETECTED


def _least(detects: Callable[[float], bool], most: float) -> float | None:
    """The least shift that is detected, to one part in a hundred."""
    if not detects(most):
        return None
    low, high = 0.0, most
    while high - low > 0.01 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if detects(middle) else (middle, high)
    return high
