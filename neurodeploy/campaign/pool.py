"""Faults tried in threads, each with its own trials; what comes out is handed on in this thread."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from queue import Empty, SimpleQueue

from neurodeploy.campaign.nouns import Outcome
from neurodeploy.campaign.trials import Trials
from neurodeploy.program.fault import Fault

__all__ = ["Pool", "Task"]

WAIT_S = 0.2
"""Seconds after which a waiting thread looks for a signal."""
Task = tuple[int, Sequence[Fault]]
"""Number of an outcome, and the faults that are tried together."""


class Pool:
    """Trials in threads."""

    def __init__(self, trials: Trials, threads: int | None) -> None:
        """`trials`: copied for each of the `threads`, by default as many as there are processors."""
        count = threads or os.cpu_count() or 1
        self._trials = [trials, *(trials.copy() for _ in range(count - 1))]
        self.stopped = False
        """Whether Ctrl-C ended the last call before all tasks were done."""

    def saved(self) -> tuple[int, int]:
        """Return (steps that were run, steps of whole runs), of all tasks so far."""
        pairs = [item.saved() for item in self._trials]
        return sum(one for one, _ in pairs), sum(two for _, two in pairs)

    def run(self, tasks: Iterable[Task], done: Callable[[Outcome], object]) -> None:
        """Try `tasks` and call `done` with each outcome, in the order in which they end.

        After Ctrl-C the tasks in hand are finished and `stopped` is set. Raises what a task or `done` raises, first.
        """
        queue, stop, todo = SimpleQueue[Outcome](), threading.Event(), _Shared(tasks)
        self.stopped = False
        with ThreadPoolExecutor(len(self._trials)) as pool:
            try:
                futures = [pool.submit(_work, item, todo, queue, stop) for item in self._trials]
                self._hand_on(futures, queue, stop, done)
            finally:
                stop.set()
        for future in futures:
            future.result()
        self._empty(queue, done)

    def _empty(self, queue: SimpleQueue[Outcome], done: Callable[[Outcome], object]) -> None:
        """Hand on what threads finished after the last look."""
        for outcome in _rest(queue):
            try:
                done(outcome)
            except KeyboardInterrupt:
                self.stopped = True

    def _hand_on(
        self,
        futures: list[Future[None]],
        queue: SimpleQueue[Outcome],
        stop: threading.Event,
        done: Callable[[Outcome], object],
    ) -> None:
        """Hand outcomes on until all threads have ended."""
        while not self.stopped:
            try:
                if wait(futures, timeout=0, return_when=FIRST_EXCEPTION).not_done == set() or _failed(futures):
                    return
                done(queue.get(timeout=WAIT_S))
            except Empty:
                continue
            except KeyboardInterrupt:
                self.stopped = True
                stop.set()


class _Shared:
    """Tasks that several threads take from one iterator."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._tasks, self._lock = iter(tasks), threading.Lock()

    def next(self) -> Task | None:
        with self._lock:
            return next(self._tasks, None)


def _failed(futures: Sequence[Future[None]]) -> bool:
    return any(item.done() and item.exception() is not None for item in futures)


def _work(trials: Trials, todo: _Shared, queue: SimpleQueue[Outcome], stop: threading.Event) -> None:
    while not stop.is_set():
        task = todo.next()
        if task is None:
            return
        queue.put(trials.outcome(*task))


def _rest(queue: SimpleQueue[Outcome]) -> Iterator[Outcome]:
    while True:
        try:
            yield queue.get_nowait()
        except Empty:
            return
