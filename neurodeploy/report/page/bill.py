"""Section of energy and time: every figure as an interval, with its source."""

from __future__ import annotations

from math import ceil, floor, log10

from neurodeploy.profile import Estimate, Profile
from neurodeploy.report.markup import element, number, text
from neurodeploy.report.page.blocks import figure, note, table
from neurodeploy.report.page.section import Section
from neurodeploy.report.page.subject import ReportSubject
from neurodeploy.report.quantity import count, interval, si

__all__ = ["bill"]

WIDTH, LEFT, ROW, RIGHT = 860.0, 190.0, 34.0, 230.0
"""Pixels of the drawing: its width, the names, one row, and the figures."""
NAMES = {
    "energy_per_inference": "energy, cores and mesh",
    "energy_static_per_inference": "energy, static power",
    "time_per_inference": "time of an inference",
    "time_per_step": "time of a step",
}


def bill(subject: ReportSubject) -> Section | None:
    """Return energy and time as intervals with sources; None without a profile. `subject`: what the page is about."""
    profile = subject.profile
    if profile is None:
        return None
    found = {name: item for name in NAMES if (item := getattr(profile, name)) is not None}
    body: list[str] = []
    for unit, title in (("J", "Energy per inference"), ("s", "Time")):
        rows = {NAMES[name]: item for name, item in found.items() if item.unit == unit}
        if rows:
            caption = f"{title}: nominal value and interval, logarithmic scale"
            body.append(figure(_bars(rows, caption), caption))
    body += [note(f"No figure for {line}.") for line in profile.no_figure]
    body += [_sources(found), _events(profile)]
    if profile.excludes:
        body.append(note("Not contained: " + "; ".join(profile.excludes) + "."))
    return Section("bill", "Energy and time", "".join(body))


def _sources(found: dict[str, Estimate]) -> str:
    if not found:
        return ""
    rows = [(NAMES[name], interval(item), item.kind, item.source) for name, item in found.items()]
    heads = ("figure", "nominal (low - high)", "kind", "source")
    return table(heads, rows, caption="Figures and their sources", prose=(3,))


def _events(profile: Profile) -> str:
    rows = (
        ("synaptic operations", count(profile.synops_per_inference)),
        ("compartment updates", count(profile.updates_per_inference)),
        ("of active compartments", count(profile.active_updates_per_inference)),
        ("messages between cores", count(profile.messages_per_inference)),
        ("tile hops", count(profile.hops_per_inference)),
        ("messages between chips", count(profile.chip_messages_per_inference)),
    )
    return table(("event", "per inference"), rows, caption="What is paid for", numbers=(1,))


def _bars(rows: dict[str, Estimate], caption: str) -> str:
    above = [value for item in rows.values() for value in (item.low, item.value, item.high) if value > 0]
    low = floor(log10(min(above, default=1.0)))
    high = max(ceil(log10(max(above, default=1.0))), low + 1)
    span = WIDTH - LEFT - RIGHT
    unit = next(iter(rows.values())).unit

    def x(value: float) -> float:
        return LEFT + span * (log10(max(value, 10.0**low)) - low) / (high - low)

    height = 26 + ROW * len(rows)
    parts: list[str] = []
    for power in range(low, high + 1):
        at = x(10.0**power)
        parts.append(element("line", x1=at, x2=at, y1=20, y2=height, class_="rule"))
        parts.append(element("text", si(10.0**power, unit), x=at, y=12, text_anchor="middle", class_="soft"))
    for place, (name, item) in enumerate(rows.items()):
        parts.append(_bar(name, item, 20 + ROW * (place + 0.5), (x(item.low), x(item.value), x(item.high))))
    size = {"viewBox": f"0 0 {number(WIDTH)} {number(height)}", "width": WIDTH, "height": height}
    return element("svg", *parts, role="img", aria_label=caption, **size)


def _bar(name: str, item: Estimate, y: float, ends: tuple[float, float, float]) -> str:
    low, middle, high = ends
    tip = f"{name}\n{interval(item)}\n{item.kind}"
    return element(
        "g",
        element("text", text(name), x=0, y=y + 4),
        element("rect", x=low, y=y - 7, width=max(high - low, 2), height=14, rx=3, class_="h2", data_tip=tip),
        element("line", x1=middle, x2=middle, y1=y - 10, y2=y + 10, class_="mark"),
        element("text", text(interval(item)), x=WIDTH - RIGHT + 24, y=y + 4),
    )
