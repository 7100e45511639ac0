"""Tables of calibrations, and of recordings held against them."""

from __future__ import annotations

from rich.table import Table

from neurodeploy.monitor import Calibration, Monitored
from neurodeploy.report.plain import plain_table

__all__ = ["calibration_table", "drift_table"]

HEIGHTS = "▁▂▃▄▅▆▇█"
MOST_WINDOWS = 24
"""Windows that a row draws; of more, the last ones."""


def calibration_table(calibration: Calibration) -> Table:
    """Return the table of the activity of a `calibration`, with the smallest shifts that a monitor detects."""
    heads = ("population", "spikes / sample", "deviation", "Fano factor", "smallest shift seen")
    table = plain_table(f"activity of {calibration.n_samples:,} samples", *heads)
    for item in calibration.rows:
        shift = "-" if not item.mean else "none" if item.smallest_shift is None else f"{item.smallest_shift:.0%}"
        fano = "-" if item.fano is None else f"{item.fano:.2f}"
        table.add_row(item.name, f"{item.mean:,.2f}", f"{item.deviation:,.2f}", fano, shift)
    options = calibration.options
    table.caption = (
        f"seen within {options.within:,} samples in 95 of 100 cases,\n"
        f"with one false alarm in {1 / options.false_alarms:,.0f} samples of all populations together"
    )
    table.caption_justify = "left"
    return table


def drift_table(monitored: Monitored) -> Table:
    """Return the table of a recording that was `monitored`: spikes, alarms, and the course over the windows."""
    heads = ("population", "expected", "found", "change", "nearest to alarm", "p", "windows")
    n = len(monitored.windows)
    table = plain_table(f"spikes per sample of {monitored.n_samples:,} samples", *heads)
    for row, item in enumerate(monitored.watched):
        windows = [window.populations[row] for window in monitored.windows]
        found = sum(w.found * d.n_samples for w, d in zip(windows, monitored.windows, strict=True))
        found /= max(sum(d.n_samples for d in monitored.windows), 1)
        change = f"{found / item.expected - 1:+.1%}" if item.expected else "-"
        near = f"{item.alarms:,} alarms" if item.alarms > 1 else "alarm" if item.alarms else f"{item.statistic:.0%}"
        p = min((w.p for w in windows), default=1.0)
        course = _course([w.found for w in windows], item.expected)
        table.add_row(item.name, f"{item.expected:,.2f}", f"{found:,.2f}", change, near, f"{p:.2g}", course)
    length = monitored.windows[0].n_samples if n else 0
    table.caption = (
        f"p: least of {n:,} {'window' if n == 1 else 'windows'} of {length:,} samples, corrected for all tests;\n"
        "windows are drawn between half and one and a half of what is expected"
    )
    table.caption_justify = "left"
    return table


def _course(means: list[float], expected: float) -> str:
    """A column for each window: as expected in the middle."""
    shown = means[-MOST_WINDOWS:]
    if not expected:
        return "".join(HEIGHTS[-1 if mean else 0] for mean in shown)
    places = [round((mean / expected - 0.5) * (len(HEIGHTS) - 1)) for mean in shown]
    return "".join(HEIGHTS[min(max(place, 0), len(HEIGHTS) - 1)] for place in places)
