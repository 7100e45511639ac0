"""Verb: what a run showed that should worry: overflows, limited voltages, neurons that never or always fire. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, Subject, about, finding
from neurodeploy.program.program import PlacedPopulation, Program
from neurodeploy.signals.recording import Recording
from neurodeploy.simulate.recording_check import require_sound_recording

__all__ = ["run_findings", "seen_in"]

_OVERFLOWS = (
    ("ND530", "the weights of a step left the accumulator's range and wrapped"),
    ("ND531", "the current, or current and bias, left its range"),
    ("ND532", "the voltage was held at its limit"),
)
MANY = 20
"""Steps from which it says something that a neuron always fires, or never does."""


def _counted(where: Subject, code: str, message: str, steps: NDArray[Any]) -> Iterator[Diagnostic]:
    hit = np.flatnonzero(steps)
    if hit.size:
        times = f"{int(steps.sum()):,} time{'s' if steps.sum() > 1 else ''}"
        yield finding(
            code, where, f"{message} {times}, in {hit.size} of {steps.size} neurons, first neuron {int(hit[0])}"
        )


def _rates(program: Program, recording: Recording, item: PlacedPopulation) -> Iterator[Diagnostic]:
    """Neurons that fired in every step in which they could, or in none although their population was driven."""
    where, steps = about("population", item.name), recording.n_steps - recording.first_step + 1
    if not recording.n_samples or steps < MANY or not len(recording.spikes[item.name]):
        return
    counts = np.bincount(recording.spikes[item.name][:, 2], minlength=item.size)
    dead = np.flatnonzero(counts == 0)
    if dead.size:
        told = (
            f"{dead.size} of {item.size} neurons never fired in {recording.n_samples} samples, first neuron {dead[0]}"
        )
        yield finding("ND533", where, told)
    delay = np.maximum(program.tables.refract_delay[program.table_rows[item.name]].astype(np.int64), 1)
    # the first spike may come a few steps late: what counts is that none is left out afterwards
    most = -(-(steps - MANY // 2) // delay) * recording.n_samples
    always = np.flatnonzero(counts >= most)
    if always.size:
        told = f"{always.size} of {item.size} neurons fired in nearly every step in which they could, first neuron {always[0]}"
        yield finding("ND534", where, told)


def run_findings(program: Program, recording: Recording) -> tuple[Diagnostic, ...]:
    """Return ND530-ND532 (what left its range, where the backend watched), ND533 (dead), ND534 (saturated neurons).

    Raises DiagnosticError: ND513 (a recording that is not sound, or of another program).
    """
    require_sound_recording(recording, program)
    return seen_in(program, recording)


def seen_in(program: Program, recording: Recording) -> tuple[Diagnostic, ...]:
    """Return the same of a recording that was checked."""
    found: list[Diagnostic] = []
    for item in program.populations:
        watched = recording.overflows.get(item.name)
        for (code, message), steps in zip(_OVERFLOWS, () if watched is None else watched, strict=False):
            found += _counted(about("population", item.name), code, message, steps)
        if item.name in recording.spikes:
            found += _rates(program, recording, item)
    return tuple(found)
