"""Verb: samples to spikes and currents, by the encoders of a network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, finding, raise_errors
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.network import Bias, Current, Input, Latency, Network, Poisson, Rate, Spikes
from neurodeploy.network.validate import require_valid
from neurodeploy.runtime.events import event_faults, event_rows, is_events, samples_in
from neurodeploy.runtime.options_check import seed_faults, step_faults
from neurodeploy.runtime.rasters import currents_of, raster_of, spikes_over_time
from neurodeploy.runtime.stimulus import SampleValues, Stimulus
from neurodeploy.runtime.stimulus_check import memory_fault

__all__ = ["encode"]

Array = NDArray[Any]


def _name_faults(network: Network, values: SampleValues) -> list[Diagnostic]:
    """Inputs without samples, and samples without an input."""
    names = [item.name for item in network.inputs]
    lacking = [name for name in names if name not in values.values]
    found = [finding("ND505", f"input '{name}'", "is given no samples") for name in lacking]
    for name in values.values:
        if name not in names:
            message = f"is not an input of network '{network.name}': {', '.join(names)}"
            found.append(finding("ND505", f"input '{name}'", message, fixes=nearest(name, names)))
    return found


def _shape_faults(item: Input, values: Array) -> list[Diagnostic]:
    where, over_time = f"input '{item.name}'", isinstance(item.encoder, Spikes)
    per_sample = values.shape[1:]
    timed = len(per_sample) == len(item.shape) + 1 and per_sample[1:] == item.shape
    if not (timed or (per_sample == item.shape and not over_time)):
        needs = "(samples, steps, " if over_time else "(samples, "
        told = f"stimulus has shape {list(values.shape)}; encoder '{item.encoder.kind}' needs {needs}{', '.join(map(str, item.shape))})"
        return [finding("ND505", where, told)]
    if timed and not isinstance(item.encoder, (Spikes, Current)):
        told = f"encoder '{item.encoder.kind}' takes one value per line, the stimulus has values over time"
        return [finding("ND505", where, told)]
    return []


def _faults(item: Input, values: Array) -> list[Diagnostic]:
    """Shape and range of one input's samples."""
    found, where = _shape_faults(item, values), f"input '{item.name}'"
    if found or not values.size:
        return found
    low, high = values.min(), values.max()
    whole = values.dtype.kind in "iu" and low >= 0 and high <= 1
    if isinstance(item.encoder, Spikes) and not whole and not np.isin(values, (0, 1)).all():
        return [finding("ND505", where, "spikes must be 0 or 1 in every step")]
    if isinstance(item.encoder, (Rate, Poisson, Latency, Bias)) and (low < 0 or high > 1):
        told = f"values lie between {low:g} and {high:g}; encoder '{item.encoder.kind}' needs 0 to 1"
        return [finding("ND505", where, told, fixes=["divide the values by their maximum"])]
    return []


def _presented(network: Network, values: SampleValues, steps: int | None) -> int | None:
    """Steps per sample: asked, else as long as the values over time, else what the network says, else the last event."""
    if steps is not None:
        return steps
    items = {name: (network.input_by_name[name], array) for name, array in values.values.items()}
    lengths = [a.shape[1] for item, a in items.values() if not is_events(item, a) and a.ndim == len(item.shape) + 2]
    if lengths or network.time.steps_per_sample is not None:
        return max(lengths) if lengths else network.time.steps_per_sample
    rows = [event_rows(item, a, network.time.dt_s, None) for item, a in items.values() if is_events(item, a)]
    return max((int(r[:, 1].max()) for r in rows if len(r)), default=None)


def _all_faults(network: Network, values: SampleValues) -> tuple[list[Diagnostic], int]:
    """What is wrong with the samples, and how many there are."""
    found, counts = list[Diagnostic](), set[int]()
    items = [(network.input_by_name[name], array) for name, array in values.values.items()]
    arrays = [(item, array) for item, array in items if not is_events(item, array)]
    for item, array in arrays:
        found += _faults(item, array)
        counts |= {array.shape[0]} if array.ndim else set()
    said = {n for n in (values.n_samples, None if values.labels is None else values.labels.size) if n is not None}
    if len(counts | said) > 1:
        message = f"inputs and labels have different numbers of samples: {sorted(counts | said)}"
        found.append(finding("ND505", f"network '{network.name}'", message))
    events = [(item, array) for item, array in items if is_events(item, array)]
    shaped = [array for _, array in events if array.ndim == 2 and array.shape[1] and array.dtype.kind in "iu"]
    n = max(counts | said, default=max((samples_in(values, array) for array in shaped), default=1))
    for item, array in events:
        found += event_faults(item, array, n)
    return found, n


def _memory_faults(network: Network, values: SampleValues, samples: int, steps: int) -> list[Diagnostic]:
    """ND505 if the spikes and currents of all steps do not fit the memory."""
    held = [item for item in network.inputs if not is_events(item, values.values[item.name])]
    each = sum(item.size * (1 if isinstance(item.encoder, Spikes) else 8) for item in held)
    what = f"{samples:,} samples of {steps:,} steps of {sum(item.size for item in held):,} lines"
    return memory_fault("ND505", f"network '{network.name}'", what, samples * steps * each)


def encode(
    network: Network, values: SampleValues, *, steps: int | None = None, seed: int = 0, first_sample: int = 0
) -> Stimulus:
    """Return the stimulus of samples, each shown for `steps`: default as long as the values over time, else the network's
    steps_per_sample, else up to the last event.

    Deterministic: draws depend on the seed and on the sample's number, which counts from `first_sample`. Raises
    DiagnosticError: ND505, ND511, everything that is wrong at once.
    """
    require_valid(network)
    asked = [] if steps is None else step_faults(steps)
    raise_errors("encode", [*_name_faults(network, values), *asked, *seed_faults(seed)])
    found, n = _all_faults(network, values)
    raise_errors("encode", found)
    presented = _presented(network, values, steps)
    if presented is None:
        fix = "--steps N, or time.steps_per_sample in the network"
        found.append(finding("ND505", f"network '{network.name}'", "nobody says how long a sample lasts", fixes=[fix]))
    raise_errors("encode", [*found, *_memory_faults(network, values, n, int(presented or 1))])
    shown: dict[str, dict[str, Array]] = {"spikes": {}, "rasters": {}, "currents": {}}
    for item in network.inputs:
        array = values.values[item.name]
        if is_events(item, array):
            shown["spikes"][item.name] = event_rows(item, array, network.time.dt_s, presented)
        elif isinstance(item.encoder, Current):
            shown["currents"][item.name] = currents_of(item, array, int(presented or 1))
        elif isinstance(item.encoder, Spikes):
            shown["rasters"][item.name] = spikes_over_time(item, array, int(presented or 1))
        else:
            flat = array.reshape(n, item.size).astype(np.float64)
            shown["rasters"][item.name] = raster_of(item.encoder, flat, int(presented or 1), seed, first_sample)
    return Stimulus(
        n_samples=n,
        n_steps=int(presented or 1),
        spikes=shown["spikes"],
        rasters=shown["rasters"],
        currents=shown["currents"],
        labels=values.labels,
        seed=seed,
        first_sample=first_sample,
    )
