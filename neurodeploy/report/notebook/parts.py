"""Parts of the HTML in notebooks: headings, tables, bars, and tables of the terminal as HTML.

Styles are inline, because notebooks on GitHub and nbviewer keep no style sheets; colours are those of the notebook or half
transparent, so that they suit a light and a dark one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from neurodeploy.report.markup import element, text

__all__ = ["bar", "box", "details", "from_rich", "heading", "note", "table"]

LINE = "rgba(128,128,128,0.35)"
BLUE = "#3b87c8"
"""Of bars, on white and on black."""
CELL = f"padding:2px 12px 2px 0;border:0;border-bottom:1px solid {LINE};vertical-align:top;"
MOST_ROWS = 30
"""Rows of a table beyond which the others are counted."""


def box(*parts: str) -> str:
    """Return the element around everything of one object."""
    return element("div", *parts, style="font-size:13px;line-height:1.4;max-width:100%;overflow-x:auto")


def heading(kind: str, name: str, *facts: str) -> str:
    """Return the first line: the kind and name of an object, and facts of it."""
    rest = "".join(element("span", f" · {text(fact)}", style="opacity:0.75") for fact in facts if fact)
    return element("div", element("b", f"{text(kind)} {text(name)}".strip()), rest, style="margin:2px 0 6px")


def note(words: str) -> str:
    """Return a line of plain text."""
    return element("div", text(words), style="opacity:0.75;margin:2px 0")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "", text_columns: int = 1) -> str:
    """Return a table. `rows`: cells as markup; `text_columns`: columns from the left whose cells begin at the left."""
    every = list(rows)
    if not every:
        return ""
    body = "".join(element("tr", *_cells(row, "td", text_columns)) for row in every[:MOST_ROWS])
    head = element("tr", *_cells([text(item) for item in heads], "th", text_columns))
    more = note(f"and {len(every) - MOST_ROWS:,} more") if len(every) > MOST_ROWS else ""
    style = "border-collapse:collapse;border:0;margin:2px 0 6px"
    caption = element("div", element("b", text(title)), style="margin-top:8px") if title else ""
    return caption + element("table", element("thead", head), element("tbody", body), style=style) + more


def _cells(cells: Sequence[str], tag: str, text_columns: int) -> list[str]:
    sides = ["left" if index < text_columns else "right" for index in range(len(cells))]
    weight = "font-weight:600;opacity:0.75;" if tag == "th" else ""
    return [
        element(tag, cell, align=side, style=f"{CELL}{weight}text-align:{side}")
        for cell, side in zip(cells, sides, strict=True)
    ]


def bar(share: float) -> str:
    """Return a bar of the width of a share, from 0 to 1, with its percentage."""
    width = f"{100 * min(max(share, 0.0), 1.0):.1f}"
    filled = element("div", style=f"width:{width}%;height:9px;background:{BLUE}")
    style = f"display:inline-block;width:110px;height:9px;border:1px solid {LINE};margin-right:6px"
    percent = element("span", text(f"{share:.1%}"), style="display:inline-block;min-width:46px")
    return element("div", filled, style=style) + percent


def details(summary: str, content: str) -> str:
    """Return content that opens on a click; nothing without content."""
    return element("details", element("summary", text(summary)), content) if content else ""


def from_rich(shown: RenderableType) -> str:
    """Return what the terminal shows, tables and lines, as HTML; anything else is left out."""
    if isinstance(shown, Group):
        return "".join(from_rich(item) for item in shown.renderables)
    if isinstance(shown, Table):
        return _from_table(shown)
    words = shown.plain if isinstance(shown, Text) else shown if isinstance(shown, str) else ""
    return note(words) if words.strip() else ""


def _from_table(shown: Table) -> str:
    columns = [[_plain(cell) for cell in column.cells] for column in shown.columns]
    heads = [_plain(column.header) for column in shown.columns]
    n_text = next((index for index, item in enumerate(shown.columns) if item.justify == "right"), len(columns))
    rows = [[text(cell) for cell in row] for row in zip(*columns, strict=True)]
    return table(heads, rows, title=_plain(shown.title or ""), text_columns=n_text)


def _plain(cell: RenderableType) -> str:
    return cell.plain if isinstance(cell, Text) else str(cell)
