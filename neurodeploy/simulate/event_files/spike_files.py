"""Events of a fixed number of bytes without a header: the spike files of SLAYER and lava-dl, and N-MNIST.

Layouts, most significant bit first (lava-dl `slayer.io`, SLAYER PyTorch `spikeFileIO`, N-MNIST):

- `.bs1`, 5 bytes: 16 bits of line, 1 of polarity, 23 of time;
- `.bs2`, 5 bytes: 8 bits of column, 8 of row, 1 of polarity, 23 of time;
- `.bs3`, 7 bytes: 12 bits of column, 12 of row, 8 of channel, 24 of time;
- `.bin`, as `.bs2`; row 240 marks that the time overflowed, and adds 2**13 to all later times.

Times are in microseconds.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neurodeploy.io.archive import refuse
from neurodeploy.signals.events import EventOptions, EventRecording
from neurodeploy.simulate.event_files.common import EVENT_MEMORY, Array, Columns, assumed, content_of, recorded

__all__ = ["read_bin", "read_bs1", "read_bs2", "read_bs3"]

OVERFLOW_ROW, OVERFLOW_US = 240, 1 << 13


def _events(path: Path, size: int) -> Array:
    """(events, size) int64 bytes. Raises: ND003 (not a whole number of events)."""
    content = content_of(path, EVENT_MEMORY // size)
    if not content.size or content.size % size:
        suffix = path.suffix.lower()
        message = f"is not a complete {suffix} file: events take {size} bytes each, and the file has {content.size:,}"
        raise refuse("ND003", path, message)
    return content.reshape(-1, size).astype(np.int64)


def _time(raw: Array, mask: int) -> Array:
    return ((raw[:, -3] & mask) << 16) | (raw[:, -2] << 8) | raw[:, -1]


def read_bs1(path: Path, options: EventOptions) -> EventRecording:
    """Return the events of lines."""
    raw = _events(path, 5)
    line = (raw[:, 0] << 8) | raw[:, 1]
    columns = Columns(_time(raw, 0x7F), line, np.zeros_like(line), raw[:, 2] >> 7)
    return recorded(path, ".bs1", columns, lines=True)


def read_bs2(path: Path, options: EventOptions) -> EventRecording:
    """Return the events of a sensor with up to 256 x 256 pixels."""
    raw = _events(path, 5)
    return recorded(path, ".bs2", Columns(_time(raw, 0x7F), raw[:, 0], raw[:, 1], raw[:, 2] >> 7))


def read_bs3(path: Path, options: EventOptions) -> EventRecording:
    """Return the events of a sensor with channels 0 and 1. Raises: ND003 (other channels)."""
    raw = _events(path, 7)
    column, row = (raw[:, 0] << 4) | (raw[:, 1] >> 4), ((raw[:, 1] & 15) << 8) | raw[:, 2]
    if raw[:, 3].max() > 1:
        message = f"has events of channels up to {int(raw[:, 3].max())}; an event sensor has channels 0 and 1"
        raise refuse(
            "ND098", path, message, fixes=["one array of (samples, steps, channels, rows, columns) in an .npy"]
        )
    return recorded(path, ".bs3", Columns(_time(raw, 0xFF), column, row, raw[:, 3]))


def read_bin(path: Path, options: EventOptions) -> EventRecording:
    """Return the events of an N-MNIST or N-Caltech101 recording."""
    raw = _events(path, 5)
    marks = raw[:, 1] == OVERFLOW_ROW
    times = _time(raw, 0x7F) + np.cumsum(marks) * OVERFLOW_US
    kept = raw[~marks]
    notes = [assumed(path, f"{int(marks.sum()):,} marks of a time overflow are read as time, not as events")]
    columns = Columns(times[~marks], kept[:, 0], kept[:, 1], kept[:, 2] >> 7)
    return recorded(path, "N-MNIST .bin", columns, findings=notes if marks.any() else [])
