"""Verb: samples to spikes and currents, by the encoders of a network. The formulas are those of neurodeploy.network.coding."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, finding, raise_errors
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.network import Current, Input, Latency, Network, Poisson, Rate, Spikes
from neurodeploy.runtime.stimulus import SampleValues, Stimulus

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


def _faults(item: Input, values: Array) -> list[Diagnostic]:
    """Shape and range of one input's samples."""
    where, over_time = f"input '{item.name}'", isinstance(item.encoder, Spikes)
    per_sample = values.shape[1:]
    timed = len(per_sample) == len(item.shape) + 1 and per_sample[1:] == item.shape
    if not (timed or (per_sample == item.shape and not over_time)):
        needs = "(samples, steps, " if over_time else "(samples, "
        return [
            finding(
                "ND505",
                where,
                f"stimulus has shape {list(values.shape)}; encoder '{item.encoder.kind}' needs {needs}{', '.join(map(str, item.shape))})",
            )
        ]
    if timed and not isinstance(item.encoder, (Spikes, Current)):
        return [
            finding(
                "ND505",
                where,
                f"encoder '{item.encoder.kind}' takes one value per line, the stimulus has values over time",
            )
        ]
    if over_time and not np.isin(values, (0, 1)).all():
        return [finding("ND505", where, "spikes must be 0 or 1 in every step")]
    if isinstance(item.encoder, (Rate, Poisson, Latency)) and values.size and (values.min() < 0 or values.max() > 1):
        return [
            finding(
                "ND505",
                where,
                f"values lie between {values.min():g} and {values.max():g}; encoder '{item.encoder.kind}' needs 0 to 1",
                fixes=["divide the values by their maximum"],
            )
        ]
    return []


def _raster(item: Input, values: Array, steps: int, rng: np.random.Generator) -> Array:
    """(samples, steps, lines) bool."""
    encoder, n = item.encoder, values.shape[0]
    if isinstance(encoder, Spikes):
        return values.reshape(n, values.shape[1], -1)[:, :steps] != 0
    flat = values.reshape(n, 1, -1).astype(np.float64)
    t = np.arange(1, steps + 1, dtype=np.float64)[None, :, None]
    if isinstance(encoder, Rate):
        rate = flat * encoder.max_rate
        return np.floor(t * rate + 1e-9) > np.floor((t - 1) * rate + 1e-9)
    if isinstance(encoder, Poisson):
        return rng.random((n, steps, flat.shape[2])) < flat * encoder.max_rate
    first = np.rint(1 + (1 - flat) * (steps - 1))
    return (t == first) & (flat > 0)


def _presented(network: Network, values: SampleValues, steps: int | None) -> int | None:
    """Steps per sample: asked, else as long as the values over time, else what the network says."""
    if steps is not None:
        return steps
    lengths = [
        array.shape[1]
        for name, array in values.values.items()
        if array.ndim == len(network.input_by_name[name].shape) + 2
    ]
    return max(lengths) if lengths else network.time.steps_per_sample


def encode(network: Network, values: SampleValues, *, steps: int | None = None, seed: int = 0) -> Stimulus:
    """Return the stimulus of samples: `steps` per sample (default: the values' length, else the network's steps_per_sample).

    Deterministic for a seed. Raises DiagnosticError: ND505.
    """
    found = [*raise_errors("encode", _name_faults(network, values))]
    counts = {array.shape[0] for array in values.values.values() if array.ndim}
    if len(counts) > 1 or (values.labels is not None and values.labels.shape not in {(n,) for n in counts}):
        message = f"inputs and labels have different numbers of samples: {sorted(counts)}"
        found.append(finding("ND505", f"network '{network.name}'", message))
    for name, array in values.values.items():
        found += _faults(network.input_by_name[name], array)
    presented = _presented(network, values, steps)
    if presented is None:
        fix = "--steps N, or time.steps_per_sample in the network"
        found.append(finding("ND505", f"network '{network.name}'", "nobody says how long a sample lasts", fixes=[fix]))
    raise_errors("encode", found)
    n_steps, rng = int(presented or 1), np.random.default_rng(seed)
    driven = [item for item in network.inputs if isinstance(item.encoder, Current)]
    spiking = [item for item in network.inputs if not isinstance(item.encoder, Current)]
    return Stimulus(
        n_samples=max(counts, default=1),
        n_steps=n_steps,
        spikes={item.name: _events(_raster(item, values.values[item.name], n_steps, rng)) for item in spiking},
        currents={item.name: _currents(item, values.values[item.name], n_steps) for item in driven},
        labels=values.labels,
        seed=seed,
    )


def _events(raster: Array) -> NDArray[np.int32]:
    """Rows (sample, step, line) of a raster; its index 0 is step 1."""
    return np.argwhere(raster).astype(np.int32) + np.array([0, 1, 0], dtype=np.int32)


def _currents(item: Input, array: Array, steps: int) -> Array:
    n = array.shape[0]
    if array.ndim == len(item.shape) + 1:
        return np.repeat(array.reshape(n, 1, -1).astype(np.float64), steps, axis=1)
    held = np.zeros((n, steps, item.size))
    given = array.reshape(n, array.shape[1], -1)[:, :steps]
    held[:, : given.shape[1]] = given
    return held
