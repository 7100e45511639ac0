"""Warnings derived from a recording: stopped runs, overflows, limited voltages, neurons that never or always fire, learned
weights at their limits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, Subject, about, finding
from neurodeploy.program.program import PlacedPopulation, Program
from neurodeploy.signals.recording import Recording
from neurodeploy.simulate.learned_summary import learned_projections
from neurodeploy.simulate.recording_check import require_sound_recording
from neurodeploy.simulate.row_passes import counts_of

__all__ = ["run_findings", "stop_findings", "with_findings"]

_OVERFLOWS = (
    ("ND530", "the sum of weights in a step left the accumulator's range and wrapped"),
    ("ND531", "the current, or current and bias, left its range"),
    ("ND532", "the voltage was clipped at its limit"),
)
MANY = 20
"""Shortest run, in steps, for which silent and saturated neurons are reported."""
FEW, AT_LIMITS = 4, 0.75
"""Fewest weights that changed, and share of them at a limit, from which ND524 is reported."""


def _counted(where: Subject, code: str, message: str, steps: NDArray[Any]) -> Iterator[Diagnostic]:
    hit = np.flatnonzero(steps)
    if hit.size:
        times = f"{int(steps.sum()):,} time{'s' if steps.sum() > 1 else ''}"
        neurons = f"in {hit.size} of {steps.size} neurons, first neuron {int(hit[0])}"
        yield finding(code, where, f"{message} {times}, {neurons}")


def _rates(program: Program, recording: Recording, item: PlacedPopulation) -> Iterator[Diagnostic]:
    """Neurons that fired in every possible step, and neurons that never fired although others of their population did."""
    where, steps = about("population", item.name), recording.n_steps - recording.first_step + 1
    if not recording.n_samples or steps < MANY or not len(recording.spikes[item.name]):
        return
    counts = counts_of(recording.spikes[item.name], item.size)
    dead = np.flatnonzero(counts == 0)
    if dead.size:
        message = (
            f"{dead.size} of {item.size} neurons never fired in {recording.n_samples} samples, first neuron {dead[0]}"
        )
        yield finding("ND533", where, message)
    delay = np.maximum(program.tables.refract_delay[program.table_rows[item.name]].astype(np.int64), 1)
    # a saturated neuron may start a few steps late, but then misses no spike
    most = -(-(steps - MANY // 2) // delay) * recording.n_samples
    always = np.flatnonzero(counts >= most)
    if always.size and item.kind != "sigma":  # which sends its sum in every step
        message = f"{always.size} of {item.size} neurons fired in nearly every possible step, first neuron {always[0]}"
        yield finding("ND534", where, message)


def _at_limits(program: Program, recording: Recording) -> Iterator[Diagnostic]:
    for item in learned_projections(program, recording):
        if item.changed >= FEW and item.at_limits >= AT_LIMITS * item.changed:
            message = f"{item.at_limits:,} of {item.changed:,} weights that changed are at a limit after learning"
            yield finding("ND524", about("projection", item.name), message)


def run_findings(program: Program, recording: Recording) -> tuple[Diagnostic, ...]:
    """Return ND530-ND532 (values that left their range, if the backend counted them), ND533 (silent neurons), ND534 (saturated
    neurons) and ND524 (learned weights at their limits).

    Raises DiagnosticError: ND513 (the recording is not sound, or of another program).
    """
    require_sound_recording(recording, program)
    return _run_findings(program, recording)


def stop_findings(recording: Recording) -> tuple[Diagnostic, ...]:
    """Return ND507 if the run was stopped before its last sample was complete."""
    if recording.complete:
        return ()
    message = f"{recording.n_samples} samples are complete and kept"
    if recording.partial:
        message = f"steps up to {recording.n_steps} of its one sample are kept"
    return (finding("ND507", about("backend", recording.backend), f"the run was stopped; {message}"),)


def with_findings(program: Program, recording: Recording, of_stimulus: tuple[Diagnostic, ...] = ()) -> Recording:
    """Return a checked recording with its findings: `of_stimulus`, then ND507 (stopped), then run_findings."""
    found = (*of_stimulus, *stop_findings(recording), *_run_findings(program, recording))
    return recording.model_copy(update={"findings": found})


def _run_findings(program: Program, recording: Recording) -> tuple[Diagnostic, ...]:
    found: list[Diagnostic] = []
    for item in program.populations:
        watched = recording.overflows.get(item.name)
        for (code, message), steps in zip(_OVERFLOWS, () if watched is None else watched, strict=False):
            found += _counted(about("population", item.name), code, message, steps)
        if item.name in recording.spikes:
            found += _rates(program, recording, item)
    return (*found, *_at_limits(program, recording))
