"""Samples of an iterator, run in batches of bounded size and joined to one recording."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, about, finding, raise_errors
from neurodeploy.network import Events, Input, Network, Spikes
from neurodeploy.program.program import Program
from neurodeploy.signals import Learned, Recording, RunOptions, RunState, Stimulus
from neurodeploy.simulate.encode import encode_values
from neurodeploy.simulate.encoding_findings import merged_findings
from neurodeploy.simulate.events import plain_columns
from neurodeploy.simulate.learning_check import apart_findings, sequence_faults
from neurodeploy.simulate.resume import state_slice
from neurodeploy.simulate.run_warnings import with_findings
from neurodeploy.simulate.samples import OneSample, sample_values

__all__ = ["batch_options", "joined", "run_in_batches"]

Array = NDArray[Any]
BATCH = 64
RunOne = Callable[[Stimulus, RunOptions], Recording]
"""Runs one encoded batch; the findings of its recording are those of the stimulus and of the backend."""


def run_in_batches(program: Program, samples: Iterator[OneSample], options: RunOptions, run: RunOne) -> Recording:
    """Return the recording of all samples. One batch at a time is in memory; the batch size never changes results.

    Without `options.steps`, the first sample sets the length of all samples. Raises DiagnosticError: ND505
    (samples), ND509, ND511 and ND518 (states, noise or learned weights for another number of samples), ND520 (a sequence
    with states), and the codes of `run`.
    """
    parts, done, steps, found = list[Recording](), 0, options.steps, list[Diagnostic]()
    for group in _batches(samples, options.batch or BATCH):
        steps = steps or _length(program.network, group[0])
        stop = done + len(group)
        raise_errors("run", list(sequence_faults(program, stop, options)))
        stimulus = _encoded(program.network, group, steps, done, options)
        part = run(stimulus, batch_options(options, done, stop, parts[-1:]))
        found += stimulus.findings if parts else part.findings  # what the backend says holds for all batches
        whole = part.complete or not parts or part.n_steps == parts[0].n_steps
        parts.append(part) if whole else parts.append(_stopped(parts.pop()))
        done = stop
        if not parts[-1].complete:
            break
    raise_errors("run", [] if parts else [finding("ND505", about("network", program.network.name), "got no samples")])
    raise_errors("run", _count_faults(options, done) if parts[-1].complete else [])
    made = joined(parts, in_sequence=options.learn == "sequential")
    return with_findings(program, made, (*merged_findings(found), *apart_findings(program, done, options)))


def _encoded(
    network: Network, group: list[OneSample], steps: int | None, first_sample: int, options: RunOptions
) -> Stimulus:
    values = sample_values(network, _collated(network, group, steps, first_sample), n_samples=len(group))
    return encode_values(
        network,
        values,
        steps=steps,
        seed=options.seed,
        first_sample=first_sample,
        time_origin=options.time_origin,
    )


def batch_options(options: RunOptions, start: int, stop: int, before: list[Recording]) -> RunOptions:
    """Return the options of a batch of samples [start, stop), with their share of state, noise and learned weights.

    `options`: of all samples. `before`: the batch before it, from which samples that learn in sequence go on.

    Raises DiagnosticError: ND509 (a state of fewer samples).
    """
    if options.learn == "sequential" and before:
        options = options.model_copy(update={"learned": before[0].learned})
    elif options.learned is not None and options.learn != "sequential":
        options = options.model_copy(update={"learned": _learned_slice(options.learned, start, stop)})
    if options.resume is None and not options.noise:
        return options
    noise = {name: draws if len(draws) == 1 else draws[start:stop] for name, draws in options.noise.items()}
    kept = options.resume
    raise_errors("run", _count_faults(options, stop) if kept is not None and kept.n_samples < stop else [])
    return options.model_copy(
        update={"noise": noise, "resume": None if kept is None else state_slice(kept, start, stop)}
    )


def _learned_slice(learned: Learned, start: int, stop: int) -> Learned:
    """What samples [start, stop) begin with: their rows, or the row of all."""
    rows = {name: rows if len(rows) == 1 else rows[start:stop] for name, rows in learned.synapses.items()}
    return learned.model_copy(update={"synapses": rows})


def _count_faults(options: RunOptions, samples: int) -> list[Diagnostic]:
    """ND509, ND511 and ND518 if a state, noise or learned weights are for another number of samples."""
    found = list[Diagnostic]()
    if options.resume is not None and options.resume.n_samples != samples:
        message, held = "has a different number of samples than the run", options.resume.n_samples
        found.append(finding("ND509", about("state"), message, found=held, limit=samples, unit="sample"))
    for name, draws in options.noise.items():
        if len(draws) not in (1, samples):
            message = "has draws for a different number of samples than the run"
            found.append(
                finding("ND511", about("noise", name), message, found=len(draws), limit=samples, unit="sample")
            )
    for name, rows in options.learned.synapses.items() if options.learned is not None else ():
        if len(rows) not in (1, samples):
            message = f"'{name}' is for a different number of samples than the run"
            where = about("option", "learned")
            found.append(finding("ND518", where, message, found=len(rows), limit=samples, unit="sample"))
    return found


def _batches(samples: Iterator[OneSample], size: int) -> Iterator[list[OneSample]]:
    while group := list(islice(samples, size)):
        yield group


def _is_step_line_pairs(item: Input, value: Array) -> bool:
    """Whether one sample's values are rows (step, line): two columns, unless the input has two lines."""
    pairs = value.ndim == 2 and value.shape[1] == 2 and value.dtype.kind in "iu"
    return isinstance(item.encoder, Spikes) and pairs and item.shape != (2,)


def _is_rows(item: Input, value: Array) -> bool:
    return isinstance(item.encoder, Events) or _is_step_line_pairs(item, value)


def _length(network: Network, sample: OneSample) -> int | None:
    """Length in steps of one sample's values over time; else the network's steps_per_sample."""
    found = list[int]()
    for name, value in sample.items():
        item, array = network.input_by_name.get(name), np.asarray(value)
        if item is not None and not _is_rows(item, array) and array.ndim == len(item.sample_shape) + 1:
            found.append(array.shape[0])
    return max(found, default=network.time.steps_per_sample)


def _collated(network: Network, group: list[OneSample], steps: int | None, first_sample: int) -> dict[str, Array]:
    """Samples of a batch in one mapping: arrays are stacked along a new axis, event rows get a sample column."""
    names, found = dict.fromkeys(name for item in group for name in item), dict[str, Array]()
    lacking = {name: sum(name not in item for item in group) for name in names}
    messages = [(name, f"has no value in {count} of {len(group)} samples") for name, count in lacking.items() if count]
    raise_errors("encode", [finding("ND505", about("input", name), message) for name, message in messages])
    for name in names:
        item = network.input_by_name.get(name)
        values = [plain_columns(item, one[name]) if item else np.asarray(one[name]) for one in group]
        if item is not None and values and all(_is_rows(item, value) for value in values):
            raise_errors("encode", _row_faults(item, values, steps, first_sample))
            found[name] = np.concatenate([np.insert(value, 0, k, axis=1) for k, value in enumerate(values)])
            continue
        if item is not None and steps is not None:
            values = _padded(item, values, steps)
        raise_errors("encode", _ragged(name, values, first_sample))
        found[name] = np.stack(values)
    return found


def _row_faults(item: Input, values: list[Array], steps: int | None, first_sample: int) -> list[Diagnostic]:
    """ND505 for malformed event rows, and for event rows without a sample length."""
    columns = len(item.encoder.columns) if isinstance(item.encoder, Events) else 2
    bad = [k for k, v in enumerate(values) if v.ndim != 2 or v.shape[1] != columns or v.dtype.kind not in "iu"]
    if bad:
        shape = list(values[bad[0]].shape)
        message = (
            f"events of sample {first_sample + bad[0]} have shape {shape}; needs integer rows of {columns} columns"
        )
        return [finding("ND505", about("input", item.name), message)]
    if steps is None:
        message = "the sample length is not specified"
        return [finding("ND505", about("input", item.name), message, fixes=["steps=N, or time.steps_per_sample"])]
    return []


def _padded(item: Input, values: list[Array], steps: int) -> list[Array]:
    """Values over time, padded with zeros to the longer of `steps` and the longest sample; other values unchanged.

    Encoding cuts values longer than `steps` and reports it.
    """
    timed = [value.ndim == len(item.sample_shape) + 1 and value.shape[1:] == item.sample_shape for value in values]
    most = max([steps, *(len(value) for value, over_time in zip(values, timed, strict=True) if over_time)])
    found = list[Array]()
    for value, over_time in zip(values, timed, strict=True):
        if over_time and len(value) < most:
            padded = np.zeros((most, *item.sample_shape), dtype=value.dtype)
            padded[: len(value)] = value
            found.append(padded)
        else:
            found.append(value)
    return found


def _ragged(name: str, values: list[Array], first_sample: int) -> list[Diagnostic]:
    other = next((k for k, value in enumerate(values) if value.shape != values[0].shape), None)
    if other is None:
        return []
    message = f"samples have different shapes: sample {first_sample} {list(values[0].shape)}, sample {first_sample + other} {list(values[other].shape)}"
    return [finding("ND505", about("input", name), message)]


def _stopped(part: Recording) -> Recording:
    """Mark the completed batches before one that stopped part-way; its shorter states cannot be joined to theirs."""
    return part.model_copy(update={"complete": False, "final_state": None})


def joined(parts: list[Recording], *, in_sequence: bool = False) -> Recording:
    """Return the recordings of consecutive batches as one recording, with samples numbered consecutively.

    `parts`: the batches. `in_sequence`: whether samples went on learning from the batch before, so that the last one holds
    what was learned.
    """
    if len(parts) == 1:
        return parts[0]
    starts = np.r_[0, np.cumsum([part.n_samples for part in parts])]
    first = parts[0]

    def rows(of: str, name: str) -> Array:
        shifted = [
            getattr(part, of)[name] + np.array([start, 0, 0]) for part, start in zip(parts, starts, strict=False)
        ]
        return np.concatenate(shifted).astype(np.int32)

    active = [part.active_updates for part in parts if part.active_updates is not None]
    return first.model_copy(
        update={
            "n_samples": int(starts[-1]),
            "complete": all(part.complete for part in parts),
            "spikes": {name: rows("spikes", name) for name in first.spikes},
            "input_spikes": {name: rows("input_spikes", name) for name in first.input_spikes},
            "payloads": {name: np.concatenate([part.payloads[name] for part in parts]) for name in first.payloads},
            "states": {name: np.concatenate([part.states[name] for part in parts]) for name in first.states},
            "active_updates": np.concatenate(active) if len(active) == len(parts) else None,
            "overflows": {name: sum(part.overflows[name] for part in parts) for name in first.overflows},
            "final_state": _joined_state([part.final_state for part in parts if part.final_state is not None], starts),
            "learned": parts[-1].learned if in_sequence else _joined_learned([part.learned for part in parts]),
        }
    )


def _joined_state(states: list[RunState], starts: Array) -> RunState | None:
    if len(states) < len(starts) - 1:
        return None
    first = states[0]
    together = {
        "n_samples": int(starts[-1]),
        "shown": tuple(text for state in states for text in state.shown),
        "variables": {name: np.concatenate([s.variables[name] for s in states]) for name in first.variables},
        "arriving": {name: np.concatenate([s.arriving[name] for s in states]) for name in first.arriving},
        "learning": {name: np.concatenate([s.learning[name] for s in states]) for name in first.learning},
    }
    return first.model_copy(update=together)


def _joined_learned(parts: list[Learned | None]) -> Learned | None:
    """What all samples learned apart from each other; None if a batch holds nothing."""
    held = [part for part in parts if part is not None]
    if not held or len(held) < len(parts):
        return None
    rows = {name: np.concatenate([part.synapses[name] for part in held]) for name in held[0].synapses}
    return held[0].model_copy(update={"synapses": rows, "step": held[-1].step})
