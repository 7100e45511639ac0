"""Table of a sweep."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from neurodeploy.diagnostics import errors_in
from neurodeploy.report.quantity import count, si
from neurodeploy.report.tables import plain_table
from neurodeploy.sweep.nouns import Outcome, Sweep, point_words

__all__ = ["cell", "heads_of", "seconds_words", "shown_measures", "sweep_line", "sweep_report"]

MOST_ROWS = 30
"""Rows of a table beyond which only the best points are listed."""
MOST_REASONS = 5
"""Reasons of failed points that are listed."""
WIDTH = 78
"""Characters of a row."""
UNITS = {"j": "J", "s": "s", "w": "W"}
"""End of the name of a measure -> its unit."""
FRACTIONS = ("accuracy",)
BOUND = re.compile(r".*_(low|high)(_[a-z]+)?")
"""Names of measures that are bounds of another."""


def shown_measures(sweep: Sweep) -> tuple[str, ...]:
    """Return the measures that tables show: all but bounds of intervals and those that no row has."""
    names = (name for name in sweep.measures if not BOUND.fullmatch(name))
    return tuple(name for name in names if any(row.measures.get(name) is not None for row in sweep.rows))


def cell(name: str, value: object) -> str:
    """Return the value of an axis or a measure as a text. `name`: of it, whose end tells its unit, such as energy_j."""
    if value is None:
        return "no figure"
    if isinstance(value, (bool, str)):
        return str(value)
    if isinstance(value, (list, dict)):
        return json.dumps(value, sort_keys=True)
    if not isinstance(value, (int, float)):
        return str(value)
    unit = UNITS.get(name.rpartition("_")[2]) if "_" in name else None
    if unit is not None:
        return si(value, unit)
    if name.rpartition(".")[2] in FRACTIONS:
        return f"{value:.2%}"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}" if abs(value) < 1000 else count(value)


def heads_of(names: Iterable[str]) -> list[str]:
    """Return headings of measures, without the unit that their cells have."""
    return [name.rpartition("_")[0] if name.rpartition("_")[2] in UNITS and "_" in name else name for name in names]


def seconds_words(seconds: float) -> str:
    """Return a duration as people say it, such as "3 min 20 s"."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def sweep_line(sweep: Sweep) -> str:
    """Return what was run: points, those that failed, those that were known, workers and time."""
    parts = [f"{len(sweep.rows):,} of {sweep.points:,} points"]
    parts += [f"{len(sweep.failed):,} failed"] if sweep.failed else []
    known = len(sweep.rows) - sweep.ran
    parts += [f"{known:,} known before"] if known else []
    workers = f" on {sweep.workers:,} worker{'s' * (sweep.workers != 1)}" if sweep.workers and sweep.ran else ""
    return f"{', '.join(parts)}; {sweep.ran:,} run in {seconds_words(sweep.seconds)}{workers}"


def sweep_report(sweep: Sweep, best: Collection[Outcome] = ()) -> RenderableType:
    """Return the table of a sweep, in which the best points have a star; of a large one, only these.

    `best`: rows that no other one beats.
    """
    starred = {row.address for row in best}
    good = [row for row in sweep.rows if not row.failed]
    listed = good if len(good) <= MOST_ROWS or not best else list(best)[:MOST_ROWS]
    names, left = _fitting(sweep, listed[:MOST_ROWS])
    table = plain_table("", "", *sweep.axes, *heads_of(names))
    for row in listed[:MOST_ROWS]:
        axes = [cell(name, row.values.get(name)) for name in sweep.axes]
        measures = [cell(name, row.measures.get(name)) for name in names]
        table.add_row("*" if row.address in starred else "", *axes, *measures)
    lines = [Text(sweep_line(sweep), style="bold"), Text("")]
    notes = list[str]()
    notes += ["* no other point is better in one measure without being worse in another"] if starred else []
    notes += (
        [f"{len(good) - len(listed[:MOST_ROWS]):,} more points: --csv FILE writes all"]
        if len(good) > len(listed[:MOST_ROWS])
        else []
    )
    notes += list(_failures(sweep))
    notes += [f"not shown: {', '.join(left)}"] if left else []
    return Group(*lines, *([table] if listed else []), *(Text(line, style="dim") for line in notes))


def _failures(sweep: Sweep) -> Iterator[str]:
    """A line for each reason for which points failed, with the first of them."""
    reasons = dict[str, list[Outcome]]()
    for row in sweep.failed:
        error = errors_in(row.findings)[0]
        reasons.setdefault(f"{error.code}: {error.message}", []).append(row)
    for reason, rows in list(reasons.items())[:MOST_REASONS]:
        more = f" and {len(rows) - 1:,} more" if len(rows) > 1 else ""
        yield f"failed: {point_words(rows[0].values)}{more}, {reason}"
    if len(reasons) > MOST_REASONS:
        yield f"and {len(reasons) - MOST_REASONS:,} more reasons: --csv FILE writes all"


def _fitting(sweep: Sweep, rows: Collection[Outcome]) -> tuple[list[str], list[str]]:
    """Measures whose columns fit the width of a terminal, and the others."""
    used = 4 + sum(_width(name, name, rows) for name in sweep.axes)
    kept, left = list[str](), list[str]()
    for name, head in zip(shown_measures(sweep), heads_of(shown_measures(sweep)), strict=True):
        wide = _width(name, head, rows)
        fits = used + wide <= WIDTH and not left
        used += wide
        (kept if fits else left).append(name)
    return kept, left


def _width(name: str, head: str, rows: Collection[Outcome]) -> int:
    cells = [cell(name, row.values.get(name, row.measures.get(name))) for row in rows]
    return 2 + max(len(head), *(len(item) for item in cells), 0)
