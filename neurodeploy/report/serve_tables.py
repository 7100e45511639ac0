"""The table of what a server serves."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from neurodeploy.report.plain import plain_table

__all__ = ["models_table"]


def models_table(rows: Iterable[tuple[str, str, str]]) -> Table:
    """Return the table of models. `rows`: (name of the network, version, target) of each program."""
    table = plain_table("", "model", "version", "target", text=True)
    for row in rows:
        table.add_row(*row)
    return table
