"""Dask distributed as an executor: a scheduler that runs, a cluster of this machine, or a client of the user."""

# distributed declares no types
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import contextlib
import os
import time
from concurrent.futures import Executor, Future
from importlib import import_module
from typing import Any, cast

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.sweep.extra import require_package
from neurodeploy.sweep.nouns import Unit
from neurodeploy.sweep.worker import Done, Task, perform, usable_cpus

__all__ = ["dask_pool", "pool_of_client"]

CONNECT_S = 10.0
"""Seconds to wait for a scheduler."""
LOOK_S = 2.0
"""Seconds for which a number of workers is taken to be true."""


class DaskPool:
    """A client of a Dask scheduler, whose workers may come and go."""

    ahead = 2

    def __init__(self, client: object, executor: Executor, workers: int | None, *, name: str, own: bool) -> None:
        self.name, self._client, self._executor = name, cast("Any", client), executor
        self._given, self._own, self._looked, self._seen = workers, own, float("-inf"), 1
        self._cluster = self._client.cluster if own else None
        self._address = getattr(self._client.scheduler, "address", "") or name

    def workers(self) -> int:
        """Return the number of threads of all workers, as known for at most two seconds."""
        if time.monotonic() - self._looked > LOOK_S and not self.lost():
            with contextlib.suppress(Exception):  # a scheduler that is gone is found by `lost`
                self._seen = max(sum(self._client.nthreads().values()), 1)
            self._looked = time.monotonic()
        return min(self._given, self._seen) if self._given else self._seen

    def submit(self, task: Task, unit: Unit) -> Future[Done]:
        """Return the future of a unit, with which the task is sent: it survives the worker that had it."""
        return self._executor.submit(perform, task, unit)

    def renew(self) -> str:
        """Return why the scheduler does not answer; where it does, it gives lost units to other workers."""
        return self.lost()

    def lost(self) -> str:
        """Return why no result can come: the connection to the scheduler is closed."""
        if self._client.status in ("running", "newly-created"):
            return ""
        return f"the Dask scheduler at {self._address} is gone"

    def close(self, *, at_once: bool) -> None:
        """Close a client of our own, and its cluster. `at_once`: units that run are given up."""
        del at_once
        if not self._own:
            return
        with contextlib.suppress(Exception):  # a scheduler that is gone cannot be told
            self._client.close(timeout=5)
        if self._cluster is not None:
            with contextlib.suppress(Exception):
                self._cluster.close(timeout=10)


def pool_of_client(executor: Executor, workers: int | None) -> DaskPool:
    """Return the pool of `client.get_executor()`, which stays open.

    `executor`: that object. `workers`: units at the same time; None: as many as workers have threads.
    """
    return DaskPool(getattr(executor, "_client"), executor, workers, name="dask", own=False)  # noqa: B009


def dask_pool(name: str, workers: int | None) -> DaskPool:
    """Return a pool of our own by the name of an executor.

    `name`: "dask", a cluster of processes of this machine; "dask://HOST:PORT"; or "dask:FILE.json", a scheduler file.
    `workers`: processes of the cluster, or units at the same time.

    Raises DiagnosticError: ND961 (no scheduler answers), ND967 (Dask is not installed).
    """
    require_package("distributed", f"executor '{name}'")
    file = name.removeprefix("dask:")
    if file != name and not file.startswith("//") and not os.path.isfile(file):
        message = f"there is no scheduler file '{file}'"
        raise DiagnosticError("sweep", (finding("ND961", about("executor", name), message),))
    distributed = import_module("distributed")
    try:
        client = distributed.Client(**_place(name, workers, distributed))
    except (OSError, TimeoutError, ValueError) as error:
        message = f"no scheduler answers: {error or type(error).__name__}"
        fix = "dask scheduler, and dask worker HOST:PORT on each machine, start one"
        raise DiagnosticError("sweep", (finding("ND961", about("executor", name), message, fixes=[fix]),)) from None
    return DaskPool(client, client.get_executor(), workers, name=name, own=True)


def _place(name: str, workers: int | None, distributed: Any) -> dict[str, Any]:
    """Arguments of a client for the name of an executor."""
    rest = name.removeprefix("dask").removeprefix(":")
    if not rest:
        count = workers or usable_cpus()
        cluster = distributed.LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=None)
        return {"address": cluster}
    if rest.startswith("//"):
        return {"address": f"tcp:{rest}", "timeout": CONNECT_S, "set_as_default": False}
    return {"scheduler_file": rest, "timeout": CONNECT_S, "set_as_default": False}
