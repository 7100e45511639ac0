"""Executors behind one door: processes and threads of this machine, Dask, and any Executor of the user.

A pool submits units, says how many it can take, and whether it is lost; a pool of our own can be made again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.sweep.nouns import Unit
from neurodeploy.sweep.worker import Done, Task, begin, here, perform, usable_cpus

__all__ = ["EXECUTORS", "Pool", "make_pool"]

P = ParamSpec("P")
T = TypeVar("T")
EXECUTORS = ("processes", "threads", "serial", "dask")
"""Names of executors; also "dask://HOST:PORT" and "dask:FILE.json", of a scheduler that runs."""
UNGUARDED = "processes end as they begin; a script must start its sweep below if __name__ == '__main__':"
"""Why processes of a pool cannot be had: they import the script of the process that makes them."""
POLL_S = 0.2
"""Seconds between two looks at jobs that are no futures, such as those of submitit."""


class Pool(Protocol):
    """Where units run."""

    name: str
    """As it was named by the user."""
    ahead: int
    """Units for each worker that are submitted: one runs, and one waits, so that no worker does."""

    def workers(self) -> int:
        """Return the number of units that run at the same time, at present."""
        ...

    def submit(self, task: Task, unit: Unit) -> Future[Done]:
        """Return the future of a unit."""
        ...

    def renew(self) -> str:
        """Replace workers that ended. Return why that is impossible; empty if it was done."""
        ...

    def lost(self) -> str:
        """Return why no result can come any more; empty while results can come."""
        ...

    def close(self, *, at_once: bool) -> None:
        """Let go of the workers. `at_once`: end those of our own that still run."""
        ...


class Processes:
    """Processes of this machine, each a new interpreter: none is a fork of a process with threads."""

    name = "processes"
    ahead = 2

    def __init__(self, workers: int) -> None:
        self._count, self._task = workers, Task("", b"")
        self._pool: ProcessPoolExecutor | None = None

    def workers(self) -> int:
        """Return the number of processes."""
        return self._count

    def submit(self, task: Task, unit: Unit) -> Future[Done]:
        """Return the future of a unit; processes get the task as they begin."""
        if self._pool is None or task.digest != self._task.digest:
            self.close(at_once=False)
            self._task, self._pool = task, self._made(task)
        return self._pool.submit(perform, Task(task.digest, b""), unit)

    def _made(self, task: Task) -> ProcessPoolExecutor:
        from multiprocessing import get_all_start_methods, get_context

        method = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"
        return ProcessPoolExecutor(self._count, get_context(method), begin, (task,))

    def renew(self) -> str:
        """Start new processes, and see that one of them answers."""
        self.close(at_once=True)
        self._pool = self._made(self._task)
        try:
            self._pool.submit(here).result()
        except (BrokenExecutor, OSError):
            return UNGUARDED
        return ""

    def lost(self) -> str:
        """Return nothing: a broken pool fails its futures."""
        return ""

    def close(self, *, at_once: bool) -> None:
        """End the processes. `at_once`: also those that run a unit."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        held = cast("dict[int, Any] | None", getattr(pool, "_processes", None))
        running = list((held or {}).values()) if at_once else []
        pool.shutdown(wait=not at_once, cancel_futures=True)
        for process in running:
            process.kill()
        for process in running:
            process.join(5)


class Foreign:
    """An Executor of the user, or threads of this process."""

    def __init__(self, executor: Executor, workers: int | None, *, name: str = "", own: bool = False) -> None:
        self.name = name or type(executor).__name__
        self.ahead = 1 if isinstance(executor, Serial) else 2
        self._executor, self._given, self._own = executor, workers, own

    def workers(self) -> int:
        """Return the number given by the user, or that of the executor."""
        known = getattr(self._executor, "_max_workers", None) or getattr(self._executor, "num_workers", None)
        return self._given or (known if isinstance(known, int) and known > 0 else usable_cpus())

    def submit(self, task: Task, unit: Unit) -> Future[Done]:
        """Return the future of a unit, with which the task is sent."""
        return self._executor.submit(perform, task, unit)

    def renew(self) -> str:
        """Return that only its owner can make it again."""
        return "its workers ended, and only its owner can start others"

    def lost(self) -> str:
        """Return nothing: a broken executor fails its futures."""
        return ""

    def close(self, *, at_once: bool) -> None:
        """Shut our own threads down; an executor of the user stays open. `at_once`: units that wait are dropped."""
        if self._own:
            self._executor.shutdown(wait=not at_once, cancel_futures=True)


class Serial(Executor):
    """Calls at once, in the thread that submits."""

    _max_workers = 1

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Return the future of a call that has ended. `fn`, `args`, `kwargs`: the call."""
        future = Future[T]()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Jobs(Executor):
    """An object like the executor of submitit, whose jobs are asked whether they are done."""

    def __init__(self, source: object) -> None:
        self._source, self._jobs = cast("Any", source), list[tuple[Any, Future[Any]]]()
        self._lock = threading.Lock()
        self._watch: threading.Thread | None = None

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Return the future of a job. `fn`, `args`, `kwargs`: the call."""
        future = Future[T]()
        future.set_running_or_notify_cancel()
        job = self._source.submit(fn, *args, **kwargs)
        with self._lock:
            self._jobs.append((job, future))
            if self._watch is None:
                self._watch = threading.Thread(target=self._look, daemon=True, name="jobs")
                self._watch.start()
        return future

    def _look(self) -> None:
        """Complete the futures of jobs that are done, until there are none."""
        while True:
            with self._lock:
                jobs = list(self._jobs)
                if not jobs:
                    self._watch = None
                    return
            ended = [(job, future) for job, future in jobs if job.done()]
            for job, future in ended:
                try:
                    future.set_result(job.result())
                except Exception as error:
                    future.set_exception(error)
            with self._lock:
                self._jobs = [pair for pair in self._jobs if pair not in ended]
            time.sleep(0 if ended else POLL_S)


def make_pool(executor: object, workers: int | None, function: str = "sweep") -> Pool:
    """Return the pool of an executor: a name of EXECUTORS, an Executor, or an object whose `submit` returns jobs.

    `workers`: units at the same time; None: as many as there are processors, or as the executor says. `function`: the name
    that is called. Raises DiagnosticError: ND002 (no executor), ND961 (no scheduler), ND967 (Dask is not installed).
    """
    named = "processes" if executor is None else executor if isinstance(executor, str) else ""
    if named == "processes":
        return Processes(workers or usable_cpus())
    if named == "threads":
        return Foreign(ThreadPoolExecutor(workers or usable_cpus()), workers, name="threads", own=True)
    if named == "serial":
        return Foreign(Serial(), 1, name="serial", own=True)
    if named.partition(":")[0] == "dask":
        from neurodeploy.sweep.dask import dask_pool

        return dask_pool(named, workers)
    if isinstance(executor, Executor):
        if type(executor).__module__.partition(".")[0] == "distributed":
            from neurodeploy.sweep.dask import pool_of_client

            return pool_of_client(executor, workers)
        return Foreign(executor, workers)
    if callable(getattr(executor, "submit", None)) and not isinstance(executor, type):
        return Foreign(Jobs(executor), workers, name=type(executor).__name__)
    got = f"{named!r:.60}" if isinstance(executor, str) else f"a {type(executor).__name__}"
    message = f"argument 'executor': needs one of {', '.join(EXECUTORS)}, or an Executor, got {got}"
    fixes = nearest(named, list(EXECUTORS)) if isinstance(executor, str) else []
    raise DiagnosticError(function, (finding("ND002", about("function", function), message, fixes=fixes),))
