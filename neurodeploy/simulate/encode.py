"""Encoding of samples to spikes and currents, with findings for input that the encoding changes."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding, raise_errors
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.network import Bias, Current, Events, Input, Latency, Network, Poisson, Rate, Spikes
from neurodeploy.network.levels import declares_range, levels, lines_first
from neurodeploy.network.validate import require_valid
from neurodeploy.signals import Samples, SampleValues, Stimulus, TimeOrigin
from neurodeploy.simulate.encoding_findings import (
    Window,
    clipped_value_findings,
    cut_value_findings,
    late_row_findings,
    merged_row_findings,
    quiet_value_findings,
)
from neurodeploy.simulate.event_columns import sensor_rows
from neurodeploy.simulate.events import (
    event_faults,
    event_steps,
    is_events,
    samples_in,
    times_from_first,
    times_of,
    unique_rows,
    with_encoders,
)
from neurodeploy.simulate.options_check import seed_faults, step_faults
from neurodeploy.simulate.rasters import currents_of, raster_of, spikes_over_time
from neurodeploy.simulate.samples import normalized_samples
from neurodeploy.simulate.stimulus_check import memory_fault

__all__ = ["encode", "encode_values"]

Array = NDArray[Any]
LONGEST = 10_000_000
"""Longest sample, in steps, whose length is taken from its events alone; more indicates a wrong origin or unit of times."""


def _name_faults(network: Network, values: SampleValues) -> list[Diagnostic]:
    """Inputs without samples, and samples without an input."""
    names = [item.name for item in network.inputs]
    lacking = [name for name in names if name not in values.values]
    found = [finding("ND505", about("input", name), "has no samples") for name in lacking]
    for name in values.values:
        if name not in names:
            message = f"is not an input of network '{network.name}': {', '.join(names)}"
            found.append(finding("ND505", about("input", name), message, fixes=nearest(name, names)))
    return found


def _shape_faults(item: Input, values: Array) -> list[Diagnostic]:
    where, over_time = about("input", item.name), isinstance(item.encoder, Spikes)
    per_sample, own = values.shape[1:], item.sample_shape
    timed = len(per_sample) == len(own) + 1 and per_sample[1:] == own
    if not (timed or (per_sample == own and not over_time)):
        needs = "(samples, steps, " if over_time else "(samples, "
        message = f"stimulus has shape {list(values.shape)}; encoder '{item.encoder.kind}' needs {needs}{', '.join(map(str, own))})"
        return [finding("ND505", where, message)]
    if timed and not isinstance(item.encoder, (Spikes, Current)):
        message = f"encoder '{item.encoder.kind}' takes one value per line, but the stimulus has values over time"
        return [finding("ND505", where, message)]
    return []


def _faults(item: Input, values: Array) -> list[Diagnostic]:
    """Shape and range of one input's samples."""
    found, where = _shape_faults(item, values), about("input", item.name)
    if found or not values.size:
        return found
    low, high = values.min(), values.max()
    whole = values.dtype.kind in "iu" and low >= 0 and high <= 1
    if isinstance(item.encoder, Spikes) and not whole and not np.isin(values, (0, 1)).all():
        return [
            finding("ND505", where, f"spikes must be 0 or 1 in every step; values lie between {low:g} and {high:g}")
        ]
    return _range_faults(item, float(low), float(high))


def _range_faults(item: Input, low: float, high: float) -> list[Diagnostic]:
    """ND505 for values from `low` to `high` outside the range of an encoder that declares none of its own."""
    encoder, least = item.encoder, -1.0 if getattr(item.encoder, "signed", False) else 0.0
    if not isinstance(encoder, (Rate, Poisson, Latency, Bias)) or (low >= least and high <= 1):
        return []
    if isinstance(encoder, (Rate, Poisson)) and declares_range(encoder):
        return []
    message = f"values lie between {low:g} and {high:g}; encoder '{encoder.kind}' needs {least:g} to 1"
    return [finding("ND505", about("input", item.name), message, fixes=_scalings(low, high))]


def _scalings(low: float, high: float) -> list[str]:
    """Simple scaling of the values to 0..1, if one exists."""
    offers = {
        f"divide the values by their maximum, {high:.9g}": (low / high, 1.0) if high > 0 else (-1.0, 1.0),
        f"scale the values: (x - {low:.9g}) / {high - low:.9g}": (0.0, 1.0) if high > low else (-1.0, 1.0),
    }
    helping = [text for text, (first, last) in offers.items() if first >= 0 and last <= 1]
    return helping[:1]


def _presented(network: Network, arrays: dict[str, Array], rows: dict[str, Array], steps: int | None) -> int | None:
    """Steps per sample: `steps`, else the length of values over time, else the network's, else the step of the last event."""
    if steps is not None:
        return steps
    items = network.input_by_name
    dense = {name: array for name, array in arrays.items() if name not in rows}
    lengths = [a.shape[1] for name, a in dense.items() if a.ndim == len(items[name].sample_shape) + 2]
    if lengths or network.time.steps_per_sample is not None:
        return max(lengths) if lengths else network.time.steps_per_sample
    return max((int(r[:, 1].max()) for r in rows.values() if len(r)), default=None)


def _length_faults(
    network: Network, rows: dict[str, Array], presented: int | None, *, requested: bool
) -> list[Diagnostic]:
    """ND505 if the sample length is not specified or implausible."""
    where, fix = about("network", network.name), "--steps N, or time.steps_per_sample in the network"
    if presented is None:
        return [finding("ND505", where, "the sample length is not specified", fixes=[fix])]
    if requested or presented <= LONGEST or network.time.steps_per_sample is not None:
        return []
    first = min(int(r[:, 1].min()) for r in rows.values() if len(r))
    message = (
        f"the last event is in step {presented:,} and would set the sample length; the first event is in step {first:,}"
    )
    numbers: dict[str, Any] = {"found": presented, "limit": LONGEST, "unit": "step"}
    origin = ["--time-origin first"] if presented - first < LONGEST else []
    return [finding("ND505", where, message, fixes=[*origin, fix], **numbers)]


def _all_faults(
    network: Network, values: SampleValues, arrays: dict[str, Array], origin: TimeOrigin
) -> tuple[list[Diagnostic], int]:
    """Faults of the samples, and their number."""
    found, counts = list[Diagnostic](), set[int]()
    items = [(network.input_by_name[name], array) for name, array in arrays.items()]
    for item, array in items:
        if not is_events(item, array):
            found += _faults(item, array)
            counts |= {array.shape[0]} if array.ndim else set()
    stated = {n for n in (values.n_samples, None if values.labels is None else values.labels.size) if n is not None}
    if len(counts | stated) > 1:
        message = f"inputs and labels have different numbers of samples: {sorted(counts | stated)}"
        found.append(finding("ND505", about("network", network.name), message))
    events = [(item, array) for item, array in items if is_events(item, array)]
    shaped = [array for _, array in events if array.ndim == 2 and array.shape[1] and array.dtype.kind in "iu"]
    n = max(counts | stated, default=max((samples_in(values, array) for array in shaped), default=1))
    for item, array in events:
        found += event_faults(item, array, n, counted=bool(counts | stated), from_zero=origin == "zero")
    return found, n


def _memory_faults(network: Network, checked: _CheckedSamples) -> list[Diagnostic]:
    """ND505 if the spikes and currents of all steps do not fit into memory."""
    dense = [item for item in network.inputs if item.name not in checked.rows]
    each = sum(item.size * (1 if isinstance(item.encoder, Spikes) else 8) for item in dense)
    samples, steps = checked.n, checked.window.steps
    what = f"{samples:,} samples of {steps:,} steps of {sum(item.size for item in dense):,} lines"
    return memory_fault("ND505", about("network", network.name), what, samples * steps * each)


def _columns(network: Network, values: SampleValues) -> tuple[dict[str, Array], list[Diagnostic]]:
    """Arrays by input; events of sensors as integer rows with the sample first."""
    arrays, found = dict(values.values), list[Diagnostic]()
    for name, array in values.values.items():
        if isinstance(network.input_by_name[name].encoder, Events):
            arrays[name], more = sensor_rows(network.input_by_name[name], array)
            found += more
    return arrays, found


def _from_first(network: Network, arrays: dict[str, Array]) -> dict[str, Array]:
    """Arrays in which the times of events count from the first event of each sample."""
    items = network.input_by_name
    sensors = {n: (items[n], rows) for n, rows in arrays.items() if isinstance(items[n].encoder, Events)}
    return {**arrays, **times_from_first(sensors)}


def _rows(network: Network, arrays: dict[str, Array]) -> tuple[dict[str, Array], dict[str, Array], list[Diagnostic]]:
    """Rows (sample, step, line) of event inputs, times of sensor events, and findings for events without a step."""
    rows, times, found = dict[str, Array](), dict[str, Array](), list[Diagnostic]()
    for name, array in arrays.items():
        item = network.input_by_name[name]
        if is_events(item, array):
            rows[name], more = event_steps(item, array, network.time.dt_s)
            found += more
        if isinstance(item.encoder, Events):
            times[name] = times_of(item, array)
    return rows, times, found


class _CheckedSamples(NamedTuple):
    """Checked samples of every input, and the window in which they are shown."""

    arrays: dict[str, Array]
    rows: dict[str, Array]
    times: dict[str, Array]
    n: int
    window: Window
    moved: bool


def _presented_input(
    network: Network, checked: _CheckedSamples, seed: int, first_sample: int
) -> tuple[dict[str, dict[str, Array]], list[Diagnostic]]:
    """Spikes, rasters and currents by input, and findings for input that is left out."""
    window, found = checked.window, list[Diagnostic]()
    shown: dict[str, dict[str, Array]] = {"spikes": {}, "rasters": {}, "currents": {}}
    for item in network.inputs:
        array = checked.arrays[item.name]
        if item.name in checked.rows:
            own = checked.rows[item.name]
            found += late_row_findings(item, own, checked.times.get(item.name), window, moved=checked.moved)
            own = own[own[:, 1] <= window.steps]
            shown["spikes"][item.name] = unique_rows(own)
            found += merged_row_findings(item, len(own), len(shown["spikes"][item.name]))
        elif isinstance(item.encoder, Current):
            found += cut_value_findings(item, array, window) if array.ndim == len(item.shape) + 2 else []
            shown["currents"][item.name] = currents_of(item, array, window.steps)
        elif isinstance(item.encoder, Spikes):
            found += cut_value_findings(item, array, window)
            shown["rasters"][item.name] = spikes_over_time(item, array, window.steps)
        else:
            shown["rasters"][item.name], more = _raster(item, array, checked, seed, first_sample)
            found += more
    return shown, found


def _raster(
    item: Input, array: Array, checked: _CheckedSamples, seed: int, first_sample: int
) -> tuple[Array, list[Diagnostic]]:
    """The raster of constant values, and findings for values that are clipped or too small."""
    flat, found = array.reshape(checked.n, prod(array.shape[1:])).astype(np.float64), list[Diagnostic]()
    if isinstance(item.encoder, (Rate, Poisson)):
        found += clipped_value_findings(item, item.encoder, flat)
        flat = levels(item, flat)
    raster = raster_of(item.encoder, flat, checked.window.steps, seed, first_sample)
    return raster, [*found, *quiet_value_findings(item, item.encoder, flat, raster)]


def encode(
    network: Network,
    samples: Samples,
    *,
    steps: int | None = None,
    seed: int = 0,
    first_sample: int = 0,
    time_origin: TimeOrigin = "zero",
) -> Stimulus:
    """Return the stimulus that the encoders of a network make of samples in any form except an iterator.

    A Stimulus is returned unchanged. Arguments and errors: as for encode_values.
    """
    plain = normalized_samples(network, samples)
    if isinstance(plain, Stimulus):
        return plain
    if isinstance(plain, Iterator):
        fixes = ["put the samples into one array per input", "nd.run accepts an iterator and runs it in batches"]
        raise DiagnosticError("encode", (finding("ND505", about("samples"), "come from an iterator", fixes=fixes),))
    return encode_values(network, plain, steps=steps, seed=seed, first_sample=first_sample, time_origin=time_origin)


def encode_values(
    network: Network,
    values: SampleValues,
    *,
    steps: int | None = None,
    seed: int = 0,
    first_sample: int = 0,
    time_origin: TimeOrigin = "zero",
) -> Stimulus:
    """Return the stimulus of samples, each shown for `steps`. Default: the length of the values over time, else the
    network's steps_per_sample, else the step of the last event.

    Deterministic: random draws depend on `seed` and on the number of each sample, counted from `first_sample`. Input that
    is cut off, merged or too small to spike is reported in the findings of the stimulus: ND066, ND067, ND068,
    ND841.

    Raises DiagnosticError: ND505, ND511, all faults at once; ND066 if nothing would be shown.
    """
    require_valid(network)
    faults = [] if steps is None else step_faults(steps)
    raise_errors("encode", [*_name_faults(network, values), *faults, *seed_faults(seed)])
    network = with_encoders(network, values)
    arrays, notes = _columns(network, values)
    notes = [*values.findings, *notes]
    found, n = _all_faults(network, values, arrays, time_origin)
    raise_errors("encode", [*notes, *found])
    arrays = _from_first(network, arrays) if time_origin == "first" else arrays
    rows, times, found = _rows(network, arrays)
    raise_errors("encode", found)
    items = network.input_by_name
    arrays = {n: array if n in rows else lines_first(items[n], array) for n, array in arrays.items()}
    presented = _presented(network, arrays, rows, steps)
    raise_errors("encode", _length_faults(network, rows, presented, requested=steps is not None))
    window = Window(int(presented or 1), steps is not None, network.time.dt_s)
    checked = _CheckedSamples(arrays, rows, times, n, window, moved=time_origin == "first")
    raise_errors("encode", _memory_faults(network, checked))
    shown, omitted = _presented_input(network, checked, seed, first_sample)
    notes += omitted
    raise_errors("encode", notes)
    return Stimulus(
        n_samples=n,
        n_steps=window.steps,
        spikes=shown["spikes"],
        rasters=shown["rasters"],
        currents=shown["currents"],
        labels=values.labels,
        seed=seed,
        first_sample=first_sample,
        findings=tuple(notes),
    )
