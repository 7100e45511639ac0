"""Section of the floorline: the time of a step on each core, and what binds it.

Memory, computing and traffic as bounds of a step follow Yik et al., arXiv:2511.21549.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.profile import CoreFloor
from neurodeploy.report.markup import element, number, text
from neurodeploy.report.page.bars import Bar, Segment, bars
from neurodeploy.report.page.blocks import figure, folded, key, note, table
from neurodeploy.report.page.section import Section
from neurodeploy.report.page.subject import ReportSubject
from neurodeploy.report.quantity import si

__all__ = ["floorline"]

SLOWEST, LISTED = 6, 256
"""Numbers of cores drawn one by one, and listed."""
COLUMNS = 400
"""Largest number of columns of the overview; neighbours are then added up."""
HEIGHT, COLUMN, FEW = 100.0, 20.0, 45
"""Pixels of the overview and of one column; most columns of that width."""
COLOURS = {"memory": "s1", "compute": "s2", "traffic": "s3", "barrier": "s8", "learning": "s4"}
WORDS = {
    "memory": "reading of synapses",
    "compute": "updates of compartments",
    "traffic": "messages",
    "barrier": "waiting at the barrier",
    "learning": "updates of plastic synapses",
}
"""What a core spends a step on -> class of its colour, and what it is."""


def floorline(subject: ReportSubject) -> Section | None:
    """Return the step time of every core by what it is spent on; None without figures. `subject`: what the page is about."""
    floors = subject.profile.floors if subject.profile else ()
    if not floors:
        return None
    slow = sorted(floors, key=lambda item: (-item.busy_s, item.core))
    shown = [name for name in COLOURS if name != "learning" or any(item.learning_s for item in floors)]
    body = [element("p", text(_said(slow))), key((COLOURS[name], f"{name}: {WORDS[name]}") for name in shown)]
    body.append(_slowest(slow[:SLOWEST], len(slow)))
    if len(slow) > SLOWEST:
        body.append(_overview(slow))
    body.append(folded("The floorline as a list of cores", _list(slow)))
    body.append(
        note(
            "A core updates and sends while it receives and reads; it is busy for the longer of the two, step by step."
        )
    )
    return Section("floorline", "Floorline", "".join(body))


def _said(slow: list[CoreFloor]) -> str:
    first = slow[0]
    whole = first.busy_s + first.barrier_s
    bound = [item.binds for item in slow]
    counted = ", ".join(f"{bound.count(name):,} bound by {name}" for name in COLOURS if name in bound)
    ahead = f", which takes {first.margin:.2g} times what comes next" if first.margin else ""
    mean = sum(item.busy_s for item in slow) / len(slow)
    ratio = first.busy_s / mean if mean else 1.0
    even = f" The busiest core is busy {ratio:.2g} times as long as the mean." if ratio >= 1.05 else ""
    step = f"Core {first.core} determines the step: {si(first.busy_s, 's')} of work and {si(first.barrier_s, 's')} of barrier"
    return f"{step}, {si(whole, 's')} together; it is bound by {first.binds}{ahead}. Cores: {counted}.{even}"


def _segments(item: CoreFloor, scale: float) -> tuple[Segment, ...]:
    found, start = list[Segment](), 0.0
    for name, seconds in (
        ("memory", item.memory_s),
        ("compute", item.compute_s),
        ("traffic", item.traffic_s),
        ("learning", item.learning_s),
        ("barrier", item.barrier_s),
    ):
        if seconds:
            found.append(Segment(start / scale, (start + seconds) / scale, COLOURS[name]))
            start += seconds
    return tuple(found)


def _sum(item: CoreFloor) -> float:
    return item.memory_s + item.compute_s + item.traffic_s + item.learning_s + item.barrier_s


def _slowest(slow: list[CoreFloor], n: int) -> str:
    scale = max(_sum(item) for item in slow) or 1.0
    rows = [
        Bar(
            f"core {item.core}",
            f"busy {si(item.busy_s, 's')}, bound by {item.binds}",
            _segments(item, scale),
            ((item.busy_s + item.barrier_s) / scale,),
            strong=True,
            tip=_tip(item),
        )
        for item in slow
    ]
    many = "Mean step of every core" if n <= SLOWEST else f"Mean step of the {SLOWEST} slowest of {n:,} cores"
    caption = f"{many}: time by what it is spent on; the mark is the time that the core needs, its work overlapping"
    return figure(bars(rows, [(at / 4, si(scale * at / 4, "s")) for at in range(5)], caption), caption)


def _tip(item: CoreFloor) -> str:
    times = (
        ("memory", item.memory_s),
        ("compute", item.compute_s),
        ("traffic", item.traffic_s),
        ("barrier", item.barrier_s),
        *([("learning", item.learning_s)] if item.learning_s else []),
    )
    return f"core {item.core}\n" + "\n".join(f"{name} {si(seconds, 's')}" for name, seconds in times)


def _overview(slow: list[CoreFloor]) -> str:
    """Times of all cores as columns, stacked, from the slowest core to the fastest."""
    times = np.array([(item.memory_s, item.compute_s, item.traffic_s, item.learning_s) for item in slow])
    block = -(-len(slow) // COLUMNS)
    cuts = np.arange(0, len(slow), block)
    grouped: NDArray[np.float64] = np.add.reduceat(times, cuts) / np.diff(np.r_[cuts, len(slow)])[:, None]
    top = float(grouped.sum(axis=1).max()) or 1.0
    heights = HEIGHT * grouped / top
    parts: list[str] = []
    below = np.zeros(len(heights))
    drawn = ("memory", "compute", "traffic", *(("learning",) if heights[:, 3].any() else ()))
    for at, name in enumerate(drawn):
        path = "".join(
            f"M{n} {number(HEIGHT - low)}v{number(-high)}h.9v{number(high)}z"
            for n, (low, high) in enumerate(zip(below.tolist(), heights[:, at].tolist(), strict=True))
            if high >= 0.01
        )
        parts.append(element("path", d=path, class_=COLOURS[name]))
        below = below + heights[:, at]
    caption = f"All {len(slow):,} cores from the slowest to the fastest, up to {si(top, 's')} of work in the mean step"
    caption += f"; a column is the mean of {block} cores" if block > 1 else ""
    view = {
        "viewBox": f"0 0 {len(heights)} {number(HEIGHT)}",
        "preserveAspectRatio": "none",
        "width": "100%" if len(heights) > FEW else COLUMN * len(heights),
        "height": HEIGHT,
    }
    return figure(element("svg", *parts, role="img", aria_label=caption, class_="bars columns", **view), caption)


def _list(slow: list[CoreFloor]) -> str:
    rows = [
        (
            str(item.core),
            *(
                si(seconds, "s")
                for seconds in (item.memory_s, item.compute_s, item.traffic_s, item.barrier_s, item.busy_s)
            ),
            item.binds,
            f"{item.margin:.2f}" if item.margin else "",
            f"{item.share:.1%}",
        )
        for item in slow[:LISTED]
    ]
    heads = ("core", "memory", "compute", "traffic", "barrier", "busy", "bound by", "margin", "of the busiest")
    whole = table(heads, rows, caption="Times of the mean step", numbers=(1, 2, 3, 4, 5, 7, 8), tall=len(rows) > 12)
    return whole + (note(f"The {LISTED} slowest of {len(slow):,} cores.") if len(slow) > LISTED else "")
