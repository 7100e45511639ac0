"""Section of energy and time: every figure as an interval, with its source."""

from __future__ import annotations

from math import ceil, floor, log10

from neurodeploy.profile import Estimate, Profile
from neurodeploy.report.page.bars import Bar, Piece, bars
from neurodeploy.report.page.blocks import figure, note, table
from neurodeploy.report.page.section import Section
from neurodeploy.report.page.subject import ReportSubject
from neurodeploy.report.quantity import count, interval, si

__all__ = ["bill"]

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
    unit = next(iter(rows.values())).unit

    def place(value: float) -> float:
        return (log10(max(value, 10.0**low)) - low) / (high - low)

    drawn = [
        Bar(
            name,
            interval(item),
            (Piece(place(item.low), place(item.high), "h2"),),
            (place(item.value),),
            strong=True,
            tip=f"{name}\n{interval(item)}, {item.kind}",
        )
        for name, item in rows.items()
    ]
    return bars(drawn, [(place(10.0**power), si(10.0**power, unit)) for power in range(low, high + 1)], caption)
