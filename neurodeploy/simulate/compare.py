"""Comparison of two recordings of one program: identical, or the first difference.

Both recordings are checked before they are compared. ND555 reports data that only one of them holds and that is
therefore not compared. Data that both hold in different shapes counts as a difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.noun import Name, Noun
from neurodeploy.check.dialects import dialect_verdict
from neurodeploy.diagnostics import Diagnostic, about, finding, raise_errors
from neurodeploy.hardware.files import load_dialect
from neurodeploy.program.program import Program
from neurodeploy.signals.recording import Recording
from neurodeploy.simulate.probes import probed_variables
from neurodeploy.simulate.recording_check import recording_faults, require_sound_recording
from neurodeploy.simulate.registry import get_backend

__all__ = [
    "Divergence",
    "backend_dialects",
    "compare_findings",
    "explanation",
    "first_divergence",
    "learned_apart",
    "not_comparable",
    "not_compared",
]

Array = NDArray[Any]


class Divergence(Noun):
    """First difference of two recordings: the earliest step over all samples; within a step, states before spikes."""

    step: int
    """Step, counted from 1."""
    sample: int
    """Sample, counted from 0."""
    population: Name
    """Name of the population."""
    neuron: int
    """Neuron, counted from 0."""
    variable: str
    """"u", "v" or another state, "spike" (1 or 0), or "payload"."""
    left: int | float
    """Value of the first recording."""
    right: int | float
    """Value of the second recording."""

    def description(self) -> str:
        """Return a one-line description."""
        place = f"step {self.step}, sample {self.sample}, population '{self.population}', neuron {self.neuron}"
        return f"{place}: {self.variable} is {self.left:,} and {self.right:,}"


_ORDER = {"u": 0, "theta": 1, "r": 1, "residue": 1, "error": 1, "v": 2, "v_register": 3, "spike": 4, "payload": 5}


def not_comparable(left: Recording, right: Recording) -> tuple[Diagnostic, ...]:
    """Return ND551 if two recordings are of different runs, with every property in which they differ."""
    pairs = {
        "programs": (left.program_digest[:12], right.program_digest[:12]),
        "numbers of samples": (left.n_samples, right.n_samples),
        "last steps": (left.n_steps, right.n_steps),
        "first steps": (left.first_step, right.first_step),
        "populations": (", ".join(sorted(left.spikes)), ", ".join(sorted(right.spikes))),
    }
    differences = [f"{what} {one} and {other}" for what, (one, other) in pairs.items() if one != other]
    if not _same_inputs(left, right):
        differences.append("other input spikes")
    return (
        (finding("ND551", about("recordings"), "are of different runs: " + "; ".join(differences)),)
        if differences
        else ()
    )


def _same_inputs(left: Recording, right: Recording) -> bool:
    one, other, none = left.input_spikes, right.input_spikes, np.zeros((0, 3), dtype=np.int32)
    return all(np.array_equal(one.get(name, none), other.get(name, none)) for name in one.keys() | other.keys())


def first_divergence(left: Recording, right: Recording, program: Program | None = None) -> Divergence | None:
    """Return the first difference of two comparable recordings; None if everything that both hold is identical.

    `program`: gives the population and variable of a probe; without it the name of the probe is used.

    Raises DiagnosticError: ND513 (a recording is not sound).
    """
    for side in (left, right):
        require_sound_recording(side, program)
    both = _recorded(left) & _recorded(right)
    found = [_spikes(left, right, name) for name in left.spikes if name in both]
    found += [_payloads(left, right, name) for name in left.payloads if name in right.payloads and name in both]
    found += [_states(left, right, name, program) for name in left.states if name in right.states]
    every = [item for item in found if item is not None]
    return min(every, key=lambda d: (d.step, d.sample, _ORDER.get(d.variable, 2), d.population, d.neuron), default=None)


def _recorded(recording: Recording) -> set[str]:
    return set(recording.spikes if recording.recorded is None else recording.recorded)


def not_compared(left: Recording, right: Recording) -> tuple[Diagnostic, ...]:
    """Return ND555 for data that only one of two recordings holds."""
    pairs = {
        "spikes of population": (_recorded(left), _recorded(right)),
        "payloads of population": (left.payloads.keys(), right.payloads.keys()),
        "states of probe": (left.states.keys(), right.states.keys()),
        "learned values": (_learned(left).keys(), _learned(right).keys()),
    }
    names = f"first recording, of '{left.backend}',", f"second recording, of '{right.backend}',"
    found = list[Diagnostic]()
    for what, (one, other) in pairs.items():
        for here, there, name in ((one, other, names[0]), (other, one, names[1])):
            lacking = sorted(here - there)
            if lacking:
                shown = ", ".join(f"'{item}'" for item in lacking[:5]) + (", ..." if len(lacking) > 5 else "")
                message = f"{what} {shown}: only the {name} contains them, so they are not compared"
                found.append(finding("ND555", about("recordings"), message))
    return tuple(found)


def _differing_forms(left: Recording, right: Recording) -> list[str]:
    """Differences that have no first step: states of different shapes, counters, and what was learned."""
    found = list[str]()
    for name in left.states.keys() & right.states.keys():
        one, other = left.states[name], right.states[name]
        if one.shape != other.shape:
            found.append(f"states of probe '{name}' have shapes {list(one.shape)} and {list(other.shape)}")
    one, other = left.active_updates, right.active_updates
    if one is not None and other is not None and not np.array_equal(one, other):
        found.append("counts of active compartments (active_updates) differ")
    for name in left.overflows.keys() & right.overflows.keys():
        if not np.array_equal(left.overflows[name], right.overflows[name]):
            found.append(f"counts of overflows of population '{name}' differ")
    return [*found, *learned_apart(_learned(left), _learned(right))]


def _learned(recording: Recording) -> dict[str, Array]:
    return {} if recording.learned is None else recording.learned.synapses


def learned_apart(left: Mapping[str, Array], right: Mapping[str, Array]) -> list[str]:
    """Return a sentence for each name of `left` and `right` whose learned values, (n, n_synapses), differ."""
    found = list[str]()
    for name in sorted(left.keys() & right.keys()):
        one, other = left[name].astype(np.int64), right[name].astype(np.int64)
        if one.shape != other.shape:
            found.append(f"learned values '{name}' have shapes {list(one.shape)} and {list(other.shape)}")
        elif (apart := np.argwhere(one != other)).size:
            row, synapse = (int(value) for value in apart[0])
            values = f"{one[row, synapse]:,} and {other[row, synapse]:,}"
            where = f"first in row {row}, synapse {synapse}: {values}"
            found.append(f"{len(apart):,} of {one.size:,} learned values '{name}' differ, {where}")
    return found


def _spikes(left: Recording, right: Recording, name: str) -> Divergence | None:
    one, other = (np.asarray(rows.spikes[name], dtype=np.int64) for rows in (left, right))
    if np.array_equal(one, other):
        return None
    rows, counts = np.unique(np.concatenate([one, other])[:, [1, 0, 2]], axis=0, return_counts=True)
    step, sample, neuron = (int(value) for value in rows[counts == 1][0])
    fired = int((one == (sample, step, neuron)).all(axis=1).any())
    return Divergence(
        step=step, sample=sample, population=name, neuron=neuron, variable="spike", left=fired, right=1 - fired
    )


def _payloads(left: Recording, right: Recording, name: str) -> Divergence | None:
    if not np.array_equal(left.spikes[name], right.spikes[name]):
        return None
    rows, one, other = left.spikes[name], left.payloads[name], right.payloads[name]
    apart = np.flatnonzero(one != other)
    if not apart.size:
        return None
    first = apart[np.lexsort((rows[apart, 2], rows[apart, 0], rows[apart, 1]))[0]]
    sample, step, neuron = (int(value) for value in rows[first])
    values = {"left": int(one[first]), "right": int(other[first])}
    return Divergence(step=step, sample=sample, population=name, neuron=neuron, variable="payload", **values)


def _states(left: Recording, right: Recording, name: str, program: Program | None) -> Divergence | None:
    one, other = left.states[name], right.states[name]
    population, variable = _probed(program, name)
    if one.shape != other.shape:
        return None
    apart = np.argwhere(one != other)
    if not len(apart):
        return None
    sample, step, neuron = (int(value) for value in apart[np.lexsort((apart[:, 2], apart[:, 0], apart[:, 1]))[0]])
    values = {"left": one[sample, step, neuron].item(), "right": other[sample, step, neuron].item()}
    at = {"step": left.first_step + step, "sample": sample, "neuron": neuron}
    return Divergence(population=population, variable=variable, **at, **values)


def _probed(program: Program | None, name: str) -> tuple[str, str]:
    for item in probed_variables(program.network) if program else ():
        if item.name == name:
            return item.population, item.variable
    population, _, variable = name.rpartition(".")
    return (population, variable) if population else (name, name)


def backend_dialects(program: Program, backends: tuple[str, str]) -> tuple[str, str]:
    """Return the dialects in which two backends compute: their own if they declare one, else that of the program.

    Raises DiagnosticError: ND503, ND504 (broken or unknown backend).
    """
    one, two = (getattr(get_backend(name), "dialect", program.target.dialect.name) for name in backends)
    return one, two


def explanation(program: Program, dialects: tuple[str, str], where: Divergence, steps: int) -> tuple[str, ...]:
    """Return the differences of two dialects that affect the population of a divergence; empty for equal dialects.

    `steps`: length of the run.
    """
    own, other = dialects
    if own == other:
        return ()
    shown = program.model_copy(update={"target": program.target.model_copy(update={"dialect": load_dialect(own)})})
    reasons = dialect_verdict(shown, [load_dialect(other)], steps).partings[other]
    into = {("projection", item.name) for item in program.network.projections if item.target == where.population}
    into.add(("population", where.population))
    relevant = [item for item in reasons if (item.subject.kind, item.subject.name) in into]
    return tuple(f"{item.subject}: {item.reason}" for item in relevant or reasons)


def compare_findings(
    left: Recording, right: Recording, program: Program | None = None, dialects: tuple[str, str] | None = None
) -> tuple[Diagnostic, ...]:
    """Return ND551 for recordings of different runs, else ND550 with the first divergence; nothing if they are identical.

    ND555, a warning, reports data that only one recording holds. `dialects`: those of the two backends; with
    `program` they explain the divergence.

    Raises DiagnosticError: ND513 (a recording is not sound).
    """
    unsound = [
        fault for side in (left, right) for fault in recording_faults(side, None, about("recording", side.backend))
    ]
    raise_errors("compare", unsound)
    refused = not_comparable(left, right)
    if refused:
        return refused
    where, skipped = first_divergence(left, right, program), not_compared(left, right)
    if where is None:
        forms = sorted(_differing_forms(left, right))
        return (
            *(finding("ND550", about("backend", left.backend, right.backend), message) for message in forms),
            *skipped,
        )
    message = f"differ first in {where.description()}"
    if program is not None and dialects is not None:
        differences = explanation(program, dialects, where, left.n_steps)
        cause = f"dialects '{dialects[0]}' and '{dialects[1]}' differ there: {'; '.join(differences[:3])}"
        message += f"; {cause}" if differences else "; their dialects do not differ there, so one of them is wrong"
    return (finding("ND550", about("backend", left.backend, right.backend), message), *skipped)
