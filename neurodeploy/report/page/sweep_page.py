"""The page of a sweep: its best points as a picture and a table, all points, and those that failed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from neurodeploy.report.markup import element, number, text
from neurodeploy.report.page.blocks import card, cards, drawing, figure, folded, key, note, table
from neurodeploy.report.page.document import Heading, document
from neurodeploy.report.page.section import Section
from neurodeploy.report.sweep_tables import cell, heads_of, seconds_words, shown_measures, sweep_line
from neurodeploy.sweep.nouns import Outcome, Sweep, point_words
from neurodeploy.sweep.pareto import numbers_of, pareto, usual_measures

__all__ = ["sweep_page"]

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 640.0, 332.0, 76.0, 44.0, 26.0, 36.0
"""Pixels of the picture, and of its margins."""
LISTED, FAILED, DRAWN = 1000, 100, 5000
"""Most rows of the table of all points, of those that failed, and points of the picture."""
TICKS = 4


def sweep_page(sweep: Sweep, maximize: Sequence[str] = (), minimize: Sequence[str] = (), *, command: str = "") -> str:
    """Return the HTML of one page on a sweep, which needs no network. Equal arguments give equal bytes.

    `maximize`, `minimize`: measures of the best points, as for `pareto`. `command`: text of the command that makes the page
    again. Raises DiagnosticError: ND969.
    """
    most, least = (tuple(maximize), tuple(minimize)) if maximize or minimize else usual_measures(sweep)
    best = pareto(sweep, most, least) if most or least else ()
    made = (_summary(sweep, best), _picture(sweep, best, most, least), _best(sweep, best), _all(sweep), _failed(sweep))
    sections = [item for item in made if item is not None]
    heading = Heading(
        title=f"Sweep of {sweep.objective}",
        name=f"Sweep of {sweep.objective}",
        lead=f"{', '.join(sweep.axes)}: {sweep.points:,} points",
        foot=f"{command}." if command else "",
    )
    return document(heading, sections)


def _summary(sweep: Sweep, best: Sequence[Outcome]) -> Section:
    total = sum(row.seconds for row in sweep.rows)
    items = [
        card("points", f"{len(sweep.rows):,}", f"of {sweep.points:,}" if not sweep.complete else "all of the space"),
        card("best points", f"{len(best):,}", "not beaten in any measure"),
        card("failed", f"{len(sweep.failed):,}", "listed below" if sweep.failed else ""),
        card("work", seconds_words(total), "of all points, on their workers"),
    ]
    found = [element("p", text(f"{item.severity} {item.code}: {item.message}")) for item in sweep.findings]
    return Section("summary", "Summary", cards(items) + element("p", text(sweep_line(sweep))) + "".join(found))


def _picture(sweep: Sweep, best: Sequence[Outcome], most: Sequence[str], least: Sequence[str]) -> Section | None:
    """The plane of the first measure to maximize and the first to minimize; None without two."""
    names = [*least[:1], *most[:1]] if least and most else [*least, *most][:2]
    if len(names) < 2:
        return None
    rows = numbers_of(sweep, names, "report")[:DRAWN]
    if not rows:
        return None
    starred = {row.address for row in best}
    scales = [_Scale([numbers[at] for _, numbers in rows]) for at in (0, 1)]
    dots = [_dot(row, names, numbers, scales, is_best=row.address in starred) for row, numbers in rows]
    caption = f"{names[1]} against {names[0]} of {len(rows):,} points"
    parts = [
        *_frame(names, scales),
        *(dot for dot, is_best in dots if not is_best),
        *(dot for dot, is_best in dots if is_best),
    ]
    marks = key((("s8", "point"), ("s2", "best point: no other one beats it in all measures")))
    picture = drawing(*parts, width=WIDTH, height=HEIGHT, label=caption)
    return Section("best", "Best points", marks + figure(picture, caption))


class _Scale:
    """Values of one axis as shares of its length, with a logarithm where they span more than two decades."""

    def __init__(self, values: Sequence[float]) -> None:
        low, high = min(values), max(values)
        self.log = low > 0 and high > 100 * low
        low, high = (math.log10(low), math.log10(high)) if self.log else (low, high)
        pad = 0.05 * (high - low) or abs(high) * 0.05 or 0.5
        self.low, self.high = low - pad, high + pad

    def share(self, value: float) -> float:
        """Place of a value, from 0 to 1."""
        at = math.log10(value) if self.log else value
        return (at - self.low) / (self.high - self.low)

    def ticks(self) -> list[tuple[float, float]]:
        """(share, value) of the marks."""
        places = [self.low + (self.high - self.low) * at / TICKS for at in range(TICKS + 1)]
        return [(at / TICKS, 10**place if self.log else place) for at, place in enumerate(places)]


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)


def _frame(names: Sequence[str], scales: Sequence[_Scale]) -> Iterator[str]:
    yield element(
        "path", d=f"M{number(LEFT)} {number(TOP)}V{number(HEIGHT - BOTTOM)}H{number(WIDTH - RIGHT)}", class_="axis"
    )
    for share, value in scales[0].ticks():
        place = {"x": _x(share), "y": HEIGHT - BOTTOM + 16, "text_anchor": "middle", "class_": "soft"}
        yield element("text", text(cell(names[0], float(f"{value:.3g}"))), **place)
    for share, value in scales[1].ticks():
        place = {"x": LEFT - 6, "y": _y(share) + 4, "text_anchor": "end", "class_": "soft"}
        yield element("text", text(cell(names[1], float(f"{value:.3g}"))), **place)
    yield element("text", text(names[0]), x=_x(0.5), y=HEIGHT - 6, text_anchor="middle")
    yield element("text", text(names[1]), x=4, y=12)


def _dot(
    row: Outcome, names: Sequence[str], numbers: Sequence[float], scales: Sequence[_Scale], *, is_best: bool
) -> tuple[str, bool]:
    tip = f"{point_words(row.values)}\n" + "\n".join(
        f"{name} {cell(name, value)}" for name, value in zip(names, numbers, strict=True)
    )
    x, y = _x(scales[0].share(numbers[0])), _y(scales[1].share(numbers[1]))
    size, colour = (5, "s2") if is_best else (3.5, "s8")
    return element("circle", cx=x, cy=y, r=size, class_=colour, data_tip=tip), is_best


def _rows(sweep: Sweep, rows: Sequence[Outcome], names: Sequence[str]) -> Iterator[list[str]]:
    for row in rows:
        yield [
            *(cell(name, row.values.get(name)) for name in sweep.axes),
            *(cell(name, row.measures.get(name)) for name in names),
        ]


def _table(sweep: Sweep, rows: Sequence[Outcome], caption: str) -> str:
    names = shown_measures(sweep)
    heads = [*sweep.axes, *heads_of(names)]
    return table(heads, _rows(sweep, rows, names), caption=caption, numbers=range(len(heads)), tall=len(rows) > 20)


def _best(sweep: Sweep, best: Sequence[Outcome]) -> Section | None:
    if not best:
        return None
    return Section("front", "Best points as a table", _table(sweep, best[:LISTED], "Points that no other one beats"))


def _all(sweep: Sweep) -> Section | None:
    good = [row for row in sweep.rows if not row.failed]
    if not good:
        return None
    more = note(f"The first {LISTED:,} of {len(good):,} points.") if len(good) > LISTED else ""
    return Section(
        "points", "All points", folded("All points as a table", _table(sweep, good[:LISTED], "All points")) + more
    )


def _failed(sweep: Sweep) -> Section | None:
    if not sweep.failed:
        return None
    rows = [
        [point_words(row.values), "; ".join(f"{item.code}: {item.message}" for item in row.findings)]
        for row in sweep.failed[:FAILED]
    ]
    more = note(f"The first {FAILED:,} of {len(sweep.failed):,}.") if len(sweep.failed) > FAILED else ""
    return Section("failed", "Points that failed", table(["point", "why"], rows, prose=(1,)) + more)
