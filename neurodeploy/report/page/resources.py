"""Section of the use of every limited resource."""

from __future__ import annotations

import numpy as np

from neurodeploy.profile import ResourceUse, resource_use
from neurodeploy.report.page.bars import Bar, Segment, bars
from neurodeploy.report.page.blocks import figure, folded, table
from neurodeploy.report.page.section import Section
from neurodeploy.report.page.subject import ReportSubject
from neurodeploy.report.quantity import count

__all__ = ["resources"]

NEAR = 0.95
"""Share of a limit from which a figure is set off."""
BINS = 200
"""Places along a bar at which cores are told apart."""


def resources(subject: ReportSubject) -> Section:
    """Return the use of every limited resource against its limit. `subject`: what the page is about."""
    uses = subject.profile.resources if subject.profile else resource_use(subject.program)
    limited = [item for item in uses if item.limit]
    cores = subject.program.tables.n_cores
    caption = "Use of every limited resource: a tick is a core, the bar ends at the fullest"
    ordered = sorted(limited, key=lambda item: -item.worst / (item.limit or 1))
    scale = [(share / 4, f"{25 * share} %") for share in range(5)]
    body = [figure(bars(map(_bar, ordered), scale, caption), caption)] if limited else []
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


def _bar(item: ResourceUse) -> Bar:
    limit = item.limit or 1.0
    places = np.unique((np.minimum(np.array(item.per_core, dtype=float) / limit, 1.0) * BINS).astype(int)) / BINS
    share = item.worst / limit
    figure = f"{item.worst:,} of {limit:,.0f} ({share:.1%})"
    name = item.name.replace("_", " ")
    return Bar(name, figure, (Segment(0.0, share, "h3"),), tuple(places.tolist()), alarm=share > NEAR)
