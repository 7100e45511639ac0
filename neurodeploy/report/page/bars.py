"""Bars on a common scale, as wide as the page: positions are percentages, so that text keeps its size on a phone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from neurodeploy.report.markup import element, number, text

__all__ = ["Bar", "Segment", "bars"]

ROW, TOP, BOTTOM = 44.0, 4.0, 20.0
"""Pixels of a row with its name above its bar, above the first row, and of the scale below the last."""


class Segment(NamedTuple):
    """A part of a bar between two places of the scale."""

    low: float
    """From 0 to 1."""
    high: float
    colour: str
    """Class of its colour."""


class Bar(NamedTuple):
    """One row."""

    name: str
    figure: str
    """Figure at the right end, as text."""
    segments: tuple[Segment, ...]
    marks: tuple[float, ...] = ()
    """Places of ticks across the bar, from 0 to 1."""
    strong: bool = False
    """Whether the ticks are thick, as for a nominal value."""
    alarm: bool = False
    """Whether the figure is set off, because a limit is near."""
    tip: str = ""
    """Text of its hint."""


def _share(value: float) -> str:
    return f"{number(100 * min(max(value, 0.0), 1.0))}%"


def _bar(row: Bar, y: float) -> str:
    middle = y + 28
    shapes = [
        element(
            "rect",
            x=_share(segment.low),
            y=middle - 6,
            width=_share(max(segment.high - segment.low, 0.002)),
            height=12,
            class_=segment.colour,
        )
        for segment in row.segments
    ]
    kind = "mark" if row.strong else "axis"
    ticks = [
        element("line", x1=_share(at), x2=_share(at), y1=middle - 9, y2=middle + 9, class_=kind) for at in row.marks
    ]
    figure = element(
        "text", text(row.figure), x="100%", y=y + 14, text_anchor="end", class_="loud" if row.alarm else "soft"
    )
    name = element("text", text(row.name), x=0, y=y + 14)
    return element("g", name, figure, *shapes, *ticks, data_tip=row.tip or None)


def bars(rows: Iterable[Bar], scale: Sequence[tuple[float, str]], label: str) -> str:
    """Return a drawing of rows of bars.

    `scale`: (place from 0 to 1, text) of the rules. `label`: what the drawing shows, for readers of screens.
    """
    listed = list(rows)
    bottom = TOP + ROW * len(listed)
    parts: list[str] = []
    for at, shown in scale:
        anchor = "start" if at < 0.04 else "end" if at > 0.96 else "middle"
        parts.append(element("line", x1=_share(at), x2=_share(at), y1=TOP + 18, y2=bottom, class_="rule"))
        parts.append(element("text", text(shown), x=_share(at), y=bottom + 14, text_anchor=anchor, class_="soft"))
    parts += [_bar(row, TOP + ROW * at) for at, row in enumerate(listed)]
    return element(
        "svg",
        *parts,
        width="100%",
        height=bottom + (BOTTOM if scale else 0.0),
        role="img",
        aria_label=label,
        class_="bars",
    )
