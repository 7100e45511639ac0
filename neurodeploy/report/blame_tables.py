"""Tables of a Study and of a Blame."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from neurodeploy.blame.nouns import Blame, Measure, Study
from neurodeploy.report.quantity import interval, si
from neurodeploy.report.tables import plain_table

__all__ = ["blame_report", "blame_table", "rates_table", "study_report", "study_table"]

NAMES: dict[Measure, str] = {"accuracy": "accuracy", "r2": "R2", "spikes": "agreement of spike counts"}
"""Measure -> its name in headings."""


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"


def _points(value: float) -> str:
    """Points with their sign; 0.00 has none."""
    shown = f"{value:+.2f}"
    return "0.00" if shown in ("+0.00", "-0.00") else shown


def _percent(value: float) -> str:
    shown = f"{value:.0%}"
    return "0%" if shown == "-0%" else shown


def study_report(study: Study) -> RenderableType:
    """Return the table of scores, cores, energy and time by steps, with what its figures are of."""
    name = NAMES[study.measure]
    head = f"{name} of the trained network: {_score(study.trained)} ± {100 * study.trained_error:.2f}"
    return Group(Text(head, style="bold"), Text(""), study_table(study), *study_notes(study))


def study_table(study: Study) -> Table:
    """Return the table of scores, cores, energy and time by steps."""
    title = f"{NAMES[study.measure]} by steps on {study.target}"
    table = plain_table(title, "steps", "floats", "chip", "lost", "cores", "energy per inference", "time")
    for row in study.rows:
        lost = f"{100 * (study.trained - row.chip):.2f} ± {100 * row.standard_error_of_loss:.2f}"
        time = "no figure" if row.time is None else si(row.time.value, row.time.unit)
        cells = (_score(row.spiking), _score(row.chip), lost, f"{row.cores:,}", interval(row.energy), time)
        table.add_row(str(row.steps), *cells)
    return table


def study_notes(study: Study) -> Iterator[Text]:
    """Yield what the figures of a study are of."""
    part = "" if study.n_samples == study.offered else f" of {study.offered:,}, spread evenly"
    yield Text(f"{study.n_samples:,} samples{part}; ± is one standard error", style="dim")
    if not study.labelled:
        yield Text("right is what the trained network answers, because there are no labels", style="dim")
    if any(row.steps != study.calibrated_for for row in study.rows):
        yield Text(f"largest rates were chosen for {study.calibrated_for} steps", style="dim")
    energy = next((row.energy for row in study.rows if row.energy is not None), None)
    if energy is not None:
        yield Text(f"energy and time are {energy.kind}, from {energy.source}", style="dim")


def blame_report(blame: Blame) -> RenderableType:
    """Return the tables of each layer's share in what is lost, and of its rates, with what the columns are."""
    scores = f"{NAMES[blame.measure]} {_score(blame.trained)} -> {_score(blame.chip)}"
    error = f"{100 * blame.standard_error:.2f}"
    head = f"at {blame.steps} steps on {blame.target}: {scores}, {blame.lost:.2f} ± {error} points lost"
    lines = (Text(line, style="dim") for line in _notes(blame))
    return Group(Text(head, style="bold"), Text(""), blame_table(blame), *lines, Text(""), rates_table(blame))


def _notes(blame: Blame) -> Iterator[str]:
    """What the columns are."""
    native = _is_native(blame)
    error = "the difference of spike counts" if native else "the error of the output"
    yield f"share: of {'the lost points' if blame.shared_by == 'points' else error + ', as so few points may be chance'}"
    if native:
        yield "floats: points if this population alone computes with floats; alone: if it"
        yield "alone is on the chip; spikes: mean difference of spike counts then;"
        yield "weights: error of rounding; clipped: weights beyond those that can be stored"
    else:
        yield "exact: points if this layer alone is exact; alone: if it alone is on the chip"
        yield "steps: what comes back of the whole with unlimited steps in this layer;"
        yield "range: without a largest rate; weights: with unrounded weights"
    part = "" if blame.n_samples == blame.offered else f" of {blame.offered:,}, spread evenly"
    yield f"{blame.n_samples:,} samples{part}"


def _is_native(blame: Blame) -> bool:
    """Whether the network was not converted."""
    return all(row.kind == "population" for row in blame.layers)


def blame_table(blame: Blame) -> Table:
    """Return the table of each layer's share in what is lost, and why."""
    if _is_native(blame):
        return _native_table(blame)
    table = plain_table("blame by layer", "layer", "share", "exact", "alone", "steps", "range", "weights")
    for row in blame.layers:
        by_steps = "-" if row.kind == "output" else _percent(row.by_steps)
        by_range = _percent(row.by_clipping) if row.kind == "layer" else "-"
        by_weights = "-" if row.kind == "input" else _percent(row.by_weights)
        points = _points(row.regained), _points(-row.alone)
        table.add_row(row.layer, _percent(row.share), *points, by_steps, by_range, by_weights)
    return table


def _native_table(blame: Blame) -> Table:
    heads = ("population", "share", "floats", "alone", "spikes", "weights", "clipped")
    table = plain_table("blame by population", *heads)
    for row in blame.layers:
        errors = (f"{value:.2%}" for value in (row.error, row.weight_error, row.clipped))
        table.add_row(row.layer, _percent(row.share), _points(row.regained), _points(-row.alone), *errors)
    return table


def rates_table(blame: Blame) -> Table:
    """Return the table of the rates of each population, or input and hidden layer."""
    native = _is_native(blame)
    heads = ("population", "neurons", "floats") if native else ("layer", "neurons", "exact")
    clipped = () if native else ("clipped",)
    table = plain_table(
        "rates, in spikes per neuron and step", *heads, "shift", *clipped, "dead", "silent", "saturated"
    )
    for row in blame.layers:
        if row.kind != "output":
            rates = f"{row.rate:.4f}", f"{row.rate_shift:+.4f}", *(() if native else (f"{row.clipped:.2%}",))
            counts = (f"{number:,}" for number in (row.dead, row.silent, row.saturated))
            table.add_row(row.layer, f"{row.neurons:,}", *rates, *counts)
    return table
