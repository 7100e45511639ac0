"""The form of all tables of the terminal."""

from __future__ import annotations

from rich.table import Table

from neurodeploy.report.held_table import HeldTable

__all__ = ["plain_table"]


def plain_table(title: str, *columns: str, text: bool = False) -> Table:
    """Return a table without rules. Columns after the first are numbers, or with `text` prose that may wrap."""
    table = HeldTable(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for index, name in enumerate(columns):
        table.add_column(name, justify="left" if index == 0 or text else "right", overflow="fold")
    return table
