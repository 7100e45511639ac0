"""Tables of campaigns of faults, and of programs that left some cores."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table

from neurodeploy.campaign import Advice, Campaign, Duplicated, FaultRow, Remapped, Share
from neurodeploy.program import Fault
from neurodeploy.report.plain import plain_table

__all__ = [
    "CRITERIA",
    "HEADS",
    "campaign_csv",
    "campaign_report",
    "copies_text",
    "fault_text",
    "interval_text",
    "percent",
    "remap_lines",
    "row_cells",
]

MOST_BITS, MOST_CORES, MOST_MOVES = 12, 16, 8
"""Rows that are printed at most; the JSON document and the CSV table have all."""
HEADS = ("faults", "tried", "critical", "interval", "masked")
CRITERIA = {
    "answer": "the answer of a sample changes",
    "label": "fewer answers are right",
    "spikes": "the output of a sample changes",
}


def campaign_report(campaign: Campaign) -> Iterator[RenderableType]:
    """Yield the lines and tables of a `campaign` for people."""
    yield from _summary(campaign)
    yield _rows("by kind", campaign.by_kind)
    yield _rows("by layer", campaign.by_layer)
    bits = sorted((row for row in campaign.by_bit if row.n_critical), key=_criticality)
    if bits:
        yield _rows(f"most critical of {len(campaign.by_bit):,} bits", bits[:MOST_BITS])
    cores = sorted(campaign.by_core, key=_criticality)
    if len(cores) > 1:
        yield _rows(f"most critical of {len(cores):,} cores", cores[:MOST_CORES])
    if campaign.worst:
        yield _worst(campaign)
    if campaign.rates:
        yield _rates(campaign)
    if campaign.advice is not None:
        yield from _advice(campaign.advice, campaign)


def _criticality(row: FaultRow) -> tuple[float, float, str]:
    """Order of rows: those that are critical for certain first."""
    return (-(row.critical.low if row.critical else 0.0), -(row.critical.value if row.critical else 0.0), row.name)


def _summary(campaign: Campaign) -> Iterator[str]:
    options = campaign.options
    met = f"{campaign.n_drawn:,} of {campaign.n_faults:,} faults, {campaign.n_samples:,} samples each"
    yield f"{campaign.network}: {met}; critical: {CRITERIA[options.criterion]}"
    if campaign.critical is not None and campaign.masked is not None:
        yield (
            f"critical {_with_interval(campaign.critical)}, masked {_with_interval(campaign.masked)}, "
            f"at {options.confidence:.0%} confidence"
        )


def percent(value: float) -> str:
    """Return a share as text. `value`: from 0 to 1."""
    return f"{value:.1%}" if value else "0"


def _with_interval(share: Share) -> str:
    return f"{percent(share.value)} ({interval_text(share)})"


def interval_text(share: Share) -> str:
    """Return the ends of the interval of a `share` as text."""
    return f"{share.low:.1%} - {share.high:.1%}"


def _rows(title: str, rows: Sequence[FaultRow]) -> Table:
    table = plain_table(title, "", *HEADS)
    for row in rows:
        table.add_row(*row_cells(row))
    return _held(table, [row.name for row in rows])


def row_cells(row: FaultRow) -> tuple[str, ...]:
    """Return the name of a `row` and its figures, in the order of HEADS, as text."""
    share = ("-", "-") if row.critical is None else (percent(row.critical.value), interval_text(row.critical))
    return (
        row.name,
        f"{row.n_faults:,}",
        f"{row.n_drawn:,}",
        *share,
        "-" if row.masked is None else percent(row.masked.value),
    )


def _held(table: Table, names: Sequence[str]) -> Table:
    """The table, whose first column holds the longest word of the names uncut."""
    table.columns[0].min_width = max((len(word) for name in names for word in name.split()), default=0)
    return table


def fault_text(fault: Fault) -> str:
    """Return a `fault` in words, such as "synapse hidden_to_digit 3 -> 7 weight bit 6 flip"."""
    parts = [fault.where, fault.population or fault.projection or fault.input]
    numbers = (fault.neuron, fault.line, None if fault.pre is None else f"{fault.pre} -> {fault.post}")
    parts += [str(item) for item in numbers if item is not None]
    parts += [f"to core {fault.core}" if fault.where == "axon" else f"{fault.core}"] if fault.core is not None else []
    parts += [f"axon {fault.axon}"] if fault.axon is not None else []
    parts += [f"of chip {fault.chip} {fault.link[:2]} to {fault.link[2:]}"] if fault.link is not None else []
    parts += [f"{fault.field} bit {fault.bit}"] if fault.field is not None else []
    parts.append(fault.what.replace("_", " "))
    when = {"always": "", "from": f"from step {fault.step} on", "at": f"in step {fault.step}", "random": "at random"}
    return " ".join(str(item) for item in (*parts, when[fault.when]) if item)


def _worst(campaign: Campaign) -> Table:
    table = plain_table("worst of the tried faults", "", "answers changed", "outputs changed")
    for item in campaign.worst:
        table.add_row(fault_text(item.fault), f"{item.answers:,}", f"{item.outputs:,}")
    return _held(table, [fault_text(item.fault) for item in campaign.worst])


def _rates(campaign: Campaign) -> Table:
    what = "accuracy" if campaign.accuracy is not None else "answers that stay"
    table = plain_table(f"{what} against fault rate", "rate", "faults at once", "draws", what, "interval")
    if campaign.accuracy is not None:
        table.add_row("0", "0", "1", f"{campaign.accuracy:.2%}", "")
    for point in campaign.rates:
        span = f"{point.low:.2%} to {point.high:.2%}"
        table.add_row(
            f"{point.rate:g}", f"{point.n_faults:,.1f}", f"{point.n_repeats:,}", f"{point.accuracy:.2%}", span
        )
    return table


def _advice(advice: Advice, campaign: Campaign) -> Iterator[RenderableType]:
    if advice.protected:
        table = plain_table(
            "bits to protect, those that bring most first",
            "bit",
            "bits protected",
            "of all",
            "still critical",
            "interval",
        )
        for line in advice.protected:
            share = f"{line.share_of_bits:.2%}"
            table.add_row(
                f"+ {line.bit}", f"{line.n_bits:,}", share, percent(line.critical.value), interval_text(line.critical)
            )
        table.caption = "chosen on one half of the tried faults, measured on the other; a protected bit is corrected"
        table.caption_justify = "left"
        yield _held(table, [line.bit for line in advice.protected])
    elif campaign.critical is not None:
        yield "no bit is worth protecting: none of the tried faults in bits is critical"
    for item in advice.duplicated:
        yield copies_text(item)


def copies_text(item: Duplicated) -> str:
    """Return what copies of neurons bring, as text. `item`: of the advice of a campaign."""
    n = len(item.neurons)
    what = f"{n:,} {'neuron' if n == 1 else 'neurons'} of '{item.population}' duplicated"
    before = f"{item.n_critical_before:,} of {item.n_neurons_before:,} dead neurons critical"
    after = f"{item.n_critical:,} of {item.n_neurons:,}"
    accuracy = f"{item.accuracy:.2%}"
    kept = (
        f"accuracy {item.accuracy_before:.2%} -> {accuracy}"
        if item.accuracy_before is not None
        else f"answers kept {accuracy}"
    )
    verdict = "helps" if item.helps else "does not help"
    return f"{what}: {verdict}: {before} -> {after}, {kept}, cores {item.n_cores_before:,} -> {item.n_cores:,}"


def campaign_csv(campaign: Campaign) -> str:
    """Return every row of a `campaign` as CSV: group, name, counts, and shares with their intervals."""
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n")
    heads = ("group", "name", "faults", "tried", "critical", "critical_share", "critical_low", "critical_high")
    write.writerow((*heads, "masked_share", "answers_changed"))
    for group in ("kind", "layer", "bit", "core"):
        rows: Sequence[FaultRow] = getattr(campaign, f"by_{group}")
        for row in rows:
            share = (row.critical.value, row.critical.low, row.critical.high) if row.critical else ("", "", "")
            counts = (row.n_faults, row.n_drawn, row.n_critical)
            masked = "" if row.masked is None else row.masked.value
            write.writerow((group, row.name, *counts, *share, masked, "" if row.wrong is None else row.wrong))
    return text.getvalue()


def remap_lines(result: Remapped) -> Iterator[str]:
    """Yield the lines of a program that left some cores."""
    if result.method == "unchanged":
        yield "no core that must be avoided is in use: the program is unchanged"
    elif result.method == "moved":
        moves = [f"{item.before} -> {item.after}" for item in result.moves]
        more = f" and {len(moves) - MOST_MOVES:,} more" if len(moves) > MOST_MOVES else ""
        cores = "core moves" if len(moves) == 1 else "cores move"
        yield f"{len(moves):,} {cores}: {', '.join(moves[:MOST_MOVES])}{more}"
    else:
        yield f"compiled again without them, on {result.program.tables.n_cores:,} cores: too few free cores were left"
    source = "drawn at random" if result.drawn else "given or sealed"
    yield f"same registers, synapses and spikes: {result.n_samples:,} samples {source}, {result.n_steps:,} steps each"
