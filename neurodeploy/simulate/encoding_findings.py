"""Findings for input that the encoding changes: cut off after the last step, merged into one spike, or too small to spike."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, Fix, Subject, about, finding
from neurodeploy.network import Bias, Encoder, Events, Input, Poisson, Rate
from neurodeploy.network.levels import declares_range, range_of
from neurodeploy.simulate.event_columns import time_unit
from neurodeploy.simulate.events import rounds, steps_of, units_per_step

__all__ = [
    "Window",
    "clipped_value_findings",
    "cut_value_findings",
    "late_row_findings",
    "merged_findings",
    "merged_row_findings",
    "quiet_value_findings",
]

Array = NDArray[Any]
ROUNDING = 1e-6
"""Values beyond a range by less than this share of it are not reported: they are its ends, rounded to float32."""
LONGEST_OFFER = 1_000_000
"""Largest number of steps that a fix proposes; more indicates a wrong origin or unit of times."""


class Window(NamedTuple):
    """Steps in which each sample is shown."""

    steps: int
    requested: bool
    """Whether the user set the number of steps; else it follows from the network or from the samples."""
    dt_s: float


def late_row_findings(
    item: Input, rows: Array, times: Array | None, window: Window, *, moved: bool
) -> list[Diagnostic]:
    """Return ND066 if rows (sample, step, line) lie after the window.

    `times`: times of sensor events, one per row. `moved`: whether times already count from the first event. The
    finding is an error if nothing would be shown and the user did not set the number of steps.
    """
    late = rows[:, 1] > window.steps
    if not late.any():
        return []
    count, kept = int(late.sum()), int(late.size - late.sum())
    empty = np.setdiff1d(rows[late, 0], rows[~late, 0]).size
    message = (
        f"{count:,} of {late.size:,} {'spikes' if times is None else 'events'} lie after the last step that is shown"
    )
    if empty:
        message += f", leaving {empty:,} of {np.unique(rows[:, 0]).size:,} samples empty"
    numbers: dict[str, Any] = {"found": int(rows[late, 1].min()), "limit": window.steps, "unit": "step"}
    fixes, encoder, last = list[Fix](), item.encoder, int(rows[:, 1].max())
    if isinstance(encoder, Events) and times is not None:
        message += f"; the first of them in step {int(rows[late, 1].min()):,} of {window.steps:,}"
        per_step = units_per_step(encoder, window.dt_s)
        unit = time_unit(encoder.unit_s)
        numbers = {"found": int(times[late].min()), "limit": _plain(window.steps * per_step), "unit": unit}
        fixes = [] if moved else _origin_fix(rows[:, 0], times, window.steps, encoder, window.dt_s)
    if last <= LONGEST_OFFER:
        fixes.append(Fix(text="show all of them", flag=f"--steps {last}"))
    severity = "error" if not kept and not window.requested else "warning"
    return [finding("ND066", about("input", item.name), message, fixes=fixes, severity=severity, **numbers)]


def _plain(value: float) -> float:
    """A number rounded to an integer if it differs only by the error of a division."""
    return round(value) if abs(value - round(value)) <= 1e-9 * abs(value) else value


def _origin_fix(samples: Array, times: Array, steps: int, encoder: Events, dt_s: float) -> list[Fix]:
    """Fix that counts times from the first event of each sample, if fewer events then lie after the window."""
    distinct, of = np.unique(samples, return_inverse=True)
    first = np.full(distinct.size, np.iinfo(np.int64).max)
    np.minimum.at(first, of, times)
    per_step, nearest, unit = units_per_step(encoder, dt_s), rounds(encoder), time_unit(encoder.unit_s)
    still = int((steps_of(times - first[of], per_step, nearest=nearest) > steps).sum())
    if still >= int((steps_of(times, per_step, nearest=nearest) > steps).sum()):
        return []
    what = f"{int(first.min()):,} {unit} from the times"
    what = (
        what if distinct.size == 1 else f"its first time from those of each sample, {int(first.min()):,} {unit} or more"
    )
    then = "then all are shown" if not still else f"then {still:,} still lie after it"
    return [Fix(text=f"subtract {what}; {then}", flag="--time-origin first")]


def merged_row_findings(item: Input, rows: int, kept: int) -> list[Diagnostic]:
    """Return ND067 if several rows have the same sample, step and line; the line spikes once.

    `rows` and `kept`: numbers of rows before and after merging.
    """
    if kept == rows:
        return []
    word = "events" if isinstance(item.encoder, Events) else "spikes"
    message = (
        f"{rows - kept:,} of {rows:,} {word} repeat a spike of their line in the same step; a line spikes once per step"
    )
    severity = "info" if isinstance(item.encoder, Events) else "warning"
    return [finding("ND067", about("input", item.name), message, severity=severity)]


def cut_value_findings(item: Input, values: Array, window: Window) -> list[Diagnostic]:
    """Return ND066 if values over time, (samples, steps, *shape), are not all 0 after the window."""
    length = values.shape[1]
    rest = np.count_nonzero(values[:, window.steps :])
    if length <= window.steps or not rest:
        return []
    what = "currents" if item.encoder.kind == "current" else "spikes"
    message = f"{rest:,} {what} lie after the last step that is shown"
    fixes = [Fix(text="show all of them", flag=f"--steps {length}")]
    severity = "info" if window.requested else "warning"
    numbers: dict[str, Any] = {"found": length, "limit": window.steps, "unit": "step"}
    return [finding("ND066", about("input", item.name), message, fixes=fixes, severity=severity, **numbers)]


def quiet_value_findings(item: Input, encoder: Encoder, flat: Array, raster: Array) -> list[Diagnostic]:
    """Return ND068 if values are so near to the level 0 that their first spike would lie after the window.

    `flat`: (samples, lines) levels. `raster`: (samples, steps, lines) spikes.
    """
    if not isinstance(encoder, (Rate, Bias)):
        return []
    quiet = (flat > 0) & ~raster.any(axis=1)
    count = int(quiet.sum())
    if not count:
        return []
    steps = raster.shape[1]
    own = isinstance(encoder, Rate) and (encoder.signed or np.any(encoder.zero))
    which = "other than 'zero'" if own else "above 0"
    message = f"{count:,} of {int((flat > 0).sum()):,} values {which} give no spike in {steps} steps"
    return [finding("ND068", about("input", item.name), message)]


def clipped_value_findings(item: Input, encoder: Rate | Poisson, flat: Array) -> list[Diagnostic]:
    """Return ND841 if values lie outside the range that an encoder declares.

    `flat`: (samples, values) in the order of the lines.
    """
    low, high = range_of(item)
    slack = ROUNDING * np.subtract(high, low)
    outside = (flat < low - slack) | (flat > high + slack)
    count = int(outside.sum())
    if not count or not declares_range(encoder):
        return []
    message = f"{count:,} of {flat.size:,} values are clipped to the range of encoder '{encoder.kind}'"
    if np.ndim(low) or np.ndim(high):
        columns = int(outside.any(axis=0).sum())
        message += f", which is one for each value of a sample: {columns:,} of {flat.shape[1]:,} leave theirs"
    else:
        message += f", {low:g} to {high:g}; all values lie between {flat.min():g} and {flat.max():g}"
    return [finding("ND841", about("input", item.name), message)]


def merged_findings(findings: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the findings of consecutive batches, merged to one per code, subject and severity."""
    groups: dict[tuple[str, Subject, str], list[Diagnostic]] = {}
    for item in findings:
        groups.setdefault((item.code, item.subject, item.severity), []).append(item)
    return tuple(_first_of(group) for group in groups.values())


def _first_of(group: list[Diagnostic]) -> Diagnostic:
    first, more = group[0], len(group) - 1
    message = f"{first.message}; also in {more:,} other batches" if more else first.message
    return first.model_copy(update={"message": message})
