"""Verb: run whatever describes samples: a stimulus, arrays, event rows, or an iterator of samples in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, finding, raise_errors
from neurodeploy.network import Network, Spikes
from neurodeploy.program.program import Program
from neurodeploy.runtime.encode import encode
from neurodeploy.runtime.recording import Recording
from neurodeploy.runtime.run import run_program
from neurodeploy.runtime.state import RunOptions
from neurodeploy.runtime.stimulus import SampleValues, Stimulus

__all__ = ["Samples", "joined", "run_samples", "stimulus_of"]

Array = NDArray[Any]
Samples = Stimulus | Mapping[str, Any] | Iterable[Mapping[str, Any]]
"""A stimulus; input -> array (samples, ...) or event rows (sample, step, line); or one such mapping for each sample."""
BATCH = 64


def _is_events(network: Network, name: str, value: Any) -> bool:
    """Whether a value is rows of events: integers in three columns for an input of spikes."""
    item = network.input_by_name.get(name)
    array = np.asarray(value)
    rows = array.ndim == 2 and array.shape[1] == 3 and array.dtype.kind in "iu"
    return item is not None and isinstance(item.encoder, Spikes) and rows


def stimulus_of(
    network: Network, values: Mapping[str, Any], *, steps: int | None = None, seed: int = 0, samples: int = 1
) -> Stimulus:
    """Return the stimulus of arrays and event rows; every input has one of them. Raises DiagnosticError: ND505.

    `samples`: how many there are at least, since events do not tell of an empty last one.
    """
    rows = {name: np.asarray(value) for name, value in values.items() if _is_events(network, name, value)}
    arrays = {name: value for name, value in values.items() if name not in rows}
    if not rows:
        return encode(network, SampleValues(values=arrays), steps=steps, seed=seed)
    last = max((int(value[:, 1].max()) for value in rows.values() if len(value)), default=1)
    presented = steps or network.time.steps_per_sample or last
    samples = max(samples, 1 + max((int(value[:, 0].max()) for value in rows.values() if len(value)), default=0))
    raise_errors("encode", _negative(rows))
    rest = [item for item in network.inputs if item.name not in rows]
    encoded = None
    if rest:
        part = network.model_copy(update={"inputs": tuple(rest)})
        encoded = encode(part, SampleValues(values=arrays), steps=presented, seed=seed)
        samples = max(samples, encoded.n_samples)
    spikes = {name: _sorted(value[value[:, 1] <= presented]) for name, value in rows.items()}
    return Stimulus(
        n_samples=samples,
        n_steps=presented,
        spikes={**spikes, **(encoded.spikes if encoded else {})},
        currents=dict(encoded.currents) if encoded else {},
        seed=seed,
    )


def _negative(rows: dict[str, Array]) -> list[Diagnostic]:
    low = np.array([0, 1, 0])
    return [
        finding(
            "ND505",
            f"input '{name}'",
            f"{int((value < low).any(axis=1).sum())} events lie before sample 0, step 1 or line 0",
        )
        for name, value in rows.items()
        if (value < low).any()
    ]


def _sorted(rows: Array) -> Array:
    return np.unique(rows, axis=0).astype(np.int32)


def run_samples(
    program: Program,
    samples: Samples,
    *,
    steps: int | None = None,
    batch: int | None = None,
    backend: str = "emulator",
    options: RunOptions = RunOptions(),  # noqa: B008  # a noun is frozen
) -> Recording:
    """Return the recording of all samples; an iterator is taken `batch` samples at a time, and never as a whole.

    `steps`: for which each sample is shown. Raises what encode and run_program raise.
    """
    network = program.network
    if isinstance(samples, Stimulus):
        return run_program(program, samples, backend=backend, options=options)
    if isinstance(samples, Mapping):
        shown = stimulus_of(network, cast("Mapping[str, Any]", samples), steps=steps, seed=options.seed)
        return run_program(program, shown, backend=backend, options=options)
    parts, done = list[Recording](), 0
    for group in _batches(iter(samples), batch or BATCH):
        shown = stimulus_of(
            network, _stacked(network, group), steps=steps, seed=options.seed + done, samples=len(group)
        )
        parts.append(run_program(program, shown, backend=backend, options=options))
        done += len(group)
        if not parts[-1].complete:
            break
    raise_errors("run", [] if parts else [finding("ND505", f"network '{network.name}'", "was given no samples")])
    return joined(parts)


def _batches(samples: Iterator[Mapping[str, Any]], size: int) -> Iterator[list[Mapping[str, Any]]]:
    while group := list(islice(samples, size)):
        yield group


def _stacked(network: Network, group: list[Mapping[str, Any]]) -> dict[str, Array]:
    """One mapping of many samples: arrays get an axis, event rows (step, line) a column of their sample."""
    names, found = dict.fromkeys(name for item in group for name in item), dict[str, Array]()
    lacking = {name: sum(name not in item for item in group) for name in names}
    told = [(name, f"is given no value in {count} of {len(group)} samples") for name, count in lacking.items() if count]
    raise_errors("encode", [finding("ND505", f"input '{name}'", message) for name, message in told])
    for name in names:
        values = [np.asarray(item[name]) for item in group]
        item = network.input_by_name.get(name)
        pairs = all(value.ndim == 2 and value.shape[1] == 2 and value.dtype.kind in "iu" for value in values)
        # rows of 0 and 1 are a raster of two lines; events of more than one step are not
        pairs &= item is not None and (item.size != 2 or any(not value.size or value.max() > 1 for value in values))
        if pairs and item is not None and isinstance(item.encoder, Spikes):
            found[name] = np.concatenate([np.insert(value, 0, k, axis=1) for k, value in enumerate(values)])
        else:
            found[name] = np.stack(values)
    return found


def joined(parts: list[Recording]) -> Recording:
    """Return one recording of the samples of several, numbered on."""
    if len(parts) == 1:
        return parts[0]
    starts = np.r_[0, np.cumsum([part.n_samples for part in parts])]
    first, steps = parts[0], max(part.n_steps for part in parts)

    def rows(of: str, name: str) -> Array:
        shifted = [
            getattr(part, of)[name] + np.array([start, 0, 0]) for part, start in zip(parts, starts, strict=False)
        ]
        return np.concatenate(shifted).astype(np.int32)

    active = [part.active_updates for part in parts if part.active_updates is not None]
    same = len({part.n_steps for part in parts}) == 1
    return first.model_copy(
        update={
            "n_samples": int(starts[-1]),
            "n_steps": steps,
            "complete": all(part.complete for part in parts),
            "spikes": {name: rows("spikes", name) for name in first.spikes},
            "input_spikes": {name: rows("input_spikes", name) for name in first.input_spikes},
            "payloads": {name: np.concatenate([part.payloads[name] for part in parts]) for name in first.payloads},
            "states": {name: np.concatenate([part.states[name] for part in parts]) for name in first.states if same},
            "active_updates": np.concatenate(active) if len(active) == len(parts) and same else None,
            "overflows": {name: sum(part.overflows[name] for part in parts) for name in first.overflows},
            "final_state": None,
        }
    )
