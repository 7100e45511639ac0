"""New versions of programs while the server runs. Requests that were taken go on with the version that they were taken for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.network import Current
from neurodeploy.serve.inference.models import KEPT_VERSIONS, Model, Models, load_model
from neurodeploy.serve.inference.prepared import prepared
from neurodeploy.serve.observing.batches import LoadDone, LoadObserver
from neurodeploy.signals.options import RunOptions
from neurodeploy.signals.stimulus import Stimulus
from neurodeploy.simulate.run import run_encoded

__all__ = ["Reloader", "make_ready"]


class _Look(NamedTuple):
    """What a file looked like."""

    modified_ns: int
    size_bytes: int
    inode: int


class Reloader:
    """The models of a server, and the files from which newer versions of them come.

    `models` is replaced as a whole, so that whoever has it sees one state.
    """

    def __init__(self, models: Models, *, backend: str = "emulator", watch_s: float = 1.0) -> None:
        self.models = models
        self.observers = list[LoadObserver]()
        """Called with every file that was loaded or could not be."""
        self._backend, self._watch_s, self._loading = backend, watch_s, asyncio.Lock()
        self._paths = list(
            dict.fromkeys(m.path for items in models.by_name.values() for m in items if m.path is not None)
        )
        self._served = {path: _looked(path) for path in self._paths}
        """How each file looked when it was loaded, or when that failed."""
        self._seen = dict(self._served)
        """How it looked the last time."""

    @asynccontextmanager
    async def watching(self, *, files: bool = True) -> AsyncGenerator[None]:
        """Make the models ready, and watch their `files`, if they are to be watched, while the context is open."""
        for items in self.models.by_name.values():
            for item in items:
                with suppress(DiagnosticError):  # which its first request is told
                    await asyncio.to_thread(make_ready, item)
        task = asyncio.create_task(self.watch()) if files else None
        try:
            yield
        finally:
            if task is not None:
                task.cancel()

    async def watch(self) -> None:
        """Look at the files again and again, and load those that have changed, until cancelled."""
        while True:
            await asyncio.sleep(self._watch_s)
            await self.look()

    async def look(self) -> None:
        """Load the files that have changed since they were loaded, but not since the last look: those are still being written."""
        for path in self._paths:
            now = _looked(path)
            settled, self._seen[path] = now == self._seen[path], now
            if settled and now != self._served[path] and now is not None:
                await self._load(path, now)

    async def load(self, name: str) -> Model:
        """Load the file of a model now, and return its newest version.

        `name`: of the model. Raises DiagnosticError: ND910 (no such model), ND922 with what is wrong with the file.
        """
        path = self.models.model(name).path
        if path is None:
            return self.models.model(name)
        done = await self._load(path, _looked(path))
        if done.findings:
            raise DiagnosticError("serve", done.findings)
        return self.models.model(name)

    async def _load(self, path: Path, look: _Look | None) -> LoadDone:
        """Load a file, tell the observers, and return what came of it. One at a time."""
        async with self._loading:
            self._served[path] = look
            begun = time.perf_counter()
            model, found = await asyncio.to_thread(_loaded, path, self._backend)
            if model is not None:
                self.models = self.models.with_model(model, kept=KEPT_VERSIONS)
            served = (item for items in self.models.by_name.values() for item in items if item.path == path)
            name = model.name if model is not None else next((item.name for item in served), "")
            done = LoadDone(path, name, model, time.perf_counter() - begun, found)
        for observer in self.observers:
            observer(done)
        return done


def make_ready(model: Model) -> None:
    """Prepare a model, so that its first request is as fast as the others. Raises DiagnosticError: as nd.run."""
    own = prepared(model)
    if model.backend != "emulator":
        return
    network = model.program.network
    none, driven = (
        np.zeros((0, 3), dtype=np.int32),
        {item.name: item.size for item in network.inputs if isinstance(item.encoder, Current)},
    )
    stimulus = Stimulus(
        n_samples=1,
        n_steps=1,
        spikes={item.name: none for item in network.inputs if item.name not in driven},
        currents={name: np.zeros((1, 1, size)) for name, size in driven.items()},
    )
    for overflow in (False, True)[: 1 + own.counts_overflows]:
        options = RunOptions(until=1, threads=1, activity=False, overflow=overflow)
        run_encoded(model.program, stimulus, options)


def _loaded(path: Path, backend: str) -> tuple[Model | None, tuple[Diagnostic, ...]]:
    """The model of a file, ready to run, or what is wrong with it."""
    try:
        model = load_model(path, backend)
        make_ready(model)
    except DiagnosticError as error:
        codes = ", ".join(dict.fromkeys(item.code for item in error.diagnostics))
        return None, (_refused(path, codes), *error.diagnostics)
    except Exception as error:  # the watch must go on
        return None, (_refused(path, repr(error)),)
    return model, ()


def _looked(path: Path) -> _Look | None:
    """What a file looks like; None: it cannot be seen."""
    try:
        found = path.stat()
    except OSError:
        return None
    return _Look(found.st_mtime_ns, found.st_size, found.st_ino)


def _refused(path: Path, why: str) -> Diagnostic:
    """ND922 for a file that is wrong."""
    return finding("ND922", about("file", path), f"cannot be served ({why}); what was served before it still is")
