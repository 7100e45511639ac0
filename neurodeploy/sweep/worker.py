"""What runs in a worker: a task, which is sent once, called with the values of each unit."""

from __future__ import annotations

import os
import pickle
import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Any

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.sweep.nouns import Unit, point_words

__all__ = ["Done", "Task", "begin", "failure", "here", "perform", "usable_cpus"]

KEPT = 4
"""Tasks that a worker keeps unpacked."""


@dataclass(frozen=True, slots=True)
class Task:
    """A function as it is sent to workers."""

    digest: str
    """Digest of what it computes."""
    blob: bytes
    """The pickled function; empty where workers have it already."""
    here: Callable[..., Any] | None = None
    """The function itself, where units run in the process that made it."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a worker returns of a unit."""

    unit: Unit
    """The unit."""
    result: Any
    """What the function returned; None if it failed."""
    findings: tuple[Diagnostic, ...]
    """Why it failed."""
    seconds: float
    """Wall-clock seconds of the call."""
    worker: str
    """Host and process."""


_tasks = OrderedDict[str, Callable[..., Any]]()
"""Tasks by digest, the last ones used."""
_lock = Lock()


def here() -> str:
    """Return the host and process that calls it."""
    return f"{socket.gethostname()}:{os.getpid()}"


def usable_cpus() -> int:
    """Return the number of processors that this process may use."""
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1


def _function(task: Task) -> Callable[..., Any]:
    """The function of a task, which is unpacked when it is first called here."""
    if task.here is not None:
        return task.here
    with _lock:
        known = _tasks.get(task.digest)
        if known is None:
            known = _tasks[task.digest] = pickle.loads(task.blob)
            while len(_tasks) > KEPT:
                _tasks.popitem(last=False)
        else:
            _tasks.move_to_end(task.digest)
        return known


class _Failing:
    """A function that cannot be had, which says why when it is called."""

    def __init__(self, message: str) -> None:
        self.message = message

    def __call__(self, **_: object) -> None:
        raise DiagnosticError("sweep", (finding("ND968", about("function", "objective"), self.message),))


def perform(task: Task, unit: Unit) -> Done:
    """Return what a function gives for the values of a unit; an exception becomes its findings.

    `task`: with the function. `unit`: with the values, which are passed by keyword.
    """
    began = time.perf_counter()
    result, found = None, tuple[Diagnostic, ...]()
    try:
        result = _function(task)(**unit.values)
    except DiagnosticError as error:
        found = error.diagnostics
    except (Exception, SystemExit) as error:
        found = (failure(unit, error),)
    return Done(unit, result, found, time.perf_counter() - began, here())


def failure(unit: Unit, error: BaseException) -> Diagnostic:
    """Return ND963 for an exception, with the line that raised it. `unit`: the one that was run."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" ({os.path.basename(trace.tb_frame.f_code.co_filename)}, line {trace.tb_lineno})" if trace else ""
    words = f": {error}" if str(error) else ""
    return finding("ND963", about("point", point_words(unit.values)), f"raised {type(error).__name__}{words}{place}")


def begin(task: Task) -> None:
    """Prepare a process of a pool: it has the function, ignores Ctrl-C, and ends with the process that made it.

    `task`: with the function.
    """
    import multiprocessing
    import signal
    from multiprocessing.connection import wait

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        _function(task)
    except Exception as error:  # a pool whose processes fail as they begin does not say why; units do
        _tasks[task.digest] = _Failing(f"cannot be loaded in a worker: {type(error).__name__}: {error}")
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def leave() -> None:
        wait([sentinel])
        os._exit(1)  # a pool without its owner would wait for work for ever

    Thread(target=leave, daemon=True, name="parent").start()
