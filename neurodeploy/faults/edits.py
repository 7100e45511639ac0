"""Faults as edits of the core tables, of state, and of what inputs show: one form for every engine."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.faults.check import axon_rows, form_of
from neurodeploy.faults.forms import Masks, masks_of
from neurodeploy.faults.places import core_of_rows, entry_of, is_crossed, logical_core, routes_of
from neurodeploy.program.fault import STATE_REGISTERS, Fault
from neurodeploy.program.program import Program

__all__ = ["Edits", "edits_of"]

Ints = NDArray[np.int64]
NONE: Ints = np.zeros(0, dtype=np.int64)
COLUMNS = {"vth": "vth_mant"}
"""Register -> column of the tables, where they differ."""


class Edits(NamedTuple):
    """What one fault does while it is there. Most parts are empty."""

    fault: Fault
    """The fault."""
    register: tuple[str, int, Masks] | None = None
    """(column, table row, what happens to the word) of a register of configuration."""
    state: tuple[str, int, Masks] | None = None
    """(u, v or refract, table row, what happens to it) before the step."""
    entry: int = -1
    """Entry of a faulty synapse."""
    masks: Masks | None = None
    """What happens to the word of its weight or delay; None: its weight is 0."""
    silent: Ints = NONE
    """Table rows whose comparators never fire."""
    firing: Ints = NONE
    """Table rows whose comparators always fire."""
    cut: Ints = NONE
    """Routes (see `places.routes_of`) whose messages are lost."""


def edits_of(program: Program, fault: Fault) -> Edits:
    """Return what a `fault` does to a `program`, which can have it (see `check.require_faults`)."""
    if fault.where == "core":
        return Edits(fault, silent=np.flatnonzero(core_of_rows(program) == logical_core(program, fault)))
    if fault.where == "synapse":
        return _of_synapse(program, fault)
    if fault.where in ("neuron", "register", "axon"):
        return _of_neuron(program, fault, int(program.table_rows[fault.population or ""][fault.neuron or 0]))
    if fault.where == "in_axon":
        core = logical_core(program, fault)
        return Edits(
            fault, cut=np.flatnonzero(np.isin(routes_of(program).axon, axon_rows(program, core, fault.axon or 0)))
        )
    if fault.where == "link":
        return Edits(fault, cut=np.flatnonzero(is_crossed(program, fault)))
    return Edits(fault)


def _of_synapse(program: Program, fault: Fault) -> Edits:
    form, entry = form_of(program, fault), entry_of(program, fault)
    masks = None if form is None or fault.bit is None else masks_of(form, fault.bit, fault.what)
    return Edits(fault, entry=entry, masks=masks)


def _of_neuron(program: Program, fault: Fault, row: int) -> Edits:
    if fault.where == "neuron":
        rows = np.array([row])
        return Edits(fault, firing=rows) if fault.what == "stuck_at_1" else Edits(fault, silent=rows)
    if fault.where == "axon":
        ptr = program.tables.out_axon_ptr
        own: Ints = np.arange(int(ptr[row]), int(ptr[row + 1]))
        return Edits(fault, cut=own[program.tables.out_core[own] == logical_core(program, fault)])
    form, name = form_of(program, fault), fault.field or "v"
    masks = masks_of(form, fault.bit or 0, fault.what) if form else Masks(-1, 0, 0)
    if name in STATE_REGISTERS:
        return Edits(fault, state=(name, row, masks))
    return Edits(fault, register=(COLUMNS.get(name, name), row, masks))
