"""Table of the memory of exported C."""

from __future__ import annotations

from rich.table import Table

from neurodeploy.c_export import CExport
from neurodeploy.report.plain import plain_table

__all__ = ["c_export_table"]


def c_export_table(made: CExport) -> Table:
    """Return the table of what was `made`: bytes by what they hold, in flash and in RAM."""
    table = plain_table("memory of the C", "what", "type", "flash (byte)", "RAM (byte)")
    rows = dict[tuple[str, str, str], int]()
    for item in made.tables:
        key = (item.memory, item.holds, item.type)
        rows[key] = rows.get(key, 0) + item.size_bytes
    for (memory, holds, kind), size in sorted(rows.items(), key=lambda row: (row[0][0], -row[1], row[0])):
        flash, ram = (f"{size:,}", "") if memory == "flash" else ("", f"{size:,}")
        table.add_row(holds, kind, flash, ram)
    table.add_row("all", "", f"{made.flash_bytes:,}", f"{made.ram_bytes:,}")
    table.caption = "the code comes on top of the flash: its size depends on the compiler"
    table.caption_justify = "left"
    return table
