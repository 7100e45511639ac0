"""AEDAT 4 recordings of DV: packets of several streams, each a flatbuffer that LZ4 or Zstandard compressed.

Layout (inivation, "AEDAT 4.0"): the line "#!AER-DAT4.0", a flatbuffer with the compression, the place of a table at the end
and a description of the streams in XML, then packets: stream and size as 32-bit integers, and the compressed flatbuffer. A
packet of events is a vector of 16 bytes each: time in microseconds (64 bits), column, row (16 bits each), polarity.

Every offset is checked before it is followed, and what a packet unpacks to is bounded before memory is allocated.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.diagnostics import Diagnostic
from neurodeploy.io.archive import memory_limit_bytes, refuse
from neurodeploy.signals.events import EventOptions, EventRecording
from neurodeploy.simulate.event_files.common import (
    EVENT_MEMORY,
    Columns,
    assumed,
    content_of,
    incomplete,
    recorded,
    require_events,
)

__all__ = ["read_aedat4"]

MAGIC = b"#!AER-DAT4.0\r\n"
EVENT = np.dtype([("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "i1"), ("pad", "V3")])
NONE, LZ4, LZ4_HIGH, ZSTD, ZSTD_HIGH = range(5)
NAMES = {LZ4: "lz4", LZ4_HIGH: "lz4", ZSTD: "zstandard", ZSTD_HIGH: "zstandard"}
COMPRESSION, TABLE, INFO = 0, 1, 2
"""Fields of the header's flatbuffer."""
Unpack = Callable[[bytes, int], bytes]
"""Unpacks bytes to at most a number of bytes."""


class _DamageError(Exception):
    """A packet is damaged."""


def _number(data: bytes, at: int, size: int, *, signed: bool = True) -> int:
    if not 0 <= at <= len(data) - size:
        raise _DamageError("an offset points outside the data")
    return int.from_bytes(data[at : at + size], "little", signed=signed)


def _field(data: bytes, table: int, index: int) -> int | None:
    """Place of a field of a flatbuffer's table; None if it has its default."""
    entries = table - _number(data, table, 4)
    size = _number(data, entries, 2, signed=False)
    if size < 4:
        raise _DamageError("a table has no description")
    if 4 + 2 * index >= size:
        return None
    offset = _number(data, entries + 4 + 2 * index, 2, signed=False)
    return table + offset if offset else None


def _vector(data: bytes, at: int, itemsize: int) -> memoryview:
    """Bytes of a vector whose offset is at a place."""
    start = at + _number(data, at, 4, signed=False)
    count = _number(data, start, 4, signed=False)
    if count * itemsize > len(data) - start - 4:
        raise _DamageError("a list is longer than its packet")
    return memoryview(data)[start + 4 : start + 4 + count * itemsize]


def _header(path: Path, content: bytes) -> tuple[int, int, str, int]:
    """Compression, end of the packets, description of the streams, and place of the first packet."""
    start = len(MAGIC)
    try:
        size = _number(content, start, 4, signed=False)
        data = content[start + 4 : start + 4 + size]
        table = _number(data, 0, 4, signed=False)
        packing, place, info = (_field(data, table, index) for index in (COMPRESSION, TABLE, INFO))
        compression = 0 if packing is None else _number(data, packing, 4)
        end = -1 if place is None else _number(data, place, 8)
        text = "" if info is None else bytes(_vector(data, info, 1)).decode("utf-8", "replace")
    except _DamageError as error:
        raise refuse("ND003", path, f"has a damaged header: {error}") from None
    return compression, end if start + 4 + size <= end <= len(content) else len(content), text, start + 4 + size


def _streams(path: Path, text: str) -> dict[int, dict[str, Any]]:
    """Streams by number: `kind`, and `width` and `height` if the description has them."""
    from xml.etree import ElementTree as Tree

    if "<!" in text:
        raise refuse("ND003", path, "has a damaged header: its description declares types")
    try:
        root = Tree.fromstring(text)
    except (Tree.ParseError, ValueError) as error:
        raise refuse("ND003", path, f"has a damaged header: {error}") from None
    found = dict[int, dict[str, Any]]()
    for node in root.iterfind(".//node"):
        number, kind = node.get("name") or "", node.findtext("attr[@key='typeIdentifier']")
        if kind is None or not re.fullmatch(r"[0-9]{1,9}", number):
            continue
        sizes = [node.findtext(f"node/attr[@key='{key}']") or "" for key in ("sizeX", "sizeY")]
        size = [int(text) if re.fullmatch(r"[0-9]{1,5}", text) else None for text in sizes]
        found[int(number)] = {"kind": kind, "width": size[0], "height": size[1]}
    return found


def _unpacker(path: Path, compression: int) -> Unpack:
    """The function that unpacks a packet. Raises: ND003 (unknown compression), ND094 (its library is missing)."""
    if compression == NONE:
        return lambda data, limit: data
    if compression not in NAMES:
        raise refuse("ND003", path, f"states compression {compression}; known are 0 to 4")
    name = NAMES[compression]
    try:
        library: Any = import_module("lz4.frame" if name == "lz4" else name)
    except ImportError:
        message = f"is compressed, and reading it needs the package '{name}'"
        raise refuse("ND094", path, message, fixes=["pip install 'neurodeploy[events]'"]) from None

    def unpacked(data: bytes, limit: int) -> bytes:
        try:
            if name == "lz4":
                return library.LZ4FrameDecompressor().decompress(data, max_length=limit)
            return library.ZstdDecompressor().stream_reader(data).read(limit)
        except Exception as error:  # each library has its own exceptions for damaged data
            raise _DamageError(str(error).splitlines()[0][:100] if str(error) else type(error).__name__) from None

    return unpacked


def _events(data: bytes) -> Any:
    """Events of an unpacked packet: a flatbuffer with its size ahead."""
    if _number(data, 0, 4, signed=False) > len(data) - 4:
        raise _DamageError("a packet is shorter than it states")
    table = 4 + _number(data, 4, 4, signed=False)
    place = _field(data, table, 0)
    return np.frombuffer(b"" if place is None else _vector(data, place, EVENT.itemsize), dtype=EVENT)


def read_aedat4(path: Path, options: EventOptions) -> EventRecording:
    """Return the events of the first stream of events. Raises: ND003, ND012, ND094 (a library is missing), ND099."""
    content = content_of(path, 1).tobytes()
    compression, end, text, at = _header(path, content)
    streams = _streams(path, text)
    wanted = next((number for number, item in sorted(streams.items()) if item["kind"] == "EVTS"), None)
    if wanted is None:
        kinds = ", ".join(sorted({item["kind"][:8] for item in streams.values()})) or "none"
        raise refuse("ND099", path, f"has no stream of events; its streams: {kinds}")
    parts, found = _packets(path, content[at:end], wanted, _unpacker(path, compression))
    others = [f"{number} ({item['kind'][:8]})" for number, item in sorted(streams.items()) if number != wanted]
    if others:
        found.append(assumed(path, f"stream {wanted} is read; others are not: {', '.join(others[:8])}"))
    events = np.concatenate(parts) if parts else np.zeros(0, dtype=EVENT)
    columns = Columns(*(events[name] for name in ("t", "x", "y", "p")))
    size = {name: streams[wanted][name] for name in ("width", "height")}
    return recorded(path, "AEDAT 4", columns._replace(p=columns.p != 0), findings=found, **size)


def _packets(path: Path, content: bytes, wanted: int, unpack: Unpack) -> tuple[list[Any], list[Diagnostic]]:
    """Events of the packets of a stream, and findings for packets that cannot be read."""
    parts, damaged, at, count = list[Any](), list[str](), 0, 0
    room = memory_limit_bytes() // EVENT_MEMORY * EVENT.itemsize
    while at < len(content):
        if len(content) - at < 8:
            damaged.append("the file ends within the header of a packet")
            break
        stream, size = (_number(content, at + 4 * k, 4) for k in range(2))
        at += 8
        if size < 0 or size > len(content) - at:
            damaged.append(f"a packet claims {size:,} bytes of {len(content) - at:,}; it and later ones are not read")
            break
        if stream == wanted:
            try:
                parts.append(_events(unpack(content[at : at + size], max(room - count * EVENT.itemsize, 0) + 1)))
                count += parts[-1].size
                require_events(path, count)
            except _DamageError as error:
                damaged.append(str(error))
        at += size
    if not damaged:
        return parts, []
    return parts, [incomplete(path, f"{len(damaged):,} packets are damaged and not read, first: {damaged[0]}")]
