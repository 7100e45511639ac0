"""Runs the definition: every sample of a stimulus side by side, step by step, and returns a recording."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import Current
from neurodeploy.network.graded import IntegerNeuron
from neurodeploy.program.program import PlacedPopulation, Program
from neurodeploy.signals.recording import Recording
from neurodeploy.signals.state import RunOptions
from neurodeploy.signals.stimulus import Stimulus
from neurodeploy.simulate.backend import Progress
from neurodeploy.simulate.noise import noise_draws
from neurodeploy.simulate.probes import ProbedVariable, probed_variables
from neurodeploy_backends.emulator import spec
from neurodeploy_backends.emulator.spec_tables import Machine, machine_of

__all__ = ["run_spec"]

Array = NDArray[Any]
MEMORIES = {"residue": "first", "theta": "first", "error": "second", "r": "second"}
"""State as a probe names it -> as the definition holds it."""


def run_spec(
    program: Program, stimulus: Stimulus, steps: int, options: RunOptions, progress: Progress | None = None
) -> Recording:
    """Return the recording of a sound program and stimulus, steps 1 to `steps` of every sample."""
    run = _Run(program, stimulus, steps, options)
    for step in range(1, steps + 1):
        run.step(step)
        if progress is not None:
            progress(step * stimulus.n_samples, steps * stimulus.n_samples)
    return run.recording(steps)


class _Rows:
    """Rows (sample, step, number) of what fired, and a value beside each."""

    def __init__(self) -> None:
        self.rows, self.values = [np.zeros((0, 3), dtype=np.int32)], [np.zeros(0, dtype=np.int64)]

    def add(self, step: int, sample: Array, number: Array, value: Array) -> None:
        """Add what fired in one step."""
        self.rows.append(np.stack([sample, np.full_like(sample, step), number], axis=1).astype(np.int32))
        self.values.append(value.astype(np.int64))

    def joined(self) -> tuple[Array, Array]:
        """Return all rows, sorted, and their values."""
        rows, values = np.concatenate(self.rows), np.concatenate(self.values)
        order = np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))
        return rows[order], values[order]


class _Run:
    """One run: the state of all samples, and what is recorded of it."""

    def __init__(self, program: Program, stimulus: Stimulus, steps: int, options: RunOptions) -> None:
        self.program, self.stimulus, self.options = program, stimulus, options
        self.machine: Machine = machine_of(program)
        self.state = spec.cleared(self.machine, stimulus.n_samples)
        self.noise = noise_draws(program, stimulus, steps, options)
        neurons = {item.name: item.neuron for item in program.network.populations}
        self.graded = {name for name, n in neurons.items() if isinstance(n, IntegerNeuron) and n.sends_values}
        self.driven = {item.name for item in program.network.inputs if isinstance(item.encoder, Current)}
        self.inputs = {item.name: stimulus.rows(item.name) for item in program.inputs}
        self.fired = {item.name: _Rows() for item in program.populations}
        self.watch = {item.name: np.zeros((3, item.size), dtype=np.int64) for item in program.populations}
        self.probes = probed_variables(program.network, options.probes)
        self.states: dict[str, list[Array]] = {item.name: [] for item in self.probes}
        self.active = np.zeros((stimulus.n_samples, steps, program.tables.n_cores), dtype=np.int32)

    def step(self, step: int) -> None:
        """Make one step of every sample: update all populations, then send."""
        spec.reset_periodically(self.machine, self.state, step)
        sums = spec.arrived(self.machine, self.state, step)
        self._count_active(step, sums)
        for item in self.program.populations:
            draws = self.noise[item.name][:, step - 1] if item.name in self.noise else None
            made = spec.update(self.machine, self.state, item, sums, draws)
            self._record(item, made, step)
            self._send(item, made, step)
        for item in self.program.inputs:
            self._show(item.name, step)

    def _count_active(self, step: int, sums: Array) -> None:
        """Count by core the rows that u, v, bias or input is about to move."""
        state, registers = self.state, self.machine.registers
        moved = (sums[:, 0] != 0) | (state.u != 0) | (state.v != 0) | (registers["bias"] != 0)
        for sample, row in np.argwhere(moved):
            self.active[sample, step - 1, self.machine.core[row]] += 1

    def _record(self, item: PlacedPopulation, made: spec.Step, step: int) -> None:
        sample, neuron = np.nonzero(made.sent)
        self.fired[item.name].add(step, sample, neuron, made.sent[sample, neuron])
        if made.overflows is not None:
            self.watch[item.name] += np.stack([where.sum(axis=0) for where in made.overflows])
        for probe in self.probes:
            if probe.population == item.name:
                self.states[probe.name].append(self._probed(probe, made))

    def _probed(self, probe: ProbedVariable, made: spec.Step) -> Array:
        rows = self.machine.rows[probe.population]
        if probe.variable != "v_register":
            return getattr(self.state, MEMORIES.get(probe.variable, probe.variable))[:, rows].copy()
        unit = self.program.target.dialect.register_value_per_refractory_step
        shown = self.machine.registers["refract"][rows] * unit
        return np.where(made.sent != 0, shown, self.state.v[:, rows])

    def _send(self, item: PlacedPopulation, made: spec.Step, step: int) -> None:
        tables, (sample, neuron) = self.program.tables, np.nonzero(made.sent)
        source, value = self.machine.rows[item.name][neuron], made.sent[sample, neuron]
        routes = (tables.out_axon_ptr, source, tables.out_core, tables.out_in_axon)
        sent = spec.routed(sample, *routes, value)
        spec.deliver(self.machine, self.state, sent, step, valued=item.name in self.graded)

    def _show(self, name: str, step: int) -> None:
        """Send what an input shows in a step: its spikes, or its values."""
        routes = next(item for item in self.program.inputs if item.name == name)
        if name in self.driven:
            values = self.stimulus.currents.get(name)
            if values is None or step > self.stimulus.n_steps:
                return
            sample, line = np.nonzero(values[:, step - 1])
            value = values[sample, step - 1, line]
        else:
            now = self.inputs[name][self.inputs[name][:, 1] == step].astype(np.int64)
            sample, line, value = now[:, 0], now[:, 2], np.ones(len(now), dtype=np.int64)
        sent = spec.routed(sample, routes.ptr, line, routes.core, routes.in_axon, value)
        spec.deliver(self.machine, self.state, sent, step, valued=name in self.driven)

    def recording(self, steps: int) -> Recording:
        """Return what was recorded."""
        joined = {name: rows.joined() for name, rows in self.fired.items()}
        wanted = self.options.record
        none = (np.zeros((0, 3), dtype=np.int32), np.zeros(0, dtype=np.int64))
        held = {name: pair if wanted is None or name in wanted else none for name, pair in joined.items()}
        shown = {name: rows for name, rows in self.inputs.items() if name not in self.driven}
        return Recording(
            ran_on="emulator",
            backend="emulator",
            program_digest=self.program.digest(),
            seed=self.options.seed,
            recorded=wanted,
            n_samples=self.stimulus.n_samples,
            n_steps=steps,
            spikes={name: rows for name, (rows, _) in held.items()},
            payloads={name: values for name, (_, values) in held.items() if name in self.graded},
            states={name: np.stack(values, axis=1) for name, values in self.states.items()},
            input_spikes={name: rows[rows[:, 1] <= steps] for name, rows in shown.items()},
            active_updates=self.active if self.options.activity else None,
            overflows=self.watch if self.options.overflow else {},
        )
