"""Tables of a Profile, a Compilation, a mapping and a ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from neurodeploy.compiler import Compilation
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.hardware.dialect import CHOSEN
from neurodeploy.hardware.target import Target
from neurodeploy.mapping import MappingQuality
from neurodeploy.profile import Profile, ResourceUse
from neurodeploy.report.cost_table import bottleneck, cost_sources, cost_table
from neurodeploy.report.plain import plain_table
from neurodeploy.report.quantity import count

__all__ = ["compilation_lines", "ledger_table", "mapping_table", "plain_table", "profile_report", "resource_table"]

CORES_SIDE_BY_SIDE = 4
"""Largest number of cores listed one by one; more are summarised, so that a row fits 80 columns."""


def _activity(profile: Profile) -> Table:
    heads = ("population", "neurons", "spikes / inference", "spikes / neuron / step", "silent neurons")
    table = plain_table("activity", *heads)
    for item in profile.populations:
        rate, silent = f"{item.rate_per_step:.4f}", f"{item.silent_neurons:,}"
        table.add_row(item.name, f"{item.size:,}", count(item.spikes_per_inference), rate, silent)
    return table


def resource_table(resources: Iterable[ResourceUse], cores: int) -> Table:
    """Return the table of use of every limited resource: by core, or mean and maximum for many cores."""
    many = cores > CORES_SIDE_BY_SIDE
    heads = ["mean", "fullest", "on core"] if many else [f"core {index}" for index in range(cores)]
    title = "use of every limited resource" + (f", {cores:,} cores" if many else "")
    table = plain_table(title, "resource", "limit of a core", *heads, "fullest")
    for item in resources:
        fullest = max(range(cores), key=lambda index: item.per_core[index])
        cells = [f"{value:,}" for value in item.per_core]
        if many:
            cells = [count(sum(item.per_core) / cores), f"{item.worst:,}", str(fullest)]
        limit = f"{item.limit:,.0f} {item.unit}" if item.limit is not None else "no figure"
        share = f"{item.worst / item.limit:.1%}" if item.limit else "-"
        table.add_row(item.name.replace("_", " "), limit, *cells, share)
    return table


def _notes(profile: Profile) -> Iterator[Text]:
    """Sources of the figures, missing figures, and what they exclude."""
    bound = bottleneck(profile)
    if bound is not None:
        yield Text(bound)
    for line in profile.no_figure:
        yield Text(f"no figure for {line}", style="dim")
    for line in cost_sources(profile):
        yield Text(line, style="dim")
    if profile.excludes:
        yield Text("not contained: " + "; ".join(profile.excludes), style="dim")


def _head(profile: Profile, name: str) -> Iterator[Text]:
    board = f" on {profile.board}" if profile.board else ""
    backend = f" ({profile.backend})" if profile.backend != profile.ran_on else ""
    why = f": {profile.engine_note}" if profile.engine_note else ""
    engine = f" (engine {profile.engine}{why})" if profile.engine not in (None, "native") else ""
    place = (profile.ran_on + backend + engine, "bold")
    yield Text.assemble((name, "bold"), f" for {profile.target}{board}, ran on: ", place)
    shown = f"{profile.n_samples:,} samples of {profile.steps_per_inference:,} steps"
    yield Text(f"{shown}; program {profile.program_digest[:12]}")
    if profile.accuracy is not None:
        text = f"accuracy {profile.accuracy:.2%}"
        if profile.reference_accuracy is not None:
            points = 100 * (profile.accuracy - profile.reference_accuracy)
            text += f"; float reference {profile.reference_accuracy:.2%} ({points:+.2f} points)"
        yield Text(text, style="bold")
    bound = f"lower bound {profile.cores_lower_bound:,} (by {profile.cores_bound_by.replace('_', ' ')})"
    yield Text(f"cores {profile.cores:,}; {bound}")


def profile_report(profile: Profile, name: str) -> RenderableType:
    """Return the complete report of a run of the network `name`."""
    gap = Text("")
    tables = (_activity(profile), resource_table(profile.resources, profile.cores), cost_table(profile))
    spaced = [part for table in tables for part in (gap, table)]
    return Group(*_head(profile, name), *spaced, *_notes(profile))


def dialect_lines(target: Target) -> list[str]:
    """Return a line with the dialect, if it is not the default of the target."""
    note = target.dialect.sources.get(CHOSEN)
    return [f"dialect: {target.dialect.name}, {note}"] if note else []


def compilation_lines(result: Compilation) -> list[str]:
    """Return verdict, cores, bounds and times of a compilation as lines."""
    lines = [f"verdict: {result.verdict}"]
    lines += dialect_lines(result.program.target) if result.program else []
    if result.lower_bounds:
        bound = max(result.lower_bounds, key=lambda name: result.lower_bounds[name])
        cores = f"{result.n_cores:,}" if result.n_cores is not None else "none placed"
        least = max(result.lower_bounds[bound], 1)
        lines.append(f"cores: {cores}; lower bound {least:,} (by {bound.replace('_', ' ')})")
    if result.stage_seconds:
        lines.append("stages: " + ", ".join(f"{name} {took:.2f} s" for name, took in result.stage_seconds.items()))
    return lines


def mapping_table(mapped: MappingQuality) -> Table:
    """Return the table of cores and traffic of a mapping, with their bounds."""
    table = plain_table(
        "mapping, traffic in spikes per neuron, 1 for neurons without a rate",
        "figure",
        "found",
        "bound",
    )
    full = ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in mapped.full_by.items())
    table.add_row("cores", f"{mapped.cores:,}", f"{max(mapped.lower_bounds.values(), default=1):,}")
    table.add_row("cores for these axons", f"{mapped.cores:,}", f"{mapped.axon_bound:,}")
    table.add_row("fullest resource, cores", full, "")
    table.add_row("spikes x hops", count(mapped.spikes_hops), count(mapped.shell_bound))
    table.add_row("  row by row", count(mapped.row_by_row), "")
    table.add_row("heaviest link", count(mapped.heaviest_link), "")
    if mapped.chips > 1:
        table.add_row("between chips", count(mapped.between_chips), "")
        table.add_row("  busiest pair of chips", count(mapped.busiest_chip_link), "")
    if mapped.imbalance is not None:
        table.add_row("busiest core over mean, time", f"{mapped.imbalance:.2f}", "1.00")
    return table


def ledger_table(ledger: Iterable[LedgerLine]) -> Table:
    """Return the table of a ledger, one row per line."""
    table = plain_table("ledger", "where", "quantity", "asked", "got", "level", "error", "note", text=True)
    for line in ledger:
        error = f"{line.relative_error:.2%}" if line.relative_error is not None else ""
        table.add_row(str(line.subject), line.quantity, line.asked, line.got, line.level, error, line.note)
    return table
