"""Verbs: rows of events, as users and sensors have them, to spikes. What lies after the last step shown is not shown."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, finding
from neurodeploy.network import Events, Input, Spikes
from neurodeploy.runtime.stimulus import SampleValues

__all__ = ["event_faults", "event_rows", "is_events", "plain_columns", "samples_in"]

Array = NDArray[Any]
WORDS = {"t": "time", "x": "column", "y": "row", "p": "polarity"}


def is_events(item: Input, values: Array) -> bool:
    """Whether values are rows of events: a sensor's, or (sample, step, line)."""
    if isinstance(item.encoder, Events):
        return True
    return isinstance(item.encoder, Spikes) and values.ndim == 2 and values.shape[1] == 3


def plain_columns(item: Input, values: Any) -> Array:
    """Return a sensor's structured array (fields t, x, y, p) as columns in the encoder's order; all else as an array."""
    array = np.asarray(values)
    if isinstance(item.encoder, Events) and array.dtype.names and set(WORDS) <= set(array.dtype.names):
        return np.stack([array[name].astype(np.int64) for name in item.encoder.columns], axis=1)
    return array


def samples_in(values: SampleValues, rows: Array) -> int:
    """Return how many samples rows of events are of: as many as is said, or the last that has one."""
    if values.n_samples is not None:
        return values.n_samples
    if values.labels is not None:
        return int(values.labels.size)
    return 1 + int(rows[:, 0].max()) if len(rows) else 1


def event_faults(item: Input, rows: Array, samples: int) -> list[Diagnostic]:
    """Return ND505 for rows that are none, and for events outside the samples or the sensor; all of them."""
    where, sensor = f"input '{item.name}'", isinstance(item.encoder, Events)
    names = ["sample", *((WORDS[c] for c in item.encoder.columns) if isinstance(item.encoder, Events) else ())]
    names = names if sensor else ["sample", "step", "line"]
    if rows.ndim != 2 or rows.shape[1] != len(names) or rows.dtype.kind not in "iu":
        told = f"events have shape {list(rows.shape)} of {rows.dtype}; needs integer rows ({', '.join(names)})"
        return [finding("ND505", where, told)]
    if sensor and not (len(item.shape) == 2 or (len(item.shape) == 3 and item.shape[0] == 2)):
        told = (
            f"has shape {list(item.shape)}; events need (height, width), or (2, height, width) to tell polarities apart"
        )
        return [finding("ND505", where, told)]
    found = list[Diagnostic]()
    for name, (low, high) in _ranges(item, samples, names).items():
        column = rows[:, names.index(name)]
        bad = np.flatnonzero((column < low) | (column > high))
        if bad.size:
            limits = f"outside {low}..{high}" if high < _ENDLESS else f"below {low}"
            told = f"{bad.size} events have a {name} {limits}, first {int(column[bad[0]])}"
            found.append(finding("ND505", where, told))
    return found


_ENDLESS = np.iinfo(np.int64).max


def _ranges(item: Input, samples: int, names: list[str]) -> dict[str, tuple[int, int]]:
    height, width = (1, 1, *item.shape)[-2:]
    known = {
        "sample": (0, samples - 1),
        "step": (1, _ENDLESS),
        "line": (0, item.size - 1),
        "time": (0, _ENDLESS),
        "polarity": (0, 1),
        "row": (0, height - 1),
        "column": (0, width - 1),
    }
    return {name: known[name] for name in names}


def event_rows(item: Input, rows: Array, dt_s: float, steps: int | None) -> Array:
    """Return rows (sample, step, line), int32, sorted, each once, up to step `steps`."""
    wide = rows.astype(np.int64)
    if isinstance(item.encoder, Events):
        column = {name: wide[:, 1 + k] for k, name in enumerate(item.encoder.columns)}
        line = column["y"] * item.shape[-1] + column["x"]
        line += column["p"] * (item.size // 2) if len(item.shape) == 3 else 0
        step = 1 + np.floor(column["t"] * (item.encoder.unit_s / dt_s) + 1e-9).astype(np.int64)
        wide = np.stack([wide[:, 0], step, line], axis=1)
    if steps is not None:
        wide = wide[wide[:, 1] <= steps]
    ordered = wide[np.lexsort((wide[:, 2], wide[:, 1], wide[:, 0]))]
    new = np.r_[True, (np.diff(ordered, axis=0) != 0).any(axis=1)] if len(ordered) else np.zeros(0, dtype=bool)
    return ordered[new].astype(np.int32)
