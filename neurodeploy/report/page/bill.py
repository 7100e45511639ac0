"""Section of energy and time: every figure as an interval, at each boundary, with its parts and its source."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, floor, log10

from neurodeploy.profile import Boundary, BoundaryCost, CostPart, Estimate, Profile, StaticShare
from neurodeploy.report.markup import element, text
from neurodeploy.report.page.bars import Bar, Segment, bars
from neurodeploy.report.page.blocks import figure, folded, key, note, table
from neurodeploy.report.page.section import Section
from neurodeploy.report.page.subject import ReportSubject
from neurodeploy.report.quantity import count, interval, si

__all__ = ["bill"]

MEANING: Mapping[Boundary, str] = {
    "cores": "cores and mesh",
    "chip": "whole chip",
    "board": "board",
}
"""Boundary -> what figures at it comprise."""
BOUNDARIES = (
    "The whole chip adds its static power and the management phase of its embedded CPUs to cores and mesh; the board adds "
    "the power of embedded CPUs, and input and output."
)


def bill(subject: ReportSubject) -> Section | None:
    """Return energy and time as intervals with sources; None without a profile. `subject`: what the page is about."""
    profile = subject.profile
    if profile is None:
        return None
    body = [_chart(_at_boundaries(profile, unit), title) for unit, title in (("J", "Energy"), ("s", "Time"))]
    if any(item.boundary != "cores" and item.time is not None for item in profile.boundaries):
        body.append(note(BOUNDARIES))
    for unit, word in (("J", "energy"), ("s", "time")):
        costs = _widest(profile, unit)
        parts = costs.energy_parts if costs and unit == "J" else costs.time_parts if costs else ()
        if costs is not None and len(parts) > 1:
            body.append(_split(parts, f"What the nominal {word} at the boundary '{costs.boundary}' consists of"))
    if profile.static_share is not None:
        body.append(_at_rate(profile.static_share))
    reasons = dict.fromkeys([*profile.no_figure, *(line for item in profile.boundaries for line in item.no_figure)])
    body += [note(f"No figure for {line}.") for line in reasons]
    body += [_events(profile), folded("Sources of every figure", _sources(profile)), _excluded(profile)]
    return Section("bill", "Energy and time", "".join(body))


def _at_boundaries(profile: Profile, unit: str) -> dict[str, Estimate]:
    """Name -> figure of one inference at each boundary, and of a step."""
    every = ((item, item.energy if unit == "J" else item.time) for item in profile.boundaries)
    found = {MEANING[item.boundary]: estimate for item, estimate in every if estimate is not None}
    if unit == "s" and profile.time_per_step is not None:
        found[f"one step, at the boundary '{profile.boundary}'"] = profile.time_per_step
    return found


def _chart(rows: dict[str, Estimate], title: str) -> str:
    if not rows:
        return ""
    caption = f"{title} of one inference: nominal value and interval, logarithmic scale"
    above = [value for item in rows.values() for value in (item.low, item.value, item.high) if value > 0]
    low = floor(log10(min(above, default=1.0)))
    high = max(ceil(log10(max(above, default=1.0))), low + 1)
    unit = next(iter(rows.values())).unit

    def place(value: float) -> float:
        return (log10(max(value, 10.0**low)) - low) / (high - low)

    drawn = [
        Bar(
            name,
            interval(item),
            (Segment(place(item.low), place(item.high), "h2"),),
            (place(item.value),),
            strong=True,
            tip=f"{name}\n{interval(item)}, {item.kind}",
        )
        for name, item in rows.items()
    ]
    scale = [(place(10.0**power), si(10.0**power, unit)) for power in range(low, high + 1)]
    return figure(bars(drawn, scale, caption), caption)


def _widest(profile: Profile, unit: str) -> BoundaryCost | None:
    """The costs at the widest boundary that has a figure."""
    known = (item for item in reversed(profile.boundaries) if (item.energy if unit == "J" else item.time) is not None)
    return next(known, None)


def _split(parts: tuple[CostPart, ...], caption: str) -> str:
    whole = sum(part.estimate.value for part in parts) or 1.0
    segments, start = list[Segment](), 0.0
    for at, part in enumerate(parts):
        share = part.estimate.value / whole
        segments.append(Segment(start, start + share, f"s{at % 8 + 1}"))
        start += share
    shown = bars([Bar("", si(whole, parts[0].estimate.unit), tuple(segments))], [], caption)
    labels = [
        (
            f"s{at % 8 + 1}",
            f"{part.name}: {si(part.estimate.value, part.estimate.unit)}, {part.estimate.value / whole:.1%}",
        )
        for at, part in enumerate(parts)
    ]
    return element("h3", text(caption)) + element("div", shown, class_="scroll") + key(labels)


def _at_rate(item: StaticShare) -> str:
    rows = (
        ("mean power", interval(item.power_w)),
        ("energy of an inference, waiting included", interval(item.energy_per_inference)),
        ("time in which the chips compute", _percent(item.busy)),
        (f"static power of {item.static_of}, of the mean power", _percent(item.share)),
    )
    caption = f"At {item.rate_per_s:g} inferences per second"
    return table(("figure", "nominal (low - high)"), rows, caption=caption)


def _percent(item: Estimate) -> str:
    return f"{item.value:.1%} ({item.low:.1%} - {item.high:.1%})"


def _events(profile: Profile) -> str:
    rows = (
        ("synaptic operations", count(profile.synops_per_inference)),
        ("compartment updates", count(profile.updates_per_inference)),
        ("updates of active compartments", count(profile.active_updates_per_inference)),
        ("messages between cores", count(profile.messages_per_inference)),
        ("tile hops", count(profile.hops_per_inference)),
        ("messages between chips", count(profile.chip_messages_per_inference)),
    )
    return table(("event", "per inference"), rows, caption="What is paid for", numbers=(1,))


def _sources(profile: Profile) -> str:
    """Every source once, with the figures that follow from it."""
    used = dict[str, list[str]]()
    every = [
        (f"{word}, {item.boundary}", getattr(item, word)) for item in profile.boundaries for word in ("energy", "time")
    ]
    every.append(("static energy", profile.energy_static_per_inference))
    for name, estimate in every:
        for source in estimate.source.split(" | ") if estimate is not None else ():
            used.setdefault(source, []).append(name)
    rows = [("; ".join(names), source) for source, names in used.items()]
    return table(("figures", "source"), rows, prose=(0, 1)) if rows else note("No figure of this target is public.")


def _excluded(profile: Profile) -> str:
    if not profile.boundaries:
        return note("Not contained: " + "; ".join(profile.excludes) + ".") if profile.excludes else ""
    lines = [(item.boundary, "; ".join(item.excludes)) for item in profile.boundaries if item.excludes]
    return table(("boundary", "does not contain"), lines, prose=(1,)) if lines else ""
