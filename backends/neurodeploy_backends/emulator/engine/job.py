"""One program on one stimulus for the compiled engine: its arenas, and calls of the kernels for a range of samples."""

from __future__ import annotations

import threading
import time
import weakref
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import aligned_zeros
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.faults.edits import edits_of
from neurodeploy.faults.effects import stimulus_under
from neurodeploy.native.structs import lend, structure_of
from neurodeploy.program.program import Program
from neurodeploy.signals.options import RunOptions
from neurodeploy.signals.stimulus import Stimulus
from neurodeploy.simulate.probes import ProbedVariable, probed_variables
from neurodeploy_backends.emulator.engine.disturbances import PATCHED, Places, disturbances_of
from neurodeploy_backends.emulator.engine.growing import Growing
from neurodeploy_backends.emulator.engine.library import engine
from neurodeploy_backends.emulator.engine.plastic_state import Learning, Run, lent_plasticity
from neurodeploy_backends.emulator.engine.states import restore
from neurodeploy_backends.emulator.engine.tables import Control, Layout, Output, Reached, State, Stimuli
from neurodeploy_backends.emulator.lowering import models
from neurodeploy_backends.emulator.lowering.lower import Lowered, lower
from neurodeploy_backends.emulator.lowering.parts import Part, padded
from neurodeploy_backends.emulator.lowering.tolerance import Disturbed, tolerance_for

__all__ = ["CALL_S", "Job", "Share", "no_thread", "steps_of"]

Array = NDArray[Any]
CHUNK_ROWS = 1 << 18
"""Spikes that the buffer of one call holds; it is larger where one step may give more."""
CALL_S = 0.05
"""Seconds that a call of the kernels should last, and that Ctrl-C waits at most."""
PROBE_KINDS = {"v": 0, "u": 1, "v_register": 2, "residue": 3, "theta": 3, "error": 4, "r": 4}


@dataclass
class Share:
    """Samples [start, stop) that one worker runs, and what it recorded."""

    start: int
    stop: int
    rows: list[Growing] = field(default_factory=list[Growing])
    """Recorded rows by part."""
    payloads: list[Growing] = field(default_factory=list[Growing])
    """Values of graded spikes by part."""
    done: int = 0
    """Completed steps, over all samples."""
    watch: Array | None = None
    """(3, rows) counted overflows."""
    state: Any = None
    """State after the last step."""
    plastic: Any = None
    """The same of plastic projections."""
    learned: dict[str, Array] | None = None
    """What they have learned once all samples are whole."""


class Rooms(NamedTuple):
    """A layout in which every recorded part has its range of the rows of a call."""

    layout: Layout
    rows: int
    """Rows of all ranges."""
    lent: Any
    """The layout as C reads it."""


@dataclass
class Laid:
    """A program as its runs share it."""

    low: Lowered
    rooms: dict[Any, Rooms] = field(default_factory=dict[Any, Rooms])
    """(parts that are recorded, parts whose noise is given) -> the layout for them."""
    todo: int = 16
    """Steps of the next call, of whichever run."""


_LOWERED: dict[int, dict[tuple[bool, int, str], Laid]] = {}
"""Layouts of the programs in memory, by id."""


def _laid(program: Program, *, watched: bool, pieces: int, disturbed: Disturbed) -> Laid:
    """The layout of a program, built once per program object and kind of faults."""
    if id(program) not in _LOWERED:
        weakref.finalize(program, _LOWERED.pop, id(program), None)
    layouts = _LOWERED.setdefault(id(program), {})
    key = (watched, pieces, disturbed)
    if key not in layouts:
        layouts[key] = Laid(lower(program, watched=watched, pieces=pieces, faults=tolerance_for(program, disturbed)))
    return layouts[key]


class Job:
    """One program on one stimulus: the layout, the input and the arrays that all samples share."""

    def __init__(
        self,
        program: Program,
        stimulus: Stimulus,
        steps: int,
        options: RunOptions,
        pieces: int,
        *,
        endless: bool = False,
        disturbed: Disturbed = "own",
    ) -> None:
        """`endless`: whether `steps` is not the last step, as in a session. `disturbed`: which faults the layout allows: those of
        the program, any of state, messages and words, or any of registers too."""
        self.program, self.stimulus, self.steps, self.options, self.pieces = program, stimulus, steps, options, pieces
        self.laid = _laid(program, watched=options.overflow, pieces=pieces, disturbed=disturbed)
        self.low = self.laid.low
        self.first = options.resume.step + 1 if options.resume else 1
        self.length = max(steps - self.first + 1, 0)
        probes = probed_variables(program.network, options.probes)
        self.probes = [probe for probe in probes if not probe.learned]
        self.learning = self._learning([probe for probe in probes if probe.learned], endless=endless)
        self.layout, self.room, self.lent_layout = self._rooms()
        self.faults = [edits_of(program, fault) for fault in program.faults]
        self._make_outputs()
        self.stimuli = self._stimuli()
        self._lent_stimuli = lend(self.stimuli)
        self.stopped = threading.Event()

    def lent_for(self, first: int, last: int | None) -> Any:
        """The lent layout for one worker and steps `first` to `last`: its own registers and records if there are faults."""
        if not self.faults:
            return self.lent_layout
        places = Places(self.program, self.low)
        return lend(self.own_layout(disturbances_of(places, self.faults, first, last)))

    def own_layout(self, disturbances: Array) -> Layout:
        """The layout with registers that no other worker reads."""
        own = {name: getattr(self.layout, name).copy() for name in PATCHED}
        return self.layout._replace(**own, disturbances=disturbances)

    def _learning(self, probes: list[ProbedVariable], *, endless: bool) -> Learning:
        stimulus, most = self.stimulus, max((part.size for part in self.low.parts), default=0)
        extent = Run(self.options, self.steps, self.length, stimulus.n_samples, stimulus.first_sample, endless)
        return Learning(self.low.plastic, extent, probes, most)

    def _noisy(self) -> list[tuple[int, Part]]:
        """Number and part of all neurons whose draws are given."""
        given = self.options.noise
        return [(n, part) for n, part in enumerate(self.low.parts) if part.name in given and not part.is_input]

    def _rooms(self) -> Rooms:
        """The layout with room for every recorded part, built once for each choice of them."""
        wanted, rasters = self.options.record, self.stimulus.rasters
        recorded = tuple(
            p.name in rasters if p.is_input else wanted is None or p.name in wanted for p in self.low.parts
        )
        noisy = tuple(number for number, _ in self._noisy())
        key = (recorded, noisy)
        if key not in self.laid.rooms:
            self.laid.rooms[key] = self._made_rooms(recorded)
        return self.laid.rooms[key]

    def _made_rooms(self, recorded: tuple[bool, ...]) -> Rooms:
        """Give every recorded part its range of the rows of a call."""
        table = self.low.layout.populations.copy()
        total = sum(part.size for part, on in zip(self.low.parts, recorded, strict=True) if on)
        at = 0
        for number, (part, on) in enumerate(zip(self.low.parts, recorded, strict=True)):
            room = max(part.size * 2, CHUNK_ROWS * part.size // max(total, 1)) if on else 0
            table["room"][number], table["record"][number] = room, at
            at += room
        column = 0
        for number, part in self._noisy():
            table["noise_column"][number], column = column, column + part.size
        layout = self.low.layout._replace(populations=table)
        return Rooms(layout, at, lend(layout))

    def _make_outputs(self) -> None:
        low, n = self.low, self.stimulus.n_samples
        rows = [low.row_of_neuron[probe.population] for probe in self.probes]
        kinds = [np.full(r.size, PROBE_KINDS[probe.variable]) for r, probe in zip(rows, self.probes, strict=True)]
        none = np.zeros(0, dtype=np.int64)
        self.probe_row = np.concatenate([*rows, none]).astype(np.int64)
        self.probe_kind = np.concatenate([*kinds, none]).astype(np.int64)
        owner = np.zeros(low.rows, dtype=np.int64)
        for part in low.parts:
            if not part.is_input:
                owner[part.start : part.start + part.size] = part.owner
        self.probe_owner = owner[self.probe_row]
        self.states = np.zeros((n, self.length, self.probe_row.size), dtype=np.int64)
        cores = self.program.tables.n_cores if self.options.activity else 0
        shape = (n if cores else 0, self.length if cores else 0, cores)
        self.active = [np.zeros(shape, dtype=np.int32) for _ in range(self.pieces)]

    def _stimuli(self) -> Stimuli:
        """Events of all inputs of spikes in a row, values of all inputs of values side by side."""
        given = stimulus_under(self.program, self.program.faults, self.stimulus, self.first, self.steps)
        driven, n, shown = self.low.values, self.stimulus.n_samples, self.stimulus.n_steps
        names = [part.name for part in self.low.parts if part.is_input and part.name not in driven]
        none = np.zeros((0, 3), dtype=np.int32)
        events = [_ordered(np.asarray(given.spikes.get(name, none), dtype=np.int32)) for name in names]
        joined = events[0] if len(events) == 1 else np.concatenate([*events, none])
        first = np.r_[0, np.cumsum([len(e) for e in events])].astype(np.int64)
        values = [np.zeros((n if driven else 0, shown, 0))]
        for name in driven:
            lines = self.program.network.input_by_name[name].size
            values.append(np.asarray(given.currents.get(name, np.zeros((n, shown, lines))), dtype=np.float64))
        shown_values = np.concatenate(values, axis=2) if driven else values[0]
        (raster, column), noise = self._rasters(given, names), self._noise()
        return Stimuli(
            events=joined,
            first=first,
            raster=raster,
            column=column,
            begin=1,
            steps=shown,
            values=shown_values,
            value_columns=shown_values.shape[2],
            noise=noise,
            noise_samples=noise.shape[0],
            noise_steps=noise.shape[1],
            noise_columns=noise.shape[2],
            number=self.stimulus.first_sample,
        )

    def _rasters(self, given: Stimulus, names: list[str]) -> tuple[Array, Array]:
        """All rasters in a row, and the offset of each input of spikes; -1 for one with events."""
        flat = {name: np.ascontiguousarray(array, dtype=np.uint8).ravel() for name, array in given.rasters.items()}
        begins = dict(zip(flat, np.cumsum([0, *(array.size for array in flat.values())]).tolist(), strict=False))
        arrays = list(flat.values()) or [np.zeros(0, dtype=np.uint8)]
        joined = (arrays[0] if len(arrays) == 1 else np.concatenate(arrays)).view()
        return joined, np.array([begins.get(name, -1) for name in names] + [-1], dtype=np.int64)

    def _noise(self) -> Array:
        """Given draws of all parts side by side, in the order of their rows, (samples or 1, steps, columns) int16."""
        noise = self.options.noise
        given = [np.asarray(noise[part.name], dtype=np.int16)[:, :, part.neurons] for _, part in self._noisy()]
        return np.ascontiguousarray(np.concatenate(given, axis=2)) if given else np.zeros((1, 0, 0), dtype=np.int16)

    def state(self, sample: int) -> State:
        """A cleared state whose cursors are at the events of a sample."""
        low, rows = self.low, self.low.rows
        dtype = np.int64 if low.wide else np.int32
        every = sum(padded(part.size) for part in low.parts)
        events, first = self.stimuli.events, self.stimuli.first
        cursor = [bisect_left(events, sample, low, high, key=itemgetter(0)) for low, high in pairwise(first.tolist())]
        most = max((padded(rows.size) for rows in low.row_of_neuron.values()), default=0)
        marks = np.zeros((self.pieces, most), dtype=np.uint8)
        return State(
            u=aligned_zeros(rows, dtype),
            v=aligned_zeros(rows, dtype),
            memory=low.layout.initial.copy(),
            acc=aligned_zeros(low.accumulators, dtype),
            refract=aligned_zeros(rows, np.uint8),
            fired=np.zeros(rows // 64, dtype=np.uint64),
            spikes=np.zeros(2 * every, dtype=np.int32),
            counts=np.zeros((2, len(low.parts)), dtype=np.int64),
            values=np.zeros(every if low.wide else 0),
            pending=np.zeros(len(low.parts), dtype=np.int64),
            asleep=np.zeros(len(low.parts), dtype=np.uint8),
            cursor=np.array([*cursor, 0], dtype=np.int64),
            queue=np.zeros((self.pieces, low.queue + 1), dtype=np.int64),
            arrived=np.zeros(8, dtype=np.int64),
            marks=marks,
        )

    def output(self, watch: Array) -> Output:
        """Buffers of one share; probed states go to the arrays of the job."""
        return Output(
            rows=np.empty(3 * self.room, dtype=np.int32),
            payloads=np.empty(self.room if models.graded(self.program) else 0, dtype=np.int64),
            written=np.zeros((2, len(self.low.parts)), dtype=np.int64),
            probe_row=self.probe_row,
            probe_kind=self.probe_kind,
            probe_owner=self.probe_owner,
            probe_unit=self.program.target.dialect.register_value_per_refractory_step,
            probes=self.states,
            active=self.active[0],
            watch=watch,
            first=self.first,
            length=self.length,
            cores=self.active[0].shape[2],
        )

    def control(self, sample: int, step: int, stop: int, thread: int) -> Control:
        """Range of steps that one call runs."""
        return Control(
            sample=sample,
            step=step,
            stop=stop,
            steps=self.steps,
            first=self.first,
            todo=self.laid.todo,
            thread=thread,
            threads=self.pieces,
            seed=self.options.seed,
        )

    def run(self, share: Share) -> None:
        """Run a share of the samples call by call, until it is done or the job is stopped."""
        state, counted = self.state(share.start), self.low.rows if self.options.overflow and self.low.wide else 0
        share.watch = np.zeros((3, counted), dtype=np.int64)
        share.rows = [Growing(np.zeros((0, 3), dtype=np.int32)) for _ in self.low.parts]
        share.payloads = [Growing(np.zeros(0, dtype=np.int64)) for _ in self.low.parts]
        output = self.output(share.watch)
        outputs = [lend(output._replace(active=active)) for active in self.active]
        plastic = self.learning.begin(share.start)
        if self.options.resume is not None:
            restore(self.low, state, self.options.resume, share.start)
        sample, step = share.start, self.first
        shared = [self.lent_for(self.first, self.steps), lend(state), self._lent_stimuli]
        lent = lent_plasticity(plastic)
        while sample < share.stop and self.length and not self.stopped.is_set():
            begun = time.perf_counter()
            calls = [(lend(self.control(sample, step, share.stop, thread)), lent) for thread in range(self.pieces)]
            state.arrived[:] = 0
            output.written[:] = 0
            sample, step, made = self._call(shared, outputs, calls)
            share.done += made
            self._take(share, output, made)
            self.laid.todo = steps_of(CALL_S, self.laid.todo, made, time.perf_counter() - begun)
        if sample >= share.stop or not self.length:
            share.learned = self.learning.end(plastic)
        if self.options.keep_state:
            share.state, share.plastic = state, plastic

    def _call(self, shared: list[Any], outputs: list[Any], calls: list[Any]) -> Reached:
        """One call in every thread that shares the sample; the first runs here.

        The threads synchronize in every step, so none enters the kernels before all of them run: otherwise a thread that
        cannot start would leave the others waiting forever.
        """
        gate, here, name = threading.Event(), [False], "run_wide" if self.low.wide else "run_narrow"
        reached = [structure_of(Reached)() for _ in calls]

        def enter(output: Any, call: Any, place: Any) -> None:
            engine().call(name, *shared, output, *call, place)

        def enter_later(*arguments: Any) -> None:
            gate.wait()
            if here[0]:
                enter(*arguments)

        every = list(zip(outputs, calls, reached, strict=True))
        others = [threading.Thread(target=enter_later, args=arguments) for arguments in every[1:]]
        try:
            for other in others:
                other.start()
            here[0] = True
        except RuntimeError as error:
            gate.set()
            for other in others:
                if other.is_alive():
                    other.join()
            raise DiagnosticError("run", (no_thread(len(calls), error),)) from None
        finally:
            gate.set()
        enter(*every[0])
        for other in others:
            other.join()
        return Reached(*(getattr(reached[0], field) for field in Reached._fields))

    def _take(self, share: Share, output: Any, made: int) -> None:
        """Append what a call wrote to what a share recorded."""
        written, first = output.written[1 - (made & 1)].tolist(), self.layout.populations["record"].tolist()
        rows, done = output.rows.reshape(-1, 3), share.done / ((share.stop - share.start) * self.length)
        for number, (at, count) in enumerate(zip(first, written, strict=True)):
            if count:
                share.rows[number].add(rows[at : at + count], done)
            if count and output.payloads.size:
                share.payloads[number].add(output.payloads[at : at + count], done)


def no_thread(threads: int, error: RuntimeError) -> Diagnostic:
    """ND511 where the system refuses another thread."""
    message = f"{threads} threads cannot be started: {error}"
    return finding("ND511", about("option", "threads"), message, fixes=["--threads 1"])


def _ordered(rows: Array) -> Array:
    """Sorted rows as a contiguous array."""
    return np.ascontiguousarray(rows)


def steps_of(seconds: float, asked: int, made: int, took: float) -> int:
    """Steps that take about `seconds`; at most eight times as many as in the last call, if that made all it was asked for."""
    most = asked if made < asked else 8 * made
    return max(1, min(most, int(seconds * max(made, 1) / max(took, 1e-6))))
