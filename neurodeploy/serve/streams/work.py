"""Streams at work: threads that all streams share, and each stream's steps in pieces that others can come between."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.serve.observing.metrics import StreamMetrics
from neurodeploy.serve.options import ServeOptions
from neurodeploy.serve.streams.messages import spike_frames
from neurodeploy.stream.session import Session

__all__ = ["Turned", "Streams", "Work"]

Array = NDArray[Any]
T = TypeVar("T")
TURN_S = 0.02
"""Seconds for which a stream works before another one has its turn."""
SHORT_S, LONG_S = 0.002, 0.02
"""Seconds that the steps of one call should take."""
FEWEST, MOST = 1, 1 << 14
"""Steps of one call."""


class Streams:
    """The open streams of a server, and the threads in which they work."""

    def __init__(self, options: ServeOptions) -> None:
        self.limits = options.limits
        threads = options.threads or os.cpu_count() or 1
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="neurodeploy-stream")
        self.open = 0
        """Number of open streams."""
        self._ended = asyncio.Event()

    @contextmanager
    def place(self, counts: StreamMetrics) -> Generator[None]:
        """Take the place of one stream. `counts`: of the streams of its model. Raises DiagnosticError: ND942 (too many)."""
        if self.open >= self.limits.streams:
            message = "has as many open streams as it allows"
            numbers: dict[str, Any] = {"found": self.open, "limit": self.limits.streams, "unit": "stream"}
            raise DiagnosticError("stream", (finding("ND942", about("server"), message, **numbers),))
        self.open += 1
        counts.open += 1
        counts.opened += 1
        self._ended.clear()
        try:
            yield
        finally:
            self.open -= 1
            counts.open -= 1
            if not self.open:
                self._ended.set()

    async def ended(self) -> None:
        """Return once no stream is open."""
        if self.open:
            await self._ended.wait()

    def let_go(self, work: Work) -> None:
        """Close the session of a stream, once its turn is over."""
        try:
            self.pool.submit(work.close)
        except RuntimeError:  # the threads have ended, and no turn is at work
            work.close()

    async def call(self, function: Callable[..., T], *arguments: object) -> T:
        """Return what a function gives in one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self.pool, function, *arguments)

    def close(self) -> None:
        """End the threads once they have done what they began."""
        self.pool.shutdown()


class Turned(NamedTuple):
    """What a turn of a stream gave."""

    frames: list[bytes]
    """Binary messages of spikes."""
    spikes: int
    """Number of their rows."""
    late: int
    """Rows that were left out, because their steps had been run."""
    done: bool
    """Whether the message is done."""


@dataclass(slots=True)
class Work:
    """One stream's session, and how far it has come with the message at hand."""

    session: Session
    recorded: tuple[str, ...]
    most_steps: int
    """Steps that one message may run."""
    at_once: int = 64
    """Steps of one call, so many that it takes some milliseconds."""
    rows: Mapping[str, Array] = field(default_factory=dict[str, Array])
    """Rows (step, line) of the message that have not been pushed, ascending in their steps."""
    until: int = 0
    """Last step that the message runs."""
    held: bool = False
    """Whether rows are left to push."""
    finish: bool = False
    """Whether the network drains after the message."""
    at_work: threading.Lock = field(default_factory=threading.Lock)
    """Held by a turn: a session is not closed under it when its connection is cancelled."""

    def begin_rows(self, name: str, rows: Array) -> None:
        """Take the rows of a message. Raises DiagnosticError: ND935 (too many steps)."""
        if not len(rows):
            return
        steps = rows[:, 0]
        if bool((steps[1:] < steps[:-1]).any()):
            rows = rows[np.argsort(steps, kind="stable")]
        self.rows, self.held = {name: rows}, True
        self._require(int(rows[-1, 0]) - 1)

    def begin_until(self, step: int, *, finish: bool = False) -> None:
        """Take a step through which time passes, and perhaps the end. Raises DiagnosticError: ND935 (too many steps)."""
        self.finish = finish
        self._require(step)

    def _require(self, until: int) -> None:
        """Set the last step of a message."""
        found = until - self.session.step
        if found > self.most_steps:
            message = f"goes from step {self.session.step:,} to {until:,} at once"
            fixes = [
                "correct the step, or go there with several messages",
                'time_origin "first" begins with the first event',
            ]
            numbers: dict[str, Any] = {"found": found, "limit": self.most_steps, "unit": "step", "fixes": fixes}
            raise DiagnosticError("stream", (finding("ND935", about("stream"), message, **numbers),))
        self.until = max(until, self.session.step)

    def turn(self) -> Turned:
        """Run steps of the message until it is done or others have their turn. Raises DiagnosticError: those of the session."""
        with self.at_work:
            return self._turn()

    def close(self) -> None:
        """Close the session."""
        with self.at_work:
            self.session.close()

    def _turn(self) -> Turned:
        frames, spikes, late, start = list[bytes](), 0, 0, time.perf_counter()
        done = False
        while not done:
            begun = time.perf_counter()
            chunk, done = self._call()
            own, count = spike_frames(self.session.program.network, self.recorded, chunk)
            frames += own
            spikes, late = spikes + count, late + chunk.late
            now = time.perf_counter()
            self._adapt(now - begun)
            if now - start >= TURN_S:
                break
        return Turned(frames, spikes, late, done)

    def _call(self) -> tuple[Any, bool]:
        """One call of the session, and whether the message is done with it."""
        session, last = self.session, min(self.session.step + self.at_once, self.until)
        if last < self.until:
            return session.push(self._taken(last), until=last), False
        if self.held:
            rows, self.rows, self.held = self.rows, {}, False
            return session.push(rows), not self.finish
        if last > session.step:
            return session.advance(last), not self.finish
        if self.finish:
            self.finish = False
            return session.finish(), True
        return session.push({}), True

    def _taken(self, last: int) -> Mapping[str, Array]:
        """Rows up to a step, which are no longer held."""
        taken, left = dict[str, Array](), dict[str, Array]()
        for name, rows in self.rows.items():
            cut = int(np.searchsorted(rows[:, 0], last, side="right"))
            taken[name], left[name] = rows[:cut], rows[cut:]
        self.rows = left
        return taken

    def _adapt(self, seconds: float) -> None:
        """Choose how many steps the next call runs."""
        if seconds < SHORT_S:
            self.at_once = min(self.at_once * 2, MOST)
        elif seconds > LONG_S:
            self.at_once = max(self.at_once // 2, FEWEST)
