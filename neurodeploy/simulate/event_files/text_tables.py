"""Events in a text table: a column each for time, column, row and polarity, with or without a line of names."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np

from neurodeploy.io.archive import refuse, require_memory, require_regular
from neurodeploy.signals.events import EventOptions, EventRecording
from neurodeploy.simulate.event_files.arrays import columns_in, of_fields, of_table
from neurodeploy.simulate.event_files.common import Array

__all__ = ["read_csv"]

SEPARATORS = (",", ";", "\t")
MEMORY_PER_BYTE = 16
LONGEST_LINE = 1 << 16
NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")


def read_csv(path: Path, options: EventOptions) -> EventRecording:
    """Return the events of a table separated by commas, semicolons, tabs or spaces; lines that begin with "#" are skipped.

    Raises DiagnosticError: ND001, ND003 (not a table of numbers), ND012, ND098 (columns), ND099.
    """
    require_memory(path, require_regular(path) * MEMORY_PER_BYTE, "the table")
    names, separator, skip = _layout(path)
    rows = _numbers(path, separator, skip)
    if names:
        if len(names) != rows.shape[1]:
            raise refuse("ND003", path, f"names {len(names)} columns and has {rows.shape[1]}")
        return of_fields(path, "CSV", {name: rows[:, k] for k, name in enumerate(names)}, options)
    if rows.shape[1] != 4:
        message = f"has {rows.shape[1]} columns without names; needs 4, or a first line with names such as t,x,y,p"
        raise refuse("ND098", path, message, fixes=["write the names of the columns into the first line"])
    return of_table(path, "CSV", rows, options)


def _layout(path: Path) -> tuple[list[str], str | None, int]:
    """Names of the columns if there are any, the separator (None: spaces), and the number of lines ahead of the numbers."""
    with path.open("rb") as file:
        for number in range(1000):
            raw = file.readline(LONGEST_LINE)
            line = raw.decode("utf-8-sig", "replace").strip()
            if not raw or len(raw) == LONGEST_LINE or "\0" in line:
                break
            if not line:
                continue
            plain = line.lstrip("#% ").strip()
            separator = next((item for item in SEPARATORS if item in plain), None)
            words = [word.strip().strip("\"'") for word in plain.split(separator)]
            if all(NUMBER.match(word) for word in words) and not line.startswith("#"):
                return [], separator, number
            if {"t", "x"} <= columns_in(words).keys():
                return words, separator, number + 1
            if not line.startswith("#"):
                break
    raise refuse("ND003", path, "does not begin like a table of events: a line of names (t, x, y, p) or of numbers")


def _numbers(path: Path, separator: str | None, skip: int) -> Array:
    """(events, columns) float64 numbers. Raises: ND003."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a table without lines, which has no events
            rows = np.loadtxt(path, delimiter=separator, skiprows=skip, ndmin=2, comments="#", encoding="utf-8-sig")
    except (ValueError, UnicodeDecodeError) as error:
        raise refuse("ND003", path, f"is not a table of numbers: {str(error)[:120]}") from None
    except OSError as error:
        raise refuse("ND001", path, f"cannot be read: {error.strerror or error}") from None
    return rows if rows.size else np.zeros((0, 4))
