"""Findings of calibrations and of monitored recordings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.diagnostics.catalogue import Severity
from neurodeploy.monitor.design import likeness
from neurodeploy.monitor.nouns import Drift, MonitorOptions, Power, Watched
from neurodeploy.program.activity import Activity, SpikeCounts
from neurodeploy.program.program import Program

__all__ = [
    "LEAST_CALIBRATION",
    "activity_required",
    "calibration_findings",
    "drift_findings",
    "neuron_findings",
    "small",
]

LEAST_CALIBRATION = 50
"""Least samples of a calibration."""
UNIT = "spikes per sample"
MISSED = 20.0
"""Spikes that a neuron would have had, from which their absence counts."""
NAMED = 8


def activity_required(program: Program) -> Activity:
    """Return the activity of a `program`. Raises DiagnosticError: ND946 (it carries none)."""
    if program.activity is not None:
        return program.activity
    message = "carries no activity that another could be held against"
    fixes = ["neurodeploy compile NETWORK --calibrate SAMPLES.npz", "nd.calibrate(program, samples)"]
    raise DiagnosticError("monitor", (finding("ND946", about("network", program.network.name), message, fixes=fixes),))


def small(activity: Activity, severity: Severity) -> Diagnostic:
    """Return ND947 of a `severity`, for an `activity` of too few samples."""
    message = f"are {activity.n_samples:,} of the calibration; a distribution of spikes needs {LEAST_CALIBRATION}"
    fixes = ["calibrate with more samples"]
    found, limit = activity.n_samples, LEAST_CALIBRATION
    return finding("ND947", about("samples"), message, found=found, limit=limit, fixes=fixes, severity=severity)


def calibration_findings(activity: Activity, power: tuple[Power, ...], options: MonitorOptions) -> Iterator[Diagnostic]:
    """Yield what a monitor of an `activity` cannot do: ND947 (few samples), ND949 (a shift not seen in time), ND950 (samples alike).

    `power`: of its populations, under `options`.
    """
    if activity.n_samples < LEAST_CALIBRATION:
        yield small(activity, "warning")
        return
    for item in power:
        if item.mean and (item.smallest_shift is None or item.smallest_shift > options.shift):
            yield _unseen(item, options)
    for item in activity.counts:
        if likeness(item) > 1:
            message = (
                f"has spikes that resemble those of the sample before (correlation {item.autocorrelation:.2f}): "
                f"thresholds are raised {likeness(item):,.1f} times"
            )
            yield finding("ND950", about(item.kind, item.name), message)


def _unseen(item: Power, options: MonitorOptions) -> Diagnostic:
    least = "no shift is" if item.smallest_shift is None else f"the smallest that is: {item.smallest_shift:.0%}"
    message = (
        f"varies too much for a shift of {options.shift:.0%} to be detected within {options.within:,} samples at "
        f"one false alarm in {1 / options.false_alarms:,.0f}; {least}"
    )
    return finding("ND949", about(item.kind, item.name), message, fixes=["calibrate with more samples"])


def drift_findings(
    watched: tuple[Watched, ...], windows: tuple[Drift, ...], counts: Mapping[str, NDArray[np.int64]]
) -> Iterator[Diagnostic]:
    """Yield ND945 for every input and population that raised an alarm, or has a window that is called drifted.

    `watched`: by the monitor. `windows`: of the same samples. `counts`: input or population -> (n_samples,) spikes of each sample.
    """
    for row, item in enumerate(watched):
        drifted = [window for window in windows if window.populations[row].drifted]
        if item.since is not None:
            yield _alarmed(item, windows, row, counts[item.name][item.since :])
        elif drifted:
            yield _differs(drifted[0], row)


def _finding(kind: str, name: str, message: str, found: float, expected: float) -> Diagnostic:
    where = about("input", name) if kind == "input" else about("population", name)
    return finding("ND945", where, message, found=round(found, 2), limit=round(expected, 2), unit=UNIT)


def _change(found: float, expected: float) -> str:
    return f"{found / expected - 1:+.0%}" if expected else "none expected"


def _alarmed(item: Watched, windows: tuple[Drift, ...], row: int, counts: NDArray[np.int64]) -> Diagnostic:
    """The finding of an alarm. `counts`: since the drift began."""
    since, at = item.since or 0, item.alarm or 0
    window = next(each for each in windows if each.first_sample + each.n_samples > at)
    found = float(counts[: max(windows[0].n_samples, at - since + 1)].mean())
    message = (
        f"has {item.direction} spikes than in the calibration from about sample {since:,} on "
        f"({_change(found, item.expected)}; alarm of the cumulative sum at sample {at:,}, "
        f"p = {window.populations[row].p:.2g} in the window from {window.first_sample:,})"
    )
    return _finding(item.kind, item.name, message, found, item.expected)


def _differs(window: Drift, row: int) -> Diagnostic:
    item = window.populations[row]
    test = "Kolmogorov-Smirnov test" if item.ks_p <= item.poisson_p else "test of Poisson means"
    message = (
        f"has otherwise distributed spikes than in the calibration in samples {window.first_sample:,} to "
        f"{window.first_sample + window.n_samples - 1:,} ({_change(item.found, item.expected)}, by {item.wasserstein:.3g} spikes; "
        f"{test}, p = {item.p:.2g})"
    )
    return _finding(item.kind, item.name, message, item.found, item.expected)


def neuron_findings(usual: SpikeCounts, spikes: NDArray[np.int64], share: float) -> Iterator[Diagnostic]:
    """Yield ND951 for neurons that spiked in the calibration and are silent now.

    `usual`: of the population. `spikes`: (size,) now, in `share` times as many samples.
    """
    silent = np.flatnonzero((spikes == 0) & (usual.neuron_spikes * share >= MISSED))
    if not silent.size:
        return
    named = ", ".join(str(number) for number in silent[:NAMED].tolist()) + (", ..." if silent.size > NAMED else "")
    least = float((usual.neuron_spikes[silent] * share).min())
    one = silent.size == 1
    message = (
        f"has {silent.size:,} silent {'neuron' if one else 'neurons'} that spiked in the calibration: {named} "
        f"({'it' if one else 'each'} would have had {least:,.0f} spikes{'' if one else ' or more'})"
    )
    yield finding("ND951", about(usual.kind, usual.name), message)
