"""Prophesee recordings: EVT 2.0, EVT 2.1 and EVT 3.0 (`.raw`), and DAT.

A recording begins with lines of text that start with "%". Then follow words: those of events, those that carry the higher
bits of the time, and others (triggers, monitoring), which are counted and not read. Words of events before the first word
of time have no time and are not read either. Source: Prophesee, "Metavision SDK documentation", data encoding formats.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from neurodeploy.diagnostics import Diagnostic
from neurodeploy.io.archive import refuse
from neurodeploy.signals.events import EventOptions, EventRecording
from neurodeploy.simulate.event_files.common import (
    Array,
    Columns,
    Known,
    assumed,
    content_of,
    header_lines,
    incomplete,
    recorded,
    require_events,
    unwrapped,
    whole_part,
)
from neurodeploy.simulate.event_files.evt3 import evt3_columns

__all__ = ["read_dat", "read_evt"]

TIME_HIGH, OFF, ON = 8, 0, 1
LOW_BITS, HIGH_BITS = 6, 28
"""Bits of the time within a word of EVT 2, and in a word of time."""
KNOWN_OTHERS = {0xA: "triggers", 0xE: "monitoring", 0xF: "continuations"}
OLD_DAT, OLD_WIDTH, OLD_HEIGHT = 1, 304, 240


def _size(lines: list[str]) -> Known:
    """Width and height of the sensor from the header, if it states both."""
    text = "\n".join(lines)
    found = re.search(r"geometry\s+(\d{1,5})x(\d{1,5})", text)
    width = re.search(r"width[=\s]+(\d{1,5})", text, re.IGNORECASE)
    height = re.search(r"height[=\s]+(\d{1,5})", text, re.IGNORECASE)
    if found:
        return {"width": int(found[1]), "height": int(found[2])}
    return {"width": int(width[1]), "height": int(height[1])} if width and height else {}


def _version(path: Path, lines: list[str]) -> str:
    """EVT version of a header: "2", "2.1" or "3". Raises: ND003 (none)."""
    text = "\n".join(lines)
    found = re.search(r"evt\s+(2\.0|2\.1|2|3\.0|3)\b", text) or re.search(r"format\s+EVT(21|2|3)\b", text)
    if not found:
        raise refuse("ND003", path, "has a Prophesee header that does not state EVT version 2.0, 2.1 or 3.0")
    return {"2.0": "2", "3.0": "3", "21": "2.1"}.get(found[1], found[1])


def read_evt(path: Path, options: EventOptions) -> EventRecording:
    """Return the events of a `.raw` file. Raises: ND003, ND012, ND099."""
    content = content_of(path, 4)
    lines, start = header_lines(content, b"%", b"% end")
    version = _version(path, lines)
    decode = {"2": _evt2, "2.1": _evt21, "3": evt3_columns}[version]
    columns, found = decode(path, content[start:])
    return recorded(path, f"EVT {version}.0".replace("2.1.0", "2.1"), columns, findings=found, **_size(lines))


def _evt2(path: Path, content: Array) -> tuple[Columns, list[Diagnostic]]:
    words, found = whole_part(path, content, "<u4")
    require_events(path, words.size)
    kind = words >> 28
    high, known, more = _high_times(path, kind, (words & 0xFFFFFFF).astype(np.int64))
    event = known & (kind <= ON)
    own = words[event].astype(np.int64)
    times = (high[event] << LOW_BITS) | ((own >> 22) & 63)
    columns = Columns(times, (own >> 11) & 0x7FF, own & 0x7FF, own >> 28)
    return columns, [*found, *more, *_left_out(path, kind, known)]


def _evt21(path: Path, content: Array) -> tuple[Columns, list[Diagnostic]]:
    """Words of 64 bits, each with up to 32 events beside each other in a row."""
    words, found = whole_part(path, content, "<u8")
    require_events(path, words.size)
    kind = (words >> np.uint64(60)).astype(np.int64)
    high, known, more = _high_times(path, kind, ((words >> np.uint64(32)) & np.uint64(0xFFFFFFF)).astype(np.int64))
    event = known & (kind <= ON)
    own, upper = words[event], (words[event] >> np.uint64(32)).astype(np.int64)
    bits = np.unpackbits((own & np.uint64(0xFFFFFFFF)).astype("<u4").view(np.uint8), bitorder="little")
    require_events(path, int(bits.sum()))
    word, offset = np.nonzero(bits.reshape(-1, 32))
    times = (high[event] << LOW_BITS) | ((upper >> 22) & 63)
    columns = Columns(times[word], ((upper >> 11) & 0x7FF)[word] + offset, (upper & 0x7FF)[word], (upper >> 28)[word])
    return columns, [*found, *more, *_left_out(path, kind, known)]


def _high_times(path: Path, kind: Array, values: Array) -> tuple[Array, Array, list[Diagnostic]]:
    """The higher bits of the time at every word, whether they are known, and a finding if the counter started again."""
    marks = np.flatnonzero(kind == TIME_HIGH)
    ahead = np.cumsum(kind == TIME_HIGH)
    if not marks.size:
        return np.zeros(kind.size, dtype=np.int64), np.zeros(kind.size, dtype=bool), []
    times, rounds = unwrapped(values[marks], HIGH_BITS)
    found = [assumed(path, f"the counter of times starts again {rounds} times; times go on")] if rounds else []
    return times[np.maximum(ahead - 1, 0)], ahead > 0, found


def _left_out(path: Path, kind: Array, known: Array) -> list[Diagnostic]:
    """Findings for words that are no events, and for events without a time."""
    counts = np.bincount(kind.astype(np.int64), minlength=16)
    others = {name: int(counts[code]) for code, name in KNOWN_OTHERS.items() if counts[code]}
    unknown = int(sum(counts[code] for code in range(2, 16) if code not in KNOWN_OTHERS and code != TIME_HIGH))
    found = [
        assumed(path, "words that are no events are not read: " + ", ".join(f"{n:,} of {w}" for w, n in others.items()))
    ]
    found = found if others else []
    early = int((~known & (kind <= ON)).sum())
    if unknown:
        found.append(incomplete(path, f"{unknown:,} words of an unknown type are not read"))
    if early:
        found.append(incomplete(path, f"{early:,} words of events before the first word of time are not read"))
    return found


def read_dat(path: Path, options: EventOptions) -> EventRecording:
    """Return the events of a `.dat` file. Raises: ND003, ND012, ND099."""
    content = content_of(path, 8)
    lines, start = header_lines(content, b"%", b"% end")
    if content.size < start + 2 or content[start + 1] != 8 or content[start] not in (0x00, 0x0C):
        kind = content[start : start + 2].tolist()
        raise refuse(
            "ND003", path, f"has events of type and size {kind}; those of an event sensor are [0, 8] or [12, 8]"
        )
    raw, found = whole_part(path, content[start + 2 :], "<u4")
    if raw.size % 2:
        found, raw = [incomplete(path, "ends with half an event, which is not read")], raw[:-1]
    times, rounds = unwrapped(raw[0::2], 32)
    data = raw[1::2].astype(np.int64)
    if rounds:
        found.append(assumed(path, f"the counter of times starts again {rounds} times; times go on"))
    version = re.search(r"version\s+(\d+)", "\n".join(lines), re.IGNORECASE)
    size = _size(lines)
    if version and int(version[1]) == OLD_DAT:
        columns = Columns(times, data & 0x1FF, (data >> 9) & 0xFF, (data >> 17) & 1)
        size = size or {"width": OLD_WIDTH, "height": OLD_HEIGHT}
    else:
        columns = Columns(times, data & 0x3FFF, (data >> 14) & 0x3FFF, np.minimum(data >> 28, 1))
    return recorded(path, "DAT", columns, findings=found, **size)
