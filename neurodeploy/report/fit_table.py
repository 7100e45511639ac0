"""Table of the targets and boards that a network fits."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from neurodeploy.compiler import FitRow
from neurodeploy.report.tables import plain_table

__all__ = ["fit_notes", "fit_table"]


def _cores(row: FitRow) -> str:
    if row.cores is None:
        return "-"
    return f"{row.cores:,} of {row.cores_held:,}" if row.cores_held else f"{row.cores:,}"


def _fullest(row: FitRow) -> str:
    if row.resource is None or row.share is None:
        return "-"
    return f"{row.resource.replace('_', ' ')} {row.share:.1%}"


def _change(row: FitRow) -> str:
    if row.holds != "does not hold":
        return ""
    return (row.fix.flag or row.fix.text) if row.fix else "none found"


def fit_table(rows: Iterable[FitRow], name: str) -> Table:
    """Return a table with a row for each target and, below it, for each of its boards."""
    heads = ("target / board", "verdict", "cores", "fullest", "one change")
    table = plain_table(f"where network '{name}' fits", *heads, text=True)
    for row in rows:
        place = f"  {row.board}" if row.board else row.target
        table.add_row(place, row.verdict, _cores(row), _fullest(row), _change(row))
    return table


def fit_notes(rows: Iterable[FitRow]) -> list[str]:
    """Return why targets do not hold a network, and the effect of the proposed change; boards with equal notes are
    listed once.
    """
    notes: list[str] = []
    last: tuple[str, str] | None = None
    for row in rows:
        if row.holds == "does not hold" and (row.target, row.why) != last:
            place = f"{row.target} {row.board}" if row.board else row.target
            what = f"; {row.fix.text}" if row.fix else "; no single change that was tried makes it fit"
            left = f"; not tried in the time for fixes: {', '.join(row.untried)}" if row.untried else ""
            notes.append(f"{place}: {', '.join(row.codes)}: {row.why}{what}{left}")
        last = (row.target, row.why)
    return notes
