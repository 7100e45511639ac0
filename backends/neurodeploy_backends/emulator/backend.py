"""Backend: runs a program's core tables bit for bit. Each sample is a thread's work; threads change no bit."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, finding
from neurodeploy.program.program import Program
from neurodeploy.runtime.backend import Progress
from neurodeploy.runtime.probes import probed_variables
from neurodeploy.runtime.recording import Counters, Recording
from neurodeploy.runtime.stimulus import Stimulus

__all__ = ["EmulatorBackend"]

CHUNK_SPIKES = 1 << 16
"""Spikes that one call of the kernel may write, at least one step's worst case."""
_KINDS = {"v": 0, "u": 1, "v_register": 2}


class _Sample(NamedTuple):
    number: int
    steps: NDArray[np.int32]
    rows: NDArray[np.int32]
    states: NDArray[np.int64]
    counters: NDArray[np.int32]


class EmulatorBackend:
    """The CPU emulator."""

    name = "emulator"
    summary = "bit-exact integer emulator on this CPU (numba)"

    def unavailable(self) -> Diagnostic | None:
        """Return what is missing: numba, where it has no wheel for this Python."""
        try:
            import numba  # noqa: F401  # pyright: ignore[reportUnusedImport, reportMissingTypeStubs]
        except ImportError as error:
            return finding(
                "ND501",
                f"backend '{self.name}'",
                f"numba cannot be imported: {error}",
                fixes=["pip install numba"],
            )
        return None

    def notice(self) -> str | None:
        """Return a line if numba has not compiled the kernels on this machine yet."""
        from neurodeploy_backends.emulator.kernels import is_compiled

        return None if is_compiled() else "compiling the emulator's kernels, once on this machine (about 10 s) ..."

    def check(self, program: Program) -> Iterable[Diagnostic]:
        """Return nothing: the emulator defines what a program means."""
        return ()

    def run(
        self,
        program: Program,
        stimulus: Stimulus,
        *,
        steps: int,
        seed: int = 0,
        threads: int | None = None,
        progress: Progress | None = None,
    ) -> Recording:
        """Run every sample for `steps` steps; the bits do not depend on `threads` (default: the CPUs there are)."""
        job = _Job(program, stimulus, steps)
        done, complete = _run_all(job, stimulus.n_samples, threads or os.cpu_count() or 1, progress)
        return job.recording(_first_samples(done), seed, complete=complete)


def _run_all(job: _Job, total: int, threads: int, progress: Progress | None) -> tuple[list[_Sample], bool]:
    """Samples that were run, and whether these are all; Ctrl-C stops after the samples that are under way."""
    done, waiting = list[_Sample](), set[Future[_Sample]]()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for number in range(total):
                waiting = _collect(waiting, done, progress, total, room=4 * threads)
                waiting.add(pool.submit(job.run, number))
            _collect(waiting, done, progress, total, room=1)
        except KeyboardInterrupt:
            for future in waiting:
                future.cancel()
            return done, False
    return done, True


def _collect(
    waiting: set[Future[_Sample]], done: list[_Sample], progress: Progress | None, total: int, *, room: int
) -> set[Future[_Sample]]:
    """Wait until fewer than `room` samples are under way; return those."""
    while len(waiting) >= room:
        finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        done += [future.result() for future in finished]
        if progress:
            progress(len(done), total)
    return waiting


def _first_samples(done: list[_Sample]) -> list[_Sample]:
    """The samples 0, 1, ... up to the first that is missing: a stopped run keeps no sample whose number would change."""
    ordered = sorted(done, key=lambda item: item.number)
    return [item for place, item in enumerate(ordered) if item.number == place]


class _Job:
    """One program on one stimulus."""

    def __init__(self, program: Program, stimulus: Stimulus, steps: int) -> None:
        from neurodeploy_backends.emulator.lower import first_lines, lower

        self.program, self.stimulus, self.steps = program, stimulus, steps
        self.lowered: Any = lower(program)
        delays = program.tables.entry_delay
        self.slots = int(delays.max(initial=0)) + 1
        self.probes = probed_variables(program.network)
        self.rows_of = self._rows_by_population()
        rows = [self.rows_of[probe.population] for probe in self.probes]
        kinds = [np.full(len(r), _KINDS[probe.variable]) for r, probe in zip(rows, self.probes, strict=True)]
        empty = np.zeros(0, dtype=np.int64)
        self.probe_row = np.concatenate([*rows, empty]).astype(np.int64)
        self.probe_kind = np.concatenate([*kinds, empty]).astype(np.int64)
        self.events = self._events(first_lines(program))

    def _rows_by_population(self) -> dict[str, NDArray[np.int64]]:
        """Rows of each population in the order of its neurons."""
        tables = self.program.tables
        found: dict[str, NDArray[np.int64]] = {}
        for index, item in enumerate(self.program.populations):
            rows = np.flatnonzero(tables.population == index)
            found[item.name] = rows[np.argsort(tables.neuron[rows], kind="stable")]
        return found

    def _events(self, first: dict[str, int]) -> list[tuple[Any, Any, Any]]:
        """(ptr by step, source, factor) for each sample; factor 0 is a spike."""
        parts: list[NDArray[Any]] = []
        for name, rows in self.stimulus.spikes.items():
            parts.append(np.stack([rows[:, 0], rows[:, 1], rows[:, 2] + first[name], np.zeros(len(rows))], axis=1))
        for name, currents in self.stimulus.currents.items():
            sample, step, line = np.nonzero(currents)
            parts.append(np.stack([sample, step + 1, line + first[name], currents[sample, step, line]], axis=1))
        every = np.concatenate([*parts, np.zeros((0, 4))])
        every = every[np.lexsort((every[:, 2], every[:, 1], every[:, 0]))]
        cuts = np.searchsorted(every[:, 0], np.arange(self.stimulus.n_samples + 1))
        return [self._by_step(every[cuts[k] : cuts[k + 1]]) for k in range(self.stimulus.n_samples)]

    def _by_step(self, rows: NDArray[Any]) -> tuple[Any, Any, Any]:
        count = np.bincount(rows[:, 1].astype(np.int64), minlength=self.stimulus.n_steps + 1)[1:]
        return np.r_[0, np.cumsum(count)].astype(np.int64), rows[:, 2].astype(np.int64), rows[:, 3].copy()

    def cleared(self, kernels: Any) -> Any:
        """State of a sample before its first step."""
        rows, planes = self.program.tables.n_rows, len(self.lowered.plane_shift)
        zeros = [np.zeros(rows, dtype=np.int64) for _ in range(4)]
        ring = np.zeros((self.slots, planes, rows), dtype=np.int64)
        return kernels.State(u=zeros[0], v=zeros[1], refractory=zeros[2], ring=ring, fired=zeros[3])

    def run(self, number: int) -> _Sample:
        """Run one sample from the cleared state."""
        from neurodeploy_backends.emulator import kernels as compiled

        kernels: Any = compiled
        tables, unit = self.program.tables, self.program.target.dialect.register_value_per_refractory_step
        state, events = self.cleared(kernels), kernels.Events(*self.events[number])
        states = np.zeros((self.steps, self.probe_row.size), dtype=np.int64)
        probes = kernels.Probes(self.probe_row, self.probe_kind, np.array([unit], dtype=np.int64), states)
        counters = np.zeros((7, self.steps, tables.n_cores), dtype=np.int32)
        size = max(CHUNK_SPIKES, tables.n_rows)
        steps, rows = list[NDArray[np.int32]](), list[NDArray[np.int32]]()
        t, fired = 1, 0
        while t <= self.steps:
            output = kernels.Output(np.empty(size, dtype=np.int32), np.empty(size, dtype=np.int32))
            t, fired, written = kernels.run_sample(
                self.lowered, state, t, self.steps, fired, events, probes, counters, output
            )
            steps.append(output.step[:written].copy())
            rows.append(output.row[:written].copy())
        return _Sample(number, np.concatenate(steps), np.concatenate(rows), states, counters)

    def recording(self, samples: list[_Sample], seed: int, *, complete: bool) -> Recording:
        """Join the samples that are done."""
        tables = self.program.tables
        sample = np.concatenate([np.full(len(s.rows), k) for k, s in enumerate(samples)] or [np.zeros(0)]).astype(
            np.int32
        )
        step = np.concatenate([s.steps for s in samples] or [np.zeros(0, dtype=np.int32)])
        row = np.concatenate([s.rows for s in samples] or [np.zeros(0, dtype=np.int32)])
        spikes: dict[str, NDArray[np.int32]] = {}
        for index, item in enumerate(self.program.populations):
            mine = tables.population[row] == index
            columns = np.stack([sample[mine], step[mine], tables.neuron[row[mine]]], axis=1).astype(np.int32)
            spikes[item.name] = columns[np.lexsort(columns.T[::-1])]
        totals = (
            np.stack([s.counters for s in samples], axis=1)
            if samples
            else np.zeros((7, 0, self.steps, tables.n_cores), dtype=np.int32)
        )
        names = (
            "spikes",
            "active_updates",
            "messages_out",
            "messages_in",
            "synops_dense",
            "synops_sparse",
            "synops_shared",
        )
        return Recording(
            ran_on="emulator",
            backend="emulator",
            program_digest=self.program.digest(),
            seed=seed,
            n_samples=len(samples),
            n_steps=self.steps,
            complete=complete,
            spikes=spikes,
            states=self._states(samples),
            input_spikes={name: len(rows) for name, rows in self.stimulus.spikes.items()},
            counters=Counters(**dict(zip(names, totals, strict=True))),
        )

    def _states(self, samples: list[_Sample]) -> dict[str, NDArray[np.int64]]:
        found, column = dict[str, NDArray[np.int64]](), 0
        for probe in self.probes:
            width = self.rows_of[probe.population].size
            parts = [s.states[:, column : column + width] for s in samples]
            found[probe.name] = np.stack(parts) if parts else np.zeros((0, self.steps, width), dtype=np.int64)
            column += width
        return found
