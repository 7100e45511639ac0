"""A recording held against the activity of its program."""

from __future__ import annotations

import numpy as np

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.monitor.counts import sample_counts
from neurodeploy.monitor.design import design, smallest_shift
from neurodeploy.monitor.findings import (
    LEAST_CALIBRATION,
    activity_required,
    calibration_findings,
    drift_findings,
    neuron_findings,
    small,
)
from neurodeploy.monitor.live import Monitor
from neurodeploy.monitor.nouns import Calibration, Monitored, MonitorOptions, Power
from neurodeploy.monitor.window import LEAST_SAMPLES, drift
from neurodeploy.program.activity import Activity
from neurodeploy.program.program import Program
from neurodeploy.signals import Recording

__all__ = ["calibration_of", "monitored"]


def calibration_of(activity: Activity, options: MonitorOptions | None = None) -> Calibration:
    """Return what a monitor of an `activity` detects under `options`, with warnings where that is too little."""
    chosen = options or MonitorOptions()
    rows = tuple(
        Power(
            name=item.counts.name,
            kind=item.counts.kind,
            mean=item.counts.mean,
            deviation=float(np.sqrt(item.counts.variance)),
            fano=item.counts.fano,
            smallest_shift=smallest_shift(item, chosen.within),
        )
        for item in design(activity.counts, chosen)
    )
    found = tuple(calibration_findings(activity, rows, chosen))
    return Calibration(
        n_samples=activity.n_samples, n_steps=activity.n_steps, options=chosen, rows=rows, findings=found
    )


def monitored(program: Program, recording: Recording, options: MonitorOptions | None = None) -> Monitored:
    """Return a `recording` of a `program` held against the activity that the program carries, sample by sample and in windows.

    `options`: what is detected, and how often wrongly.

    Raises DiagnosticError: ND946 (no activity), ND947 (of too few samples), ND948 (the recording cannot be compared).
    """
    chosen, activity = options or MonitorOptions(), activity_required(program)
    if activity.n_samples < LEAST_CALIBRATION:
        raise DiagnosticError("monitor", (small(activity, "error"),))
    _require_comparable(activity, recording)
    counts = sample_counts(recording)
    monitor = Monitor(activity, chosen, tuple(counts))
    monitor.observe(counts)
    starts = _starts(recording.n_samples, chosen.window)
    mine = {name: counts[name] for name in monitor.names}
    windows = tuple(
        drift(
            activity,
            {name: values[first:end] for name, values in mine.items()},
            chosen,
            first_sample=first,
            windows=len(starts),
        )
        for first, end in starts
    )
    watched = monitor.report()
    found = (*drift_findings(watched, windows, mine), *_neurons(activity, recording, monitor.names))
    return Monitored(n_samples=recording.n_samples, options=chosen, watched=watched, windows=windows, findings=found)


def _require_comparable(activity: Activity, recording: Recording) -> None:
    message = ""
    if recording.n_steps != activity.n_steps or recording.first_step != 1:
        ran = f"{recording.first_step:,} to {recording.n_steps:,}"
        message = f"ran steps {ran} of each sample, the calibration 1 to {activity.n_steps:,}, so their spikes cannot be compared"
    elif recording.n_samples < LEAST_SAMPLES or recording.partial:
        message = f"has {recording.n_samples:,} samples; a comparison needs {LEAST_SAMPLES}"
    if message:
        raise DiagnosticError("monitor", (finding("ND948", about("recording"), message),))


def _starts(n_samples: int, window: int) -> list[tuple[int, int]]:
    """First sample and end of each window; a short rest belongs to the last one."""
    starts = list(range(0, n_samples, window))
    if len(starts) > 1 and n_samples - starts[-1] < LEAST_SAMPLES:
        starts.pop()
    return list(zip(starts, [*starts[1:], n_samples], strict=True))


def _neurons(activity: Activity, recording: Recording, names: tuple[str, ...]) -> list[Diagnostic]:
    """Neurons that fell silent."""
    rows = {**recording.input_spikes, **recording.spikes}
    share = recording.n_samples / activity.n_samples
    return [
        item
        for usual in activity.counts
        if usual.name in names and usual.kind == "population"
        for item in neuron_findings(usual, np.bincount(rows[usual.name][:, 2], minlength=usual.size), share)
    ]
