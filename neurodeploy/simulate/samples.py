"""Verb: run whatever describes samples: a stimulus, arrays, event rows, or an iterator of samples in batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, about, finding, raise_errors
from neurodeploy.diagnostics.choices import CALL, chosen, needs, whole_faults
from neurodeploy.network import Events, Input, Network, Probe, Spikes
from neurodeploy.program.program import Program
from neurodeploy.program.validate import require_sound
from neurodeploy.signals.recording import Recording
from neurodeploy.signals.state import Engine, RunOptions, RunState, TimeOrigin
from neurodeploy.signals.stimulus import Stimulus
from neurodeploy.simulate.backend import Progress
from neurodeploy.simulate.encode import encode
from neurodeploy.simulate.events import plain_columns
from neurodeploy.simulate.options_check import step_faults
from neurodeploy.simulate.probes import probes_named
from neurodeploy.simulate.resume import samples_of_state
from neurodeploy.simulate.run import run_program, with_findings
from neurodeploy.simulate.sample_forms import Samples, described_samples, sample_values
from neurodeploy.simulate.shown_steps import folded

__all__ = ["RunChoices", "RunFields", "Samples", "joined", "run", "run_samples", "stimulus_of"]

if TYPE_CHECKING:
    from typing_extensions import Unpack

Array = NDArray[Any]
BATCH = 64


class RunFields(TypedDict, total=False):
    """Fields of RunOptions but for its probes, as arguments of a function."""

    seed: int
    engine: Engine
    threads: int | None
    record: Sequence[str] | None
    activity: bool
    overflow: bool
    keep_state: bool
    resume: RunState | None
    timeout_s: float | None
    noise: Mapping[str, Any]
    time_origin: TimeOrigin


class RunChoices(RunFields, total=False):
    """Fields of RunOptions, as arguments of a function."""

    probes: str | Sequence[str | tuple[str, str] | Probe]


def stimulus_of(
    network: Network,
    values: Mapping[str, Any],
    *,
    steps: int | None = None,
    seed: int = 0,
    samples: int | None = None,
    first_sample: int = 0,
    time_origin: TimeOrigin = "zero",
) -> Stimulus:
    """Return the stimulus of arrays and rows of events; every input has one of them. Raises DiagnosticError: ND505.

    `samples`: how many there are, since rows of events do not tell of an empty last one.
    """
    told = sample_values(network, values, samples=samples)
    return encode(network, told, steps=steps, seed=seed, first_sample=first_sample, time_origin=time_origin)


def run(
    program: Program,
    samples: Samples = None,
    *,
    steps: int | None = None,
    batch: int | None = None,
    backend: str = "emulator",
    options: RunOptions | None = None,
    progress: Progress | None = None,
    **choices: Unpack[RunChoices],
) -> Recording:
    """Return the recording of samples on a backend: spikes, probed states, counters, and `findings` of the run.

    `samples`: input -> array (samples, *shape) of values for its encoder, from 0 to 1, or (samples, steps, *shape) of
    spikes 0 or 1, or integer rows (sample, step, line), steps counted from 1; the array alone for a network with one
    input; an iterator of one such mapping or array per sample, without the samples' axis or column; SampleValues, as
    nd.load gives them of a stimulus file; the path of such a file; or a Stimulus. None: a network without inputs, which
    drives itself. `steps`: for which each sample is shown; default: as long as its values, else time.steps_per_sample
    of the network. `backend`: a name of nd.backends(). Some more steps are run until the last spike has acted on every
    population. `batch`: samples of an iterator that are run at a time, 64 by default; it changes no bit. `progress`:
    called with (steps done, steps in all). `choices`: fields of RunOptions by name, such as seed, engine, threads, record,
    keep_state, resume, timeout_s; `probes` may be written "population.variable". They count before those of `options`.

    Raises DiagnosticError: ND002 (arguments), ND501-ND504 (backend), ND505 (samples), ND506 (what the backend gave),
    ND508, ND509 (states), ND510 (names of the network).
    """
    needs("run", program=(program, Program), backend=(backend, str), progress=(progress, CALL))
    require_sound(program)
    raise_errors("run", whole_faults("run", steps=steps, batch=batch))
    asked: dict[str, Any] = dict(choices)
    if "probes" in asked:
        asked["probes"] = probes_named(program.network, asked["probes"])
    made = chosen("run", RunOptions, options, asked, ("steps", "batch", "backend", "options", "progress"))
    return run_samples(program, samples, steps=steps, batch=batch, backend=backend, options=made, progress=progress)


def run_samples(
    program: Program,
    samples: Samples,
    *,
    steps: int | None = None,
    batch: int | None = None,
    backend: str = "emulator",
    options: RunOptions = RunOptions(),  # noqa: B008  # a noun is frozen
    progress: Progress | None = None,
) -> Recording:
    """Return the recording of all samples; an iterator is taken `batch` samples at a time, and never as a whole.

    `steps`: for which each sample is shown; the first sample of an iterator decides otherwise. The recording is the
    same for every batch, but that findings of the input count by batch. Raises what encode and run_program raise.
    """
    require_sound(program)
    network = program.network
    raise_errors("run", [] if batch is None else step_faults(batch, "batch"))
    plain = described_samples(network, samples)
    if isinstance(plain, Iterator):
        return _in_batches(program, plain, (steps, batch or BATCH), backend, options, progress)
    if isinstance(plain, Stimulus) and steps not in (None, plain.n_steps):
        told = f"is encoded already for {plain.n_steps} steps, and {steps} are asked for"
        raise_errors(
            "run", [finding("ND505", about("stimulus"), told, fixes=["give the samples instead, or no steps"])]
        )
    if isinstance(plain, Stimulus) and options.time_origin != "zero":
        told = f"is encoded already, and time_origin={options.time_origin!r} is asked for"
        raise_errors("run", [finding("ND505", about("stimulus"), told, fixes=["encode(..., time_origin=...)"])])
    shown = (
        plain
        if isinstance(plain, Stimulus)
        else encode(network, plain, steps=steps, seed=options.seed, time_origin=options.time_origin)
    )
    return run_program(program, shown, backend=backend, options=options, progress=progress)


def _in_batches(
    program: Program,
    samples: Iterator[Mapping[str, Any]],
    how: tuple[int | None, int],
    backend: str,
    options: RunOptions,
    progress: Progress | None,
) -> Recording:
    """The recording of samples that come one by one. `how`: steps, if they are asked for, and samples at a time."""
    network, parts, done, presented = program.network, list[Recording](), 0, how[0]
    told = list[Diagnostic]()
    for group in _batches(samples, how[1]):
        presented = presented or _length(network, group[0])
        values = _together(network, group, presented, done)
        n = len(group)
        shown = encode(
            network,
            sample_values(network, values, samples=n),
            steps=presented,
            seed=options.seed,
            first_sample=done,
            time_origin=options.time_origin,
        )
        told += shown.findings
        own = _of_batch(options, done, done + n)
        part = run_program(program, shown, backend=backend, options=own, progress=progress)
        whole = part.complete or not parts or part.n_steps == parts[0].n_steps
        parts.append(part) if whole else parts.append(_stopped(parts.pop()))
        done += n
        if not parts[-1].complete:
            break
    raise_errors("run", [] if parts else [finding("ND505", about("network", network.name), "was given no samples")])
    raise_errors("run", _left_over(options, done) if parts[-1].complete else [])
    return joined(parts) if len(parts) == 1 else with_findings(program, joined(parts), folded(told))


def _of_batch(options: RunOptions, start: int, stop: int) -> RunOptions:
    """Options of the run of samples [start, stop): of what is given for each sample, their part."""
    if options.resume is None and not options.noise:
        return options
    noise = {name: given if len(given) == 1 else given[start:stop] for name, given in options.noise.items()}
    kept = options.resume
    raise_errors("run", _left_over(options, stop) if kept is not None and kept.n_samples < stop else [])
    return options.model_copy(
        update={"noise": noise, "resume": None if kept is None else samples_of_state(kept, start, stop)}
    )


def _left_over(options: RunOptions, samples: int) -> list[Diagnostic]:
    """What was given for more samples than there were."""
    found = list[Diagnostic]()
    if options.resume is not None and options.resume.n_samples != samples:
        told, held = "has another number of samples than there are", options.resume.n_samples
        found.append(finding("ND509", about("state"), told, found=held, limit=samples, unit="sample"))
    for name, given in options.noise.items():
        if len(given) not in (1, samples):
            told = "draws are given for another number of samples than there are"
            found.append(finding("ND511", about("noise", name), told, found=len(given), limit=samples, unit="sample"))
    return found


def _batches(samples: Iterator[Mapping[str, Any]], size: int) -> Iterator[list[Mapping[str, Any]]]:
    while group := list(islice(samples, size)):
        yield group


def _is_pairs(item: Input, value: Array) -> bool:
    """Whether one sample's values are rows (step, line): two columns, unless the input has two lines."""
    pairs = value.ndim == 2 and value.shape[1] == 2 and value.dtype.kind in "iu"
    return isinstance(item.encoder, Spikes) and pairs and item.shape != (2,)


def _is_rows(item: Input, value: Array) -> bool:
    return isinstance(item.encoder, Events) or _is_pairs(item, value)


def _length(network: Network, sample: Mapping[str, Any]) -> int | None:
    """Steps that one sample's values over time last; else what the network says."""
    found = list[int]()
    for name, value in sample.items():
        item, array = network.input_by_name.get(name), np.asarray(value)
        if item is not None and not _is_rows(item, array) and array.ndim == len(item.shape) + 1:
            found.append(array.shape[0])
    return max(found, default=network.time.steps_per_sample)


def _together(
    network: Network, group: list[Mapping[str, Any]], steps: int | None, first_sample: int
) -> dict[str, Array]:
    """One mapping of many samples: arrays get an axis, rows of events a column of their sample."""
    names, found = dict.fromkeys(name for item in group for name in item), dict[str, Array]()
    lacking = {name: sum(name not in item for item in group) for name in names}
    told = [(name, f"is given no value in {count} of {len(group)} samples") for name, count in lacking.items() if count]
    raise_errors("encode", [finding("ND505", about("input", name), message) for name, message in told])
    for name in names:
        item = network.input_by_name.get(name)
        values = [plain_columns(item, one[name]) if item else np.asarray(one[name]) for one in group]
        if item is not None and values and all(_is_rows(item, value) for value in values):
            raise_errors("encode", _row_faults(item, values, steps, first_sample))
            found[name] = np.concatenate([np.insert(value, 0, k, axis=1) for k, value in enumerate(values)])
            continue
        if item is not None and steps is not None:
            values = _lasting(item, values, steps)
        raise_errors("encode", _ragged(name, values, first_sample))
        found[name] = np.stack(values)
    return found


def _row_faults(item: Input, values: list[Array], steps: int | None, first_sample: int) -> list[Diagnostic]:
    """Rows that are none; and rows of which nobody says how long a sample lasts, since no two end in the same step."""
    columns = len(item.encoder.columns) if isinstance(item.encoder, Events) else 2
    bad = [k for k, v in enumerate(values) if v.ndim != 2 or v.shape[1] != columns or v.dtype.kind not in "iu"]
    if bad:
        shape = list(values[bad[0]].shape)
        told = f"events of sample {first_sample + bad[0]} have shape {shape}; needs integer rows of {columns} columns"
        return [finding("ND505", about("input", item.name), told)]
    if steps is None:
        told = "nobody says how long a sample of events lasts"
        return [finding("ND505", about("input", item.name), told, fixes=["steps=N, or time.steps_per_sample"])]
    return []


def _lasting(item: Input, values: list[Array], steps: int) -> list[Array]:
    """Values over time, silent at the end of those that are shorter than `steps` or than another sample; all else as it is.

    What is longer than `steps` is cut off where the samples are encoded, which says so.
    """
    timed = [value.ndim == len(item.shape) + 1 and value.shape[1:] == item.shape for value in values]
    most = max([steps, *(len(value) for value, over_time in zip(values, timed, strict=True) if over_time)])
    found = list[Array]()
    for value, over_time in zip(values, timed, strict=True):
        if over_time and len(value) < most:
            held = np.zeros((most, *item.shape), dtype=value.dtype)
            held[: len(value)] = value
            found.append(held)
        else:
            found.append(value)
    return found


def _ragged(name: str, values: list[Array], first_sample: int) -> list[Diagnostic]:
    other = next((k for k, value in enumerate(values) if value.shape != values[0].shape), None)
    if other is None:
        return []
    told = f"samples have different shapes: sample {first_sample} {list(values[0].shape)}, sample {first_sample + other} {list(values[other].shape)}"
    return [finding("ND505", about("input", name), told)]


def _stopped(part: Recording) -> Recording:
    """The samples before one that was stopped half-way, whose states would be shorter than theirs."""
    return part.model_copy(update={"complete": False, "final_state": None})


def joined(parts: list[Recording]) -> Recording:
    """Return one recording of the samples of several, numbered on."""
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
    }
    return first.model_copy(update=together)
