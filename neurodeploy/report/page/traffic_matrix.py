"""Section of traffic: work of each projection, and messages between cores as a matrix."""

from __future__ import annotations

from math import ceil, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.profile.traffic import Traffic, traffic
from neurodeploy.report.markup import element, number
from neurodeploy.report.page.blocks import drawing, figure, note, table
from neurodeploy.report.page.section import Section
from neurodeploy.report.page.subject import ReportSubject
from neurodeploy.report.quantity import count

__all__ = ["traffic_matrix"]

CELLS = 48
"""Largest number of rows of the matrix; cores of larger programs are added up in blocks."""
WIDTH = 720.0
"""Pixels of the matrix with its labels."""
Floats = NDArray[np.float64]


class _Matrix(NamedTuple):
    """Messages between groups of cores."""

    names: list[str]
    """Name of each group: a core, or a range of cores."""
    messages: Floats
    """(groups + 1, groups) messages per inference; inputs are in the last row."""
    inputs: bool
    """Whether inputs send anything."""


def traffic_matrix(subject: ReportSubject) -> Section | None:
    """Return traffic by projection and between cores; None without a complete recording. `subject`: what the page is about."""
    recording = subject.recording
    if recording is None or recording.recorded is not None or not recording.n_samples:
        return None
    moved = traffic(subject.program, recording)
    whole = sum(flow.synops for flow in moved.flows) or 1.0
    rows = [
        (
            flow.projection,
            flow.source,
            flow.target,
            count(flow.messages),
            count(flow.synops),
            f"{flow.synops / whole:.1%}",
        )
        for flow in moved.flows
    ]
    heads = ("projection", "from", "to", "messages", "synaptic operations", "share of the work")
    body = [
        table(heads, rows, caption="Work of each projection, per inference", numbers=(3, 4, 5), tall=len(rows) > 14)
    ]
    if subject.program.tables.n_cores > 1:
        grid = _grouped(moved, subject.program.tables.n_cores)
        body.append(_drawn(grid))
    else:
        body.append(note("All neurons lie on one core, so no message crosses the mesh."))
    return Section("traffic", "Traffic", "".join(body))


def _grouped(moved: Traffic, n_cores: int) -> _Matrix:
    block = -(-n_cores // CELLS)
    groups = -(-n_cores // block)
    source = np.where(moved.source < 0, groups, moved.source // block)
    table_ = np.bincount(source * groups + moved.to // block, moved.messages, (groups + 1) * groups)
    ends = [(at * block, min((at + 1) * block, n_cores) - 1) for at in range(groups)]
    names = [str(low) if low == high else f"{low} - {high}" for low, high in ends]
    messages = table_.reshape(groups + 1, groups)
    return _Matrix(names, messages, bool(messages[-1].any()))


def _drawn(grid: _Matrix) -> str:
    n, rows = len(grid.names), len(grid.names) + int(grid.inputs)
    wide = max(len(name) for name in grid.names) * 7 + 46
    size = min(28.0, max((WIDTH - wide) / n, 11.0))
    top = 30.0
    parts = [element("text", "to core", x=wide, y=11, class_="soft"), element("text", "from", x=0, y=11, class_="soft")]
    every = max(1, round(22 * max(len(name) for name in grid.names) / 3 / size))
    for at in range(0, n, every):
        parts.append(element("text", grid.names[at], x=wide + size * (at + 0.5), y=top - 6, text_anchor="middle"))
    for at in range(0, n, ceil(13 / size)):
        parts.append(element("text", grid.names[at], x=wide - 6, y=top + size * (at + 0.5) + 4, text_anchor="end"))
    if grid.inputs:
        parts.append(element("text", "inputs", x=wide - 6, y=top + 6 + size * (n + 0.5) + 4, text_anchor="end"))
    parts.append(element("path", d=_frame(n, grid, (wide, top, size)), class_="none"))
    parts += _squares(grid, (wide, top, size))
    width, height = wide + n * size + 4, top + rows * size + 12
    blocks = "" if n == grid.messages.shape[1] and "-" not in grid.names[0] else "; cores are added up in blocks"
    caption = f"Messages from each core (rows) to each core (columns), logarithmic colours{blocks}"
    return figure(drawing(*parts, width=width, height=height, label=caption, explored=True), caption)


def _frame(n: int, grid: _Matrix, place: tuple[float, float, float]) -> str:
    x, y, size = place
    square = f"M{number(x)} {number(y)}h{number(n * size)}v{number(n * size)}h{number(-n * size)}z"
    last = f"M{number(x)} {number(y + n * size + 6)}h{number(n * size)}v{number(size)}h{number(-n * size)}z"
    return square + (last if grid.inputs else "")


def _squares(grid: _Matrix, place: tuple[float, float, float]) -> list[str]:
    x, y, size = place
    n = len(grid.names)
    sent = grid.messages[grid.messages > 0]
    low, high = (float(sent.min()), float(sent.max())) if sent.size else (1.0, 1.0)
    span = log(high / low) or 1.0
    drawn: list[str] = []
    for row, column in np.argwhere(grid.messages > 0).tolist():
        value = float(grid.messages[row, column])
        level = 1 + round(6 * (log(value / low) / span if high > low else 1.0))
        source = "inputs" if row == n else f"core {grid.names[row]}"
        tip = f"{source} to core {grid.names[column]}: {count(value)}"
        drawn.append(
            element(
                "rect",
                x=x + column * size,
                y=y + row * size + (6 if row == n else 0),
                width=size - 1,
                height=size - 1,
                class_=f"h{level}",
                data_tip=tip,
                tabindex=None if drawn else 0,
            )
        )
    return drawn
