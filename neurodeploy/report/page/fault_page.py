"""The page of a campaign of faults: what is critical by kind, layer, bit and core, at what rate, and what helps."""

from __future__ import annotations

from collections.abc import Sequence

from neurodeploy.campaign import Advice, Campaign, FaultRow, Share
from neurodeploy.report.fault_tables import CRITERIA, HEADS, copies_text, fault_text, interval_text, percent, row_cells
from neurodeploy.report.markup import element, text
from neurodeploy.report.page.bars import Bar, Segment, bars
from neurodeploy.report.page.blocks import card, cards, drawing, figure, folded, key, note, table
from neurodeploy.report.page.document import Heading, document
from neurodeploy.report.page.section import Section

__all__ = ["fault_page"]

QUARTERS = tuple((at / 4, f"{at * 25}%") for at in range(5))
CELL, LABEL, LETTER = 26.0, 26.0, 7.0
"""Pixels of a cell of the map of bits, of the row of its labels, and of a letter."""
LEVELS = 8
"""Steps of colour."""
LISTED = 1000
"""Most rows of a table."""


def fault_page(campaign: Campaign, *, command: str = "") -> str:
    """Return the HTML of one page on a `campaign`, which needs no network. Equal arguments give equal bytes.

    `command`: text of the command that makes the page again.
    """
    made = (
        _summary(campaign),
        _shares("kinds", "By kind", campaign.by_kind),
        _shares("layers", "By layer", campaign.by_layer),
        _bits(campaign),
        _cores(campaign),
        _rates(campaign),
        _worst(campaign),
        _advice(campaign.advice),
        _all(campaign),
    )
    heading = Heading(
        title=f"Faults of {campaign.network}",
        name=f"Faults of {campaign.network}",
        lead=f"{campaign.n_drawn:,} of {campaign.n_faults:,} faults; critical: {CRITERIA[campaign.options.criterion]}",
        foot=f"Program {campaign.program_digest}." + (f" {command}." if command else ""),
    )
    return document(heading, [item for item in made if item is not None])


def _summary(campaign: Campaign) -> Section:
    planned = "all that were planned" if campaign.complete else f"of {campaign.n_planned:,} planned"
    items = [card("tried", f"{campaign.n_drawn:,}", planned)]
    for name, share in (("critical", campaign.critical), ("masked", campaign.masked)):
        if share is not None:
            items.append(card(name, percent(share.value), interval_text(share)))
    if campaign.accuracy is not None:
        items.append(card("accuracy", f"{campaign.accuracy:.1%}", "without a fault"))
    items.append(card("each fault met", f"{campaign.n_samples:,} samples", f"of {campaign.n_steps:,} steps"))
    found = [element("p", text(f"{item.severity} {item.code}: {item.message}")) for item in campaign.findings]
    level = f"Intervals hold the share of all faults with {campaign.options.confidence:.0%} confidence. "
    masked = "A masked fault changes nothing that an output reads."
    return Section("summary", "Summary", cards(items) + "".join(found) + note(level + masked))


def _shares(name: str, title: str, rows: Sequence[FaultRow]) -> Section | None:
    """Bars from the lower to the upper end of each interval, with a mark at the best estimate."""
    drawn = [_bar(row.name, row.critical, f"{row.n_drawn:,} tried") for row in rows if row.critical is not None]
    if not drawn:
        return None
    caption = "Critical share: best estimate and interval"
    return Section(name, title, figure(bars(drawn, QUARTERS, caption), caption))


def _bar(name: str, share: Share, more: str) -> Bar:
    shown = f"{percent(share.value)} ({interval_text(share)})"
    return Bar(name, shown, (Segment(share.low, share.high, "h2"),), (share.value,), strong=True, tip=f"{name}\n{more}")


def _bits(campaign: Campaign) -> Section | None:
    """A map with a row for each register or stored field of a layer and a column for each bit."""
    rows = [(*row.name.rpartition(" ")[::2], row) for row in campaign.by_bit if row.critical is not None]
    if not rows:
        return None
    names = list(dict.fromkeys(name for name, _, _ in rows))
    columns = 1 + max(int(bit) for _, bit, _ in rows)
    most = max(row.critical.value for _, _, row in rows if row.critical is not None) or 1.0
    left = LETTER * max(map(len, names)) + 8
    parts = [
        element("text", text(at), x=left + CELL * (at + 0.5), y=14, text_anchor="middle", class_="soft")
        for at in range(columns)
    ]
    parts += [
        element("text", text(name), x=left - 8, y=LABEL + CELL * (at + 0.5) + 4, text_anchor="end")
        for at, name in enumerate(names)
    ]
    parts += [_cell(row, most, left + CELL * int(bit), LABEL + CELL * names.index(name)) for name, bit, row in rows]
    caption = "Critical share of each bit; bit 0 is the least significant, and bits that do not exist or were not tried are empty"
    picture = drawing(
        *parts, width=left + CELL * columns + 4, height=LABEL + CELL * len(names) + 4, label=caption, explored=True
    )
    marks = key((("h0", "0"), (f"h{LEVELS - 1}", percent(most))))
    return Section("bits", "By bit", marks + figure(picture, caption))


def _cell(row: FaultRow, most: float, x: float, y: float) -> str:
    share = row.critical
    level = 0 if share is None else round((LEVELS - 1) * share.value / most)
    tip = f"{row.name}\n{_words(share)}\n{row.n_critical:,} of {row.n_drawn:,} tried"
    return element("rect", x=x + 1, y=y + 1, width=CELL - 2, height=CELL - 2, class_=f"h{level}", data_tip=tip)


def _words(share: Share | None) -> str:
    return "not tried" if share is None else f"{percent(share.value)} ({interval_text(share)})"


def _cores(campaign: Campaign) -> Section | None:
    if len(campaign.by_core) < 2:
        return None
    rows = sorted(campaign.by_core, key=lambda row: -(row.critical.low if row.critical else 0.0))
    return Section("cores", "By core", _table(rows, "Cores, the most critical first"))


def _rates(campaign: Campaign) -> Section | None:
    if not campaign.rates:
        return None
    what = "accuracy" if campaign.accuracy is not None else "answers that stay"
    drawn = [
        Bar(
            f"rate {point.rate:g}: {point.n_faults:,.1f} faults at once",
            f"{point.accuracy:.1%} ({point.low:.1%} - {point.high:.1%})",
            (Segment(point.low, point.high, "h2"),),
            (point.accuracy,),
            strong=True,
            tip=f"{point.n_repeats:,} draws",
        )
        for point in campaign.rates
    ]
    caption = f"Fault rate against {what}: mean over draws and its interval"
    return Section("rates", "Many faults at once", figure(bars(drawn, QUARTERS, caption), caption))


def _worst(campaign: Campaign) -> Section | None:
    if not campaign.worst:
        return None
    rows = [(fault_text(item.fault), f"{item.answers:,}", f"{item.outputs:,}") for item in campaign.worst]
    heads, caption = ("fault", "answers changed", "outputs changed"), f"Of {campaign.n_samples:,} samples"
    return Section("worst", "Worst faults", table(heads, rows, caption=caption, numbers=(1, 2)))


def _advice(advice: Advice | None) -> Section | None:
    if advice is None or not (advice.protected or advice.duplicated):
        return None
    body = list[str]()
    if advice.protected:
        rows = [
            (f"+ {line.bit}", f"{line.n_bits:,}", f"{line.share_of_bits:.2%}", _words(line.critical))
            for line in advice.protected
        ]
        heads = ("bit", "bits protected", "of all", "still critical")
        body.append(table(heads, rows, caption="Bits to protect, those that bring most first", numbers=(1, 2, 3)))
        body.append(
            note("Chosen on one half of the tried faults, measured on the other; a protected bit is corrected.")
        )
    body += [element("p", text(f"{copies_text(item)}.")) for item in advice.duplicated]
    return Section("advice", "What helps", "".join(body))


def _all(campaign: Campaign) -> Section:
    groups = {
        "Kinds": campaign.by_kind,
        "Layers": campaign.by_layer,
        "Bits": campaign.by_bit,
        "Cores": campaign.by_core,
    }
    parts = [folded(f"{name} as a table", _table(rows, name)) for name, rows in groups.items() if rows]
    return Section("rows", "All figures", "".join(parts))


def _table(rows: Sequence[FaultRow], caption: str) -> str:
    more = f"; the first {LISTED:,} of {len(rows):,}" if len(rows) > LISTED else ""
    heads, listed = ("", *HEADS), map(row_cells, rows[:LISTED])
    return table(heads, listed, caption=caption + more, numbers=range(1, len(heads)), tall=len(rows) > 20)
