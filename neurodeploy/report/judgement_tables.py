"""Lines and table of a Judgement."""

from __future__ import annotations

from rich.table import Table

from neurodeploy.feasibility import Judgement
from neurodeploy.report.tables import plain_table

__all__ = ["judgement_lines", "use_table"]


def judgement_lines(result: Judgement) -> list[str]:
    """Return the verdict, and the core of each population if the target assigns them."""
    lines = [f"verdict: {result.verdict} (judged against public limits of {result.target}, not compiled)"]
    if result.cores:
        placed = ", ".join(f"{name} on {core}" for name, core in sorted(result.cores.items(), key=lambda item: item[1]))
        lines.append(f"cores: {placed}")
    return lines


def use_table(result: Judgement) -> Table:
    """Return the table of use of every public limit."""
    table = plain_table("use of every public limit", "resource", "limit", "used", "share")
    for item in result.uses:
        share = f"{item.share:.1%}" if item.share is not None else "-"
        table.add_row(item.name.replace("_", " "), f"{item.limit:,.0f} {item.unit}", f"{item.found:,.0f}", share)
    return table
