"""Table of the targets and boards that a network fits, and why others do not hold it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

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
    return (
        f"{row.resource.replace('_', ' ')} {row.share:,.0%}"
        if row.share >= 10
        else f"{row.resource.replace('_', ' ')} {row.share:.1%}"
    )


def _change(row: FitRow) -> str:
    return (row.fix.flag or row.fix.text) if row.fix else ""


def fit_table(rows: Iterable[FitRow], name: str) -> Table:
    """Return a table with a row for each target and, below it, for each of its boards.

    The fullest resource of a board is left out where it is that of the row above, and the column of changes if there are none.
    """
    every = list(rows)
    changes = any(row.fix for row in every)
    heads = ("target / board", "verdict", "cores", "fullest", *(("one change",) if changes else ()))
    table = plain_table(f"where network '{name}' fits", *heads, text=True)
    last = ""
    for row in every:
        place, fullest = f"  {row.board}" if row.board else row.target, _fullest(row)
        shown = "" if row.board and fullest == last else fullest
        table.add_row(place, row.verdict, _cores(row), shown, *([_change(row)] if changes else []))
        last = fullest
    return table


def fit_notes(rows: Iterable[FitRow]) -> list[str]:
    """Return why targets do not hold a network, each reason once with all targets that it concerns; then the effect of each
    proposed change, and the targets for which no change was found.
    """
    failed = [row for row in rows if row.holds == "does not hold"]
    notes = [f"{code} {_places(found)}: {why}" for (code, why), found in _by_reason(failed).items()]
    for text, found in _grouped((row.fix.text, row) for row in failed if row.fix).items():
        notes.append(f"fix for {_listed(found)}: {text}")
    none = [row for row in failed if not row.fix]
    if none:
        notes.append(f"no single change that was tried makes it fit: {_listed(none)}")
    for left, found in _grouped((", ".join(row.untried), row) for row in failed if row.untried).items():
        notes.append(f"not tried in the time for fixes: {left}, for {_listed(found)}")
    return notes


def _grouped(pairs: Iterable[tuple[str, FitRow]]) -> dict[str, list[FitRow]]:
    found: dict[str, list[FitRow]] = {}
    for key, row in pairs:
        found.setdefault(key, []).append(row)
    return found


def _by_reason(rows: Sequence[FitRow]) -> dict[tuple[str, str], list[FitRow]]:
    """(code, sentence) -> rows; a sentence does not name the target, which stands before it."""
    found: dict[tuple[str, str], list[FitRow]] = {}
    for row in rows:
        why = row.why.replace(f"target '{row.target}'", "the target")
        found.setdefault((row.codes[0] if row.codes else "", why), []).append(row)
    return found


def _names(rows: Sequence[FitRow]) -> Iterator[tuple[str, FitRow]]:
    """(target, or target and board, row); boards are left out where their target is in the list."""
    targets = {row.target for row in rows if row.board is None}
    for row in rows:
        if row.board is None or row.target not in targets:
            yield f"{row.target} {row.board}" if row.board else row.target, row


def _listed(rows: Sequence[FitRow]) -> str:
    return ", ".join(name for name, _ in _names(rows))


def _places(rows: Sequence[FitRow]) -> str:
    """Targets with the further codes of each."""
    shown: list[str] = []
    for name, row in _names(rows):
        more = f" (also {', '.join(row.codes[1:])})" if len(row.codes) > 1 else ""
        shown.append(f"{name}{more}")
    return ", ".join(shown)
