"""Runs of one program and one stimulus under faults, by the backend's fast way where it has one, else by a run for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from neurodeploy.campaign.golden import Golden, judged, outcome_of, outcome_of_spikes, outputs_read
from neurodeploy.campaign.nouns import Outcome
from neurodeploy.faults import inject
from neurodeploy.program.fault import Fault
from neurodeploy.program.program import Program
from neurodeploy.signals import RunOptions, Stimulus
from neurodeploy.simulate.backend import FaultBackend, FaultRuns
from neurodeploy.simulate.probes import reads_v
from neurodeploy.simulate.registry import get_backend
from neurodeploy.simulate.run import last_step, run_encoded

__all__ = ["Trials", "run_options", "trials_of"]

BACKEND = "emulator"
CHECKPOINTS = 16
"""States that are kept of each sample unless the user says otherwise."""


class Trials(Protocol):
    """What comes of faults. Not for several threads at once."""

    golden: Golden
    """The run without a fault."""

    def outcome(self, number: int, faults: Sequence[Fault]) -> Outcome:
        """Return what `faults` do together, as the outcome of a `number`."""
        ...

    def saved(self) -> tuple[int, int]:
        """Return (steps that were run, steps of whole runs), of all faults so far."""
        ...

    def copy(self) -> Trials:
        """Return the same for another thread."""
        ...


def run_options(program: Program, seed: int, until: int | None) -> RunOptions:
    """Return the options of each run of a `program`: outputs are recorded, on one thread. `seed`, `until`: as for nd.run."""
    return RunOptions(seed=seed, until=until, threads=1, record=outputs_read(program.network) or None)


def trials_of(program: Program, stimulus: Stimulus, golden: Golden, options: RunOptions, every: int | None) -> Trials:
    """Return runs of a `program` under faults.

    `stimulus`, `options`: what is shown, and as `run_options` returns it. `golden`: the run without a fault. `every`: steps between
    checkpoints, 0 for whole runs, None for a default.
    """
    adapter = get_backend(BACKEND)
    last = last_step(program.network, stimulus, options)
    plain = not any(reads_v(item) for item in program.network.outputs) and not golden.recording.payloads
    if plain and isinstance(adapter, FaultBackend):
        chosen = max(1, last // CHECKPOINTS) if every is None else every
        runs = adapter.fault_runs(program, stimulus, steps=last, options=options, every=chosen)
        if runs is not None:
            return _FastTrials(program, golden, runs, chosen, last * stimulus.n_samples)
    return _WholeTrials(program, stimulus, golden, options, last)


class _FastTrials:
    """Trials by the backend's own way."""

    def __init__(self, program: Program, golden: Golden, runs: FaultRuns, every: int, length: int) -> None:
        """`every`: steps between checkpoints; 0: nothing is skipped. `length`: steps of a whole run of all samples."""
        self.golden, self._program, self._runs = golden, program, runs
        self._every, self._length, self._skipped = every, length, 0

    def outcome(self, number: int, faults: Sequence[Fault]) -> Outcome:
        """What the faults do."""
        if self._every and len(faults) == 1:
            fault = _later(faults[0], self.golden)
            if fault is None:
                self._skipped += self._length
                return judged(number, self.golden, 0, lambda: None)
            faults = (fault,)
        return outcome_of_spikes(number, self._program, self.golden, self._runs.spikes(faults))

    def saved(self) -> tuple[int, int]:
        """(steps run, steps of whole runs)."""
        ran, whole = self._runs.saved()
        return ran, whole + self._skipped

    def copy(self) -> Trials:
        """The same for another thread."""
        return _FastTrials(self._program, self.golden, self._runs.copy(), self._every, self._length)


def _later(fault: Fault, golden: Golden) -> Fault | None:
    """A fault that is there always, from the step on in which it can act first; None for one that never acts."""
    first = golden.reach.first_step(fault)
    if first is None or first == 1 or fault.when not in ("always", "from"):
        return None if first is None else fault
    return fault.model_copy(update={"when": "from", "step": first})


class _WholeTrials:
    """Trials by one injected program and one run each."""

    def __init__(self, program: Program, stimulus: Stimulus, golden: Golden, options: RunOptions, last: int) -> None:
        self.golden = golden
        self._program, self._stimulus, self._options, self._last, self._count = program, stimulus, options, last, 0

    def outcome(self, number: int, faults: Sequence[Fault]) -> Outcome:
        """What the faults do."""
        faulty = inject(self._program, faults)
        recording = run_encoded(faulty, self._stimulus, self._options, backend=BACKEND)
        self._count += 1
        return outcome_of(number, self._program, self.golden, recording)

    def saved(self) -> tuple[int, int]:
        """(steps run, steps of whole runs), which are the same."""
        steps = self._count * self._last * self._stimulus.n_samples
        return steps, steps

    def copy(self) -> Trials:
        """The same for another thread."""
        return _WholeTrials(self._program, self._stimulus, self.golden, self._options, self._last)
