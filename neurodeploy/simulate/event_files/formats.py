"""The table of formats of event recordings, and the reader that a file's content and suffix select."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from os import SEEK_END
from pathlib import Path
from typing import NamedTuple

from neurodeploy.signals.events import EventOptions, EventRecording

__all__ = ["FORMATS", "Format", "event_format", "read_format", "supported"]

Reader = Callable[[Path, EventOptions], EventRecording]


class Format(NamedTuple):
    """A format: how a file shows it, and its reader."""

    name: str
    suffixes: tuple[str, ...]
    """Suffixes, all lower case. They decide only for formats without a signature."""
    signatures: tuple[bytes, ...]
    """First bytes; empty for formats that have none."""
    reader: str
    """Module and function."""


FORMATS = (
    Format("AEDAT 4", (".aedat4",), (b"#!AER-DAT4",), "aedat4:read_aedat4"),
    Format("AEDAT 2 and 3", (".aedat", ".aedat2", ".aedat3"), (b"#!AER-DAT",), "aedat:read_aedat"),
    Format("Prophesee EVT 2.0, 2.1, 3.0", (".raw",), (b"% evt ", b"% date", b"% camera"), "prophesee:read_evt"),
    Format("Prophesee DAT", (".dat",), (b"% Data file containing", b"% Version", b"% Height"), "prophesee:read_dat"),
    Format("HDF5", (".h5", ".hdf5"), (b"\x89HDF\r\n\x1a\n",), "hdf5:read_hdf5"),
    Format("N-MNIST", (".bin",), (), "spike_files:read_bin"),
    Format("SLAYER, lines", (".bs1",), (), "spike_files:read_bs1"),
    Format("SLAYER, pixels", (".bs2",), (), "spike_files:read_bs2"),
    Format("SLAYER, channels", (".bs3",), (), "spike_files:read_bs3"),
    Format("text table", (".csv", ".txt"), (), "text_tables:read_csv"),
)
"""Formats of event recordings; the first that matches counts. `.npy` and `.npz` are told apart by their arrays."""
RAW_SUFFIXES = {".raw": FORMATS[2], ".dat": FORMATS[3]}
"""Formats whose headers begin with the same byte and that the suffix tells apart."""


def supported() -> str:
    """Return the suffixes of all supported stimulus files, for findings and help."""
    return ", ".join((".npz", ".npy", *(suffix for item in FORMATS for suffix in item.suffixes)))


def event_format(path: Path, head: bytes) -> Format | None:
    """Return the format of a file whose first bytes are `head`; None if it is none of an event recording."""
    suffix = path.suffix.lower()
    if head.startswith(b"%") and suffix in RAW_SUFFIXES:
        return RAW_SUFFIXES[suffix]
    for item in FORMATS:
        if any(head.startswith(start) for start in item.signatures):
            return item
    if _is_other(path, head):
        return None
    return next((item for item in FORMATS if not item.signatures and suffix in item.suffixes), None)


OTHERS = (b"PK\x03\x04", b"\x93NUMPY", b"\x1f\x8b\x08", b"RIFF", b"MATLAB 5.0", b"version https://git-lfs")
"""First bytes of files that are no event recording, whatever their suffix."""
JSON = re.compile(rb"\{\s*(?:[\"}]|\Z)[^\x00-\x08\x0e-\x1f]*\Z")
"""First bytes of a JSON object. An event in column 123 begins with a brace as well, but no text follows."""
PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
PICKLE_END = b"."


def _is_other(path: Path, head: bytes) -> bool:
    """Whether a file is of another kind: by its first bytes, or for a pickle by its first and its last."""
    if head.startswith(PICKLES):
        with path.open("rb") as file:
            file.seek(-1, SEEK_END)
            return file.read(1) == PICKLE_END
    return head.startswith(OTHERS) or JSON.match(head) is not None


def read_format(path: Path, item: Format, options: EventOptions) -> EventRecording:
    """Return the events of a file in a known format. Raises DiagnosticError: those of its reader."""
    module, _, name = item.reader.partition(":")
    read: Reader = getattr(import_module(f"neurodeploy.simulate.event_files.{module}"), name)
    return read(path, options)
