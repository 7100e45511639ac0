"""A large test set in parts on several workers, joined to the recording that one run would have given, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from os import PathLike
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from neurodeploy.base.noun import IntArray, Noun, json_digest
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.io.tensors import digest_of
from neurodeploy.program import Program
from neurodeploy.signals import Recording, RunOptions, Samples, SampleValues, Stimulus
from neurodeploy.simulate import accuracy, answers, get_backend, load_recording, save_recording
from neurodeploy.simulate.batches import batch_options, joined
from neurodeploy.simulate.decode import units_of
from neurodeploy.simulate.encode import encode, encode_values
from neurodeploy.simulate.encoding_findings import merged_findings
from neurodeploy.simulate.events import is_events, samples_in, with_encoders
from neurodeploy.simulate.learning_check import apart_findings
from neurodeploy.simulate.run import run_encoded
from neurodeploy.simulate.run_warnings import with_findings
from neurodeploy.simulate.samples import normalized_samples
from neurodeploy.sweep.executors import Pool, make_pool
from neurodeploy.sweep.nouns import Unit
from neurodeploy.sweep.objective import task_of
from neurodeploy.sweep.run import run_units
from neurodeploy.sweep.store import Store, opened
from neurodeploy.sweep.sweep import is_local
from neurodeploy.sweep.worker import Done, usable_cpus

__all__ = ["Evaluation", "evaluate_samples"]

LARGEST = 256
"""Most samples of a part, unless more are asked for."""
PARTS = 4
"""Parts for each worker, so that the last ones end at about the same time."""


class Evaluation(Noun):
    """What a program answers to a test set."""

    recording: Recording
    """Recording of all samples, as of one run."""
    answers: IntArray | None
    """(n_samples,) indices of neurons; None if the network has no output."""
    accuracy: float | None
    """Fraction of samples whose answer equals the label, from 0 to 1; None without labels or an output."""
    parts: int = Field(ge=1)
    """Parts of the test set."""
    ran: int = Field(ge=0)
    """Parts that were run now; the others were in the store."""
    findings: tuple[Diagnostic, ...] = ()
    """Findings of the store; those of the run are in the recording."""


class Part:
    """Runs one part of a test set in a worker."""

    def __init__(self, program: Program, backend: str, threads: int) -> None:
        self.program, self.backend, self.threads = program, backend, threads

    def __call__(
        self, *, samples: SampleValues | Stimulus, start: int, steps: int | None, options: RunOptions
    ) -> Recording:
        """Return the recording of a part.

        `samples`: of the part. `start`: number of its first sample, on which random draws depend. `steps`: of each sample.
        `options`: of the part.
        """
        stimulus = samples
        if isinstance(stimulus, SampleValues):
            stimulus = encode_values(
                self.program.network,
                stimulus,
                steps=steps,
                seed=options.seed,
                first_sample=start,
                time_origin=options.time_origin,
            )
        if options.threads is None and self.backend == "emulator":
            options = options.model_copy(update={"threads": self.threads})
        return run_encoded(self.program, stimulus, options, backend=self.backend)


class _Set(NamedTuple):
    """A test set, and how it is cut."""

    values: SampleValues | Stimulus
    n: int
    size: int
    """Samples of a part."""
    steps: int | None

    @property
    def starts(self) -> range:
        """First samples of the parts."""
        return range(0, self.n, self.size)


def evaluate_samples(
    program: Program,
    samples: Samples,
    labels: ArrayLike | None,
    options: RunOptions,
    *,
    backend: str = "emulator",
    executor: object = None,
    workers: int | None = None,
    size: int | None = None,
    store: str | PathLike[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Return the recording, answers and accuracy of a test set that is run in parts; all bits are those of one run.

    `program`, `samples`, `options`, `backend`: as for `run`. `labels`: (samples,); None: those of the samples. `executor`,
    `workers`: as for `make_pool`. `size`: samples of a part. `store`: folder in which parts are kept, so that a second start
    goes on. `progress`: called with (samples done, all samples).

    Raises DiagnosticError: ND968 (an iterator; samples that learn in sequence), ND961, ND964 and ND965, and as `run`.
    """
    with nullcontext() if store is None else opened(store) as kept:
        get_backend(backend)
        pool = make_pool(executor, workers, "evaluate")
        at_once = True
        try:
            whole = _cut_set(program, samples, options, pool, size)
            parts, ran = _parts(_Work(program, whole, options, backend), pool, kept, progress)
            at_once = False
        finally:
            pool.close(at_once=at_once)
    recording = _joined(program, parts, options)
    answered = answers(program.network, recording, units_of(program))
    wanted = whole.values.labels if labels is None else labels_for(recording, labels)
    known = None if answered is None or wanted is None else accuracy(answered, wanted[: recording.n_samples])
    return Evaluation(
        recording=recording,
        answers=answered,
        accuracy=known,
        parts=len(parts),
        ran=ran,
        findings=() if kept is None else kept.repaired,
    )


def _refused(message: str, fix: str) -> DiagnosticError:
    return DiagnosticError("evaluate", (finding("ND968", about("samples"), message, fixes=[fix]),))


def _cut_set(program: Program, samples: Samples, options: RunOptions, pool: Pool, size: int | None) -> _Set:
    """The test set, with the size of its parts. Raises DiagnosticError: ND968, and as `normalized_samples`."""
    if options.learn == "sequential":
        raise _refused("learn in sequence, each from the one before it", "nd.run, or learn='apart'")
    plain = normalized_samples(program.network, samples)
    if isinstance(plain, Iterator):
        raise _refused("come from an iterator, which has no parts", "put them into an array, or nd.run")
    if isinstance(plain, SampleValues) and _needs_all(program, plain, options):
        plain = encode(program.network, plain, steps=options.steps, seed=options.seed, time_origin=options.time_origin)
    n = plain.n_samples if isinstance(plain, Stimulus) else _count(program, plain)
    usual = max(1, min(LARGEST, -(-n // (PARTS * pool.workers()))))
    return _Set(plain, n, size or usual, options.steps)


def _needs_all(program: Program, values: SampleValues, options: RunOptions) -> bool:
    """Whether the length of a sample depends on all samples: on the last event of them."""
    if options.steps is not None or program.network.time.steps_per_sample is not None:
        return False
    inputs = with_encoders(program.network, values).input_by_name
    return not values.values or any(is_events(inputs[name], array) for name, array in values.values.items())


def _count(program: Program, values: SampleValues) -> int:
    """Number of samples, as far as it can be known before they are checked."""
    inputs = with_encoders(program.network, values).input_by_name
    counts = [values.n_samples or 0, 0 if values.labels is None else values.labels.size]
    for name, array in values.values.items():
        item = inputs.get(name)
        rows = item is not None and is_events(item, array) and array.ndim == 2 and array.shape[1] > 0
        counts.append(
            samples_in(values, array) if rows and array.dtype.kind in "iu" else len(array) if array.ndim else 1
        )
    return max(*counts, 1)


def _values_of(program: Program, values: SampleValues, start: int, stop: int) -> SampleValues:
    """Samples from `start` to before `stop`; rows of events count from 0 again."""
    inputs, kept = with_encoders(program.network, values).input_by_name, dict[str, Any]()
    for name, array in values.values.items():
        item = inputs.get(name)
        if item is not None and is_events(item, array) and array.ndim == 2 and array.shape[1] > 0:
            mine = array[(array[:, 0] >= start) & (array[:, 0] < stop)].copy()
            mine[:, 0] -= start
            kept[name] = mine
        else:
            kept[name] = array[start:stop] if array.ndim else array
    labels = None if values.labels is None else values.labels[start:stop]
    return values.model_copy(update={"values": kept, "labels": labels, "n_samples": stop - start})


def _stimulus_of(stimulus: Stimulus, start: int, stop: int) -> Stimulus:
    part = stimulus.part(np.arange(start, stop))
    return part.model_copy(update={"first_sample": stimulus.first_sample + start, "findings": ()})


class _Work(NamedTuple):
    """What is run, apart from where."""

    program: Program
    whole: _Set
    options: RunOptions
    backend: str

    def digest(self) -> str:
        """Digest of what all parts share."""
        without = ("threads", "resume", "noise", "learned")
        return json_digest([self.program.digest(), self.backend, digest_of(self.options, without)])

    def units(self, digest: str) -> Iterator[tuple[int, Unit]]:
        """Number and unit of each part, addressed by its content."""
        whole, values = self.whole, self.whole.values
        for number, start in enumerate(whole.starts):
            stop = min(start + whole.size, whole.n)
            cut = (
                _stimulus_of(values, start, stop)
                if isinstance(values, Stimulus)
                else _values_of(self.program, values, start, stop)
            )
            options = batch_options(self.options, start, stop, [])
            fields: dict[str, Any] = {"samples": cut, "start": start, "steps": whole.steps, "options": options}
            own = [digest, digest_of(cut), digest_of(options, ("threads",)), start]
            yield number, Unit(json_digest(own), fields)


def _parts(
    work: _Work, pool: Pool, store: Store | None, progress: Callable[[int, int], None] | None
) -> tuple[list[Recording], int]:
    """Recordings of all parts in their order, and how many were run."""
    whole, parts, numbers, done = work.whole, dict[int, Recording](), dict[str, int](), [0, 0]
    digest = work.digest()
    task = task_of(
        Part(work.program, work.backend, max(1, usable_cpus() // pool.workers())), digest, sent=not is_local(pool)
    )

    def keep(number: int, recording: Recording) -> None:
        parts[number] = recording
        done[0] += recording.n_samples
        if progress is not None:
            progress(done[0], whole.n)

    def missing() -> Iterator[Unit]:
        for number, unit in work.units(digest):
            known = None if store is None else _kept(store, unit.address)
            if known is None:
                numbers[unit.address] = number
                yield unit
            else:
                keep(number, known)

    def take(came: Done) -> None:
        if came.result is None:
            raise DiagnosticError("evaluate", came.findings)
        done[1] += 1
        if store is not None and came.result.complete:
            save_recording(came.result, store.part(f"{came.unit.address}.ndr"))
        keep(numbers.pop(came.unit.address), came.result)

    run_units(task, missing(), pool, take)
    return [parts[number] for number in sorted(parts)], done[1]


def _kept(store: Store, address: str) -> Recording | None:
    """A part of an earlier start; None if there is none, or none that can be read."""
    path = store.part(f"{address}.ndr")
    try:
        return load_recording(path) if path.exists() else None
    except DiagnosticError:
        return None


def labels_for(recording: Recording, labels: ArrayLike) -> IntArray:
    """Return one label for each sample of a recording. `labels`: of the user. Raises DiagnosticError: ND505."""
    try:
        wanted = np.asarray(labels)
    except (ValueError, TypeError, RuntimeError):
        wanted = np.asarray(None)
    if wanted.ndim != 1 or wanted.dtype.kind not in "iu" or wanted.size != recording.n_samples:
        message = f"are {wanted.dtype} {list(wanted.shape)}; needs whole numbers of shape [{recording.n_samples}]"
        raise DiagnosticError("evaluate", (finding("ND505", about("labels"), message),))
    return wanted


def _joined(program: Program, parts: list[Recording], options: RunOptions) -> Recording:
    made = joined(parts)
    found = [item for part in parts for item in part.findings]
    apart = apart_findings(program, made.n_samples, options)
    return with_findings(program, made, (*merged_findings(found), *apart))
