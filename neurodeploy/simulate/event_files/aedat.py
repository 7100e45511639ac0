"""AEDAT 2.0, 3.0 and 3.1 recordings of jAER and cAER.

AEDAT 2.0: lines of text that begin with "#", then pairs of big-endian 32-bit words, an address and a time in microseconds.
The layout of an address depends on the chip (jAER `DVS128`, `DavisChip`; inivation, "AEDAT file formats"):

- DVS128: bit 0 polarity (0 is on), bits 1-7 column counted from the right, bits 8-14 row; bit 15 marks a special event;
- DAVIS: bit 31 samples of frames and of motion, bit 11 polarity (1 is on), bits 12-21 column counted from the right, bits
  22-30 row, bit 10 a trigger.

AEDAT 3: packets with a header of 28 bytes. A polarity event is two little-endian words: bit 0 valid, bit 1 polarity,
bits 2-16 row, bits 17-31 column; and the time, whose upper bits are in the header of the packet.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.diagnostics import Diagnostic
from neurodeploy.io.archive import refuse
from neurodeploy.signals.events import EventOptions, EventRecording
from neurodeploy.simulate.event_files.common import (
    Array,
    Columns,
    assumed,
    content_of,
    header_lines,
    incomplete,
    recorded,
    require_events,
    unwrapped,
    whole_part,
)

__all__ = ["read_aedat"]

SIZES = {
    "DVS128": (128, 128),
    "DAVIS128": (128, 128),
    "DAVIS208": (208, 192),
    "DAVIS240": (240, 180),
    "DAVIS346": (346, 260),
    "DAVIS640": (640, 480),
}
"""Chip -> columns and rows (inivation, jAER)."""
PACKET_HEADER = np.dtype(
    [
        *(("type", "<u2"), ("source", "<u2"), ("size", "<u4"), ("offset", "<u4")),
        *(("overflow", "<u4"), ("capacity", "<u4"), ("number", "<u4"), ("valid", "<u4")),
    ]
)
POLARITY, EVENT_BYTES = 1, 8
OTHER_PACKETS = {0: "special", 2: "frame", 3: "motion", 4: "motion"}
MIRRORED = (
    "states no orientation; columns are mirrored as jAER mirrors them, rows are as stored",
    "states no orientation; columns are mirrored and polarity 0 is on, as jAER reads them, rows are as stored",
)
"""What is assumed about the picture of an AEDAT 2 file, of a DAVIS and of a DVS128; tools differ in it."""
SPECIAL = np.uint32(0x8000)
FRAME, TRIGGER = np.uint32(0x80000000), np.uint32(0x400)


def _chip(lines: list[str]) -> str:
    """Chip that a header names, in the form of SIZES; "" if none."""
    for line in lines:
        if re.match(r"#\s*(AEChip|HardwareInterface|Source|\S*Device)", line, re.IGNORECASE):
            plain = re.sub(r"[^A-Z0-9]", "", line.upper())
            named = next((name for name in SIZES if name in plain), "")
            if named:
                return named
    return ""


def read_aedat(path: Path, options: EventOptions) -> EventRecording:
    """Return the events of an AEDAT 2 or 3 file. Raises: ND003 (damaged, another version), ND012, ND099."""
    content = content_of(path, 8)
    version = re.match(rb"#!AER-DAT(\d)\.(\d)", content[:32].tobytes())
    lines, start = header_lines(content, b"#", b"#!END-HEADER")
    shown = version[0][9:].decode("ascii") if version else "unknown"
    if version and version[1] == b"2":
        end = _text_end(content, start)
        return _aedat2(path, content[end:], lines)
    if version and version[1] == b"3":
        return _aedat3(path, content[start:], lines, shown)
    raise refuse("ND003", path, f"is an AEDAT recording of version {shown}; read are 2.0, 3.0, 3.1 and 4.0")


def _text_end(content: Array, start: int) -> int:
    """End of the header: after the line that jAER ends it with, because an address can begin with the byte of "#"."""
    mark = b"#End Of ASCII Header"
    at = content[:start].tobytes().find(mark)
    return start if at < 0 else content[:start].tobytes().find(b"\n", at) + 1


def _aedat2(path: Path, content: Array, lines: list[str]) -> EventRecording:
    words, found = whole_part(path, content, ">u4")
    if words.size % 2:
        found, words = [incomplete(path, "ends with half an event, which is not read")], words[:-1]
    address = words[0::2].astype(np.uint32)
    times, rounds = unwrapped(words[1::2], 32)
    if rounds:
        found.append(assumed(path, f"the counter of times starts again {rounds} times; times go on"))
    chip = _chip(lines)
    if not chip:
        chip = "DVS128" if not address.size or int(address.max()) < 1 << 16 else "DAVIS346"
        found.append(assumed(path, f"names no known chip; its addresses are read as those of {chip}"))
    width, height = SIZES[chip]
    found.append(assumed(path, MIRRORED[chip == "DVS128"]))
    if chip == "DVS128":
        event = (address & (SPECIAL | FRAME)) == 0
        own = address[event].astype(np.int64)
        x, y, p = (own >> 1) & 0x7F, (own >> 8) & 0x7F, 1 - (own & 1)
    else:
        event = (address & (FRAME | TRIGGER)) == 0
        own = address[event].astype(np.int64)
        x, y, p = (own >> 12) & 0x3FF, (own >> 22) & 0x1FF, (own >> 11) & 1
    rest = int(event.size - event.sum())
    if rest:
        found.append(assumed(path, f"{rest:,} words of frames, motion and triggers are not read"))
    times = times[event]
    inside = (x < width) & (y < height)
    if not inside.all():
        found.append(
            incomplete(path, f"{int((~inside).sum()):,} events outside the {width} x {height} pixels are not read")
        )
        times, x, y, p = times[inside], x[inside], y[inside], p[inside]
    columns = Columns(times, width - 1 - x, y, p)
    return recorded(path, "AEDAT 2", columns, findings=found, width=width, height=height)


def _aedat3(path: Path, content: Array, lines: list[str], version: str) -> EventRecording:
    stated = next((line for line in lines if line.lower().startswith("#format:")), "#Format: RAW")
    named = stated.partition(":")[2].strip()
    if named.upper() != "RAW":
        message = f"stores its packets as '{named[:40]}'; read is RAW"
        raise refuse("ND003", path, message, fixes=["export it as AEDAT 4 with DV"])
    packets, found = _packets(path, content)
    others, parts = dict[str, int](), [Columns(*(np.zeros(0, dtype=np.int64),) * 4)]
    for packet, body in packets:
        if packet["type"] == POLARITY:
            parts.append(_polarity_events(body, int(packet["overflow"])))
        else:
            kind = OTHER_PACKETS.get(int(packet["type"]), "unknown")
            others[kind] = others.get(kind, 0) + int(packet["number"])
    columns = Columns(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    if others:
        counts = ", ".join(f"{n:,} of kind {kind}" for kind, n in others.items())
        found.append(assumed(path, f"events other than those of pixels are not read: {counts}"))
    invalid = sum(body.size // EVENT_BYTES for packet, body in packets if packet["type"] == POLARITY) - columns.t.size
    if invalid:
        found.append(assumed(path, f"{invalid:,} events that the camera marked as invalid are not read"))
    size = SIZES.get(_chip(lines), (None, None))
    return recorded(path, f"AEDAT {version}", columns, findings=found, width=size[0], height=size[1])


def _packets(path: Path, content: Array) -> tuple[list[tuple[Any, Array]], list[Diagnostic]]:
    """Header and content of every packet up to the first that is damaged, and a finding for that one."""
    packets, at = list[tuple[Any, Array]](), 0
    while at < content.size:
        head = content[at : at + PACKET_HEADER.itemsize]
        if head.size < PACKET_HEADER.itemsize:
            message = f"ends within the header of a packet, {head.size} bytes of which are not read"
            return packets, [incomplete(path, message)]
        packet = head.view(PACKET_HEADER)[0]
        size, number = int(packet["size"]), int(packet["number"])
        at += PACKET_HEADER.itemsize
        body = content[at : at + size * number]
        at += size * number
        if body.size < size * number or not size or (packet["type"] == POLARITY and size != EVENT_BYTES):
            message = f"a packet claims {number:,} events of {size:,} bytes; it and later ones are not read"
            return packets, [incomplete(path, message)]
        packets.append((packet, body))
    require_events(path, sum(body.size // EVENT_BYTES for packet, body in packets if packet["type"] == POLARITY))
    return packets, []


def _polarity_events(body: Array, overflow: int) -> Columns:
    """The valid events of a packet. `overflow`: the upper bits of times."""
    words = body.view("<u4").reshape(-1, 2)
    data = words[:, 0].astype(np.int64)
    valid = (data & 1) == 1
    data, times = data[valid], words[valid, 1].astype(np.int64) + (overflow << 31)
    return Columns(times, data >> 17, (data >> 2) & 0x7FFF, (data >> 1) & 1)
