"""Table of what plastic projections have learned."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from neurodeploy.program.program import Program
from neurodeploy.report.tables import plain_table
from neurodeploy.signals import Recording
from neurodeploy.simulate.learned_summary import LearnedProjection, learned_projections

__all__ = ["COLUMNS", "learned_lines", "learned_report", "learned_row"]

COLUMNS = ("learned", "synapses", "changed", "mean before", "mean after", "largest change", "at limits")
"""Heads of `learned_row`."""

LISTED = 4
"""Projections that lines name."""


def learned_row(item: LearnedProjection) -> tuple[str, ...]:
    """Return the figures of a projection as texts: name, synapses, changed, means in mantissas, largest change, at limits."""
    rows = item.after.shape[0]
    name = item.name if rows == 1 else f"{item.name} ({rows:,} samples apart)"
    return (
        name,
        f"{item.after.size:,}",
        f"{item.changed:,}",
        f"{item.before.mean():.1f}" if item.before.size else "-",
        f"{item.after.mean():.1f}" if item.after.size else "-",
        f"{item.largest_change:,}",
        f"{item.at_limits:,}",
    )


def learned_report(program: Program, recording: Recording) -> Iterator[RenderableType]:
    """Yield the table of learned projections; nothing if none learned. `recording`: of a run of `program`; weights in mantissas."""
    found = learned_projections(program, recording)
    if not found:
        return
    table = plain_table("weights before and after learning, in mantissas", *COLUMNS)
    for item in found:
        table.add_row(*learned_row(item))
    yield from (Text(""), table)


def learned_lines(program: Program, recording: Recording) -> list[str]:
    """Return a line of plain text for each of the first projections that learned in a run of `program`."""
    found = learned_projections(program, recording)
    lines = [
        f"Learned {item.name}: {item.changed:,} of {item.after.size:,} weights changed, mean {item.before.mean():.1f} -> "
        f"{item.after.mean():.1f} mantissas, {item.at_limits:,} at a limit."
        for item in found[:LISTED]
        if item.before.size
    ]
    return lines + ([f"{len(found) - LISTED} more projections learned."] if len(found) > LISTED else [])
