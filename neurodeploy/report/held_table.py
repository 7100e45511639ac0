"""A table whose columns share the width of a terminal without cutting words.

Columns of rich shrink by their width alone, the widest first, which is the one with the names. Here headings break between words
first, then prose, then figures and their units; words are cut only where a terminal is too narrow for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Column, Table
from rich.text import Text

__all__ = ["HeldTable"]

GAP = 2
"""Spaces between two columns."""


class HeldTable(Table):
    """A table without rules, with two spaces between columns."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table with widths of columns for the space that there is."""
        space = options.max_width - GAP * (len(self.columns) - 1)
        for column, width in zip(self.columns, _widths(self.columns, space), strict=True):
            column.width = width
        return super().__rich_console__(console, options)


def _widths(columns: Sequence[Column], space: int) -> list[int | None]:
    """Width of each column; None for all leaves them to rich."""
    texts = [(_text(column.header), [_text(cell) for cell in column.cells]) for column in columns]
    natural = [max(map(_longest_line, (head, *cells)), default=0) for head, cells in texts]
    if sum(natural) <= space:
        return [None] * len(columns)
    for least in (_heads_break, _prose_breaks, _all_break):
        widths = [least(column, head, cells) for column, (head, cells) in zip(columns, texts, strict=True)]
        if sum(widths) <= space:
            return [*_shared(widths, natural, space - sum(widths))]
    widths = [_all_break(column, head, cells) for column, (head, cells) in zip(columns, texts, strict=True)]
    while sum(widths) > space and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    return [*widths]


def _shared(widths: list[int], natural: Sequence[int], left: int) -> list[int]:
    """Widths with the space that is left over, a character at a time for the column that lacks the largest share."""
    found = list(widths)
    for _ in range(left):
        lacking = [want / max(have, 1) for want, have in zip(natural, found, strict=True)]
        neediest = max(range(len(found)), key=lambda index: lacking[index])
        if lacking[neediest] <= 1:
            break
        found[neediest] += 1
    return found


def _heads_break(column: Column, head: str, cells: Sequence[str]) -> int:
    return max(_longest_word(head), *map(_longest_line, cells), 0)


def _prose_breaks(column: Column, head: str, cells: Sequence[str]) -> int:
    return _all_break(column, head, cells) if column.justify == "left" else _heads_break(column, head, cells)


def _all_break(column: Column, head: str, cells: Sequence[str]) -> int:
    return max(map(_longest_word, (head, *cells)), default=0)


def _text(cell: RenderableType) -> str:
    return cell.plain if isinstance(cell, Text) else str(cell)


def _longest_line(text: str) -> int:
    return max(map(len, text.split("\n")), default=0)


def _longest_word(text: str) -> int:
    return max(map(len, text.split()), default=0)
