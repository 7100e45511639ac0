"""Sessions of the definition: one sample whose input arrives over time, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, raise_errors
from neurodeploy.network import SumOfProducts
from neurodeploy.program.program import Program
from neurodeploy.signals import Chunk, Learned, RunOptions, RunState, Stimulus
from neurodeploy.simulate.learning_draws import EpochDraws, FollowingDraws
from neurodeploy.simulate.noise import noise_draws
from neurodeploy.simulate.probes import probed_size, probed_variables
from neurodeploy_backends.emulator.spec import Made, cleared
from neurodeploy_backends.emulator.spec_faults import Faulty
from neurodeploy_backends.emulator.spec_plastic import EpochLearning, learned_synapses, plastic_state
from neurodeploy_backends.emulator.spec_run import probed
from neurodeploy_backends.emulator.spec_state import kept_arrays, restored, state_faults
from neurodeploy_backends.emulator.spec_tables import Sending, machine_of

__all__ = ["SpecSession"]

Array = NDArray[Any]


class _Now(NamedTuple):
    """The draw of one step, where a rule looks for that of step t at index t - 1."""

    value: Any

    def __getitem__(self, _: Any) -> Any:
        return self.value


class _Made(NamedTuple):
    """What a step sends and counts, by population, and what is probed."""

    sent: dict[str, Array]
    overflows: dict[str, Array]
    states: list[Array]


class SpecSession:
    """A sample on the definition. Its methods are those of `simulate.backend.BackendSession`."""

    engine = "spec"

    def __init__(self, program: Program, options: RunOptions, findings: tuple[Diagnostic, ...] = ()) -> None:
        """Begin with the cleared state, or with `options.resume`. `findings`: why not the compiled engine. Raises DiagnosticError:
        ND509."""
        self.findings = findings
        self.program, self.options, self.machine = program, options, machine_of(program)
        self._faulty, kept = Faulty(self.machine), options.resume
        raise_errors("stream", state_faults(self.machine, kept) if kept else [])
        self.step = kept.step if kept else 0
        self._shown = Stimulus(n_samples=1, n_steps=1, first_sample=kept.first_sample if kept else 0)
        self._state = restored(self.machine, kept, range(1)) if kept else cleared(self.machine, 1)
        number = self._shown.first_sample
        self._state.plastic = plastic_state(self.machine.plastic, range(1), 0, number, options)
        self._draws = {
            name: FollowingDraws(item.rule, number, self.step)
            for name, item in self.machine.plastic.items()
            if isinstance(item.rule, SumOfProducts)
        }
        self._probes = probed_variables(program.network, options.probes)
        self._sizes = {item.name: probed_size(program.network, item) for item in self._probes}

    def run(self, until: int, rows: Mapping[str, Array], values: Mapping[str, Array]) -> Chunk:
        """The steps up to `until`."""
        first = self.step + 1
        made = [self._step(t, rows, values, first) for t in range(first, until + 1)]
        spikes, payloads = dict[str, Array](), dict[str, Array]()
        for item in self.program.populations:
            if self.options.record is None or item.name in self.options.record:
                sent = np.concatenate([np.zeros((0, item.size)), *(one.sent[item.name] for one in made)])
                at, neuron = np.nonzero(sent)
                spikes[item.name] = np.stack([at + first, neuron], axis=1).astype(np.int32)
                if item.name in self.machine.graded:
                    payloads[item.name] = sent[at, neuron].astype(np.int64)
        counted = {item.name: item.size for item in self.program.populations} if self.options.overflow else {}
        return Chunk(
            first_step=first,
            last_step=until,
            spikes=spikes,
            payloads=payloads,
            states={
                name: np.concatenate([np.zeros((0, size), dtype=np.int64), *(one.states[k] for one in made)])
                for k, (name, size) in enumerate(self._sizes.items())
            },
            overflows={
                name: sum((one.overflows[name] for one in made if name in one.overflows), np.zeros((3, size), np.int64))
                for name, size in counted.items()
            },
        )

    def _step(self, t: int, rows: Mapping[str, Array], values: Mapping[str, Array], first: int) -> _Made:
        inputs = dict[str, Sending]()
        for item in self.program.network.inputs:
            if item.name in self.machine.graded:
                shown = values.get(item.name, np.zeros((0, item.size)))
                now = shown[t - first] if t - first < len(shown) else np.zeros(item.size)
                line = np.flatnonzero(now)
                inputs[item.name] = Sending(np.zeros_like(line), line, now[line])
            else:
                given = rows.get(item.name, np.zeros((0, 3), dtype=np.int32))
                line = given[given[:, 1] == t, 2].astype(np.int64)
                inputs[item.name] = Sending(np.zeros_like(line), line, np.ones_like(line))
        for name, draws in self._draws.items():
            learning = self._state.plastic.projections[name]
            if isinstance(learning, EpochLearning):
                learning.draws = EpochDraws(*(_Now(value[0]) for value in draws.following(1)))  # type: ignore[arg-type]
        noise = noise_draws(self.program, self._shown, t, self.options, first_step=t)
        own = {name: draws[:, 0].astype(np.int64) for name, draws in noise.items()}
        made = self._faulty.step(self._state, t, inputs, own)
        self.step = t
        return self._taken(made)

    def _taken(self, made: Made) -> _Made:
        overflows = {name: np.stack([over.sum(axis=0) for over in where]) for name, where in made.overflows.items()}
        states = [np.array(probed(self._faulty.now, item, made, self._state), dtype=np.int64) for item in self._probes]
        return _Made({name: np.array(sent) for name, sent in made.sent.items()}, overflows, states)

    def state(self, shown: tuple[str, ...]) -> RunState:
        """The state after the last step."""
        arrays = kept_arrays(self.machine, self._state, self.step)
        return RunState(
            program_digest=self.program.digest(),
            n_samples=1,
            step=self.step,
            seed=self.options.seed,
            first_sample=self._shown.first_sample,
            shown=shown,
            variables=arrays.variables,
            arriving=arrays.arriving,
            learning=arrays.learning,
        )

    def learned(self) -> Learned | None:
        """What plastic projections have learned so far."""
        if not self.machine.plastic:
            return None
        synapses = {name: np.array(values) for name, values in learned_synapses(self._state.plastic).items()}
        return Learned(program_digest=self.program.digest(), step=self.step, synapses=synapses)
