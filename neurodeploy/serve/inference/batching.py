"""The queue before the emulator: requests that wait for it run together, because a run of many samples costs little more than one
of few.

A request starts as soon as a thread is free, and those that arrive meanwhile are the next batch. It waits for company, up to two
milliseconds, only where company came lately. All of this runs in the event loop, so it needs no lock; runs are in threads, unless they are known to be short.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from operator import attrgetter
from threading import Event
from typing import NamedTuple

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.serve.inference.company import Company
from neurodeploy.serve.inference.infer import Answer, Circumstances, Run, infer
from neurodeploy.serve.inference.models import Model
from neurodeploy.serve.inference.nouns import InferReply, InferRequest
from neurodeploy.serve.inference.pace import Pace
from neurodeploy.serve.inference.prepared import Prepared, prepared
from neurodeploy.serve.observing.batches import BatchDone, Observer
from neurodeploy.serve.observing.seen import Seen, current
from neurodeploy.serve.options import ServeOptions

__all__ = ["Batcher", "TooBusyError"]

MOST_REQUESTS, MOST_SAMPLES = 64, 256
"""Requests of a batch, and samples unless one request alone has more."""
LONG_S = 0.02
"""Seconds after which a batch is long: others of the same model no longer wait for its end if a thread is free."""
OVERFLOW_EVERY = 16
"""Of so many batches of a model, one counts overflows: counting takes up to four times as long as the run."""
INLINE_S = 0.006
"""Longest time for which a batch runs in the event loop itself: to hand it to a thread would cost more than to wait for it."""
MOST_LINES = 256
"""Models that were asked for and of which the times are kept."""


class TooBusyError(DiagnosticError):
    """ND915: the queue is full."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        fixes = [f"send it again in {retry_after_s} s"]
        super().__init__("serve", (finding("ND915", about("server"), message, fixes=fixes),))
        self.retry_after_s = retry_after_s
        """Seconds until the queue will be empty, at the rate at which it was answered lately; at least 1."""


@dataclass(slots=True)
class _Waiting:
    """A request in the queue."""

    request: InferRequest
    reply: asyncio.Future[InferReply]
    arrived_s: float
    samples: int
    steps: int
    """Of each sample; 0: not known."""
    seen: Seen | None
    """The request of HTTP, where the times of its parts are noted; None outside of one."""

    def ran(self, begun_s: float, ended_s: float) -> None:
        """Note when its run began and ended."""
        if self.seen is not None:
            self.seen.queued, self.seen.started, self.seen.ended = self.arrived_s, begun_s, ended_s


@dataclass(slots=True)
class _Line:
    """The queue of one version of a model."""

    model: Model
    own: Prepared
    waiting: deque[_Waiting] = field(default_factory=deque[_Waiting])
    begun_s: list[float] = field(default_factory=list[float])
    """When the batches that run were begun."""
    last_s: float = 0.0
    """When its last batch was begun: who has waited longest for a turn is next."""
    batches: int = 0
    pace: Pace = field(default_factory=Pace)
    company: Company = field(default_factory=Company)
    timer: asyncio.TimerHandle | None = None
    """Of the end of the wait for company; None without one."""

    def end_wait(self, requests: int) -> None:
        """Note that a batch of so many requests is taken."""
        self.company.left(requests)
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class _Made(NamedTuple):
    """What came of a batch."""

    answers: list[Answer]
    runs: list[Run]
    seconds: float


class Batcher:
    """The queue of requests before the emulator, which runs in threads of its own."""

    def __init__(self, options: ServeOptions) -> None:
        self.options = options
        self.observers = list[Observer]()
        """Called with every run."""
        self.waiting = 0
        """Requests that wait for a thread."""
        self.running = 0
        """Requests that run."""
        self._threads = max(2, min(8, (options.threads or os.cpu_count() or 1) // 2))
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="neurodeploy-infer")
        self._lines = dict[tuple[str, str], _Line]()
        self._busy, self._called, self._ended = 0, False, Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._later: asyncio.TimerHandle | None = None

    async def infer(self, model: Model, request: InferRequest) -> InferReply:
        """Return the reply to a request once it has run. A caller that is cancelled gives up its place in the queue.

        Raises DiagnosticError: the codes of infer, ND915 (too many wait), ND923 (its timeout passed while it waited).
        """
        line = self._lines.get((model.name, model.version)) or self._new_line(model)
        if self._ended.is_set():
            raise TooBusyError("ends, and takes no new requests", 1)
        if self.waiting >= self.options.limits.waiting:
            seconds = self.retry_after_s()
            raise TooBusyError(f"has {self.waiting:,} requests waiting, as many as it allows", seconds)
        loop = self._loop = asyncio.get_running_loop()
        item = _Waiting(request, loop.create_future(), time.perf_counter(), *line.own.extent(request), current())
        line.waiting.append(item)
        self.waiting += 1
        self._dispatch_soon()
        return await item.reply

    def retry_after_s(self) -> int:
        """Return the seconds until the queue will be empty, at the rate at which it was answered lately; at least 1."""
        work = sum(len(line.waiting) * (line.pace.request_s or 0.01) for line in self._lines.values())
        return max(1, math.ceil(work / self._threads))

    def close(self) -> None:
        """End the threads: what runs is answered, but long runs are stopped, and what still waits is refused. From any thread."""
        self._ended.set()
        self._pool.shutdown()
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits
                self._loop.call_soon_threadsafe(self._refuse)

    def _refuse(self) -> None:
        for line in self._lines.values():
            for item in line.waiting:
                _fail(item, TooBusyError("ends, and takes no new requests", 1))
            line.waiting.clear()
        self.waiting = 0

    def _new_line(self, model: Model) -> _Line:
        if len(self._lines) >= MOST_LINES:
            idle = [key for key, line in self._lines.items() if not line.waiting and not line.begun_s]
            for key in idle:
                del self._lines[key]
        return self._lines.setdefault((model.name, model.version), _Line(model, prepared(model)))

    def _dispatch_soon(self) -> None:
        """Dispatch after the other requests that have arrived by now."""
        if not self._called and self._loop is not None:
            self._called = True
            self._loop.call_soon(self._dispatch)

    def _dispatch(self) -> None:
        """Give free threads a batch each, in turn of every model that has requests waiting."""
        self._called = False
        now = time.perf_counter()
        ready = [line for line in self._lines.values() if line.waiting]
        for line in sorted(ready, key=attrgetter("last_s")):
            if self._busy >= self._threads or self._ended.is_set():
                return
            if line.begun_s and now - line.begun_s[-1] < LONG_S:
                self._look_later()
                continue
            if self._holds(line, now):
                continue
            batch = self._taken(line, now)
            line.end_wait(len(batch))
            if batch:
                self._start(line, batch, now)

    def _holds(self, line: _Line, now: float) -> bool:
        """Whether the requests of a model wait for others, who run at little more cost."""
        company, left_s = line.company, line.waiting[0].arrived_s + self.options.batch_wait_s - now
        if line.begun_s or left_s <= 0 or not company.holds(len(line.waiting)):
            return False
        if line.timer is None:
            line.timer = asyncio.get_running_loop().call_later(left_s, self._waited, company)
        return True

    def _waited(self, company: Company) -> None:
        company.over = True
        self._dispatch_soon()

    def _look_later(self) -> None:
        """Dispatch once a batch that runs now is long, if it then still runs."""
        if self._later is None:
            self._later = asyncio.get_running_loop().call_later(LONG_S, self._look)

    def _look(self) -> None:
        self._later = None
        self._dispatch()

    def _taken(self, line: _Line, now: float) -> list[_Waiting]:
        """The next batch of a model, without requests whose client is gone or whose time is over."""
        batch, samples = list[_Waiting](), 0
        while line.waiting and len(batch) < MOST_REQUESTS:
            item = line.waiting[0]
            if batch and samples + item.samples > MOST_SAMPLES:
                break
            line.waiting.popleft()
            self.waiting -= 1
            limit = item.request.parameters.timeout_s
            if item.reply.done():
                continue
            if limit is not None and now - item.arrived_s > limit:
                message = f"was not run: it had waited {now - item.arrived_s:.3g} s, and its timeout is {limit:g} s"
                error = finding("ND923", about("request"), message, fixes=["allow more time, or send fewer at once"])
                _fail(item, DiagnosticError("serve", (error,)))
                continue
            batch.append(item)
            samples += item.samples
        return batch

    def _start(self, line: _Line, batch: list[_Waiting], now: float) -> None:
        line.batches += 1
        line.begun_s.append(now)
        line.last_s = now
        self._busy += 1
        self.running += len(batch)
        expected = line.pace.expected_s(*_work_of(line, batch))
        circumstances = Circumstances(
            threads=self.options.threads,
            expected_s=expected,
            overflow=line.batches % OVERFLOW_EVERY == 1,
            ended=self._ended.is_set,
            run_s=self.options.limits.run_s,
        )
        if expected is not None and expected < INLINE_S and line.own.emulated and not _profiled(batch):
            self._finish(line, batch, now, _inferred(line, batch, circumstances))
        else:
            self._pool.submit(self._run, line, batch, now, circumstances)

    def _run(self, line: _Line, batch: list[_Waiting], begun: float, circumstances: Circumstances) -> None:
        """Run a batch in a thread."""
        made = _inferred(line, batch, circumstances)
        assert self._loop is not None, "internal: requests come from a loop"
        with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits any more
            self._loop.call_soon_threadsafe(self._finish, line, batch, begun, made)

    def _finish(self, line: _Line, batch: list[_Waiting], begun: float, made: _Made) -> None:
        """Hand out replies, start what waits, and tell the observers."""
        ended = time.perf_counter()
        for item, answer in zip(batch, made.answers, strict=True):
            item.ran(begun, ended)
            if isinstance(answer, InferReply):
                if not item.reply.done():
                    item.reply.set_result(answer)
            else:
                _fail(item, answer)
        self._busy -= 1
        self.running -= len(batch)
        line.begun_s.remove(begun)
        line.pace.learn(made.seconds, len(batch), *_work_of(line, batch))
        if self.waiting:
            self._dispatch_soon()
        for run in made.runs:
            done = _done(line.model, batch, begun, run)
            for observer in self.observers:
                observer(done)


def _work_of(line: _Line, batch: list[_Waiting]) -> tuple[int, int]:
    """(runs, sum over samples of the steps of each) of a batch; 0 steps if those of a request are not known."""
    steps = [item.samples * item.steps for item in batch]
    return 1 if line.own.together else len(batch), sum(steps) if all(steps) else 0


def _profiled(batch: list[_Waiting]) -> bool:
    return any(item.request.parameters.profile for item in batch)


def _inferred(line: _Line, batch: list[_Waiting], circumstances: Circumstances) -> _Made:
    """The answers to a batch, whatever happens."""
    alone = circumstances.threads_now == 1
    clock = time.thread_time if alone else time.perf_counter  # what others take of the processor does not count
    begun = clock()
    try:
        answers, runs = infer(line.model, [item.request for item in batch], circumstances)
    except Exception as error:  # every request must be answered
        answers, runs = list[Answer]([RuntimeError(f"internal: {error!r}")] * len(batch)), list[Run]()
    return _Made(answers, runs, clock() - begun)


def _fail(item: _Waiting, error: BaseException) -> None:
    if not item.reply.done():
        item.reply.set_exception(error)


def _done(model: Model, batch: list[_Waiting], begun: float, run: Run) -> BatchDone:
    recording = run.recording
    return BatchDone(
        model=model,
        requests=len(run.places),
        failed=run.failed,
        samples=0 if recording is None else recording.n_samples,
        steps=0 if recording is None else recording.n_steps,
        waiting_s=tuple(begun - batch[place].arrived_s for place in run.places),
        running_s=run.running_s,
        counts=run.counts,
        recording=recording,
        early_steps=run.early_steps,
    )
