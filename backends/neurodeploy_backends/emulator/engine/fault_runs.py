"""One set of faults after the other on a layout that is made once: a run begins at the state before its first fault, and ends
where its state is that of the run without faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.faults.check import require_faults
from neurodeploy.faults.edits import Edits, edits_of
from neurodeploy.faults.schedule import active_steps
from neurodeploy.native.structs import lend, structure_of
from neurodeploy.program.fault import Fault
from neurodeploy.program.program import Program
from neurodeploy.signals.options import RunOptions
from neurodeploy.signals.stimulus import Stimulus
from neurodeploy_backends.emulator.engine.disturbances import PATCHED, Places, disturbances_of, reached_by_faults
from neurodeploy_backends.emulator.engine.job import Job
from neurodeploy_backends.emulator.engine.library import engine
from neurodeploy_backends.emulator.engine.plastic_state import lent_plasticity
from neurodeploy_backends.emulator.engine.run import run_native
from neurodeploy_backends.emulator.engine.tables import PATCH, Reached
from neurodeploy_backends.emulator.lowering.tolerance import Disturbed, cannot_be_patched, has_rows
from neurodeploy_backends.emulator.spec_run import run_spec

__all__ = ["NativeFaultRuns"]

Array = NDArray[Any]
Rows = dict[str, list[Array]]
KEPT = ("u", "v", "memory", "acc", "refract", "pending", "asleep", "cursor")
"""Arrays of a state that a step leaves to the next."""
COMPARED = ("u", "v", "acc", "refract")
"""Those that decide what follows."""
FOREVER = 2**62


class _Span(NamedTuple):
    """Steps between which faults are there."""

    first: int
    last: int


class _Lane:
    """A job with what the kernels read and write, of one worker."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.places = Places(job.program, job.low)
        self.state = job.state(0)
        self.output = job.output(np.zeros((3, 0), dtype=np.int64))
        self.own = job.own_layout(job.layout.disturbances)
        self.layout = lend(self.own)
        self.stimuli, self.control = lend(job.stimuli), lend(job.control(0, 1, 1, 0))
        self.reached = structure_of(Reached)()
        self.plastic = lent_plasticity(job.learning.begin(0))
        self.records = job.layout.disturbances
        name = "run_wide" if job.low.wide else "run_narrow"
        lent = (
            self.layout,
            lend(self.state),
            self.stimuli,
            lend(self.output),
            self.control,
            self.plastic,
            self.reached,
        )
        self.call = engine().prepared(name, *lent)
        self.recorded = [
            (k, p.name)
            for k, p in enumerate(job.low.parts)
            if int(job.layout.populations["room"][k]) and not p.is_input
        ]
        self.at = job.layout.populations["record"].tolist()

    def disturb(self, edits: Sequence[Edits], last: int) -> None:
        """Lend the records of some faults, after the registers that others have patched are as they were."""
        rows = np.unique(self.records["row"][self.records["kind"] == PATCH])
        for name in PATCHED if rows.size else ():
            getattr(self.own, name)[rows] = getattr(self.job.layout, name)[rows]
        self.records = disturbances_of(self.places, edits, 1, last)
        _lend_span(self.layout.disturbances, self.records)

    def run(self, samples: range, steps: range, found: Rows) -> None:
        """Run steps of samples one after the other; add what is recorded to `found`."""
        control = self.control
        control.sample, control.step, control.stop, control.steps = (
            samples.start,
            steps.start,
            samples.stop,
            steps.stop - 1,
        )
        control.todo = FOREVER
        while control.sample < samples.stop:
            self.output.written[:] = 0
            self.call()
            written = self.output.written[1 - (self.reached.made & 1)].tolist()
            rows = self.output.rows.reshape(-1, 3)
            for part, name in self.recorded:
                if written[part]:
                    found[name].append(rows[self.at[part] : self.at[part] + written[part]].copy())
            control.sample, control.step = self.reached.sample, self.reached.step

    def kept(self) -> dict[str, Array]:
        """A copy of the state."""
        return {name: getattr(self.state, name).copy() for name in KEPT}

    def restore(self, kept: Mapping[str, Array]) -> None:
        """Set the state."""
        for name, values in kept.items():
            getattr(self.state, name)[...] = values

    def is_at(self, kept: Mapping[str, Array]) -> bool:
        """Whether the state is a kept one, so that all that follows is the same."""
        return all(np.array_equal(getattr(self.state, name), kept[name]) for name in COMPARED)


class NativeFaultRuns:
    """Runs of one program and stimulus under sets of faults. Its methods are those of `simulate.backend.FaultRuns`."""

    def __init__(self, program: Program, stimulus: Stimulus, steps: int, options: RunOptions, every: int) -> None:
        plain = {"overflow": False, "activity": False, "probes": (), "keep_state": False}
        self.program, self.stimulus, self.steps, self.every = program, stimulus, steps, every
        self.options = options.model_copy(update=plain)
        self._lanes = dict[Disturbed, _Lane]()
        self._run, self._whole = 0, 0
        self.names = [p.name for p in program.populations if options.record is None or p.name in options.record]
        self._states = list[dict[int, dict[str, Array]]]()
        """By sample: step -> the state after it."""
        self.golden = self._golden()
        self._keys = {
            name: rows[:, 0].astype(np.int64) * (steps + 2) + rows[:, 1] for name, rows in self.golden.items()
        }
        self._events = self._lane("words").job.stimuli

    def copy(self) -> NativeFaultRuns:
        """Runs for another thread, with states and tables of their own; the kept states are shared."""
        made = object.__new__(NativeFaultRuns)
        made.__dict__.update(self.__dict__)
        made._lanes, made._run, made._whole = {}, 0, 0
        return made

    def saved(self) -> tuple[int, int]:
        """(steps that were run, steps of whole runs)."""
        return self._run, self._whole

    def _lane(self, kind: Disturbed) -> _Lane:
        if kind not in self._lanes:
            self._lanes[kind] = _Lane(Job(self.program, self.stimulus, self.steps, self.options, 1, disturbed=kind))
        return self._lanes[kind]

    def _golden(self) -> dict[str, Array]:
        lane, found = self._lane("words"), {name: list[Array]() for name in self.names}
        for sample in range(self.stimulus.n_samples):
            self._begin(lane, sample)
            kept, step = dict[int, dict[str, Array]](), 0
            while step < self.steps:
                until = min(step + self.every, self.steps) if self.every else self.steps
                lane.run(range(sample, sample + 1), range(step + 1, until + 1), found)
                step = until
                if self.every and step < self.steps:
                    kept[step] = lane.kept()
            self._states.append(kept)
        return {name: _joined(parts) for name, parts in found.items()}

    def _begin(self, lane: _Lane, sample: int) -> None:
        """The cleared state of a sample: the kernels clear it in step 1; events are found from the first one on."""
        if sample == 0:
            lane.state.cursor[:-1] = lane.job.stimuli.first[:-1]

    def spikes(self, faults: Sequence[Fault]) -> Mapping[str, Array]:
        """Recorded population -> rows (sample, step, neuron) under faults."""
        require_faults(self.program, faults)
        edits = [edits_of(self.program, fault) for fault in faults]
        self._whole += self.steps * self.stimulus.n_samples
        if cannot_be_patched(self.program, reached_by_faults(self.program, edits)):
            return self._slowly(faults, "spec")
        if any(fault.where == "line" for fault in faults):
            return self._slowly(faults, "native")
        span = self._span(faults)
        if span.first > self.steps:
            return self.golden
        patched = any(map(has_rows, edits))
        lane = self._lane("registers" if patched else "words")
        lane.disturb(edits, self.steps)
        found = {name: list[Array]() for name in self.names}
        if not self.every or (span.first <= self.every and span.last >= self.steps):
            self._begin(lane, 0)
            lane.run(range(self.stimulus.n_samples), range(1, self.steps + 1), found)
            self._run += self.steps * self.stimulus.n_samples
        else:
            for sample in range(self.stimulus.n_samples):
                self._run_between(lane, sample, span, found)
        return {name: _joined(parts) for name, parts in found.items()}

    def _span(self, faults: Sequence[Fault]) -> _Span:
        there = np.zeros(self.steps, dtype=bool)
        for fault in faults:
            there |= active_steps(fault, 1, self.steps)
        at = np.flatnonzero(there)
        return _Span(int(at[0]) + 1, int(at[-1]) + 1) if at.size else _Span(self.steps + 1, 0)

    def _run_between(self, lane: _Lane, sample: int, span: _Span, found: Rows) -> None:
        """One sample from the state before its first fault until nothing differs any more."""
        kept = self._states[sample]
        step = (span.first - 1) // self.every * self.every
        if step:
            lane.restore(kept[step])
            self._take_golden(sample, 1, step, found)
        else:
            lane.state.cursor[:-1] = self._events.first[:-1]
        while step < self.steps:
            until = min(step + self.every, self.steps)
            lane.run(range(sample, sample + 1), range(step + 1, until + 1), found)
            self._run += until - step
            step = until
            if span.last <= step < self.steps and lane.is_at(kept[step]):
                self._take_golden(sample, step + 1, self.steps, found)
                return

    def _take_golden(self, sample: int, first: int, last: int, found: Rows) -> None:
        """Add what steps of a sample recorded without faults."""
        base = sample * (self.steps + 2)
        for name in self.names:
            low, high = np.searchsorted(self._keys[name], [base + first, base + last + 1])
            found[name].append(self.golden[name][low:high])

    def _slowly(self, faults: Sequence[Fault], engine_name: str) -> dict[str, Array]:
        """The same by a program of its own."""
        program = self.program.model_copy(update={"faults": tuple(faults), "golden": None})
        run = run_native if engine_name == "native" else run_spec
        options = self.options.model_copy(update={"threads": 1})
        self._run += self.steps * self.stimulus.n_samples
        recording = run(program, self.stimulus, self.steps, options, None)
        return {name: np.asarray(recording.spikes[name]) for name in self.names}


def _joined(parts: list[Array]) -> Array:
    return parts[0] if len(parts) == 1 else np.concatenate([np.zeros((0, 3), dtype=np.int32), *parts])


def _lend_span(span: Any, array: Array) -> None:
    """Point a span of a struct at an array, which must outlive the call."""
    span.at, span.n = array.__array_interface__["data"][0], array.size
