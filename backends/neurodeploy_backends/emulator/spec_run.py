"""Runs of the definition: samples in batches, step by step, and their recording."""

from __future__ import annotations

import contextlib
import time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import raise_errors
from neurodeploy.network.plasticity_shapes import LEARNED_VARIABLES
from neurodeploy.program.program import Program
from neurodeploy.signals.learned import Learned
from neurodeploy.signals.options import Progress, RunOptions
from neurodeploy.signals.recording import Recording
from neurodeploy.signals.state import RunState
from neurodeploy.signals.stimulus import Stimulus
from neurodeploy.simulate.noise import noise_draws
from neurodeploy.simulate.probes import ProbedVariable, probed_size, probed_variables
from neurodeploy.simulate.resume import input_hashes
from neurodeploy_backends.emulator.spec import Made, State, cleared
from neurodeploy_backends.emulator.spec_faults import Faulty
from neurodeploy_backends.emulator.spec_plastic import learned_synapses, plastic_state
from neurodeploy_backends.emulator.spec_state import KeptArrays, joined_arrays, kept_arrays, restored, state_faults
from neurodeploy_backends.emulator.spec_tables import Machine, Sending, machine_of

__all__ = ["probed", "run_spec"]

Array = NDArray[Any]
SIDE_BY_SIDE = 1 << 22
"""Most cells and synapses, over all samples of a batch, that are held at once."""
PROGRESS_S = 0.1
"""Seconds between two calls of a progress callback."""
MEMORIES = {"residue": "memory_0", "theta": "memory_0", "error": "memory_1", "r": "memory_1"}
"""Probed variable -> state of the definition; u and v are called the same."""
NO_ROWS, NO_VALUES = np.zeros((0, 3), dtype=np.int32), np.zeros(0, dtype=np.int64)


def run_spec(
    program: Program, stimulus: Stimulus, steps: int, options: RunOptions, progress: Progress | None = None
) -> Recording:
    """The recording of a sound program, stimulus and options, steps up to `steps` of every sample.

    After Ctrl-C the samples that are whole are kept, or the completed steps of a single one. Raises ND509 (the state to
    resume).
    """
    run = _Run(program, stimulus, steps, options, progress)
    raise_errors("run", state_faults(run.machine, options.resume) if options.resume else [])
    with contextlib.suppress(KeyboardInterrupt):
        for start in range(0, stimulus.n_samples, run.batch):
            run.run_batch(range(start, min(start + run.batch, stimulus.n_samples)))
    return run.recording()


def probed(machine: Machine, probe: ProbedVariable, made: Made, state: State) -> Array:
    """(samples, size) register values of a probe after a step that made `made`."""
    if probe.variable in LEARNED_VARIABLES:
        return state.plastic.projections[probe.population].variable(probe.variable)
    cells = machine.populations[probe.population]
    if probe.variable != "v_register":
        return getattr(state, MEMORIES.get(probe.variable, probe.variable))[:, cells.rows]
    # the chip's voltage register shows the refractory delay in a step with a spike [nengo hardware/interface.py; NIR]
    unit = machine.program.target.dialect.register_value_per_refractory_step
    return np.where(made.sent[probe.population] != 0, cells.registers["refract"] * unit, state.v[:, cells.rows])


class _Kept(NamedTuple):
    """The extent of a recording."""

    samples: int
    steps: int
    partial: bool


class _Rows:
    """Rows (sample, step, number) of spikes, and the value of each."""

    def __init__(self) -> None:
        self.rows, self.values = [NO_ROWS], [NO_VALUES]

    def add(self, t: int, sample: Array, number: Array, value: Array) -> None:
        """Add the spikes of one step."""
        self.rows.append(np.stack([sample, np.full_like(sample, t), number], axis=1).astype(np.int32))
        self.values.append(value.astype(np.int64))

    def joined(self, samples: int) -> tuple[Array, Array]:
        """All rows of the first samples, sorted, and their values."""
        rows, values = np.concatenate(self.rows), np.concatenate(self.values)
        order = np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))
        order = order[rows[order, 0] < samples]
        return rows[order], values[order]


class _Shown:
    """The values of the inputs, step by step."""

    def __init__(self, machine: Machine, stimulus: Stimulus, samples: range) -> None:
        self.currents = {name: values[samples.start : samples.stop] for name, values in stimulus.currents.items()}
        self.rows: dict[str, Array] = {}
        for item in machine.program.inputs:
            if item.name not in machine.graded:
                rows = stimulus.rows(item.name).astype(np.int64)
                rows = rows[(rows[:, 0] >= samples.start) & (rows[:, 0] < samples.stop)] - [samples.start, 0, 0]
                self.rows[item.name] = rows[np.argsort(rows[:, 1], kind="stable")]

    def at(self, t: int) -> dict[str, Sending]:
        """Spikes or values of each input in step t."""
        found = dict[str, Sending]()
        for name, rows in self.rows.items():
            first, last = np.searchsorted(rows[:, 1], [t, t + 1])
            found[name] = Sending(rows[first:last, 0], rows[first:last, 2], np.ones(last - first, dtype=np.int64))
        for name, values in self.currents.items():
            now = values[:, t - 1] if t <= values.shape[1] else np.zeros((len(values), values.shape[2]))
            sample, line = np.nonzero(now)
            found[name] = Sending(sample, line, now[sample, line])
        return found


class _Run:
    """One run: its machine, and its recording so far."""

    def __init__(
        self, program: Program, stimulus: Stimulus, steps: int, options: RunOptions, progress: Progress | None
    ) -> None:
        self.program, self.stimulus, self.steps, self.options = program, stimulus, steps, options
        self.machine, self.progress, self.reported = machine_of(program), progress, time.monotonic()
        self.faulty = Faulty(self.machine)
        self.first = options.resume.step + 1 if options.resume else 1
        n, length = stimulus.n_samples, max(steps - self.first + 1, 0)
        each = max(self.machine.n_cells, self.machine.weight.size, 1)
        self.batch, self.length, self.done, self.last = max(1, min(n, SIDE_BY_SIDE // each)), length, 0, 0
        self.whole = 0
        self.sent = {item.name: _Rows() for item in program.populations if self._is_recorded(item.name)}
        self.overflows = {item.name: np.zeros((3, item.size), dtype=np.int64) for item in program.populations}
        self.probes = probed_variables(program.network, options.probes)
        sizes = {p.name: probed_size(program.network, p) for p in self.probes}
        self.states = {name: np.zeros((n, length, size), dtype=np.int64) for name, size in sizes.items()}
        shape = (n, length, program.tables.n_cores) if options.activity else (0, 0, 0)
        self.active = np.zeros(shape, dtype=np.int32)
        self.final = list[KeptArrays]()
        self.learned = list[dict[str, Array]]()
        self.sequential = bool(self.machine.plastic) and options.learn == "sequential"
        self.batch = 1 if self.sequential else self.batch

    def _is_recorded(self, name: str) -> bool:
        return self.options.record is None or name in self.options.record

    def run_batch(self, samples: range) -> None:
        """Run some samples from their first step to their last."""
        resume, shown = self.options.resume, _Shown(self.machine, self.stimulus, samples)
        state = restored(self.machine, resume, samples) if resume else cleared(self.machine, len(samples))
        state.plastic = plastic_state(
            self.machine.plastic, samples, self.steps, self.stimulus.first_sample, self._begun_with()
        )
        draws = self._draws(samples)
        for t in range(self.first, self.steps + 1):
            own = {name: values[:, t - 1].astype(np.int64) for name, values in draws.items()}
            self._record(self.faulty.step(state, t, shown.at(t), own), state, samples, t)
            self.done, self.last = self.done + len(samples), t
            self._report()
        self.learned.append(learned_synapses(state.plastic))
        if self.options.keep_state:
            self.final.append(kept_arrays(self.machine, state, self.steps))
        self.whole = samples.stop
        self._report(last=samples.stop == self.stimulus.n_samples)

    def _begun_with(self) -> RunOptions:
        """The options, with what the sample before has learned where samples learn in sequence."""
        learned = self._learned(self.learned[-1:]) if self.sequential and self.learned else self.options.learned
        return self.options.model_copy(update={"learned": learned})

    def _learned(self, parts: list[dict[str, Array]]) -> Learned | None:
        if not self.machine.plastic or not parts:
            return None
        synapses = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return Learned(program_digest=self.program.digest(), step=self.last, synapses=synapses)

    def _draws(self, samples: range) -> dict[str, Array]:
        """Draws of noise, (samples, steps, size) of each population that has noise."""
        shifted = {"first_sample": self.stimulus.first_sample + samples.start, "n_samples": len(samples)}
        given = {name: x if len(x) == 1 else x[samples.start : samples.stop] for name, x in self.options.noise.items()}
        options = self.options.model_copy(update={"noise": given})
        return noise_draws(self.program, self.stimulus.model_copy(update=shifted), self.steps, options)

    def _report(self, *, last: bool = False) -> None:
        now, total = time.monotonic(), self.stimulus.n_samples * self.length
        if self.progress is not None and (last or (now - self.reported >= PROGRESS_S and self.done < total)):
            self.reported = now
            self.progress(self.done, total)

    def _record(self, made: Made, state: State, samples: range, t: int) -> None:
        for name, rows in self.sent.items():
            sample, neuron = np.nonzero(made.sent[name])
            rows.add(t, sample + samples.start, neuron, made.sent[name][sample, neuron])
        for name, where in made.overflows.items():
            self.overflows[name] += np.stack([over.sum(axis=0) for over in where])
        here = slice(samples.start, samples.stop)
        for probe in self.probes:
            self.states[probe.name][here, t - self.first] = probed(self.faulty.now, probe, made, state)
        if self.options.activity:
            before = np.zeros((len(samples), made.active.shape[1] + 1), dtype=np.int32)
            np.cumsum(made.active, axis=1, out=before[:, 1:])
            self.active[here, t - self.first] = np.diff(before[:, self.program.tables.compartment_ptr], axis=1)

    def _kept(self) -> _Kept:
        if self.whole == 0 and self.stimulus.n_samples == 1 and self.done:
            return _Kept(1, self.last, partial=True)
        return _Kept(self.whole, self.steps, partial=False)

    def recording(self) -> Recording:
        """The recording of the samples that are whole, or of a single one that was stopped."""
        kept, n, complete = self._kept(), self.stimulus.n_samples, self.whole == self.stimulus.n_samples
        rows = {name: found.joined(kept.samples) for name, found in self.sent.items()}
        rows = {item.name: rows.get(item.name, (NO_ROWS, NO_VALUES)) for item in self.program.populations}
        length = kept.steps - self.first + 1
        return Recording(
            ran_on="emulator",
            backend="emulator",
            engine="spec",
            program_digest=self.program.digest(),
            seed=self.options.seed,
            recorded=self.options.record,
            n_samples=kept.samples,
            n_steps=kept.steps,
            first_step=self.first,
            complete=complete,
            partial=kept.partial,
            spikes={name: found for name, (found, _) in rows.items()},
            payloads={name: values for name, (_, values) in rows.items() if name in self.machine.graded},
            states={name: values[: kept.samples, :length] for name, values in self.states.items()},
            input_spikes=self._input_spikes(kept),
            active_updates=self.active[: kept.samples, :length] if self.options.activity else None,
            overflows=self.overflows if self.options.overflow else {},
            learned=self._learned(self.learned[-1:] if self.sequential else self.learned),
            final_state=self._final_state(n) if self.options.keep_state and complete else None,
        )

    def _input_spikes(self, kept: _Kept) -> dict[str, Array]:
        found = {name: self.stimulus.rows(name) for name in (*self.stimulus.spikes, *self.stimulus.rasters)}
        return {
            name: rows[(rows[:, 1] >= self.first) & (rows[:, 1] <= kept.steps) & (rows[:, 0] < kept.samples)]
            for name, rows in found.items()
        }

    def _final_state(self, samples: int) -> RunState:
        arrays = joined_arrays(self.final)
        return RunState(
            program_digest=self.program.digest(),
            n_samples=samples,
            step=self.steps,
            seed=self.options.seed,
            first_sample=self.stimulus.first_sample,
            shown=input_hashes(self.program.network, self.stimulus, self.options, self.steps),
            variables=arrays.variables,
            arriving=arrays.arriving,
            learning=arrays.learning,
        )
