"""Events in `.npy` and `.npz` files: records, columns with names, or the rows that lava-dl writes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from neurodeploy.io.archive import refuse
from neurodeploy.signals.events import EventOptions, EventRecording
from neurodeploy.simulate.event_columns import column_of, is_structured, whole_numbers
from neurodeploy.simulate.event_files.arrays import columns_in, of_fields, of_table
from neurodeploy.simulate.event_files.common import Array, Known, assumed

__all__ = ["are_events", "of_arrays"]

LABELS, OFFSETS = "labels", "offsets"
MILLISECONDS = (1e-3, "as lava-dl writes them")
SAMPLE = "sample"


def are_events(arrays: Mapping[str, Array]) -> bool:
    """Whether the arrays of a file are events: records, columns with names, or floats in 3 or 4 columns."""
    alone = next(iter(arrays.values())) if len(arrays) == 1 else None
    if alone is not None and is_structured(alone):
        return {"t", "x"} <= columns_in(list(alone.dtype.names or ())).keys()
    if alone is not None and alone.ndim == 2 and alone.shape[1] in (3, 4) and len(alone) > alone.shape[1]:
        return alone.dtype.kind == "f" and alone.dtype.itemsize == 8
    flat = [name for name, array in arrays.items() if array.ndim == 1 and not is_structured(array)]
    return {"t", "x"} <= columns_in(flat).keys()


def of_arrays(path: Path, arrays: Mapping[str, Array], options: EventOptions) -> EventRecording:
    """Return the events of arrays for which `are_events` holds. Raises DiagnosticError: ND003, ND098, ND099."""
    alone = next(iter(arrays.values())) if len(arrays) == 1 else None
    if alone is not None and is_structured(alone):
        flat = alone.ravel()
        return _of_fields(path, {name: flat[name] for name in flat.dtype.names or ()}, {}, options)
    if alone is not None and alone.ndim == 2:
        return _of_rows(path, alone, options)
    fields = {name: array for name, array in arrays.items() if column_of(name)[0]}
    return _of_fields(path, fields, arrays, options)


def _of_fields(
    path: Path, fields: dict[str, Array], arrays: Mapping[str, Array], options: EventOptions
) -> EventRecording:
    names, known = columns_in(list(fields)), Known()
    count = fields[names["t"]].size
    if SAMPLE in names:
        fields, known["starts"] = _by_sample(path, fields, names[SAMPLE])
    elif OFFSETS in arrays:
        known["starts"] = _starts(path, arrays[OFFSETS], count)
    labels = arrays.get(LABELS)
    if labels is not None and labels.dtype.kind in "iu" and labels.ndim == 1:
        known["labels"] = labels
    return of_fields(path, "numpy", fields, options, **known)


def _by_sample(path: Path, fields: dict[str, Array], name: str) -> tuple[dict[str, Array], Array]:
    """Columns ordered by their sample, and the index of the first event of each."""
    samples = whole_numbers(fields[name].ravel())
    if samples is None or (samples.size and (samples.min() < 0 or samples.max() > samples.size)):
        raise refuse("ND003", path, "has a column of samples that are not numbered from 0")
    order = np.argsort(samples, kind="stable")
    starts = np.searchsorted(samples[order], np.arange(int(samples.max(initial=0)) + 1))
    return {own: values.ravel()[order] for own, values in fields.items() if values.size == samples.size}, starts


def _starts(path: Path, offsets: Array, events: int) -> Array:
    """Index of each sample's first event. A last offset equal to the number of events marks the end."""
    starts = whole_numbers(offsets) if offsets.ndim == 1 and offsets.size else None
    if starts is None or starts[0] != 0 or bool((np.diff(starts) < 0).any()) or starts[-1] > events:
        message = f"'{OFFSETS}' must hold the index of each sample's first event: ascending whole numbers from 0 to {events:,}"
        raise refuse("ND505", path, message)
    return starts[: max(starts.size - (1 if starts.size > 1 and starts[-1] == events else 0), 1)]


def _of_rows(path: Path, rows: Array, options: EventOptions) -> EventRecording:
    """Return rows of floats: (column[, row], channel, time in milliseconds) as lava-dl writes them, else as stated."""
    if options.columns:
        if rows.shape[1] != 4:
            raise refuse("ND098", path, f"has {rows.shape[1]} columns; the order '{options.columns}' needs 4")
        return of_table(path, "numpy", rows, options)
    names = ("x", "p", "t") if rows.shape[1] == 3 else ("x", "y", "p", "t")
    shown = ", ".join({"x": "column or line", "y": "row", "p": "channel", "t": "time"}[name] for name in names)
    note = assumed(path, f"rows of floats are read as lava-dl writes them: {shown}; --bins round rounds as it does")
    fields = {name: rows[:, number] for number, name in enumerate(names)}
    return of_fields(path, "numpy (lava-dl)", fields, options, usual=MILLISECONDS, findings=[note])
