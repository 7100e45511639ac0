"""Conversion of event rows, (sample, step, line) or of a sensor, to spikes."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.rows import LARGEST
from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.network import Events, Input, Network, Spikes
from neurodeploy.signals.events import SensorEvents
from neurodeploy.signals.stimulus import SampleValues
from neurodeploy.simulate.event_columns import ORDERS, WORDS, plain_columns, time_unit

__all__ = [
    "event_faults",
    "event_steps",
    "is_events",
    "plain_columns",
    "rounds",
    "samples_in",
    "steps_of",
    "times_from_first",
    "times_of",
    "unique_rows",
    "units_per_step",
    "with_encoders",
]

Array = NDArray[Any]
MOST_DOWNSAMPLE = 64
"""Largest factor that a fix offers for a larger sensor."""
SPARSE_SAMPLES = 1_000
"""Largest number of samples for each one that has events; more indicates a wrong column."""


def with_encoders(network: Network, values: SampleValues) -> Network:
    """Return the network with the encoders that samples of recordings bring along."""
    if not values.encoders:
        return network
    inputs = tuple(
        item.model_copy(update={"encoder": values.encoders.get(item.name, item.encoder)}) for item in network.inputs
    )
    return network.model_copy(update={"inputs": inputs})


def is_events(item: Input, values: Array) -> bool:
    """Whether values are event rows: of a sensor, or (sample, step, line)."""
    if isinstance(item.encoder, Events):
        return True
    return isinstance(item.encoder, Spikes) and values.ndim == 2 and values.shape[1] == 3


def samples_in(values: SampleValues, rows: Array) -> int:
    """Return the number of samples: n_samples or that of the labels if present, else up to the last sample with events."""
    if values.n_samples is not None:
        return values.n_samples
    if values.labels is not None:
        return int(values.labels.size)
    return 1 + max(int(rows[:, 0].max()), 0) if len(rows) else 1


def event_faults(
    item: Input, rows: Array, samples: int, *, counted: bool = True, from_zero: bool = True
) -> list[Diagnostic]:
    """Return ND505 for malformed rows, and for every column with values outside the samples or the sensor.

    `counted`: whether the number of samples is specified; else it follows from the rows, and large gaps are faults.
    `from_zero`: whether times count from 0, so that negative ones are faults.
    """
    where, encoder = about("input", item.name), item.encoder
    sensor = isinstance(encoder, Events)
    names = (
        ["sample", *(WORDS[c] for c in encoder.columns)] if isinstance(encoder, Events) else ["sample", "step", "line"]
    )
    if rows.ndim != 2 or rows.shape[1] != len(names) or rows.dtype.kind not in "iu":
        message = f"events have shape {list(rows.shape)} of {rows.dtype}; needs integer rows ({', '.join(names)})"
        return [finding("ND505", where, message)]
    if sensor and not _takes_events(item):
        message = f"has shape {list(item.shape)}; events need (height, width), or (2, height, width) to distinguish polarities"
        return [finding("ND505", where, message)]
    found = list[Diagnostic]()
    if not counted and samples > SPARSE_SAMPLES * (1 + np.unique(rows[:, 0]).size):
        message = f"events refer to sample {samples - 1:,}, but only {np.unique(rows[:, 0]).size} samples have events"
        found.append(finding("ND505", where, message, fixes=["number the samples consecutively from 0"]))
    for name, (low, high) in _ranges(item, samples, names).items():
        column = rows[:, names.index(name)]
        bad = np.flatnonzero(((column < low) & (from_zero or name != "time")) | (column > high))
        if bad.size:
            limits = f"outside {low}..{high:,}" if name != "time" else f"below {low}"
            message = f"{bad.size} events have a {name} {limits}, first {int(column[bad[0]])}"
            fixes = ["--time-origin first counts from the first event of a sample"] if name == "time" else []
            if (
                name in ("column", "row")
                and int(column.min()) >= 0
                and int(column.max()) < MOST_DOWNSAMPLE * (high + 1)
            ):
                fixes = [
                    f"for a file: --downsample {-(-(int(column.max()) + 1) // (high + 1))} divides columns and rows"
                ]
            found.append(finding("ND505", where, message, fixes=fixes))
    return _other_order(item, rows, samples) or found if found and isinstance(encoder, Events) else found


def _takes_events(item: Input) -> bool:
    """Whether an input has pixels, with or without polarities; lines as well for a recording that was fitted to them."""
    fitted = isinstance(item.encoder, SensorEvents)
    channels = (1, 2) if fitted else (2,)
    return (
        len(item.shape) == 2
        or (len(item.shape) == 3 and item.shape[0] in channels)
        or (fitted and len(item.shape) == 1)
    )


def _other_order(item: Input, rows: Array, samples: int) -> list[Diagnostic]:
    """One finding that replaces the others if the columns fit the sensor in another usual order."""
    encoder: Any = item.encoder
    for order in ORDERS:
        names = ["sample", *(WORDS[c] for c in order)]
        ranges = _ranges(item, samples, names)
        inside = all(
            bool(((rows[:, k] >= ranges[name][0]) & (rows[:, k] <= ranges[name][1])).all())
            for k, name in enumerate(names)
        )
        if order != encoder.columns and inside:
            message = f"events do not fit the columns '{encoder.columns}' of the encoder; they fit '{order}'"
            fixes = [f"encoder.columns = '{order}' in the network, or reorder the columns as in the encoder"]
            return [finding("ND505", about("input", item.name), message, fixes=fixes)]
    return []


_ENDLESS = np.iinfo(np.int64).max


def _ranges(item: Input, samples: int, names: list[str]) -> dict[str, tuple[int, int]]:
    height, width = (1, 1, *item.shape)[-2:]
    known = {
        "sample": (0, samples - 1),
        "step": (1, LARGEST),
        "line": (0, item.size - 1),
        "time": (0, _ENDLESS),
        "polarity": (0, 1),
        "row": (0, height - 1),
        "column": (0, width - 1),
    }
    return {name: known[name] for name in names}


def times_from_first(items: dict[str, tuple[Input, Array]]) -> dict[str, Array]:
    """Return sensor events, by input, with times counted from the first event of each sample over all inputs."""
    if not items:
        return {}
    samples = np.concatenate([rows[:, 0] for _, rows in items.values()])
    times = np.concatenate([rows[:, _time_column(item)] for item, rows in items.values()])
    distinct, of = np.unique(samples, return_inverse=True)
    first = np.full(distinct.size, _ENDLESS)
    np.minimum.at(first, of, times)
    moved = dict[str, Array]()
    for name, (item, rows) in items.items():
        moved[name] = rows.copy()
        moved[name][:, _time_column(item)] -= first[np.searchsorted(distinct, rows[:, 0])]
    return moved


def _time_column(item: Input) -> int:
    encoder: Any = item.encoder
    return 1 + encoder.columns.index("t")


def event_steps(item: Input, rows: Array, dt_s: float) -> tuple[Array, list[Diagnostic]]:
    """Return (n, 3) int64 rows (sample, step, line) of events, and ND505 for events beyond the largest step.

    `dt_s`: length of a step in seconds.
    """
    wide = rows.astype(np.int64, copy=False)
    encoder = item.encoder
    if not isinstance(encoder, Events):
        return wide, []
    column = {name: wide[:, 1 + k] for k, name in enumerate(encoder.columns)}
    line = column["y"] * item.shape[-1] + column["x"]
    line += column["p"] * (item.size // 2) if len(item.shape) == 3 and item.shape[0] == 2 else 0
    per_step = units_per_step(encoder, dt_s)
    nearest = rounds(encoder)
    steps = steps_of(column["t"], per_step, nearest=nearest)
    late = steps > LARGEST
    if late.any():
        first = int(column["t"].min())
        unit = time_unit(encoder.unit_s)
        message = f"{int(late.sum())} of {late.size} events lie after step {LARGEST:,}, the first event at t = {first:,} {unit}"
        helps = bool(steps_of(column["t"] - first, per_step, nearest=nearest).max() <= LARGEST)
        fixes = ["--time-origin first counts from the first event of a sample"] if helps else []
        return wide, [finding("ND505", about("input", item.name), message, fixes=fixes)]
    made = np.empty((len(wide), 3), dtype=np.int64)
    made[:, 0], made[:, 1], made[:, 2] = wide[:, 0], steps, line
    return made, []


def units_per_step(encoder: Events, dt_s: float) -> float:
    """Return the length of a step in the encoder's unit of time. `dt_s`: the network's step in seconds."""
    chosen = encoder.window_s if isinstance(encoder, SensorEvents) else None
    return (chosen or dt_s) / encoder.unit_s


def times_of(item: Input, rows: Array) -> Array:
    """Return the (n,) times of sensor events, in the encoder's unit."""
    return rows[:, _time_column(item)].astype(np.int64)


def rounds(encoder: Events) -> bool:
    """Whether times become the nearest step instead of the one in which they lie."""
    return isinstance(encoder, SensorEvents) and encoder.bins == "round"


def steps_of(times: Array, units_per_step: float, *, nearest: bool = False) -> Array:
    """Return steps 1 + floor(times / units_per_step), in integer arithmetic if a step is a whole number of units.

    `nearest`: 1 + the nearest whole number instead, of two equally near ones the even one, as numpy rounds.
    """
    whole = round(units_per_step)
    if whole >= 1 and abs(units_per_step - whole) <= 1e-9 * whole:
        return 1 + (np.rint(times / whole) if nearest else times // whole)
    if nearest:
        return 1 + np.rint(times / units_per_step)
    return 1 + np.floor(times / units_per_step + 1e-9)


def unique_rows(rows: Array) -> Array:
    """Return the distinct rows (sample, step, line), int32, sorted."""
    if not len(rows):
        return np.zeros((0, 3), dtype=np.int32)
    low, high = rows.min(axis=0), rows.max(axis=0)
    ranges = [int(b) - int(a) + 1 for a, b in zip(low, high, strict=True)]
    if prod(ranges) <= np.iinfo(np.int64).max:  # one number for a row is sorted many times faster
        keys = ((rows[:, 0] - low[0]) * ranges[1] + (rows[:, 1] - low[1])) * ranges[2] + (rows[:, 2] - low[2])
        keys.sort()
        keys = keys[np.r_[True, keys[1:] != keys[:-1]]]
        rest, line = np.divmod(keys, ranges[2])
        sample, step = np.divmod(rest, ranges[1])
        return np.stack([sample + low[0], step + low[1], line + low[2]], axis=1).astype(np.int32)
    ordered = rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))]
    return ordered[np.r_[True, (np.diff(ordered, axis=0) != 0).any(axis=1)]].astype(np.int32)
