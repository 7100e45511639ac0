"""Tables of differences."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from neurodeploy.diff import Difference, Differences
from neurodeploy.report.quantity import si
from neurodeploy.report.tables import plain_table

__all__ = ["delta_text", "difference_report", "value_text"]

SCALED = ("J", "s")
"""Units that are shown with an SI prefix."""


def value_text(value: float | str | None, unit: str = "", *, signed: bool = False) -> str:
    """Return a value of a row as text: counts with separators, fractions with all digits that matter, estimates with prefix.

    `value`: None is "-". `unit`: J and s take a prefix, other units are left out. `signed`: of a change, with + for gains, and
    fractions with three digits.
    """
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if unit in SCALED and isinstance(value, float):
        return ("+" if signed and value > 0 else "") + si(value, unit)
    sign = "+" if signed else ""
    return f"{value:{sign},.0f}" if float(value).is_integer() else f"{value:{sign},.{3 if signed else 6}g}"


def delta_text(row: Difference) -> str:
    """Return the delta of a row with its share of the base, e.g. "+12 (+3.1 %)"."""
    if row.kind == "unranked":
        return "not ranked"
    if row.delta is None:
        return row.kind if row.kind != "moved" else "changed"
    share = "" if row.relative is None else f" ({100 * row.relative:+.3g} %)"
    return value_text(row.delta, row.unit, signed=True) + share


def _rows(title: str, rows: tuple[Difference, ...]) -> Table:
    table = plain_table(title, "figure", "base", "head", "delta")
    several = len({str(row.subject) for row in rows}) > 1
    for row in rows:
        name = f"{row.subject.name or row.subject.kind}: {row.figure}" if several else row.figure
        table.add_row(name, value_text(row.base, row.unit), value_text(row.head, row.unit), delta_text(row))
    return table


def _notes(found: Differences) -> Iterator[Text]:
    for row in found.rows:
        if row.why:
            name = f"{row.subject}, {row.figure}" if row.subject.name else row.figure
            yield Text(f"{name}: {row.why}", style="dim")
    unranked = [row for row in found.information if row.kind == "unranked"]
    if any("overlap" in row.why for row in unranked):
        yield Text("not ranked: the intervals of both overlap, so that it is not known which is lower", style="dim")
    for row in unranked:
        if "overlap" not in row.why:
            yield Text(f"{row.figure}, not ranked: {row.why}", style="dim")


def difference_report(found: Differences) -> RenderableType:
    """Return the complete report of differences: the verdict, the reasons, what moved, and estimates for information.

    `found`: what was compared.
    """
    names = f"{found.base} -> {found.head}"
    if found.same:
        parts: list[RenderableType] = [Text(f"{names}: nothing moved", style="bold")]
    else:
        count = f"{len(found.rows)} differences" if len(found.rows) > 1 else "1 difference"
        parts = [Text(f"{names}: {count}", style="bold")]
    parts += [Text(f"why: {reason.text}") for reason in found.reasons]
    if found.rows:
        parts += [Text(""), _rows("what moved", found.rows)]
    if found.information:
        parts += [Text(""), _rows("for information, estimates", found.information)]
    return Group(*parts, *_notes(found))
