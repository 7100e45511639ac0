"""What of a stimulus is not shown as it was given: beyond the last step, merged into one spike, or too small for any."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, Fix, Subject, about, finding
from neurodeploy.network import Bias, Encoder, Events, Input, Rate
from neurodeploy.simulate.event_columns import time_unit
from neurodeploy.simulate.events import steps_of

__all__ = ["Window", "cut_values", "folded", "late_rows", "merged_rows", "quiet_values"]

Array = NDArray[Any]
LONGEST_OFFER = 1_000_000
"""Steps that a fix offers to show; more are a wrong origin or unit of the times."""


class Window(NamedTuple):
    """For how long each sample is shown."""

    steps: int
    asked: bool
    """Whether the run was asked for just so many; else the network says so, or the samples themselves."""
    dt_s: float


def late_rows(item: Input, rows: Array, times: Array | None, window: Window, *, moved: bool) -> list[Diagnostic]:
    """Return ND066 if rows (sample, step, line) lie behind the window. `times`: of a sensor's events, row by row.

    `moved`: times count from the first event already. An error where nothing at all would be shown, and nobody asked for so
    few steps.
    """
    late = rows[:, 1] > window.steps
    if not late.any():
        return []
    count, kept = int(late.sum()), int(late.size - late.sum())
    empty = np.setdiff1d(rows[late, 0], rows[~late, 0]).size
    told = (
        f"{count:,} of {late.size:,} {'spikes' if times is None else 'events'} lie behind the last step that is shown"
    )
    if empty:
        told += f", and nothing is left of {empty:,} of {np.unique(rows[:, 0]).size:,} samples"
    numbers: dict[str, Any] = {"found": int(rows[late, 1].min()), "limit": window.steps, "unit": "step"}
    fixes, encoder, last = list[Fix](), item.encoder, int(rows[:, 1].max())
    if isinstance(encoder, Events) and times is not None:
        told += f"; the first of them in step {int(rows[late, 1].min()):,} of {window.steps:,}"
        per_step = window.dt_s / encoder.unit_s
        unit = time_unit(encoder.unit_s)
        numbers = {"found": int(times[late].min()), "limit": _plain(window.steps * per_step), "unit": unit}
        fixes = [] if moved else _origin_fix(rows[:, 0], times, window.steps, per_step, unit)
    if last <= LONGEST_OFFER:
        fixes.append(Fix(text="show all of them", flag=f"--steps {last}"))
    severity = "error" if not kept and not window.asked else "warning"
    return [finding("ND066", about("input", item.name), told, fixes=fixes, severity=severity, **numbers)]


def _plain(value: float) -> float:
    """A number without the last bits of a division."""
    return round(value) if abs(value - round(value)) <= 1e-9 * abs(value) else value


def _origin_fix(samples: Array, times: Array, steps: int, per_step: float, unit: str) -> list[Fix]:
    """Counting from the first event of each sample, if fewer lie behind the window then."""
    known, of = np.unique(samples, return_inverse=True)
    first = np.full(known.size, np.iinfo(np.int64).max)
    np.minimum.at(first, of, times)
    still = int((steps_of(times - first[of], per_step) > steps).sum())
    if still >= int((steps_of(times, per_step) > steps).sum()):
        return []
    what = f"{int(first.min()):,} {unit} from the times"
    what = what if known.size == 1 else f"its first time from those of each sample, {int(first.min()):,} {unit} or more"
    then = "then all are shown" if not still else f"then {still:,} still lie behind"
    return [Fix(text=f"subtract {what}; {then}", flag="--time-origin first")]


def merged_rows(item: Input, given: int, kept: int) -> list[Diagnostic]:
    """Return ND067 if several rows name the same sample, step and line, which spikes once."""
    if kept == given:
        return []
    word = "events" if isinstance(item.encoder, Events) else "spikes"
    told = (
        f"{given - kept:,} of {given:,} {word} fall into a step in which their line spikes already: a line spikes once"
    )
    severity = "info" if isinstance(item.encoder, Events) else "warning"
    return [finding("ND067", about("input", item.name), told, severity=severity)]


def cut_values(item: Input, values: Array, window: Window) -> list[Diagnostic]:
    """Return ND066 if values over time, (samples, steps, *shape), have any besides 0 behind the window."""
    given = values.shape[1]
    rest = np.count_nonzero(values[:, window.steps :])
    if given <= window.steps or not rest:
        return []
    what = "currents" if item.encoder.kind == "current" else "spikes"
    told = f"{rest:,} {what} lie behind the last step that is shown"
    fixes = [Fix(text="show all of them", flag=f"--steps {given}")]
    severity = "info" if window.asked else "warning"
    numbers: dict[str, Any] = {"found": given, "limit": window.steps, "unit": "step"}
    return [finding("ND066", about("input", item.name), told, fixes=fixes, severity=severity, **numbers)]


def quiet_values(item: Input, encoder: Encoder, flat: Array, raster: Array) -> list[Diagnostic]:
    """Return ND068 if values above 0 are so small that their first spike would lie behind the window."""
    if not isinstance(encoder, (Rate, Bias)):
        return []
    quiet = (flat > 0) & ~raster.any(axis=1)
    count = int(quiet.sum())
    if not count:
        return []
    steps = raster.shape[1]
    told = f"{count:,} of {int((flat > 0).sum()):,} values above 0 give no spike in {steps} steps"
    return [finding("ND068", about("input", item.name), told)]


def folded(findings: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the findings of batches that follow one another, one of each kind for each input."""
    groups: dict[tuple[str, Subject, str], list[Diagnostic]] = {}
    for item in findings:
        groups.setdefault((item.code, item.subject, item.severity), []).append(item)
    return tuple(_first_of(group) for group in groups.values())


def _first_of(group: list[Diagnostic]) -> Diagnostic:
    first, more = group[0], len(group) - 1
    told = f"{first.message}; so in {more:,} more batches" if more else first.message
    return first.model_copy(update={"message": told})
