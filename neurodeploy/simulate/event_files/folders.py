"""Folders of recordings: one file for each sample, with its label in the file or in the name of its folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.diagnostics import Diagnostic, DiagnosticError
from neurodeploy.io.archive import refuse
from neurodeploy.signals.events import EventOptions, EventRecording
from neurodeploy.simulate.event_files.common import assumed, require_events
from neurodeploy.simulate.event_files.formats import FORMATS

__all__ = ["read_folder"]

SUFFIXES = {".npy", *(suffix for item in FORMATS for suffix in item.suffixes if suffix not in (".txt", ".csv"))}
MOST_FILES, MOST_SHOWN = 200_000, 3


def _files(folder: Path) -> list[Path]:
    """Recordings in a folder and the folders in it, in the order of their numbers or names."""
    found = [
        path for path in (*folder.iterdir(), *folder.glob("*/*")) if path.suffix.lower() in SUFFIXES and path.is_file()
    ]
    return sorted(found, key=lambda path: tuple((len(part), part) for part in path.relative_to(folder).parts))


def read_folder(
    folder: Path, options: EventOptions, read: Callable[[Path, EventOptions], EventRecording]
) -> EventRecording:
    """Return all recordings of a folder as samples; the names of its folders are the labels, or their order if no numbers.

    `read`: the reader of one file. Raises DiagnosticError: ND099 (no recording), and the findings of every file.
    """
    try:
        files = _files(folder)
    except OSError as error:
        raise refuse("ND001", folder, f"cannot be read: {error.strerror or error}") from None
    if not files or len(files) > MOST_FILES:
        message = f"holds {len(files):,} recordings; needs 1 to {MOST_FILES:,}"
        raise refuse(
            "ND099", folder, message, fixes=["a folder with one file for each sample, or with folders of them"]
        )
    parts, errors, events = list[EventRecording](), list[Diagnostic](), 0
    for path in files:
        try:
            parts.append(read(path, options))
            events += parts[-1].t.size
            require_events(folder, events)
        except DiagnosticError as error:
            errors += error.diagnostics
    if errors:
        raise DiagnosticError("files", tuple(errors[:100]))
    return _joined(folder, files, parts)


def _joined(folder: Path, files: list[Path], parts: list[EventRecording]) -> EventRecording:
    kinds = {(part.source, part.unit_s, part.lines, part.width, part.height) for part in parts}
    if len(kinds) > 1 or any(part.starts.size != 1 for part in parts):
        message = "holds recordings of different formats, units or sensors, or of several samples"
        raise refuse("ND098", folder, message, fixes=["one folder for each kind"])
    first, notes = parts[0], list[Diagnostic]()
    notes += [item for part in parts[:MOST_SHOWN] for item in part.findings]
    more = sum(bool(part.findings) for part in parts[MOST_SHOWN:])
    notes += [assumed(folder, f"{more:,} more files have findings of this kind")] if more else []
    own = [part.labels for part in parts if part.labels is not None]
    labels, said = (np.concatenate(own), []) if len(own) == len(parts) else _labels(folder, files)
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in ("t", "x", "y", "p")
    }
    starts = np.cumsum([0, *(part.t.size for part in parts[:-1])])
    return first.model_copy(update={**columns, "starts": starts, "labels": labels, "findings": (*notes, *said)})


def _labels(folder: Path, files: list[Path]) -> tuple[Any, list[Diagnostic]]:
    """Labels of samples by the names of their folders; None if the files lie in the folder itself."""
    names = [path.parent.name if path.parent != folder else "" for path in files]
    if "" in names:
        return None, []
    if all(name.isascii() and name.isdigit() and len(name) < 10 for name in names):
        return np.array([int(name) for name in names], dtype=np.int64), []
    order = sorted(set(names))
    shown = ", ".join(f"{name[:20]} = {number}" for number, name in enumerate(order[:8]))
    note = assumed(folder, f"labels are the order of the names of the folders: {shown}")
    return np.array([order.index(name) for name in names], dtype=np.int64), [note]
