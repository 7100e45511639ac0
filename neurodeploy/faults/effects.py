"""Tables and stimulus of a program while some of its faults are there. They are for engines: they need not be sound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.faults.check import style_of
from neurodeploy.faults.edits import Edits
from neurodeploy.faults.forms import read_back, register_form
from neurodeploy.faults.places import entry_routes, routes_of
from neurodeploy.faults.schedule import active_steps
from neurodeploy.hardware.target import Target
from neurodeploy.network import Current
from neurodeploy.program.fault import Fault, FaultField
from neurodeploy.program.program import Program
from neurodeploy.program.tables import RESETS, InputRoutes, Tables
from neurodeploy.signals import Stimulus

__all__ = [
    "ALWAYS",
    "NEVER",
    "delays_under",
    "program_under",
    "registers_under",
    "rows_under",
    "stimulus_under",
    "synapse_under",
    "values_under",
]

Array = NDArray[Any]
NEVER, ALWAYS = 0, -1
"""What stands in the column `spiking` of a comparator that never fires, and of one that always does."""
NAMES: dict[str, FaultField] = {"vth_mant": "vth"}
"""Column of the tables -> register, where they differ."""


def program_under(program: Program, active: Sequence[Edits]) -> Program:
    """Return a `program` whose tables and routes are those under the `active` faults, which are applied in their order."""
    if not active:
        return program.model_copy(update={"faults": ()})
    changed = {**_rows_under(program, active), **_entries_under(program, active)}
    cut = np.unique(np.concatenate([item.cut for item in active]))
    tables = program.tables.model_copy(update=changed)
    inputs = program.inputs
    if cut.size:
        tables, inputs = _without(program, tables, cut)
    return program.model_copy(update={"tables": tables, "inputs": inputs, "faults": ()})


def registers_under(target: Target, columns: dict[str, Array], edits: Sequence[Edits]) -> None:
    """Apply the faults of registers in `edits` to `columns` of the tables of a program for `target`, in place.

    A register that reads outside the target's range reads as its limit; a threshold that a spike subtracts is at least 0.
    """
    words = dict[tuple[str, int], int]()
    for item in edits:
        if item.register is not None:
            name, row, masks = item.register
            words[name, row] = masks.of(words.get((name, row), int(columns[name][row])))
        columns["spiking"][item.firing] = ALWAYS
    for (name, row), word in words.items():
        form = register_form(target, NAMES.get(name, name))  # type: ignore[arg-type]
        low = max(form.low, 0) if name == "vth_mant" and columns["reset"][row] == RESETS["subtract"] else form.low
        columns[name][row] = min(max(word, low), form.high)
    for item in edits:
        columns["spiking"][item.silent] = NEVER


def _rows_under(program: Program, active: Sequence[Edits]) -> dict[str, Array]:
    names = {item.register[0] for item in active if item.register is not None} | {"spiking"}
    columns = {name: np.array(getattr(program.tables, name)) for name in names}
    registers_under(program.target, {**columns, "reset": program.tables.reset}, active)
    return columns


def synapse_under(program: Program, entry: int, edits: Iterable[Edits]) -> tuple[int, int]:
    """Return (mantissa, delay) that an `entry` of a `program` reads as under `edits`, in their order."""
    mantissa, delay = int(program.tables.entry_mantissa[entry]), int(program.tables.entry_delay[entry])
    for item in edits:
        if item.entry != entry:
            continue
        if item.masks is None:
            mantissa = 0
        elif item.fault.field == "delay":
            delay = item.masks.of(delay)
        else:
            mantissa = read_back(program.target, style_of(program, entry), mantissa, item.masks)
    return mantissa, delay


def _entries_under(program: Program, active: Sequence[Edits]) -> dict[str, Array]:
    entries = sorted({item.entry for item in active if item.entry >= 0})
    if not entries:
        return {}
    mantissa, delay = np.array(program.tables.entry_mantissa), np.array(program.tables.entry_delay)
    for entry in entries:
        mantissa[entry], delay[entry] = synapse_under(program, entry, active)
    return {"entry_mantissa": mantissa, "entry_delay": delay}


def _without(program: Program, tables: Tables, cut: Array) -> tuple[Tables, tuple[InputRoutes, ...]]:
    """The tables and the routes of inputs without the routes that are cut."""
    lost = np.zeros(routes_of(program).core.size, dtype=bool)
    lost[cut] = True
    first = tables.out_core.size
    keep = ~lost[:first]
    changed = {"out_axon_ptr": _kept_ptr(tables.out_axon_ptr, keep), "out_core": tables.out_core[keep]}
    changed["out_in_axon"] = tables.out_in_axon[keep]
    inputs = list[InputRoutes]()
    for item in program.inputs:
        keep = ~lost[first : first + item.core.size]
        first += item.core.size
        ptr = _kept_ptr(item.ptr, keep)
        inputs.append(item.model_copy(update={"ptr": ptr, "core": item.core[keep], "in_axon": item.in_axon[keep]}))
    return tables.model_copy(update=changed), tuple(inputs)


def _kept_ptr(ptr: Array, keep: Array) -> Array:
    return np.r_[0, np.cumsum(keep)][ptr]


def delays_under(program: Program, edits: Sequence[Edits]) -> dict[str, int]:
    """Return population -> 1 + the longest delay that faults of synapses in `edits` of a `program` can make.

    A weight of 0 has no synapse until a fault gives it one, with the delay that is stored beside it.
    """
    found = dict[str, int]()
    every = np.arange(routes_of(program).core.size)
    for item in edits:
        if item.entry >= 0:
            stored = 1 + int(program.tables.entry_delay[item.entry])
            slots = 1 << style_of(program, item.entry).delay_bits if item.fault.field == "delay" else stored
            targets = program.tables.population[entry_routes(program, every, entry=item.entry).row]
            for number in set[int](targets.tolist()):
                name = program.populations[number].name
                found[name] = max(slots, found.get(name, 1))
    return found


def stimulus_under(program: Program, faults: Sequence[Fault], stimulus: Stimulus, first: int, last: int) -> Stimulus:
    """Return the `stimulus` as `program` meets it in steps `first` to `last` under those of its `faults` that are in lines;
    rasters become rows."""
    names = {fault.input or "" for fault in faults if fault.where == "line"}
    if not names:
        return stimulus
    held = {name: stimulus.rows(name) for name in names & stimulus.rasters.keys()}
    rows = rows_under(program, faults, {**stimulus.spikes, **held}, range(first, last + 1), stimulus.n_samples)
    rasters = {name: array for name, array in stimulus.rasters.items() if name not in names}
    currents = {name: values_under(faults, name, array, first=1) for name, array in stimulus.currents.items()}
    return stimulus.model_copy(update={"spikes": rows, "rasters": rasters, "currents": currents})


def values_under(faults: Sequence[Fault], name: str, values: Array, first: int) -> Array:
    """Return the `values` (samples, steps, lines) that input `name` shows from step `first` on, those of dead lines 0."""
    own = [fault for fault in faults if fault.where == "line" and fault.input == name]
    made = np.array(values) if own else values
    for fault in own:
        made[:, active_steps(fault, first, first + made.shape[1] - 1), fault.line] = 0
    return made


def rows_under(
    program: Program, faults: Sequence[Fault], rows: Mapping[str, Array], steps: range, samples: int
) -> dict[str, Array]:
    """Return the `rows` of the inputs of `program` in `steps` of so many `samples` under those of `faults` that are in lines."""
    found, shows_values = (
        dict(rows),
        {item.name for item in program.network.inputs if isinstance(item.encoder, Current)},
    )
    for name in sorted({fault.input or "" for fault in faults if fault.where == "line"} - shows_values):
        own = [fault for fault in faults if fault.where == "line" and fault.input == name]
        active = [(fault, active_steps(fault, steps.start, steps.stop - 1)) for fault in own]
        found[name] = _lines_under(found.get(name, np.zeros((0, 3), dtype=np.int32)), active, steps.start, samples)
    return found


def _lines_under(rows: Array, own: list[tuple[Fault, Array]], first: int, samples: int) -> Array:
    """Rows without those of dead lines, and with those of lines that always spike; a dead line wins."""
    for fault, active in sorted(own, key=lambda item: item[0].what == "dead"):
        at = rows[:, 1] - first
        there = (rows[:, 2] == fault.line) & (at >= 0) & (at < active.size)
        there[there] = active[at[there]]
        rows = rows[~there]
        if fault.what == "stuck_at_1":
            sample, step = np.meshgrid(np.arange(samples), first + np.flatnonzero(active), indexing="ij")
            every = np.stack([sample.ravel(), step.ravel(), np.full(sample.size, fault.line)], axis=1)
            rows = np.concatenate([rows, every.astype(rows.dtype)])
    return rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))]
