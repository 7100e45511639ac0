"""What all readers of event files share: raw columns, findings about what was left out, and the finished recording."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.io.archive import read_bytes, refuse, require_memory
from neurodeploy.signals.events import EventRecording

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = [
    "EVENT_MEMORY",
    "Columns",
    "Known",
    "assumed",
    "content_of",
    "header_lines",
    "incomplete",
    "recorded",
    "require_events",
    "unwrapped",
    "whole_part",
]

Array = NDArray[Any]
EVENT_MEMORY = 64
"""Approximate memory of one event while a file is decoded, in bytes."""
LONGEST_HEADER = 1 << 20
CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class Columns(NamedTuple):
    """Columns of events: (events,) arrays of whole numbers."""

    t: Array
    x: Array
    y: Array
    p: Array


class Known(TypedDict, total=False):
    """Fields of EventRecording that a reader knows besides the columns."""

    unit_s: float
    lines: bool
    width: int | None
    height: int | None
    starts: Array | None
    labels: Array | None


def assumed(path: Path, message: str) -> Diagnostic:
    """Return ND096: what was assumed or not read."""
    return finding("ND096", about("file", path), message)


def incomplete(path: Path, message: str) -> Diagnostic:
    """Return ND097: a part of the file that is damaged or cut off and was not read."""
    return finding("ND097", about("file", path), message)


def content_of(path: Path, memory_per_byte: int) -> Array:
    """Return the bytes of a file. `memory_per_byte`: memory that decoding a byte takes. Raises: ND001, ND012."""
    require_memory(path, path.stat().st_size * memory_per_byte if path.is_file() else 0, "the decoded content")
    return np.frombuffer(read_bytes(path), dtype=np.uint8)


def require_events(path: Path, count: int) -> None:
    """Raise ND012 if `count` events do not fit the memory limit of a file."""
    require_memory(path, count * EVENT_MEMORY, f"{count:,} events")


def header_lines(content: Array, mark: bytes, end: bytes) -> tuple[list[str], int]:
    """Return the lines at the start of a file that begin with `mark`, and the number of their bytes.

    A line that begins with `end` is the last one; data may begin with the byte of `mark` after it. Without such a line, data are
    told by the control characters in them.
    """
    head, lines, at = content[:LONGEST_HEADER].tobytes(), list[str](), 0
    while head.startswith(mark, at):
        stop = head.find(b"\n", at)
        if stop < 0:
            break
        line = head[at : stop + 1]
        if CONTROL.search(line):
            break
        lines.append(line.decode("utf-8", "replace").strip())
        at = stop + 1
        if line.startswith(end):
            break
    return lines, at


def whole_part(path: Path, content: Array, dtype: str) -> tuple[Array, list[Diagnostic]]:
    """Return bytes as items of a type, and ND097 for bytes at the end that are not a whole item."""
    size = np.dtype(dtype).itemsize
    rest = content.size % size
    found = [incomplete(path, f"ends with {rest} of the {size} bytes of a word, which are not read")] if rest else []
    return content[: content.size - rest].view(np.dtype(dtype)), found


def unwrapped(counts: Array, bits: int) -> tuple[Array, int]:
    """Return int64 counts of a counter with `bits` bits that starts again at 0, and how often it did.

    A fall by more than half of the range is a new start; smaller falls are events out of order.
    """
    wide = counts.astype(np.int64)
    falls = np.flatnonzero(np.diff(wide) < -(1 << (bits - 1)))
    if falls.size:
        rounds = np.zeros(wide.size, dtype=np.int64)
        rounds[falls + 1] = 1
        wide += np.cumsum(rounds) << bits
    return wide, int(falls.size)


def recorded(
    path: Path,
    source: str,
    columns: Columns,
    *,
    findings: Iterable[Diagnostic] = (),
    **fields: Unpack[Known],
) -> EventRecording:
    """Return the finished recording: int64 times in order within each sample.

    `fields`: other fields of EventRecording. Raises: ND099 (no events).
    """
    found = list(findings)
    count = int(columns.t.size)
    if not count:
        also = "; ".join(item.message for item in found)
        raise refuse("ND099", path, f"is read as {source} and holds no events" + (f": {also}" if also else ""))
    starts = fields.pop("starts", None)
    first = np.zeros(1, dtype=np.int64) if starts is None else starts.astype(np.int64)
    times = columns.t.astype(np.int64)
    back = np.diff(times) < 0
    back[first[(first > 0) & (first < count)] - 1] = False
    if back.any():
        sample = np.searchsorted(first, np.arange(count), side="right")
        order = np.lexsort((times, sample))
        columns = Columns(*(column[order] for column in columns))
        times = times[order]
        found.append(
            assumed(path, f"{int(back.sum()):,} of {count:,} events lie before the event ahead of them; sorted by time")
        )
    return EventRecording.model_validate(
        {
            "source": source,
            "t": times,
            "x": columns.x.astype(np.int32),
            "y": columns.y.astype(np.int32),
            "p": columns.p.astype(np.uint8),
            "starts": first,
            "findings": tuple(found),
            **fields,
        }
    )
