"""Verb: targets as tables for people: every figure with its unit, confidence and source. Prints nothing itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, cast

from pydantic import BaseModel
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from neurodeploy.report.quantity import si
from neurodeploy.report.tables import plain_table
from neurodeploy.target.figure import Figure, FigureList, FigureRange, FigureTable
from neurodeploy.target.target import Target

__all__ = ["FigureRow", "target_report", "target_rows", "target_table"]

SI_UNITS = ("J", "s", "W")


class FigureRow(NamedTuple):
    """One figure of a target file."""

    field: str
    value: str
    confidence: str
    source: str


def _number(value: float, unit: str) -> str:
    return si(value, unit) if unit in SI_UNITS else f"{value:g} {unit}".rstrip()


def _shown(figure: Figure | FigureRange | FigureList | FigureTable) -> str:
    if isinstance(figure, Figure):
        return _number(figure.value, figure.unit)
    if isinstance(figure, FigureRange):
        return f"{figure.low:g} to {figure.high:g} {figure.unit}"
    if isinstance(figure, FigureList):
        return ", ".join(f"{value:g}" for value in figure.values) + f" {figure.unit}"
    ends = (figure.points[0], figure.points[-1])
    return " to ".join(f"{_number(y, figure.unit)} at {x:g}" for x, y in ends) + f" {figure.x_unit}"


def _walk(path: str, value: object) -> Iterator[FigureRow]:
    if isinstance(value, (Figure, FigureRange, FigureList, FigureTable)):
        yield FigureRow(path, _shown(value), value.confidence, value.source)
        return
    inside: Iterable[tuple[str, object]] = ()
    if isinstance(value, Mapping):
        inside = cast("Mapping[str, object]", value).items()
    elif isinstance(value, BaseModel):
        inside = ((name, getattr(value, name)) for name in type(value).model_fields)
    for name, item in inside:
        yield from _walk(f"{path}.{name}" if path else name, item)


def target_rows(target: Target) -> list[FigureRow]:
    """Return every figure of a target, in the order of its file's fields."""
    return list(_walk("", target))


def target_report(target: Target) -> RenderableType:
    """Return every figure of a target; sources are numbered and listed once below the table."""
    title = f"{target.title} ({target.file}), dialect {target.dialect.name}, rule set {target.rule_set}"
    table = plain_table(title, "figure", "value", "confidence", "source", text=True)
    table.columns[0].no_wrap = True
    sources: dict[str, int] = {}
    for row in target_rows(target):
        number = sources.setdefault(row.source, len(sources) + 1)
        table.add_row(row.field, row.value, row.confidence, f"[{number}]")
    listed = [Text(f"[{number}] {source}") for source, number in sources.items()]
    boards = [
        Text(f"board {name}: {board.title}, {board.chips.value:g} chips") for name, board in target.boards.items()
    ]
    return Group(table, Text(""), *boards, Text(""), *listed)


def target_table(targets: Iterable[Target]) -> Table:
    """Return one row for each target."""
    heads = ("target", "title", "cores", "neurons", "words", "in axons", "out axons", "boards")
    table = plain_table("chips, and limits of one core", *heads)
    for item in targets:
        limits = item.limits
        figures = (limits.compartments, limits.synapse_memory, limits.input_axons, limits.output_axons)
        cells = [f"{figure.value:,.0f}" if figure else "no figure" for figure in figures]
        table.add_row(item.name, item.title, f"{item.chip.cores.value:.0f}", *cells, str(len(item.boards)))
    return table
