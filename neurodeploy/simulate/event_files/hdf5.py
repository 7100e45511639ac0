"""Events in HDF5 files: the layouts of common data sets and tools.

- records with fields t, x, y, p in one dataset (caches of tonic, Prophesee `CD/events`, DV);
- a group with datasets t, x, y, p, whose times are in microseconds (DSEC, M3ED, e2vid);
- rows of 4 columns (MVSEC);
- lists of times in seconds and of units, one for each sample, with labels (SHD, SSC).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from neurodeploy.diagnostics import Diagnostic
from neurodeploy.io.archive import refuse
from neurodeploy.signals.events import EventOptions, EventRecording
from neurodeploy.simulate.event_columns import column_of
from neurodeploy.simulate.event_files.arrays import MICROSECONDS, columns_in, of_fields, of_table
from neurodeploy.simulate.event_files.common import Array, Known, assumed, require_events

__all__ = ["read_hdf5"]

SHD_SECONDS = (1.0, "as SHD and SSC store them")
OFFSETS = ("t_offset", "t_offsets")
MOST_SHOWN = 6
SIZES = ("width", "height")


class _Found(NamedTuple):
    """A place with events: records, a group of columns, rows or lists."""

    path: str
    kind: str
    items: dict[str, Any]


def read_hdf5(path: Path, options: EventOptions) -> EventRecording:
    """Return the events of the first place that holds some, in the order of names.

    Raises DiagnosticError: ND001, ND003 (damaged), ND012, ND098 (columns), ND099 (no events).
    """
    from neurodeploy.importers.hdf5 import read_tree

    with contextlib.suppress(ImportError):
        import_module("hdf5plugin")  # its filters register themselves
    tree = read_tree(path, records=True)
    places = sorted(_places(tree), key=lambda place: (place.kind == "rows", place.path))
    if not places:
        held = "; ".join(islice(_contents(tree), MOST_SHOWN)) or "no values"
        message = f"holds no events in a known layout: {held}"
        raise refuse("ND099", path, message, fixes=["fields t, x, y, p in an .npz"])
    first = places[0]
    others = [place.path for place in places[1:]]
    notes = (
        [assumed(path, f"'{first.path}' is read; others are not: {', '.join(others[:MOST_SHOWN])}")] if others else []
    )
    if first.kind == "lists":
        return _lists(path, first, options, notes)
    if first.kind == "rows":
        return of_table(path, "HDF5", first.items["rows"], options, **_known(first))
    shifted, more = _shifted(path, first.items)
    return of_fields(path, "HDF5", shifted, options, findings=[*notes, *more], usual=MICROSECONDS, **_known(first))


def _folders(folder: Any) -> Iterator[Any]:
    """A group and all groups within it."""
    waiting = [folder]
    while waiting:
        group = waiting.pop()
        yield group
        waiting += [item for item in group.items.values() if hasattr(item, "items")]


def _contents(tree: Any) -> Iterator[str]:
    """What each value of a file is, for a finding."""
    for group in _folders(tree):
        for name, item in group.items.items():
            at = f"'{group.path.rstrip('/')}/{name}'"
            if hasattr(item, "why"):
                yield f"{at} {item.why}"
            elif hasattr(item, "dtype"):
                yield f"{at} has shape {list(item.shape)} of {item.dtype}"


def _places(tree: Any) -> Iterator[_Found]:
    """All places of a file that hold events."""
    for group in _folders(tree):
        arrays: dict[str, Array] = {name: item for name, item in group.items.items() if isinstance(item, np.ndarray)}
        own = columns_in([name for name, item in arrays.items() if not item.dtype.names and item.ndim == 1])
        if {"t", "x"} <= own.keys():
            kind = "lists" if arrays[own["t"]].dtype.kind == "O" else "columns"
            labels = {"labels": tree.items["labels"]} if isinstance(tree.items.get("labels"), np.ndarray) else {}
            yield _Found(group.path, kind, {**arrays, **labels})
        label = _label(tree, group)
        for name, item in arrays.items():
            at = f"{group.path.rstrip('/')}/{name}"
            if item.dtype.names and {"t", "x"} <= columns_in(list(item.dtype.names)).keys():
                yield _Found(at, "records", {**{field: item[field] for field in item.dtype.names}, **label})
            elif item.ndim == 2 and item.shape[1] == 4 and "event" in at.lower() and item.dtype.kind in "iuf":
                yield _Found(at, "rows", {"rows": item})


def _label(tree: Any, group: Any) -> dict[str, Array]:
    """The label that a cache of tonic stores beside its sample, in "target/0"."""
    target = getattr(tree.items.get("target"), "items", {}) if group.path == "/data" else {}
    label = np.asarray(target.get("0"))
    return {"labels": label.reshape(1)} if label.size == 1 and label.dtype.kind in "iu" else {}


def _known(place: _Found) -> Known:
    """Label of the only sample, and width and height of the sensor, if they lie beside the events."""
    labels = place.items.get("labels")
    label: Known = {"labels": labels} if place.kind == "records" and labels is not None else {}
    sizes = [place.items.get(name) for name in SIZES]
    if any(size is None or size.size != 1 or size.dtype.kind not in "iu" for size in sizes):
        return label
    width, height = (int(size.item()) for size in sizes if size is not None)
    return {**label, "width": width, "height": height}


def _shifted(path: Path, items: dict[str, Any]) -> tuple[dict[str, Array], list[Diagnostic]]:
    """Columns of events, with an offset of all times added if the group has one."""
    fields = {name: item for name, item in items.items() if column_of(name)[0] and item.ndim == 1}
    offset = next((items[name] for name in OFFSETS if name in items), None)
    times = columns_in(list(fields))["t"]
    if offset is None or offset.size != 1 or offset.dtype.kind not in "iu" or not int(offset.item()):
        return fields, []
    fields[times] = fields[times].astype(np.int64) + int(offset.item())
    return fields, [assumed(path, f"the file's offset of {int(offset.item()):,} is added to all times")]


def _lists(path: Path, place: _Found, options: EventOptions, notes: list[Diagnostic]) -> EventRecording:
    """Return events that are stored as one list for each sample."""
    own = columns_in(list(place.items))
    lists = {name: place.items[field] for name, field in own.items() if place.items[field].dtype.kind == "O"}
    counts = {name: [len(item) for item in values] for name, values in lists.items()}
    if any(count != counts["t"] for count in counts.values()):
        raise refuse("ND003", path, f"'{place.path}' has lists of times and units of different lengths")
    require_events(path, sum(counts["t"]))
    fields = {own[name]: np.concatenate([np.zeros(0), *values]) for name, values in lists.items()}
    starts = np.r_[0, np.cumsum(counts["t"])[:-1]]
    labels = place.items.get("labels")
    if labels is not None and (labels.shape != (len(counts["t"]),) or labels.dtype.kind not in "iu"):
        notes, labels = (
            [*notes, assumed(path, "labels are not one whole number for each sample, and are not read")],
            None,
        )
    return of_fields(path, "HDF5", fields, options, starts=starts, labels=labels, usual=SHD_SECONDS, findings=notes)
