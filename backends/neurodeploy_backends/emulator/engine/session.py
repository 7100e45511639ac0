"""Sessions of the compiled engine: one sample whose state stays in the kernels' arenas, and to which each call lends new input.

A call costs little besides its steps: the structs that the kernels read are made once, and only the spans and numbers that
change are set.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import read_only
from neurodeploy.diagnostics import raise_errors
from neurodeploy.faults.effects import rows_under, values_under
from neurodeploy.native.structs import lend, structure_of
from neurodeploy.network import SumOfProducts
from neurodeploy.program.program import Program
from neurodeploy.signals import Chunk, Learned, RunOptions, RunState, Stimulus
from neurodeploy.simulate.learning_draws import FollowingDraws
from neurodeploy.simulate.probes import probed_variables
from neurodeploy_backends.emulator.engine.disturbances import Places, disturbances_of
from neurodeploy_backends.emulator.engine.job import CALL_S, Job, steps_of
from neurodeploy_backends.emulator.engine.library import engine
from neurodeploy_backends.emulator.engine.plastic_tables import DRAWS
from neurodeploy_backends.emulator.engine.results import merged_rows
from neurodeploy_backends.emulator.engine.states import kept_arrays, restore, state_faults
from neurodeploy_backends.emulator.engine.tables import Reached
from neurodeploy_backends.emulator.lowering import models

__all__ = ["NativeSession"]

Array = NDArray[Any]
DRAWN = 256
"""Steps for which draws of learning are made together."""
NO_ROWS = read_only(np.zeros((0, 3), dtype=np.int32))
NO_VALUES = read_only(np.zeros(0, dtype=np.int64))
NOTHING = read_only(np.zeros((0, 2), dtype=np.int32))


class _Recorded(NamedTuple):
    """A population that is recorded."""

    name: str
    parts: tuple[tuple[int, int], ...]
    """Number of each of its parts, and its first row in the buffer."""
    graded: bool


class _Taken(NamedTuple):
    """Rows (sample, step, neuron) of a population that one call of the kernels wrote, and their values."""

    rows: Array
    values: Array


class NativeSession:
    """A sample on the compiled engine. Its methods are those of `simulate.backend.BackendSession`."""

    engine = "native"
    findings = ()

    def __init__(self, program: Program, options: RunOptions) -> None:
        """Begin with the cleared state, or with `options.resume`. Raises DiagnosticError: ND509."""
        kept = options.resume
        self.program, self.options, self.step = program, options, kept.step if kept else 0
        first = Stimulus(n_samples=1, n_steps=1, first_sample=kept.first_sample if kept else 0)
        self._job = Job(program, first, self.step + 1, options, 1, endless=True)
        raise_errors("stream", state_faults(program, self._job.low, kept) if kept else [])
        self._state = self._job.state(0)
        if kept is not None:
            restore(self._job.low, self._state, kept, 0)
        self._plastic = self._job.learning.begin(0)
        self._draws = self._following_draws(first.first_sample)
        self._drawn, self._drawn_to = np.zeros(0), 0
        self._watch = np.zeros(
            (3, self._job.low.rows if options.overflow and self._job.low.wide else 0), dtype=np.int64
        )
        self._output = self._job.output(self._watch)
        self._lend_all()
        self._inputs = [p.name for p in self._job.low.parts if p.is_input and p.name not in self._job.low.values]
        self._driven = [(name, program.network.input_by_name[name].size) for name in self._job.low.values]
        self._recorded, self._zeros, self._todo = self._populations(), self._uncounted(), 16
        self._probes = [item.name for item in probed_variables(program.network, options.probes)]

    # --- what is made once

    def _lend_all(self) -> None:
        job, output = self._job, self._output
        self._lent = {
            "state": lend(self._state),
            "stimuli": lend(job.stimuli._replace(events=NO_ROWS.copy())),
            "output": lend(output),
            "control": lend(job.control(0, 1, 1, 0)._replace(first=1)),
            "plastic": lend(self._plastic),
        }
        self._layout, self._records = job.lent_for(1, 0), np.zeros(0)
        self._reached = structure_of(Reached)()
        order = (self._lent[name] for name in ("state", "stimuli", "output", "control", "plastic"))
        name = "run_wide" if job.low.wide else "run_narrow"
        self._run_kernels = engine().prepared(name, self._layout, *order, self._reached)

    def _following_draws(self, number: int) -> dict[int, FollowingDraws]:
        """Draws of each sum of products that learns, by the number of its projection."""
        links = self._job.low.plastic.links if self._job.low.plastic and self.options.learn != "off" else []
        return {
            k: FollowingDraws(link.rule, number, self.step)
            for k, link in enumerate(links)
            if isinstance(link.rule, SumOfProducts)
        }

    def _populations(self) -> tuple[_Recorded, ...]:
        found, graded = list[_Recorded](), models.graded(self.program)
        firsts = self._job.layout.populations["record"].tolist()
        for item in self.program.populations:
            if self.options.record is None or item.name in self.options.record:
                parts = [(n, firsts[n]) for n, part in enumerate(self._job.low.parts) if part.name == item.name]
                found.append(_Recorded(item.name, tuple(parts), item.name in graded))
        return tuple(found)

    def _uncounted(self) -> dict[str, Array]:
        """Overflows of steps in which there were none, of all populations; none if they are not counted."""
        if not self.options.overflow or not (self._job.low.wide or self._job.low.proven):
            return {}
        return {
            name: read_only(np.zeros((3, rows.size), dtype=np.int64))
            for name, rows in self._job.low.row_of_neuron.items()
        }

    # --- a call

    def run(self, until: int, rows: Mapping[str, Array], values: Mapping[str, Array]) -> Chunk:
        """The steps up to `until`."""
        first = self.step + 1
        if self._job.faults:
            rows, values = self._meet_faults(rows, values, until)
        held = self._show(rows, values, until)
        states = self._make_probes(until - self.step)
        taken = list[list[_Taken]]()
        while self.step < until:
            taken.append(self._run_some(until))
        spikes, payloads = dict[str, Array](), dict[str, Array]()
        for k, item in enumerate(self._recorded):
            spikes[item.name], own = _joined([one[k] for one in taken])
            if item.graded:
                payloads[item.name] = own
        del held  # until here the kernels read it
        return Chunk(first, until, spikes, payloads, states, self._overflows())

    def _meet_faults(
        self, rows: Mapping[str, Array], values: Mapping[str, Array], until: int
    ) -> tuple[Mapping[str, Array], Mapping[str, Array]]:
        """Lend what faults do in a call; return its input under those of lines."""
        places, first = Places(self.program, self._job.low), self.step + 1
        self._records = disturbances_of(places, self._job.faults, first, until)
        _lend_span(self._layout.disturbances, self._records)
        faults = self.program.faults
        met = {name: values_under(faults, name, given[None], first)[0] for name, given in values.items()}
        return rows_under(self.program, faults, rows, range(first, until + 1), 1), met

    def _show(self, rows: Mapping[str, Array], values: Mapping[str, Array], until: int) -> tuple[Array, ...]:
        """Lend the input of a call; return what must be kept while the kernels run."""
        stimuli, each = self._lent["stimuli"], [rows.get(name, NO_ROWS) for name in self._inputs]
        events = each[0] if len(each) == 1 else np.concatenate([NO_ROWS, *each])
        _lend_span(stimuli.events, events)
        at, first, cursor = 0, self._job.stimuli.first, self._state.cursor
        for k, own in enumerate(each):
            cursor[k], at = at, at + len(own)
            first[k + 1] = at
        if not self._driven:
            return (events,)
        shown = [values.get(name, np.zeros((0, size))) for name, size in self._driven]
        steps = max(map(len, shown))
        together = np.zeros((steps, sum(size for _, size in self._driven)))
        column = 0
        for own in shown:
            together[: len(own), column : column + own.shape[1]] = own
            column += own.shape[1]
        stimuli.begin, stimuli.steps = self.step + 1, steps
        _lend_span(stimuli.values, together)
        return events, together

    def _make_probes(self, steps: int) -> dict[str, Array]:
        """Give the kernels room for the probed states of so many steps; they fill what is returned."""
        if not self._probes:
            return {}
        job, output, plastic = self._job, self._lent["output"], self._lent["plastic"]
        job.states = np.zeros((1, steps, job.probe_row.size), dtype=np.int64)
        job.learning.probes = np.zeros((1, steps, job.learning.probe_place.size), dtype=np.int64)
        _lend_span(output.probes, job.states)
        _lend_span(plastic.probes, job.learning.probes)
        output.first, output.length = self.step + 1, steps
        found, column = dict[str, Array](), 0
        for probe in job.probes:
            width = job.low.row_of_neuron[probe.population].size
            found[probe.name] = job.states[0, :, column : column + width]
            column += width
        found |= {name: states[0] for name, states in job.learning.states(1, steps).items()}
        return {name: found[name] for name in self._probes}

    def _run_some(self, until: int) -> list[_Taken]:
        """One call of the kernels, and what it wrote of each recorded population."""
        control, begun = self._lent["control"], time.perf_counter()
        control.step, control.steps, control.todo = self.step + 1, until, self._todo
        if self._draws:
            control.todo = min(self._todo, self._steps_drawn())
        self._output.written[:] = 0
        self._run_kernels()
        made = self._reached.made
        self.step += made
        written = self._output.written[1 - (made & 1)].tolist()
        taken = [self._taken(item, written) for item in self._recorded]
        self._todo = steps_of(CALL_S, control.todo, made, time.perf_counter() - begun)
        return taken

    def _taken(self, item: _Recorded, written: list[int]) -> _Taken:
        buffer, payloads, found = self._output.rows.reshape(-1, 3), self._output.payloads, _Taken(NO_ROWS, NO_VALUES)
        for number, at in item.parts:
            count = written[number]
            own = _Taken(buffer[at : at + count], payloads[at : at + count] if item.graded else NO_VALUES)
            if not len(found.rows):
                found = own
            elif count:
                found = _Taken(*merged_rows(found.rows, np.ascontiguousarray(own.rows), found.values, own.values))
        return _Taken(found.rows[:, 1:].copy(), found.values.copy() if item.graded else NO_VALUES)

    def _steps_drawn(self) -> int:
        """Steps for which there are draws, from the next one on; they are made where there are none."""
        if self.step >= self._drawn_to:
            links = len(self._plastic.counts)
            self._drawn = np.zeros((links, DRAWS, DRAWN))
            for number, draws in self._draws.items():
                self._drawn[number] = np.stack(draws.following(DRAWN))
            plastic = self._lent["plastic"]
            _lend_span(plastic.draws, self._drawn)
            plastic.drawn_from, plastic.steps, self._drawn_to = self.step + 1, DRAWN, self.step + DRAWN
        return self._drawn_to - self.step

    def _overflows(self) -> dict[str, Array]:
        """Overflows since the last call."""
        if not self._watch.size or not self._watch.any():
            return dict(self._zeros)
        found = {name: self._watch[:, rows] for name, rows in self._job.low.row_of_neuron.items()}
        self._watch[:] = 0
        return found

    # --- state

    def state(self, shown: tuple[str, ...]) -> RunState:
        """The state after the last step."""
        arrays = kept_arrays(self._job.low, [self._state], self.step)
        return RunState(
            program_digest=self.program.digest(),
            n_samples=1,
            step=self.step,
            seed=self.options.seed,
            first_sample=self._job.stimulus.first_sample,
            shown=shown,
            variables=arrays.variables,
            arriving=arrays.arriving,
            learning=self._job.learning.kept([self._plastic]),
        )

    def learned(self) -> Learned | None:
        """What plastic projections have learned so far."""
        found = self._job.learning.learned([self._job.learning.end(self._plastic)], self.program.digest())
        return None if found is None else found.model_copy(update={"step": self.step})


def _lend_span(span: Any, array: Array) -> None:
    """Point a span of a struct at a contiguous array, which must outlive the call."""
    span.at, span.n = array.__array_interface__["data"][0], array.size


def _joined(parts: list[_Taken]) -> tuple[Array, Array]:
    """Rows (step, neuron) and values of all calls of the kernels."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return NOTHING, NO_VALUES
    return np.concatenate([part.rows for part in parts]), np.concatenate([part.values for part in parts])
