"""Table of the cost of an inference: energy and time at a boundary, their parts, the bottleneck, static power at a rate."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from neurodeploy.profile import BoundaryCost, CostPart, Profile, StaticShare
from neurodeploy.report.plain import plain_table
from neurodeploy.report.quantity import count, interval, percentage, si

__all__ = ["bottleneck", "cost_sources", "cost_table"]

CORES = "cores and mesh"
Row = tuple[str, str]


def cost_table(profile: Profile) -> Table:
    """Return the table of energy, time and events of one inference of a `profile`."""
    table = plain_table("cost of one inference", "figure", "nominal (low - high)")
    updates, active = count(profile.updates_per_inference), count(profile.active_updates_per_inference)
    rows = (
        *_energy(profile),
        *_time(profile),
        *(_at_rate(profile.static_share) if profile.static_share else ()),
        ("synaptic operations", count(profile.synops_per_inference)),
        ("compartment updates (active)", f"{updates} ({active})"),
        ("messages between cores", count(profile.messages_per_inference)),
        ("tile hops", count(profile.hops_per_inference)),
    )
    for row in rows:
        table.add_row(*row)
    return table


def _at(profile: Profile) -> BoundaryCost | None:
    """The costs at the chosen boundary, if it is not that of the cores."""
    if profile.boundary == "cores":
        return None
    return next((item for item in profile.boundaries if item.boundary == profile.boundary), None)


def _energy(profile: Profile) -> Iterator[Row]:
    costs = _at(profile)
    if costs is None:
        yield f"energy, {CORES}", interval(profile.energy_per_inference)
        yield "energy, static power of the chips", interval(profile.energy_static_per_inference)
        return
    yield f"energy, {profile.boundary}", interval(costs.energy)
    if costs.energy is not None:
        yield f"  {CORES}", interval(profile.boundaries[0].energy)
        inside = len(profile.boundaries[0].energy_parts)
        yield from _parts(costs.energy_parts[inside:])


def _time(profile: Profile) -> Iterator[Row]:
    costs = _at(profile)
    yield ("time" if costs is None else f"time, {profile.boundary}"), interval(profile.time_per_inference)
    if costs is not None:
        yield from _parts(costs.time_parts)
    yield "time of one step", interval(profile.time_per_step)


def _parts(parts: tuple[CostPart, ...]) -> Iterator[Row]:
    for part in parts:
        yield f"  {part.name}", interval(part.estimate)


def bottleneck(profile: Profile) -> str | None:
    """Return what determines the time of a step of a `profile`, and by how much, in words; None if no time is known."""
    if not profile.floors:
        return None
    core = max(profile.floors, key=lambda item: item.busy_s)
    times = {"memory": core.memory_s, "compute": core.compute_s, "traffic": core.traffic_s}
    times |= {"barrier": core.barrier_s, "learning": core.learning_s}
    first, second = sorted(times, key=lambda name: -times[name])[:2]
    lead = f", {core.margin:.1f} x the {second}" if core.margin else ""
    where = f" of core {core.core}" if first != "barrier" else ""
    return f"a step waits for the {first}{where}: {si(times[first], 's')}{lead}"


def _at_rate(share: StaticShare) -> Iterator[Row]:
    rate = f"{share.rate_per_s:,g}/s"
    yield f"at {rate}: energy of one inference", interval(share.energy_per_inference)
    yield f"at {rate}: mean power", interval(share.power_w)
    yield f"at {rate}: static share of it", percentage(share.share)
    yield f"at {rate}: time in use", percentage(share.busy)


def cost_sources(profile: Profile) -> Iterator[str]:
    """Yield where the figures of energy and time of a `profile` are from, one line each."""
    costs, energy = _at(profile), profile.energy_per_inference
    inner = profile.boundaries[0].energy if profile.boundaries else energy
    if inner is not None:
        how = "low and high are the extremes of these profiles and of their published error"
        how = "they span the published ratios; never ranked" if inner.kind == "scaled" else how
        yield f"{inner.kind}, from {inner.source.replace(' | ', '; ')}; {how}"
    if costs is None and profile.energy_static_per_inference is not None:
        static = profile.energy_static_per_inference
        yield f"static power: {static.kind}, from {static.source}"
    if costs is not None:
        own = profile.boundaries[0]
        for part in (*costs.energy_parts[len(own.energy_parts) :], *costs.time_parts[len(own.time_parts) :]):
            *_, figure = (line for line in part.estimate.source.split(" | ") if "_terms" in line)
            yield f"{part.name}: {figure}"
