"""Verb: a Profile, a Compilation, a Target as tables for people. Prints nothing itself."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from neurodeploy.compiler import Compilation
from neurodeploy.ledger import LedgerLine
from neurodeploy.profile import Profile, ResourceUse
from neurodeploy.report.quantity import count, interval
from neurodeploy.target.figure import Figure, FigureList, FigureRange
from neurodeploy.target.target import Target

__all__ = ["compilation_lines", "ledger_table", "profile_report", "target_rows", "target_table"]


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for index, name in enumerate(columns):
        table.add_column(name, justify="left" if index == 0 else "right", overflow="fold")
    return table


def _activity(profile: Profile) -> Table:
    table = _table(
        "activity", "population", "neurons", "spikes / inference", "spikes / neuron / step", "silent neurons"
    )
    for item in profile.populations:
        table.add_row(
            item.name,
            f"{item.size:,}",
            count(item.spikes_per_inference),
            f"{item.rate_per_step:.4f}",
            f"{item.silent_neurons:,}",
        )
    return table


def _share(use: float, limit: float | None) -> str:
    return f"{use / limit:.1%}" if limit else "-"


def _resources(resources: tuple[ResourceUse, ...], cores: int) -> Table:
    many = cores > 8
    heads = ["mean", "fullest", "core"] if many else [f"core {index}" for index in range(cores)]
    table = _table(
        "use of every limited resource" + (f", {cores} cores" if many else ""),
        "resource",
        "limit",
        *heads,
        "fullest %" if many else "worst %",
    )
    for item in resources:
        limit = f"{item.limit:,.0f}" if item.limit else "no figure"
        if many:
            worst = max(range(cores), key=lambda index: item.per_core[index])
            cells = [f"{sum(item.per_core) / cores:,.0f}", f"{item.worst:,}", str(worst)]
        else:
            cells = [f"{value:,}" for value in item.per_core]
        table.add_row(item.name.replace("_", " "), limit, *cells, _share(item.worst, item.limit))
    return table


def _cost(profile: Profile) -> Table:
    table = _table("cost of one inference", "figure", "nominal (low - high)")
    table.add_row("energy, cores and mesh", interval(profile.energy_per_inference))
    table.add_row("energy, static power of the chips", interval(profile.energy_static_per_inference))
    table.add_row("time", interval(profile.time_per_inference))
    table.add_row("time of one step", interval(profile.time_per_step))
    table.add_row("synaptic operations", count(profile.synops_per_inference))
    table.add_row(
        "compartment updates (active)",
        f"{count(profile.updates_per_inference)} ({count(profile.active_updates_per_inference)})",
    )
    table.add_row("messages between cores", count(profile.messages_per_inference))
    table.add_row("tile hops", count(profile.hops_per_inference))
    return table


def _notes(profile: Profile) -> list[Text]:
    notes = [Text(f"no figure for {line}", style="dim") for line in profile.no_figure]
    if profile.energy_per_inference:
        notes.append(
            Text(
                f"modelled, from {profile.energy_per_inference.source}; low and high are the extremes of these profiles and of their published error",
                style="dim",
            )
        )
    if profile.excludes:
        notes.append(Text("not contained: " + "; ".join(profile.excludes), style="dim"))
    return notes


def _head(profile: Profile, name: str) -> list[Text]:
    board = f" on {profile.board}" if profile.board else ""
    lines = [
        Text.assemble(
            (name, "bold"),
            f"  for {profile.target}{board}, ran on: ",
            (profile.ran_on, "bold"),
            f" ({profile.backend})",
        )
    ]
    lines.append(
        Text(
            f"{profile.n_samples:,} samples of {profile.steps_per_inference} steps; program {profile.program_digest[:12]}"
        )
    )
    if profile.accuracy is not None:
        text = f"accuracy {profile.accuracy:.2%}"
        if profile.reference_accuracy is not None:
            text += f"; float reference {profile.reference_accuracy:.2%} ({100 * (profile.accuracy - profile.reference_accuracy):+.2f} points)"
        lines.append(Text(text, style="bold"))
    lines.append(
        Text(
            f"cores {profile.cores}; lower bound {profile.cores_lower_bound} (by {profile.cores_bound_by.replace('_', ' ')})"
        )
    )
    return lines


def profile_report(profile: Profile, name: str) -> RenderableType:
    """Return the whole report of a run."""
    gap = Text("")
    return Group(
        *_head(profile, name),
        gap,
        _activity(profile),
        gap,
        _resources(profile.resources, profile.cores),
        gap,
        _cost(profile),
        *_notes(profile),
    )


def compilation_lines(result: Compilation) -> list[str]:
    """Return verdict, cores, bounds and times as lines."""
    lines = [f"verdict: {result.verdict}"]
    if result.lower_bounds:
        bound = max(result.lower_bounds, key=lambda name: result.lower_bounds[name])
        cores = f"{result.n_cores:,}" if result.n_cores is not None else "none placed"
        lines.append(
            f"cores: {cores}; lower bound {max(result.lower_bounds[bound], 1):,} (by {bound.replace('_', ' ')})"
        )
    lines.append("stages: " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in result.stage_seconds.items()))
    return lines


def ledger_table(ledger: Iterable[LedgerLine]) -> Table:
    """Return the ledger, one row a line."""
    table = Table(
        title="ledger",
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for name in ("where", "quantity", "asked", "got", "level", "error", "note"):
        table.add_column(name, overflow="fold")
    for line in ledger:
        error = f"{line.relative_error:.2%}" if line.relative_error is not None else ""
        table.add_row(line.where, line.quantity, line.asked, line.got, line.level, error, line.note)
    return table


def target_rows(target: Target) -> list[tuple[str, str, str, str]]:
    """Return (field, value with unit, confidence, source) of every figure of a target."""
    rows: list[tuple[str, str, str, str]] = []

    def walk(path: str, value: object) -> None:
        if isinstance(value, Figure):
            rows.append((path, f"{value.value:g} {value.unit}", value.confidence, value.source))
        elif isinstance(value, FigureRange):
            rows.append((path, f"{value.low:g} to {value.high:g} {value.unit}", value.confidence, value.source))
        elif isinstance(value, FigureList):
            rows.append(
                (
                    path,
                    f"{', '.join(f'{v:g}' for v in value.values)} {value.unit}",
                    value.confidence,
                    value.source,
                )
            )
        elif isinstance(value, dict):
            for key, item in value.items():  # pyright: ignore[reportUnknownVariableType]
                walk(f"{path}.{key}" if path else str(key), item)  # pyright: ignore[reportUnknownArgumentType]
        elif hasattr(type(value), "model_fields"):
            for name in type(value).model_fields:  # type: ignore[attr-defined]
                walk(f"{path}.{name}" if path else name, getattr(value, name))

    walk("", target)
    return rows


def target_table(targets: Iterable[Target]) -> Table:
    """Return one row for each target."""
    table = _table(
        "chips, and limits of one core",
        "target",
        "title",
        "cores",
        "neurons",
        "words",
        "in axons",
        "out axons",
        "boards",
    )

    def shown(figure: Figure | None) -> str:
        return f"{figure.value:,.0f}" if figure else "no figure"

    for item in targets:
        limits = item.limits
        boards = str(len(item.boards))
        cells = [
            shown(figure)
            for figure in (
                limits.compartments,
                limits.synapse_memory,
                limits.input_axons,
                limits.output_axons,
            )
        ]
        table.add_row(item.name, item.title, f"{item.chip.cores.value:.0f}", *cells, boards)
    return table
