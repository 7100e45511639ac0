"""Section of the use of every limited resource."""

from __future__ import annotations

import numpy as np

from neurodeploy.profile import ResourceUse, resource_use
from neurodeploy.report.markup import element, number, text
from neurodeploy.report.page.blocks import figure, folded, table
from neurodeploy.report.page.section import Section
from neurodeploy.report.page.subject import ReportSubject
from neurodeploy.report.quantity import count

__all__ = ["resources"]

WIDTH, LEFT, ROW, RIGHT = 860.0, 150.0, 30.0, 200.0
"""Pixels of the drawing: its width, the names, one row, and the figures."""
BINS = 200
"""Places along a bar at which cores are told apart."""


def resources(subject: ReportSubject) -> Section:
    """Return the use of every limited resource against its limit. `subject`: what the page is about."""
    uses = subject.profile.resources if subject.profile else resource_use(subject.program)
    limited = [item for item in uses if item.limit]
    cores = subject.program.tables.n_cores
    caption = "Use of every limited resource: a tick is a core, the bar ends at the fullest"
    body = [figure(_bars(limited, caption), caption)] if limited else []
    rows = [
        (
            item.name.replace("_", " "),
            f"{item.limit:,.0f} {item.unit}" if item.limit is not None else "no figure",
            count(sum(item.per_core) / max(cores, 1)),
            f"{item.worst:,}",
            f"{item.worst / item.limit:.1%}" if item.limit else "",
            str(max(range(len(item.per_core)), key=lambda at: item.per_core[at], default=0)),
            item.source,
        )
        for item in uses
    ]
    heads = ("resource", "limit of a core", "mean", "fullest", "share", "on core", "source of the limit")
    body.append(folded("Figures and their sources", table(heads, rows, numbers=(1, 2, 3, 4, 5), prose=(6,))))
    return Section("resources", "Resources", "".join(body))


def _bars(uses: list[ResourceUse], caption: str) -> str:
    span, height = WIDTH - LEFT - RIGHT, 24 + ROW * len(uses)
    parts: list[str] = []
    for share in range(0, 101, 25):
        x = LEFT + span * share / 100
        parts.append(element("line", x1=x, x2=x, y1=18, y2=height, class_="rule"))
        parts.append(element("text", f"{share} %", x=x, y=12, text_anchor="middle", class_="soft"))
    for at, item in enumerate(sorted(uses, key=lambda use: -use.worst / (use.limit or 1))):
        parts.append(_bar(item, 18 + ROW * (at + 0.5), span))
    size = {"viewBox": f"0 0 {number(WIDTH)} {number(height)}", "width": WIDTH, "height": height}
    return element("svg", *parts, role="img", aria_label=caption, **size)


def _bar(item: ResourceUse, y: float, span: float) -> str:
    limit = item.limit or 1.0
    shares = np.minimum(np.array(item.per_core, dtype=float) / limit, 1.0)
    places = np.unique((shares * BINS).astype(int)) / BINS
    ticks = "".join(f"M{number(LEFT + span * place)} {number(y - 9)}v18" for place in places.tolist())
    share = item.worst / limit
    colour = "full" if share > 0.95 else "h3"
    said = f"{item.worst:,} of {limit:,.0f} ({share:.1%})"
    return element(
        "g",
        element("text", text(item.name.replace("_", " ")), x=0, y=y + 4),
        element("rect", x=LEFT, y=y - 6, width=max(span * min(share, 1.0), 1), height=12, rx=2, class_=colour),
        element("path", d=ticks, class_="axis"),
        element("text", text(said), x=WIDTH - RIGHT + 24, y=y + 4),
    )
