"""What faults change in a run, as the records that the kernels read in every step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.faults.edits import Edits
from neurodeploy.faults.effects import registers_under, synapse_under
from neurodeploy.faults.places import Reached, entry_routes, routes_of
from neurodeploy.faults.schedule import Segment, segments_of
from neurodeploy.hardware.arithmetic import effective_weights
from neurodeploy.program.program import Program
from neurodeploy_backends.emulator.engine.tables import (
    DISTURBANCE,
    EXTRA,
    FORCE,
    FORCED_REFRACT,
    FORCED_U,
    FORCED_V,
    PATCH,
    PATCHED_BIAS,
    PATCHED_KU,
    PATCHED_KV,
    PATCHED_REFRACT,
    PATCHED_RESET,
    PATCHED_VTH,
)
from neurodeploy_backends.emulator.lowering.lower import Lowered
from neurodeploy_backends.emulator.lowering.populations import COLUMNS, register_values, typed

__all__ = ["PATCHED", "Places", "disturbances_of", "reached_by_faults"]

Array = NDArray[Any]
Ints = NDArray[np.int64]
STATES = {"u": FORCED_U, "v": FORCED_V, "refract": FORCED_REFRACT}
REGISTERS = {
    "ku": PATCHED_KU,
    "kv": PATCHED_KV,
    "bias": PATCHED_BIAS,
    "vth": PATCHED_VTH,
    "reset": PATCHED_RESET,
    "refract": PATCHED_REFRACT,
}
"""Arrays of a layout that records can patch."""
PATCHED = tuple(REGISTERS)
LONGEST = 2**62


class Places:
    """Where the rows of a program's tables are in a layout of one piece."""

    def __init__(self, program: Program, low: Lowered) -> None:
        self.program, self.wide = program, low.wide
        n = program.tables.n_rows
        self.row, self.part = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        self.start = np.array([part.start for part in low.parts], dtype=np.int64)
        number = {part.name: k for k, part in enumerate(low.parts)}
        for name, rows in program.table_rows.items():
            self.row[rows], self.part[rows] = low.row_of_neuron[name], number[name]
        self.part_of_input = [number[item.name] for item in program.inputs]

    def sender(self, source: int, number: int) -> tuple[int, int]:
        """(part, row within it) of the neuron or line that `Routes` names."""
        if source < 0:
            return self.part_of_input[-1 - source], number
        part = int(self.part[source])
        return part, int(self.row[source] - self.start[part])


def reached_by_faults(program: Program, edits: Sequence[Edits]) -> Reached:
    """The synapses whose messages or words faults can change, each once."""
    parts = [entry_routes(program, item.cut) for item in edits if item.cut.size]
    every = np.arange(routes_of(program).core.size)
    parts += [entry_routes(program, every, entry=entry) for entry in sorted({e.entry for e in edits if e.entry >= 0})]
    if not parts:
        none = np.zeros(0, dtype=np.int64)
        return Reached(none, none, none)
    columns = np.unique(np.concatenate([np.stack(part, axis=1) for part in parts]), axis=0)
    return Reached(columns[:, 0], columns[:, 1], columns[:, 2])


def disturbances_of(places: Places, edits: Sequence[Edits], first: int, last: int | None) -> Array:
    """(n,) records of what faults do in steps `first` to `last`; None: for ever, which random faults do not allow."""
    if not edits:
        return np.zeros(0, dtype=DISTURBANCE)
    segments = segments_of([item.fault for item in edits], first, last)
    records = [*_forces(places, edits, segments), *_patches(places, edits, segments), *_extras(places, edits, segments)]
    found: Any = np.zeros(len(records), dtype=DISTURBANCE)
    for number, record in enumerate(records):
        found[number] = record
    return found


def _forces(places: Places, edits: Sequence[Edits], segments: list[Segment]) -> list[tuple[int, ...]]:
    """Faults of state, in the order of the program."""
    found = list[tuple[int, ...]]()
    for number, item in enumerate(edits):
        if item.state is None:
            continue
        name, row, masks = item.state
        at = (int(places.part[row]), int(places.row[row]), STATES[name], *masks)
        found += [(FORCE, one.first, one.last, *at, 0, 0, 0, 0) for one in segments if one.active[number]]
    return found


def _patches(places: Places, edits: Sequence[Edits], segments: list[Segment]) -> list[tuple[int, ...]]:
    """Registers of the rows that faults touch, in every segment, so that none depends on the step before."""
    changing = [number for number, item in enumerate(edits) if item.register or item.silent.size or item.firing.size]
    if not changing:
        return []
    own = [np.array([e.register[1] if e.register else 0, *e.silent, *e.firing])[not e.register :] for e in edits]
    rows = np.unique(np.concatenate([own[number] for number in changing]).astype(np.int64))
    made, local = list[dict[str, Array]](), {number: _local(edits[number], rows) for number in changing}
    for segment in segments:
        columns = {name: getattr(places.program.tables, name)[rows] for name in COLUMNS}
        now = [local[number] for number in changing if segment.active[number]]
        registers_under(places.program.target, columns, now)
        made.append(typed(register_values(places.program.target.dialect, columns), wide=places.wide))
    base = {name: getattr(places.program.tables, name)[rows] for name in COLUMNS}
    plain = typed(register_values(places.program.target.dialect, base), wide=places.wide)
    found = list[tuple[int, ...]]()
    for name, what in REGISTERS.items():
        differs = np.logical_or.reduce([values[name] != plain[name] for values in made])
        for k in np.flatnonzero(differs).tolist():
            at = (int(places.part[rows[k]]), int(places.row[rows[k]]), what, 0)
            for one, values in zip(segments, made, strict=True):
                found.append((PATCH, one.first, one.last, *at, int(values[name][k]), 0, 0, 0, 0, 0))
    return found


def _local(item: Edits, rows: Ints) -> Edits:
    """The same edits of a selection of rows."""
    register = item.register
    if register is not None:
        register = (register[0], int(np.searchsorted(rows, register[1])), register[2])
    silent, firing = np.searchsorted(rows, item.silent), np.searchsorted(rows, item.firing)
    return item._replace(register=register, silent=silent, firing=firing)


class _Word(NamedTuple):
    """What an entry adds, and when."""

    weight: int
    delay: int


def _extras(places: Places, edits: Sequence[Edits], segments: list[Segment]) -> list[tuple[int, ...]]:
    """What synapses add besides that of the program, by sender."""
    program, reached = places.program, reached_by_faults(places.program, edits)
    if not reached.route.size:
        return []
    routes = routes_of(program)
    style = np.repeat(program.tables.segment_format, np.diff(program.tables.entry_ptr))[reached.entry]
    entries = np.unique(reached.entry, return_inverse=True)
    found = list[tuple[tuple[int, int], tuple[int, ...]]]()
    senders = [
        places.sender(*pair)
        for pair in zip(routes.source[reached.route].tolist(), routes.number[reached.route].tolist(), strict=True)
    ]
    plain = _words(program, entries[0], entries[1], style, [])
    for one in segments:
        now = [item for item, on in zip(edits, one.active, strict=True) if on]
        lost = np.isin(reached.route, np.concatenate([np.zeros(0, dtype=np.int64), *(item.cut for item in now)]))
        words = _words(program, entries[0], entries[1], style, now)
        for k, (before, after) in enumerate(zip(plain, words, strict=True)):
            for word in _differences(before, after, is_lost=bool(lost[k])):
                row = int(reached.row[k])
                at = (int(places.part[row]), int(places.row[row]), 0, 0, 0, 0, *senders[k], word.delay, word.weight)
                found.append((senders[k], (EXTRA, one.first, one.last, *at)))
    return [record for _, record in sorted(found, key=lambda item: item[0])]


def _differences(before: _Word, after: _Word, *, is_lost: bool) -> list[_Word]:
    """What is added to `before` so that `after`, or nothing if the message is lost, remains."""
    taken = _Word(-before.weight, before.delay)
    if is_lost:
        return [taken] if taken.weight else []
    if before.delay == after.delay:
        change = after.weight - before.weight
        return [_Word(change, after.delay)] if change else []
    return [word for word in (taken, after) if word.weight]


def _words(program: Program, entries: Ints, of: Ints, style: Array, now: list[Edits]) -> list[_Word]:
    """The word of each reached synapse under the faults that are there."""
    faulty = {item.entry for item in now if item.entry >= 0}
    mantissa = program.tables.entry_mantissa[entries].astype(np.int64)
    delay = program.tables.entry_delay[entries].astype(np.int64)
    for k in np.flatnonzero(np.isin(entries, list(faulty))).tolist():
        mantissa[k], delay[k] = synapse_under(program, int(entries[k]), now)
    weight = np.zeros(of.size, dtype=np.int64)
    for number in set[int](style.tolist()):
        mine, item = style == number, program.formats[number]
        own = mantissa[of][mine]
        weight[mine] = effective_weights(program.target.dialect, own, item.weight_bits, item.exponent, item.sign_mode)
    return [_Word(*pair) for pair in zip(weight.tolist(), delay[of].tolist(), strict=True)]
