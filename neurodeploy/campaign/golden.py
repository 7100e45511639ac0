"""The run without a fault, and what a run with one is compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from neurodeploy.campaign.nouns import Outcome
from neurodeploy.campaign.reach import FirstSteps
from neurodeploy.network import Network
from neurodeploy.program.program import Program
from neurodeploy.signals import Recording, RunOptions, Stimulus
from neurodeploy.simulate.decode import answers, units_of
from neurodeploy.simulate.probes import membrane_probe, reads_v
from neurodeploy.simulate.run import run_encoded

__all__ = [
    "Golden",
    "golden_run",
    "judged",
    "outcome_of",
    "outcome_of_spikes",
    "outputs_read",
    "right_of",
    "rows_apart",
]

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Golden:
    """What a program does without a fault."""

    recording: Recording
    """All spikes."""
    answers: Ints | None
    """(n_samples,) answers; None if the network has no output."""
    labels: Ints | None
    """(n_samples,) right answers; None if they are not known."""
    reach: FirstSteps
    """When a fault can act first."""

    @property
    def right(self) -> int:
        """Right answers; 0 if none are known."""
        return right_of(self.answers, self.labels)


def right_of(found: Ints | None, labels: Ints | None) -> int:
    """Return how many answers are right; 0 if answers or labels are missing.

    `found`, `labels`: (n_samples,) each.
    """
    return 0 if found is None or labels is None else int(np.count_nonzero(found == labels))


def golden_run(program: Program, stimulus: Stimulus, options: RunOptions, labels: Ints | None) -> Golden:
    """Return the run of a `program` without a fault.

    `stimulus`, `options`, `labels`: of the campaign. Raises DiagnosticError: as nd.run.
    """
    recording = run_encoded(program, stimulus, options.model_copy(update={"record": None}))
    reach = FirstSteps(program, stimulus, recording)
    return Golden(recording, answers(program.network, recording, units_of(program)), labels, reach)


def outputs_read(network: Network) -> tuple[str, ...]:
    """Return the populations whose spikes outputs of a `network` read; without outputs, all of them."""
    if not network.outputs:
        return tuple(item.name for item in network.populations)
    return tuple(dict.fromkeys(item.source for item in network.outputs if not reads_v(item)))


def outcome_of(number: int, program: Program, golden: Golden, recording: Recording) -> Outcome:
    """Return what the fault of a `number` did to the outputs of a `program`, from a `recording` of the samples of `golden`."""
    apart = _apart(program.network, golden.recording, recording)
    return judged(number, golden, int(apart.sum()), lambda: answers(program.network, recording, units_of(program)))


def outcome_of_spikes(number: int, program: Program, golden: Golden, spikes: Mapping[str, Ints]) -> Outcome:
    """Return the same of a program whose outputs read `spikes`, population -> rows, and no values.

    `number`, `program`, `golden`: as for `outcome_of`.
    """
    one, n_samples = golden.recording.spikes, golden.recording.n_samples
    apart = np.zeros(n_samples, dtype=bool)
    for name in outputs_read(program.network):
        apart |= rows_apart(one[name], spikes[name], n_samples)

    def found() -> Ints | None:
        recording = golden.recording.model_copy(update={"spikes": {**one, **spikes}})
        return answers(program.network, recording)

    return judged(number, golden, int(apart.sum()), found)


def judged(number: int, golden: Golden, apart: int, found: Callable[[], Ints | None]) -> Outcome:
    """Return the outcome of fault `number` with outputs `apart` in so many samples; answers are `found` only if there are any.

    `golden`: the run without it.
    """
    now = golden.answers if not apart or golden.answers is None else found()
    changed = 0 if now is None or golden.answers is None else int(np.count_nonzero(now != golden.answers))
    return Outcome(number, apart, changed, right_of(now, golden.labels))


def _apart(network: Network, one: Recording, two: Recording) -> NDArray[np.bool_]:
    """(n_samples,) whether anything that outputs read differs."""
    apart = np.zeros(one.n_samples, dtype=bool)
    for name in outputs_read(network):
        apart |= rows_apart(one.spikes[name], two.spikes[name], one.n_samples)
        if name in one.payloads:
            apart |= _values_apart(one, two, name)
    for output in network.outputs:
        if reads_v(output):
            probe = membrane_probe(output.name)
            apart |= (one.states[probe] != two.states[probe]).any(axis=(1, 2))
    return apart


def rows_apart(one: Ints, two: Ints, n_samples: int) -> NDArray[np.bool_]:
    """Return whether the spikes of each of `n_samples` differ, (n_samples,); `one` and `two`: rows (sample, step, neuron)."""
    if np.array_equal(one, two):
        return np.zeros(n_samples, dtype=bool)
    bounds = np.arange(n_samples + 1)
    cuts = [np.searchsorted(rows[:, 0], bounds).tolist() for rows in (one, two)]
    pairs = zip(pairwise(cuts[0]), pairwise(cuts[1]), strict=True)
    return np.array([not np.array_equal(one[a:b], two[c:d]) for (a, b), (c, d) in pairs], dtype=bool)


def _values_apart(one: Recording, two: Recording, name: str) -> NDArray[np.bool_]:
    """(n_samples,) whether values of graded spikes differ."""
    sides = [np.column_stack([item.spikes[name], item.payloads[name]]) for item in (one, two)]
    return rows_apart(sides[0], sides[1], one.n_samples)
