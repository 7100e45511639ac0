"""Verb: a Program to a sealed file and back. What is loaded is checked, so that no table points outside another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from neurodeploy._archive import read_sealed, sealed_bytes, write_atomically
from neurodeploy._plain import as_table
from neurodeploy.diagnostics import DiagnosticError, finding
from neurodeploy.diagnostics.translate import schema_findings
from neurodeploy.program.program import Program
from neurodeploy.program.tables import AXON_KINDS
from neurodeploy.target.target import AxonKind

__all__ = ["load_program", "save_program", "table_faults"]

FORMAT = "neurodeploy-program"
VERSION = 2
AXON_COLUMNS = ("in_axon_id", "in_axon_atom", "in_axon_kind")


def save_program(program: Program, path: str | Path) -> None:
    """Write the sealed file; equal programs give equal bytes. Raises DiagnosticError: ND007."""
    write_atomically(Path(path), sealed_bytes(program, FORMAT))


def load_program(path: str | Path) -> Program:
    """Return the program of a sealed file.

    Raises DiagnosticError: ND001, ND003 (damaged, another format, newer, or inconsistent), ND004 (changed), ND005, ND006.
    """
    plain, _ = read_sealed(Path(path), FORMAT)
    where = f"file '{path}'"
    version = (as_table(plain) or {}).get("schema_version")
    if version == 1:  # every axon was discrete, which is what absent columns say
        plain = {**plain, "schema_version": VERSION}
    elif version != VERSION:
        message = f"is a program of schema version {version}; this release reads 1 and {VERSION}"
        raise DiagnosticError(
            "files",
            (finding("ND003", where, message, fixes=["update neurodeploy, or compile the network again"]),),
        )
    try:
        program = Program.model_validate(plain)
    except ValidationError as error:
        raise DiagnosticError("files", schema_findings("ND003", where, error, plain, Program)) from None
    faults = table_faults(program)
    if faults:
        raise DiagnosticError("files", tuple(finding("ND003", where, message) for message in faults))
    return program


def _ptr_faults(name: str, ptr: Any, rows: int, last: int) -> list[str]:
    if ptr.size != rows + 1 or (ptr.size and (ptr[0] != 0 or ptr[-1] != last or np.any(np.diff(ptr) < 0))):
        return [f"table {name} does not divide {last} rows into {rows} parts"]
    return []


def _range_faults(name: str, values: Any, stop: Any) -> list[str]:
    if values.size and (int(values.min()) < 0 or np.any(values >= stop)):
        return [f"table {name} points outside the table it refers to"]
    return []


def table_faults(program: Program) -> list[str]:
    """Return what makes the tables of a program unsafe to run, one sentence each; none for a sound program."""
    faults = _shape_faults(program)
    if faults:
        return faults
    core_of_axon = np.repeat(np.arange(program.tables.n_cores, dtype=np.int32), np.diff(program.tables.in_axon_ptr))
    faults = _index_faults(program, core_of_axon) or _target_faults(program, core_of_axon)
    faults = faults or _axon_faults(program, core_of_axon) or _base_faults(program)
    return faults or _golden_faults(program)


def _axon_faults(program: Program, core: Any) -> list[str]:
    """Rows of one input axon that no axon could have: of two kinds or bases, twice with one atom, or without a number."""
    t = program.tables
    if t.in_axon_id is None or t.in_axon_atom is None or t.in_axon_kind is None:
        return []
    faults = _range_faults("in_axon_id", t.in_axon_id, np.diff(t.in_axon_ptr)[core])
    if not np.isin(t.in_axon_kind, list(AXON_KINDS.values())).all():
        faults.append("table in_axon_kind has a number that is no kind of axon")
    if t.in_axon_atom.size and int(t.in_axon_atom.min()) < 0:
        faults.append("table in_axon_atom has a negative number")
    if faults:
        return faults
    axon = t.in_axon_ptr[core] + t.in_axon_id
    n = int(axon.max(initial=-1)) + 1
    for name, values in (("kind", t.in_axon_kind), ("base", t.in_axon_base)):
        first = np.zeros(n, dtype=np.int64)
        first[axon] = values
        if np.any(first[axon] != values):
            faults.append(f"rows of one input axon have more than one {name}")
    pairs = axon * (int(t.in_axon_atom.max(initial=0)) + 1) + t.in_axon_atom
    if np.unique(pairs).size != pairs.size:
        faults.append("rows of one input axon have the same atom")
    return faults


def _base_faults(program: Program) -> list[str]:
    """First targets of lists that no axon of the target can name."""
    tables, target, faults = program.tables, program.target, list[str]()
    furthest = target.precision.shared_base
    if int(tables.in_axon_base.max(initial=0)) > (furthest.high if furthest is not None else 0):
        faults.append("table in_axon_base goes beyond the furthest first target that an axon of the target names")
    if target.axons is None or tables.in_axon_kind is None:
        return faults
    for name, number in AXON_KINDS.items():
        kind: AxonKind | None = getattr(target.axons, name)
        bases = tables.in_axon_base[tables.in_axon_kind == number]
        if kind is not None and np.any(bases % int(kind.base_step.value)):
            faults.append(f"table in_axon_base names a first target that is no step of {name} axons")
    return faults


def _golden_faults(program: Program) -> list[str]:
    """Sealed rows of what the program does not have, or that are no rows."""
    golden = program.golden
    if golden is None:
        return []
    inputs, populations = ({item.name for item in of} for of in (program.network.inputs, program.populations))
    faults = [
        f"golden input '{name}' is none of its" for name in (*golden.inputs, *golden.currents) if name not in inputs
    ]
    if set(golden.spikes) != populations or not set(golden.payloads) <= populations:
        faults.append("golden output is not of its populations")
    faults += [
        f"golden rows of '{name}' are no rows of three"
        for name, rows in golden.spikes.items()
        if rows.ndim != 2 or rows.shape[1] != 3
    ]
    wrong = (
        [name for name, values in golden.payloads.items() if values.shape != golden.spikes[name].shape[:1]]
        if not faults
        else []
    )
    return faults + [f"golden payloads of '{name}' are not as many as its rows" for name in wrong]


_ROW_COLUMNS = [
    "du",
    "dv",
    "vth_mant",
    "bias_mant",
    "bias_exp",
    "refract_delay",
    "vmin_exp",
    "vmax_exp",
    "reset",
    "spiking",
    "population",
]


def _shape_faults(program: Program) -> list[str]:
    """Columns of the wrong length, and offsets that do not divide their table."""
    t = program.tables
    rows, cores, segments = t.neuron.size, t.core_id.size, t.segment_format.size
    lists = int(t.list_ptr[-1]) if t.list_ptr.size else 0
    faults = _ptr_faults("compartment_ptr", t.compartment_ptr, cores, rows)
    faults += _ptr_faults("in_axon_ptr", t.in_axon_ptr, cores, t.in_axon_list.size)
    faults += _ptr_faults("list_ptr", t.list_ptr, cores, lists)
    faults += _ptr_faults("segment_ptr", t.segment_ptr, lists, segments)
    faults += _ptr_faults("entry_ptr", t.entry_ptr, segments, t.entry_target.size)
    faults += _ptr_faults("out_axon_ptr", t.out_axon_ptr, rows, t.out_core.size)
    for item in program.inputs:
        faults += _ptr_faults(f"inputs[{item.name}].ptr", item.ptr, item.ptr.size - 1, item.core.size)
    lengths = dict.fromkeys(_ROW_COLUMNS, rows) | dict.fromkeys(("entry_mantissa", "entry_delay"), t.entry_target.size)
    lengths |= {"out_in_axon": t.out_core.size, "in_axon_base": t.in_axon_list.size}
    given = [name for name in AXON_COLUMNS if getattr(t, name) is not None]
    if given and len(given) < len(AXON_COLUMNS):
        faults.append(f"tables {', '.join(given)} are there without the rest of {', '.join(AXON_COLUMNS)}")
    lengths |= dict.fromkeys(given, t.in_axon_list.size)
    sizes = {name: int(getattr(t, name).size) for name in lengths}
    return faults + [f"table {name} has {sizes[name]} rows, not {n}" for name, n in lengths.items() if sizes[name] != n]


def _index_faults(program: Program, core_of_axon: Any) -> list[str]:
    """Indices that point outside the table they refer to."""
    t = program.tables
    sizes, per_core = np.array([item.size for item in program.populations]), np.diff(t.in_axon_ptr)
    faults = _range_faults("population", t.population, len(program.populations))
    faults += _range_faults("segment_format", t.segment_format, len(program.formats))
    faults += _range_faults("in_axon_list", t.in_axon_list, np.diff(t.list_ptr)[core_of_axon])
    if not faults:
        faults += _range_faults("neuron", t.neuron, sizes[t.population])
    routes = [(f"inputs[{item.name}]", item.core, item.in_axon) for item in program.inputs]
    for name, core, axon in [("out", t.out_core, t.out_in_axon), *routes]:
        wrong = _range_faults(f"{name} core", core, t.n_cores)
        faults += wrong or _range_faults(f"{name} axon", axon, per_core[core])
    return faults


def _largest(values: Any, ptr: Any) -> Any:
    """Greatest of each part [ptr[k], ptr[k + 1]) of values that are not negative, int32; 0 of an empty one."""
    found = np.zeros(ptr.size - 1, dtype=np.int32)
    holds = ptr[1:] > ptr[:-1]
    found[holds] = np.maximum.reduceat(values, ptr[:-1][holds]) if holds.any() else 0
    return found


def _target_faults(program: Program, core_of_axon: Any) -> list[str]:
    """Faults of entries: every target of a list, counted from each axon's base, is a row of the core."""
    t = program.tables
    if not t.entry_target.size or not core_of_axon.size:
        return []
    per_list = _largest(_largest(t.entry_target, t.entry_ptr), t.segment_ptr)
    reach = per_list[t.in_axon_list + t.list_ptr.astype(np.int32)[core_of_axon]] + t.in_axon_base
    faults = _range_faults("in_axon_base", t.in_axon_base, np.diff(t.compartment_ptr)[core_of_axon])
    return faults + _range_faults("entry_target", reach, np.diff(t.compartment_ptr)[core_of_axon])
