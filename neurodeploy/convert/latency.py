"""The fewest steps of a sample within a given loss, found by calibrations for fewer and fewer steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.calibrate import Calibrated, Goal, Samples, calibrate
from neurodeploy.convert.ranges import Candidate
from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.trained.layers import Layers

__all__ = ["Found", "calibrate_for", "losses"]

Array = NDArray[Any]
TRIES = 4
"""Calibrations at most after the first one."""


class Found(NamedTuple):
    """A calibration and what it was for."""

    calibrated: Calibrated
    """Its result."""
    goal: Goal
    """The goal, with the chosen steps."""
    findings: tuple[Diagnostic, ...] = ()
    """ND852 if no number of steps is within the loss."""


def calibrate_for(
    layers: Layers, samples: Samples, goal: Goal, candidates: list[Candidate], points: float | None = None
) -> Found:
    """Return a calibration for the steps of a goal, or for the fewest that lose at most `points`.

    `layers`, `samples`, `candidates`: as for `calibrate`. `goal`: its steps are the most that are tried. `points`: percentage
    points of accuracy below the trained network on the samples of the search (see `losses`); None: all steps of the goal.
    """
    best = Found(calibrate(layers, samples, goal, candidates), goal)
    if points is None:
        return best
    lost = losses(best.calibrated, goal)
    if not (lost <= points).any():
        return best._replace(findings=tuple(_missed(lost, points)))
    for _ in range(TRIES):
        fewest = int(np.argmax(losses(best.calibrated, best.goal) <= points)) + 1
        if fewest == best.goal.steps:
            break
        fewer = goal._replace(steps=fewest)
        found = Found(calibrate(layers, samples, fewer, candidates), fewer)
        if losses(found.calibrated, fewer)[-1] > points:
            break
        best = found
    return best


def losses(calibrated: Calibrated, goal: Goal) -> Array:
    """Return (steps,) percentage points that answers after each step are worse than the trained network's.

    `calibrated`: a calibration. `goal`: what it was for. Of an output of values: the RMS error in percent of their standard
    deviation.
    """
    wanted, steps = calibrated.wanted, goal.steps
    if goal.values:
        gain = calibrated.plan.codings[calibrated.plan.populations[-1].layer].units[0].gain
        given = calibrated.run.read / np.arange(1, steps + 1)[:, None] * gain
        spread = float(np.square(wanted - wanted.mean(axis=0)).mean()) or 1.0
        return 100.0 * np.sqrt(np.square(given - wanted[:, None]).mean(axis=(0, 2)) / spread)
    answers = wanted.argmax(axis=1)
    labels = answers if calibrated.samples.labels is None else calibrated.samples.labels
    right = (calibrated.run.read.argmax(axis=2) == labels[:, None]).mean(axis=0)
    return 100.0 * (float((answers == labels).mean()) - right)


def _missed(lost: Array, points: float) -> Iterator[Diagnostic]:
    least = int(np.argmin(lost)) + 1
    message = f"is not reached in {lost.size} steps: the least loss is {lost.min():.2f} points, after {least} steps"
    more = [f"steps = {2 * lost.size}", f"latency = {np.ceil(lost.min() * 10) / 10:g}"]
    yield finding(
        "ND852", about("option", "latency"), message, found=round(float(lost.min()), 2), limit=points, fixes=more
    )
