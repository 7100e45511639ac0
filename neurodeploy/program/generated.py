"""Programs whose synapses are generated from the rules of their network: what a file keeps of them, and how it is read.

A file without synapses holds rows and registers of all neurons, and `Program.generated`: the mantissas by which each rule
stores its weights. Axons, lists, segments and entries follow from these and from the core of each neuron, as they did when
the program was made; a digest of the tables proves that they are the same. The tables of a program in memory are complete.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neurodeploy.base.noun import json_digest
from neurodeploy.diagnostics import DiagnosticError, Subject, finding
from neurodeploy.io.tensors import digest_of
from neurodeploy.network.connectivity import SynapseList, connectivity_of
from neurodeploy.network.network import Projection
from neurodeploy.program.emit import synapse_columns
from neurodeploy.program.program import Generated, Program
from neurodeploy.program.tables import Tables
from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.resources.axons import with_discrete_axons
from neurodeploy.resources.encode_cores import encode_cores

__all__ = ["stored_form", "whole_program", "with_rule"]

SYNAPSES = (
    *("in_axon_list", "in_axon_base", "in_axon_id", "in_axon_atom", "in_axon_kind", "in_axon_ptr", "list_ptr"),
    *("out_axon_ptr", "out_core", "out_in_axon", "segment_ptr", "segment_format"),
    *("entry_ptr", "entry_target", "entry_mantissa", "entry_delay"),
)
"""Columns of the tables that follow from the rules."""


def with_rule(program: Program, projections: Sequence[QuantizedProjection], *, shared_axons: bool) -> Program:
    """Return the program with the rule that its synapses follow; `projections`: those that it was made from."""
    windows = [item.name for item in projections if isinstance(item.connectivity, SynapseList)]
    network = {item.name: item for item in program.network.projections}
    listed = [name for name in windows if not isinstance(_connectivity(program, network[name]), SynapseList)]
    rule = Generated(
        mantissas={item.name: np.asarray(item.connectivity.weights, dtype=np.int16) for item in projections},
        weight_formats={item.name: item.weight_format for item in projections},
        listed=tuple(listed),
        shared_axons=shared_axons,
        tables_digest=_tables_digest(program),
    )
    return program.model_copy(update={"generated": rule})


def stored_form(program: Program) -> Program:
    """Return the program as a file holds it: without synapses where these follow from the network.

    Tables that were edited since, as faults do, follow from nothing and are kept.
    """
    rule = program.generated
    if rule is None:
        return program
    if _tables_digest(program) != rule.tables_digest:
        return program.model_copy(update={"generated": None})
    kept = {name: getattr(program.tables, name) for name in SYNAPSES}
    empty = {name: None if column is None else column[:0] for name, column in kept.items()}
    tables = program.tables.model_copy(update=empty)
    bare = tuple(
        item.model_copy(update={"ptr": item.ptr[:0], "core": item.core[:0], "in_axon": item.in_axon[:0]})
        for item in program.inputs
    )
    return program.model_copy(update={"tables": tables, "inputs": bare, "formats": ()})


def whole_program(stored: Program, where: Subject) -> Program:
    """Return the program of a file with its synapses; itself if the file holds them.

    Raises DiagnosticError: ND991 (the rules of the network give other tables than those that were sealed).
    """
    rule, tables = stored.generated, stored.tables
    if rule is None or tables.list_ptr.size:
        return stored
    into: dict[str, list[QuantizedProjection]] = {item.name: [] for item in stored.populations}
    for projection in stored.network.projections:
        into[projection.target].append(_projection(stored, projection, rule))
    sizes = {item.name: item.size for item in stored.populations}
    core_of = _core_of(tables, sizes)
    lines = {item.name: item.size for item in stored.network.inputs}
    cores = encode_cores(
        stored.target if rule.shared_axons else with_discrete_axons(stored.target), into, core_of, tables.n_cores
    )
    formats, routes, columns = synapse_columns(sizes, lines, tables.population, tables.neuron, cores)
    whole = stored.model_copy(
        update={"formats": formats, "inputs": routes, "tables": Tables(**{**dict(tables), **columns})}
    )
    if _tables_digest(whole) != rule.tables_digest:
        message = "its synapses are generated from rules, and these give other tables than those that were sealed"
        raise DiagnosticError("files", (finding("ND991", where, message, fixes=["compile the network again"]),))
    return whole


def _connectivity(program: Program, projection: Projection) -> Any:
    return connectivity_of(projection, program.network.source_size(projection.source))


def _projection(program: Program, projection: Projection, rule: Generated) -> QuantizedProjection:
    """A projection in integers, by the rule."""
    connectivity = _connectivity(program, projection)
    if projection.name in rule.listed:
        connectivity = connectivity.listed()
    return QuantizedProjection(
        name=projection.name,
        source=projection.source,
        target=projection.target,
        weight_format=rule.weight_formats[projection.name],
        connectivity=connectivity.with_mantissas(rule.mantissas[projection.name]),
        plasticity=projection.plasticity,
    )


def _core_of(tables: Tables, sizes: dict[str, int]) -> dict[str, Any]:
    """Population -> (size,) core of each neuron."""
    core = np.repeat(np.arange(tables.n_cores, dtype=np.int32), np.diff(tables.compartment_ptr))
    found = {name: np.zeros(size, dtype=np.int32) for name, size in sizes.items()}
    for number, name in enumerate(sizes):
        mine = tables.population == number
        found[name][tables.neuron[mine]] = core[mine]
    return found


def _tables_digest(program: Program) -> str:
    """Digest of the formats, routes and tables of a program."""
    return json_digest([digest_of(item) for item in (*program.formats, *program.inputs, program.tables)])
