"""Section of the chip map: chips, tiles and cores, coloured by what is asked for, with their traffic."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.profile import resource_use
from neurodeploy.profile.traffic import INPUT, Traffic, traffic
from neurodeploy.report.markup import element, number, text
from neurodeploy.report.page.blocks import drawing, folded, key, note, table
from neurodeploy.report.page.places import MANY, Board, Part, board, fullest, held, parts
from neurodeploy.report.page.section import Section
from neurodeploy.report.page.subject import ReportSubject
from neurodeploy.report.quantity import count

__all__ = ["chip_map"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ARROWS = 32
"""Largest number of pairs of cores whose traffic is drawn."""
LISTED = 256
"""Largest number of cores listed one by one."""
NAMED = 6
"""Largest number of populations named in a hint."""
LEVELS = 8
"""Steps of the colours from empty to full."""


class _Load(NamedTuple):
    """What each core holds and does; arrays (n_cores,)."""

    shares: Floats
    """(resources, n_cores) use against the limit."""
    resources: list[str]
    held: Ints
    """(n_cores, populations) neurons."""
    names: list[str]
    moved: Traffic | None
    received: Floats
    sent: Floats


def _load(subject: ReportSubject) -> _Load:
    program = subject.program
    n = program.tables.n_cores
    resources = subject.profile.resources if subject.profile else resource_use(program)
    shares, named = fullest(resources, n)
    moved = None
    if subject.recording is not None and subject.recording.recorded is None and subject.recording.n_samples:
        moved = traffic(program, subject.recording)
    received, sent = np.zeros(n), np.zeros(n)
    if moved is not None:
        received = np.bincount(moved.to, moved.messages, n)
        own = moved.source != INPUT
        sent = np.bincount(moved.source[own], moved.messages[own], n)
    names = [item.name for item in program.populations]
    return _Load(shares, named, held(program), names, moved, received, sent)


def chip_map(subject: ReportSubject) -> Section:
    """Return the map of chips, tiles and cores, and the same as a list. `subject`: what the page is about."""
    load, on = _load(subject), board(subject.program)
    marks = parts(on)
    modes = ["fullest resource", "population", *(["synaptic operations", "messages received"] if load.moved else [])]
    drawn = _arrows(on, load) if load.moved and marks and marks[0].kind == "core" else ""
    width, height = on.size
    content = [_empty(subject, on, marks), *_marks(subject, on, marks, load), drawn]
    svg = drawing(*content, width=width, height=height, label="Map of the occupied chips", explored=True)
    frame = element("div", svg, class_="scroll")
    body = [_buttons(modes, arrows=bool(drawn)), _key(load), frame, element("p", text(_said(subject, on, marks, load)))]
    body.append(folded("The map as a list of cores", _list(on, load)))
    return Section("map", "Chip map", element("div", *body, class_="map"))


def _buttons(modes: list[str], *, arrows: bool) -> str:
    made = [
        element("button", text(name), type="button", data_mode=at, aria_pressed="true" if at == 0 else "false")
        for at, name in enumerate(modes)
    ]
    if arrows:
        made.append(element("button", "traffic", type="button", data_arrows=True, aria_pressed="true"))
    return element("div", element("span", "Colour by", class_="soft"), *made, class_="choices", hidden=True)


def _key(load: _Load) -> str:
    heat = [(f"h{level}", f"{100 * level // LEVELS} %") for level in range(0, LEVELS, 2)] + [("h7", "full")]
    names = [(f"s{at % 8 + 1}", name) for at, name in enumerate(load.names[:24])]
    more = [("none", f"and {len(load.names) - 24:,} more")] if len(load.names) > 24 else []
    return element("div", key(heat), class_="key-heat") + element(
        "div", key([*names, *more]), class_="key-names", hidden=True
    )


def _empty(subject: ReportSubject, on: Board, marks: list[Part]) -> str:
    """Outlines of chips with their names, and the cores in which nothing lies."""
    kind = marks[0].kind if marks else "core"
    width, height = on.chip_px
    drawn: list[str] = []
    for chip in on.chips.tolist():
        x, y = on.corner(chip)
        drawn.append(element("text", f"chip {chip}", x=x, y=y - 6, class_="soft"))
        drawn.append(element("rect", x=x, y=y, width=width, height=height, rx=4, class_="rule"))
        if kind == "core":
            slots = range(int(subject.program.target.chip.cores.value))
            places = [on.core_corner(chip, slot) for slot in slots]
            size = number(on.cell - 1)
            path = "".join(f"M{number(a)} {number(b)}h{size}v{size}h-{size}z" for a, b in places)
            drawn.append(element("path", d=path, class_="none"))
    return "".join(drawn)


def _level(share: float) -> int:
    return min(int(share * LEVELS), LEVELS - 1)


def _marks(subject: ReportSubject, on: Board, marks: list[Part], load: _Load) -> list[str]:
    most = load.shares.max(axis=0, initial=0.0)
    work = load.moved.synops if load.moved else np.zeros(most.size)
    top_work, top_in = max(float(work.max(initial=0.0)), 1e-12), max(float(load.received.max(initial=0.0)), 1e-12)
    drawn: list[str] = []
    for place, mark in enumerate(marks):
        cores = mark.cores
        share = float(most[cores].max(initial=0.0))
        main = int(load.held[cores].sum(axis=0).argmax()) if load.names else 0
        codes = [
            _level(share),
            main % 8 + 1,
            _level(float(work[cores].max()) / top_work),
            _level(float(load.received[cores].max()) / top_in),
        ]
        drawn.append(
            element(
                "rect",
                x=mark.x,
                y=mark.y,
                width=mark.width,
                height=mark.height,
                rx=2,
                class_=f"h{codes[0]}",
                data_m=" ".join(map(str, codes if load.moved else codes[:2])),
                data_tip=_tip(mark, on, load),
                tabindex=0 if place == 0 else None,
            )
        )
    return drawn


def _place(mark: Part, on: Board) -> str:
    first = int(mark.cores[0])
    chip, tile = int(on.chip[first]), int(on.tile[first])
    if mark.kind == "core":
        return f"core {first}: {_where(on, first)}"
    where = f"tile {tile} of chip {chip}" if mark.kind == "tile" else f"chip {chip}"
    return f"{where}: {mark.cores.size:,} cores"


def _tip(mark: Part, on: Board, load: _Load) -> str:
    lines = [_place(mark, on)]
    shares = load.shares[:, mark.cores].max(axis=1, initial=0.0)
    full = np.argsort(-shares, kind="stable")[:3]
    lines.append(", ".join(f"{load.resources[at]} {shares[at]:.0%}" for at in full.tolist()))
    lines.append(_populations(load, mark.cores))
    if load.moved is not None:
        work, came, gone = (float(values[mark.cores].sum()) for values in (load.moved.synops, load.received, load.sent))
        lines.append(f"{count(work)} synaptic operations, {count(came)} messages in, {count(gone)} out per inference")
    return "\n".join(line for line in lines if line)


def _populations(load: _Load, cores: Ints) -> str:
    neurons = load.held[cores].sum(axis=0)
    there = np.argsort(-neurons, kind="stable")[: int((neurons > 0).sum())]
    named = ", ".join(f"{load.names[at]} {int(neurons[at]):,}" for at in there[:NAMED].tolist())
    return named + (f" and {there.size - NAMED:,} more" if there.size > NAMED else "")


def _arrows(on: Board, load: _Load) -> str:
    """The heaviest traffic between cores, as curves that bend to the right of their direction."""
    moved = load.moved
    if moved is None:
        return ""
    apart = np.flatnonzero((moved.source != INPUT) & (moved.source != moved.to))
    heavy = apart[np.argsort(-moved.messages[apart], kind="stable")[:ARROWS]]
    top = float(moved.messages[heavy].max(initial=0.0)) or 1.0
    drawn: list[str] = []
    for at in heavy[::-1].tolist():
        a, b, messages = int(moved.source[at]), int(moved.to[at]), float(moved.messages[at])
        (x1, y1), (x2, y2) = (_middle(on, core) for core in (a, b))
        bend = 0.16
        middle = (x1 + x2) / 2 - (y2 - y1) * bend, (y1 + y2) / 2 + (x2 - x1) * bend
        path = f"M{number(x1)} {number(y1)}Q{number(middle[0])} {number(middle[1])} {number(x2)} {number(y2)}"
        tip = f"core {a} to core {b}: {count(messages)} messages per inference"
        drawn.append(element("path", d=path, stroke_width=1 + 4 * sqrt(messages / top), data_tip=tip))
        drawn.append(element("circle", cx=x2, cy=y2, r=2 + 2 * sqrt(messages / top)))
    return element("g", *drawn, class_="arrows")


def _where(on: Board, core: int) -> str:
    """Place of a core: its physical number on its chip, and its tile."""
    return f"chip {int(on.chip[core])}, tile {int(on.tile[core])}, slot {int(on.slot[core]) % on.per_tile}"


def _middle(on: Board, core: int) -> tuple[float, float]:
    x, y = on.core_corner(int(on.chip[core]), int(on.slot[core]))
    return x + on.cell / 2, y + on.cell / 2


def _said(subject: ReportSubject, on: Board, marks: list[Part], load: _Load) -> str:
    target = subject.program.target
    cores = subject.program.tables.n_cores
    said = f"{cores:,} of {target.cores:,} cores on {on.chips.size:,} of {target.chips:,} chips are in use."
    if marks and marks[0].kind != "core":
        said += (
            f" A mark is a {marks[0].kind}, coloured by its fullest core, because there are more than {MANY:,} cores."
        )
    if load.moved is not None and marks and marks[0].kind == "core":
        pairs = int(((load.moved.source != INPUT) & (load.moved.source != load.moved.to)).sum())
        shown = f"the {ARROWS} heaviest of {pairs:,} pairs" if pairs > ARROWS else f"all {pairs:,} pairs"
        said += (
            f" Curves show traffic of {shown} of cores, thicker with more messages; a dot marks the receiver."
            if pairs
            else ""
        )
    return said


def _list(on: Board, load: _Load) -> str:
    most = load.shares.max(axis=0, initial=0.0)
    by = load.shares.argmax(axis=0) if load.resources else np.zeros(most.size, dtype=np.int64)
    cut = most.size > LISTED
    order = np.argsort(-most, kind="stable")[:LISTED] if cut else np.arange(most.size)
    rows = [
        (
            str(core),
            _where(on, core),
            f"{most[core]:.1%}",
            load.resources[int(by[core])] if load.resources else "",
            _populations(load, np.array([core])),
            *((count(float(v[core])) for v in (load.moved.synops, load.received, load.sent)) if load.moved else ()),
        )
        for core in order.tolist()
    ]
    heads = ["core", "place", "fullest", "resource", "populations and neurons"]
    heads += ["synaptic operations", "messages in", "messages out"] if load.moved else []
    whole = table(heads, rows, numbers=(2, 5, 6, 7), prose=(4,), tall=True)
    return whole + (note(f"The {LISTED} fullest of {most.size:,} cores.") if cut else "")
