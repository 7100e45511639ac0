"""Tables of targets: every figure with its unit, confidence and source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, cast, get_args

from pydantic import BaseModel
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from neurodeploy.hardware.feasibility_target import FeasibilityTarget, Words
from neurodeploy.hardware.figure import (
    Confidence,
    CostFigure,
    Figure,
    FigureList,
    FigurePerCore,
    FigureRange,
    FigureTable,
    high_of,
    low_of,
)
from neurodeploy.hardware.target import Target
from neurodeploy.report.quantity import si
from neurodeploy.report.tables import plain_table

__all__ = ["FigureRow", "confidence_table", "other_table", "target_report", "target_rows", "target_table"]

SI_UNITS = ("J", "s", "W")


class FigureRow(NamedTuple):
    """A figure of a target file."""

    field: str
    value: str
    confidence: str
    source: str
    disagrees: str = ""


def _number(value: float, unit: str) -> str:
    return si(value, unit) if unit in SI_UNITS else f"{value:g} {unit}".rstrip()


def _shown(figure: Figure | FigureRange | FigureList | FigureTable) -> str:
    if isinstance(figure, CostFigure):
        return _cost_shown(figure)
    if isinstance(figure, Figure):
        return _number(figure.value, figure.unit)
    if isinstance(figure, FigureRange):
        return f"{figure.low:g} to {figure.high:g} {figure.unit}"
    if isinstance(figure, FigureList):
        return ", ".join(f"{value:g}" for value in figure.values) + f" {figure.unit}"
    ends = (figure.points[0], figure.points[-1])
    return " to ".join(f"{_number(y, figure.unit)} at {x:g}" for x, y in ends) + f" {figure.x_unit}"


def _cost_shown(figure: CostFigure) -> str:
    """A cost with its interval, how it came about, and its voltage, as far as they are known."""
    text, unit = _number(figure.value, figure.unit), figure.unit
    if figure.low is not None or figure.high is not None:
        text += f" ({_number(low_of(figure), unit)} - {_number(high_of(figure), unit)})"
    text += f", {figure.kind}" if figure.kind is not None else ""
    return text + (f", {figure.voltage_v:g} V" if figure.voltage_v is not None else "")


def _walk(path: str, value: object) -> Iterator[FigureRow]:
    if isinstance(value, Words):
        yield FigureRow(path, ", ".join(value.words), value.confidence, value.source)
        return
    if isinstance(value, (Figure, FigureRange, FigureList, FigureTable)):
        yield FigureRow(path, _shown(value), value.confidence, value.source, value.disagrees)
        return
    inside: Iterable[tuple[str, object]] = ()
    if isinstance(value, Mapping):
        inside = cast("Mapping[str, object]", value).items()
    elif isinstance(value, BaseModel):
        inside = ((name, getattr(value, name)) for name in type(value).model_fields)
    for name, item in inside:
        yield from _walk(f"{path}.{name}" if path else name, item)


def target_rows(target: Target | FeasibilityTarget) -> list[FigureRow]:
    """Return the figures of a target, in the order of its fields."""
    return list(_walk("", target))


def target_report(target: Target | FeasibilityTarget) -> RenderableType:
    """Return the table of all figures of a target; sources are numbered and listed below."""
    if isinstance(target, Target):
        kind = f"dialect {target.dialect.name}, rule set {target.rule_set}"
        notes = [f"board {name}: {board.title}, {board.chips.value:g} chips" for name, board in target.boards.items()]
    else:
        kind = f"architecture {target.architecture}: judged, not compiled for"
        notes = [f"not judged: {line}" for line in target.not_judged]
    table = plain_table(f"{target.title} ({target.file}), {kind}", "figure", "value", "confidence", "source", text=True)
    table.columns[0].no_wrap = True
    sources: dict[str, int] = {}
    for row in target_rows(target):
        number = sources.setdefault(row.source, len(sources) + 1)
        table.add_row(row.field, row.value, row.confidence, f"[{number}]")
    listed = [Text(f"[{number}] {source}") for source, number in sources.items()]
    apart = [Text(f"{row.field}, other sources: {row.disagrees}") for row in target_rows(target) if row.disagrees]
    listed += [Text(""), *apart] if apart else []
    return Group(table, Text(""), *(Text(note) for note in notes), Text(""), *listed)


def target_table(targets: Iterable[Target]) -> Table:
    """Return the table of targets with Loihi-style cores."""
    heads = ("target", "title", "cores", "neurons", "words", "in axons", "out axons", "boards")
    table = plain_table("chips, and limits of one core", *heads)
    for item in targets:
        limits = item.limits
        figures = (limits.compartments, limits.synapse_memory, limits.input_axons, limits.output_axons)
        cells = [f"{figure.value:,.0f}" if figure else "no figure" for figure in figures]
        table.add_row(item.name, item.title, f"{item.chip.cores.value:.0f}", *cells, str(len(item.boards)))
    return table


def other_table(targets: Iterable[FeasibilityTarget]) -> Table:
    """Return the table of targets of other architectures."""
    heads = ("target", "title", "architecture", "limits")
    table = plain_table("other architectures, against which networks are judged", *heads, text=True)
    table.columns[0].no_wrap = True
    for item in targets:
        table.add_row(item.name, item.title, item.architecture, _limits(item))
    return table


def _limits(target: FeasibilityTarget) -> str:
    """All limits in short form; limits that vary between cores are given as a range."""
    limits: list[str] = []
    for name in type(target.limits).model_fields:
        figure = getattr(target.limits, name)
        if isinstance(figure, FigurePerCore):
            low, high = min(figure.values), max(figure.values)
            span = f"{low:,.0f}" if low == high else f"{low:,.0f}-{high:,.0f}"
            limits.append(f"{name.replace('_', ' ')} {span} in {len(figure.values)} cores")
        elif isinstance(figure, FigureList):
            limits.append(f"{name} {', '.join(f'{value:g}' for value in figure.values)}")
        elif figure is not None:
            limits.append(f"{name.replace('_', ' ')} {figure.value:,.0f}")
    return "; ".join(limits)


def confidence_table(targets: Iterable[Target | FeasibilityTarget]) -> Table:
    """Return the table of figures of each target by confidence."""
    levels = get_args(Confidence)
    table = plain_table("figures by confidence", "target", "figures", *levels)
    for item in targets:
        counts = Counter(row.confidence for row in target_rows(item))
        table.add_row(
            item.name, str(counts.total()), *(str(counts[level]) if counts[level] else "-" for level in levels)
        )
    return table
