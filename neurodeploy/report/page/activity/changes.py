"""Section with the figures that differ from a baseline, and why."""

from __future__ import annotations

from neurodeploy.diff import Difference, Reason
from neurodeploy.report.markup import element, text
from neurodeploy.report.page.activity.figures import signed
from neurodeploy.report.page.blocks import note, table
from neurodeploy.report.page.section import Section
from neurodeploy.report.page.subject import ReportSubject

__all__ = ["section"]

MOST_ROWS = 200
"""Rows of the table; the largest relative differences are kept, and those that are no numbers."""
HEADS = ("figure", "of", "base", "head", "difference", "why")


def _value(value: float | str | None, unit: str) -> str:
    """A value with as many digits as tell it apart; digests are cut."""
    if value is None:
        return "\u2013"
    if isinstance(value, str):
        return value if len(value) <= 24 else f"{value[:16]}\u2026"
    shown = f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.6g}"
    return f"{shown} {unit}".strip()


def _delta(item: Difference) -> str:
    """The difference with its sign, and in percent of the base."""
    if item.delta is None:
        return "new" if item.base is None else "gone" if item.head is None else "changed"
    whole = float(item.delta).is_integer() and abs(item.delta) < 1e15
    shown = f"{item.delta:+,.0f}" if whole else signed(item.delta)
    if not isinstance(item.base, (int, float)) or not item.base:
        return shown
    return f"{shown} ({signed(100 * item.delta / abs(item.base))} %)"


def _weight(item: Difference) -> float:
    """Size of a difference relative to the base; infinite where it cannot be told."""
    return float("inf") if item.relative is None else abs(item.relative)


def section(subject: ReportSubject) -> Section | None:
    """Return the differences from a baseline. `subject`: with its differences; None without a baseline."""
    found = subject.differences
    if found is None:
        return None
    lead = f"{found.head} beside the baseline {found.base}: "
    if not found.rows:
        body = element("p", text(lead + "no figure differs."))
        return Section("changes", "Changes", body + _reasons(found.reasons))
    plural = "figures differ" if len(found.rows) > 1 else "figure differs"
    rows = sorted(found.rows, key=_weight, reverse=True)[:MOST_ROWS]
    cells = [
        (
            item.figure,
            str(item.subject),
            _value(item.base, item.unit),
            _value(item.head, item.unit),
            _delta(item),
            item.why,
        )
        for item in rows
    ]
    body = element("p", text(f"{lead}{len(found.rows):,} {plural}.")) + _reasons(found.reasons)
    body += table(HEADS, cells, numbers=(2, 3, 4), prose=(5,), tall=len(cells) > 14)
    if len(found.rows) > len(rows):
        body += note(f"The {MOST_ROWS} largest differences are listed.")
    return Section("changes", "Changes", body)


def _reasons(reasons: tuple[Reason, ...]) -> str:
    """What changed in the network, the target, the options or the run."""
    return element("ul", *(element("li", text(reason.text)) for reason in reasons)) if reasons else ""
