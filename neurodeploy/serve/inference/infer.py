"""Inference: requests to replies. What a request gets does not depend on the requests that run together with it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding, raise_errors
from neurodeploy.program.program import Program
from neurodeploy.serve.inference.joining import Joined, joined, key_of
from neurodeploy.serve.inference.models import Model
from neurodeploy.serve.inference.nouns import InferReply, InferRequest
from neurodeploy.serve.inference.outputs import Outputs, cost_of, counts_by_sample
from neurodeploy.serve.inference.prepared import Prepared, prepared
from neurodeploy.signals.options import Learn, RunOptions
from neurodeploy.signals.recording import Recording
from neurodeploy.simulate.learning_check import apart_findings
from neurodeploy.simulate.options_check import seed_faults
from neurodeploy.simulate.run import run_encoded
from neurodeploy.simulate.run_warnings import run_findings

__all__ = ["Answer", "Circumstances", "Run", "infer"]

Answer = InferReply | Exception
"""What a request gets."""
COUNTED = frozenset({"ND530", "ND531", "ND532", "ND533", "ND534"})
"""Findings about counts of a run: overflows, and neurons that are silent or saturated."""
SHORT_S, LONG_S = 0.02, 0.25
"""Seconds of a run from which several threads pay, and from which it is worth to be able to stop it."""
_ONE_AT_A_TIME = Lock()
"""Held by a run on another backend than the emulator: simulators in processes of their own, and boards, serve one run at a time."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What replies do not depend on: how fast, and what is counted besides."""

    threads: int | None = None
    """Threads of a long run. None: one per CPU."""
    expected_s: float | None = None
    """Seconds that the runs will take together. None: not known."""
    overflow: bool = False
    """Whether overflows are counted, which takes up to four times as long."""
    ended: Callable[[], bool] | None = None
    """Called during long runs: whether to stop."""
    run_s: float | None = None
    """Seconds after which a run is stopped."""

    @property
    def threads_now(self) -> int:
        """Threads of each run."""
        short = self.expected_s is not None and self.expected_s < SHORT_S
        return 1 if short else self.threads or os.cpu_count() or 1

    @property
    def may_last(self) -> bool:
        """Whether a run may last so long that it must be possible to stop it."""
        return self.expected_s is None or self.expected_s > LONG_S


@dataclass(frozen=True, slots=True)
class Run:
    """One run, and the requests that it answered."""

    places: tuple[int, ...]
    """Numbers of the requests."""
    failed: int
    """Those that were answered with an error."""
    running_s: float
    counts: dict[str, NDArray[np.int64]]
    """Population -> (samples, size) spikes; empty without a recording."""
    recording: Recording | None
    early_steps: NDArray[np.int64] | None = None
    """(samples,) steps after which answers were decided early, of the requests that wanted it."""


def infer(
    model: Model, requests: Sequence[InferRequest], circumstances: Circumstances = Circumstances()
) -> tuple[list[Answer], list[Run]]:
    """Return the reply to each request, or what is wrong with it, and the runs that were made for them.

    The outputs are those of requests that run alone, bit for bit. Errors in place of a reply: ND912 (an output that the model
    does not have), ND923 (stopped), and the codes of nd.run and nd.early_stop.
    """
    own, answers, runs = prepared(model), dict[int, Answer](), list[Run]()
    keys = dict[Any, list[int]]()
    for place, request in enumerate(requests):
        try:
            own.wanted(request)
            raise_errors("serve", seed_faults(request.parameters.seed))
        except DiagnosticError as error:
            answers[place] = error
            runs.append(Run((place,), 1, 0.0, {}, None))
            continue
        alone = not own.together or request.parameters.profile or request.parameters.learn is not None
        key = key_of(own, request)
        keys.setdefault((place if alone else None, key), []).append(place)
    for (_, key), places in keys.items():
        runs += _answered(own, requests, places, circumstances, answers, stack=key is not None)
    return [answers[place] for place in range(len(requests))], runs


def _answered(
    own: Prepared,
    requests: Sequence[InferRequest],
    places: list[int],
    circumstances: Circumstances,
    answers: dict[int, Answer],
    *,
    stack: bool,
) -> Iterator[Run]:
    """Answer requests, and yield the runs. What fails in the company of others is run again alone."""
    begun = time.perf_counter()
    try:
        sets, faults = joined(own, requests, places, stack=stack)
        answers.update(faults)
        if faults:
            yield Run(tuple(faults), len(faults), time.perf_counter() - begun, {}, None)
        for item in sets:
            yield _run(own, requests, item, circumstances, answers, begun)
            begun = time.perf_counter()
    except Exception as error:  # what one request causes must not reach the others
        left = [place for place in places if place not in answers]
        if len(places) > 1:
            for place in left:
                yield from _answered(own, requests, [place], circumstances, answers, stack=stack)
            return
        answers.update(dict.fromkeys(left, error))
        yield Run(tuple(left), len(left), time.perf_counter() - begun, {}, None)


def _run(
    own: Prepared,
    requests: Sequence[InferRequest],
    item: Joined,
    circumstances: Circumstances,
    answers: dict[int, Answer],
    begun: float,
) -> Run:
    """Run requests together, and answer them. Raises DiagnosticError: as nd.run, and ND923 (stopped)."""
    options = _options(own, requests[item.places[0]], item, circumstances)
    recording = _recorded(own, item, options, circumstances)
    counts = counts_by_sample(own.model.program, recording)
    outputs, failed, early = Outputs(own, recording, counts), 0, list[NDArray[np.int64]]()
    backend = recording.findings[len(item.stimulus.findings) :]
    told = (*backend, *_findings(own.model.program, recording, options))
    for (place, low, high), noted in zip(item.ranges(), item.findings, strict=True):
        request, margin = requests[place], requests[place].parameters.margin
        try:
            answers[place] = _reply(own, request, outputs, recording, (low, high), (*noted, *told))
        except DiagnosticError as error:
            answers[place], failed = error, failed + 1
        else:
            early += [] if margin is None else [outputs.early_steps(margin)[low:high]]
    seconds = time.perf_counter() - begun
    return Run(item.places, failed, seconds, counts, recording, np.concatenate(early) if early else None)


def _options(own: Prepared, first: InferRequest, item: Joined, circumstances: Circumstances) -> RunOptions:
    """The options of a run. Seed, profile and learning are those of its only request where they matter."""
    chosen, alone = first.parameters, len(item.places) == 1
    emulated = own.model.backend == "emulator"
    return _made_options(
        until=item.stimulus.n_steps + own.drain_steps,
        seed=chosen.seed if alone else 0,
        threads=circumstances.threads_now,
        counted=chosen.profile,
        overflow=chosen.profile or (circumstances.overflow and own.counts_overflows),
        learn=chosen.learn,
        timeout_s=None if emulated else circumstances.run_s,
    )


@lru_cache(256)
def _made_options(
    *,
    until: int,
    seed: int,
    threads: int,
    counted: bool,
    overflow: bool,
    learn: Learn | None,
    timeout_s: float | None,
) -> RunOptions:
    return RunOptions(
        until=until,
        seed=seed,
        threads=threads,
        activity=counted,
        overflow=overflow,
        learn=learn,
        timeout_s=timeout_s,
    )


def _recorded(own: Prepared, item: Joined, options: RunOptions, circumstances: Circumstances) -> Recording:
    """The complete recording of a run. Raises DiagnosticError: as nd.run, and ND923 if it was stopped."""
    began, model = time.perf_counter(), own.model
    why = list[str]()

    def watch(_: int, __: int) -> None:
        if circumstances.ended is not None and circumstances.ended():
            why.append("was stopped, because the server ends")
        elif circumstances.run_s is not None and time.perf_counter() - began > circumstances.run_s:
            why.append(f"was stopped after {circumstances.run_s:g} s, the longest time for which a request may run")
        if why:
            raise KeyboardInterrupt

    progress = watch if model.backend == "emulator" and circumstances.may_last else None
    with nullcontext() if model.backend == "emulator" else _ONE_AT_A_TIME:
        recording = run_encoded(model.program, item.stimulus, options, backend=model.backend, progress=progress)
    if not recording.complete:
        message = why[0] if why else "was stopped"
        fixes = ["send fewer samples, or show them for fewer steps"]
        raise DiagnosticError("serve", (finding("ND923", about("request"), message, fixes=fixes),))
    return recording


def _findings(program: Program, recording: Recording, options: RunOptions) -> tuple[Diagnostic, ...]:
    """What follows from the recording of one request, as nd.run tells it. What depends on the number of samples, neurons that
    are silent or saturated, and overflows, which are not always counted, is told with a profile only; metrics have them."""
    if not options.activity and recording.learned is None:
        return ()
    found = (*apart_findings(program, recording.n_samples, options), *run_findings(program, recording))
    return found if options.activity else tuple(item for item in found if item.code not in COUNTED)


def _reply(
    own: Prepared,
    request: InferRequest,
    outputs: Outputs,
    recording: Recording,
    samples: tuple[int, int],
    findings: tuple[Diagnostic, ...],
) -> InferReply:
    """The reply to the request of samples [low, high). Raises DiagnosticError: ND853, ND513."""
    chosen, wanted = request.parameters, own.wanted(request)
    tensors = tuple(outputs.tensor(info, *samples, chosen.margin) for info in wanted)
    if request.outputs:
        binary = frozenset(item.name for item in request.outputs if item.binary or request.binary)
    else:
        binary = frozenset(info.name for info in wanted) if request.binary else frozenset[str]()
    said: dict[str, Any] = {"backend": recording.backend, "ran_on": recording.ran_on}
    if chosen.margin is not None:
        said["mean_steps"] = float(outputs.early_steps(chosen.margin)[slice(*samples)].mean())
    if chosen.profile:
        said["profile"] = cost_of(own.model.program, recording)
    warnings = tuple(item for item in findings if item.severity == "warning") if findings else ()
    return InferReply(own.model.name, own.model.version, tensors, binary, request.id, said, warnings)
