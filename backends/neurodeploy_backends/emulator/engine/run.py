"""The compiled engine: samples shared out over threads, or the neurons of one sample over several."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from itertools import pairwise

from neurodeploy.diagnostics import DiagnosticError, raise_errors
from neurodeploy.network import Current
from neurodeploy.program.program import Program
from neurodeploy.signals.options import Progress, RunOptions
from neurodeploy.signals.recording import Recording
from neurodeploy.signals.stimulus import Stimulus
from neurodeploy_backends.emulator.engine.job import Job, Share, no_thread
from neurodeploy_backends.emulator.engine.results import recording_of
from neurodeploy_backends.emulator.engine.states import state_faults
from neurodeploy_backends.emulator.lowering.models import graded

__all__ = ["run_native"]

PROGRESS_S = 0.1
"""Seconds between two calls of a progress callback."""
SHARES = 4
"""Ranges of samples for each thread, so that a slow thread does not delay the others."""
PAYS_FROM = 4_000_000
"""Synapses from which several threads share one sample: they synchronize in every step, so a step must be long enough."""


def _pieces(program: Program, n_samples: int, threads: int) -> int:
    """Threads that share one sample: more than one only where a step is long enough to outweigh synchronization."""
    if n_samples > 1 or threads < 2 or program.faults or _sends_values(program) or _learns(program):
        return 1
    return threads if program.tables.entry_target.size >= PAYS_FROM else 1


def _sends_values(program: Program) -> bool:
    """Whether spikes carry values. A value is overwritten in the next step, while another thread may still deliver it."""
    return bool(graded(program)) or any(isinstance(item.encoder, Current) for item in program.network.inputs)


def _learns(program: Program) -> bool:
    """Whether there are plastic projections. The kernels hold each as a whole."""
    return any(item.plasticity is not None for item in program.network.projections)


def _shares(n_samples: int, workers: int, *, single: bool) -> list[Share]:
    """Ranges of the samples; `single`: one sample each, because its state is given, kept or learned."""
    count = n_samples if single else min(n_samples, workers if workers == 1 else workers * SHARES)
    cuts = [k * n_samples // count for k in range(count + 1)]
    return [Share(low, high) for low, high in pairwise(cuts)]


def run_native(
    program: Program, stimulus: Stimulus, steps: int, options: RunOptions, progress: Progress | None
) -> Recording:
    """The recording of a sound program, stimulus and options, steps up to `steps` of every sample.

    After Ctrl-C the samples before the first unfinished one are kept, or the completed steps of a single one. Raises ND509
    (the state to resume), ND511 (a thread that cannot be started).
    """
    threads = options.threads or os.cpu_count() or 1
    pieces = _pieces(program, stimulus.n_samples, threads)
    job = Job(program, stimulus, steps, options, pieces)
    raise_errors("run", state_faults(program, job.low, options.resume) if options.resume else [])
    single = options.keep_state or options.resume is not None or _learns(program)
    workers = 1 if pieces > 1 or job.learning.sequential else threads
    shares = _shares(stimulus.n_samples, workers, single=single)
    if workers == 1 and progress is None and not _is_interruptible():
        for share in shares:
            job.run(share)
    else:
        _run_in_threads(job, shares, workers, progress)
    return recording_of(job, shares)


def _is_interruptible() -> bool:
    """Whether Ctrl-C may raise KeyboardInterrupt here: in the main thread, unless its program handles the signal itself."""
    if threading.current_thread() is not threading.main_thread():
        return False
    return signal.getsignal(signal.SIGINT) is signal.default_int_handler


def _run_in_threads(job: Job, shares: list[Share], workers: int, progress: Progress | None) -> None:
    """Run the shares while this thread waits for Ctrl-C, which stops the job. Raises DiagnosticError: ND511."""
    whole = job.stimulus.n_samples * job.length
    with ThreadPoolExecutor(workers) as pool:
        try:
            futures = [pool.submit(job.run, share) for share in shares]
        except RuntimeError as error:
            job.stopped.set()
            raise DiagnosticError("run", (no_thread(workers, error),)) from None
        try:
            _wait(futures, lambda: progress and progress(sum(s.done for s in shares), whole))
        except KeyboardInterrupt:
            job.stopped.set()
    for future in futures:
        future.result()


def _wait(futures: list[Future[None]], report: Callable[[], object]) -> None:
    """Wait for all, reporting progress meanwhile; a failure ends the wait."""
    waiting = set(futures)
    while waiting:
        waiting = wait(waiting, timeout=PROGRESS_S, return_when=FIRST_EXCEPTION).not_done
        report()
