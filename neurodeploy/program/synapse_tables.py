"""Synapses of a program, read back from its core tables by projection.

They are found by following spikes through the tables, so faults of the mapping become visible.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import places_of
from neurodeploy.program.program import Program
from neurodeploy.program.tables import SynapseFormat

__all__ = ["ReachedEntries", "SynapseTable", "reached_entries", "synapse_tables_of"]

Ints = NDArray[np.int64]


class SynapseTable(NamedTuple):
    """The synapses of one projection that are stored with the same bits, exponent and sign mode, sorted by (pre, post)."""

    projection: str
    """Projection."""
    source: str
    """Source population or input."""
    target: str
    """Target population."""
    port: str
    """Port of the target."""
    style: SynapseFormat
    """Format of the first synapse; all synapses have the same bits, exponent and sign mode."""
    pre: Ints
    """(n_synapses,) source neuron or line of each synapse."""
    post: Ints
    """(n_synapses,) target neuron of each synapse."""
    mantissas: Ints
    """(n_synapses,) mantissa of each weight; zeros of dense lists included."""
    delay_steps: Ints
    """(n_synapses,) delays, in steps beyond the one that every synapse takes."""
    pre_row: Ints
    """(n_synapses,) table row of the source neuron, -1 for a line of an input."""
    post_row: Ints
    """(n_synapses,) table row of the target neuron."""


class _Routes(NamedTuple):
    """Destinations of spikes: one row for each (source, core, input axon)."""

    number: Ints
    """(n,) line of the input or neuron of the population."""
    row: Ints
    """(n,) table row of the source, -1 for a line of an input."""
    core: Ints
    """(n,) destination core."""
    axon: Ints
    """(n,) input axon of that core."""


def _routes(program: Program, name: str) -> _Routes:
    """Routes of a population or an input."""
    tables = program.tables
    for item in program.inputs:
        if item.name == name:
            line = np.repeat(np.arange(item.ptr.size - 1), np.diff(item.ptr))
            return _Routes(line, np.full(line.size, -1), _wide(item.core), _wide(item.in_axon))
    rows = program.table_rows[name]
    first, count = tables.out_axon_ptr[rows], np.diff(tables.out_axon_ptr)[rows]
    out, neuron = places_of(first, count), np.repeat(np.arange(rows.size), count)
    return _Routes(neuron, rows[neuron], _wide(tables.out_core[out]), _wide(tables.out_in_axon[out]))


def _wide(values: Any) -> Ints:
    return np.asarray(values, dtype=np.int64)


class ReachedEntries(NamedTuple):
    """The entries that spikes of one source reach, (n,) each."""

    style: Ints
    """Format of the entry."""
    pre: Ints
    """Source neuron or line."""
    pre_row: Ints
    """Table row of the source neuron, -1 for a line of an input."""
    post_row: Ints
    """Table row of the target neuron."""
    entry: Ints
    """Index of the entry."""


def reached_entries(program: Program, source: str) -> ReachedEntries:
    """Return the entries that spikes of a population or an input reach. `program`: sound. `source`: name of one of them."""
    tables, routes = program.tables, _routes(program, source)
    axon = tables.in_axon_ptr[routes.core] + routes.axon
    lists = tables.list_ptr[routes.core] + tables.in_axon_list[axon]
    base = tables.compartment_ptr[routes.core] + tables.in_axon_base[axon]
    n_segments = np.diff(tables.segment_ptr)[lists]
    segment = places_of(tables.segment_ptr[lists], n_segments)
    length = np.diff(tables.entry_ptr)[segment]
    entry = places_of(tables.entry_ptr[segment], length)
    of_route = np.repeat(np.repeat(np.arange(lists.size), n_segments), length)
    style = _wide(np.repeat(tables.segment_format[segment], length))
    post_row = base[of_route] + tables.entry_target[entry]
    return ReachedEntries(style, routes.number[of_route], routes.row[of_route], post_row, entry)


def synapse_tables_of(program: Program) -> tuple[SynapseTable, ...]:
    """Return the synapses of a program, in the order of its network's projections."""
    found = dict[tuple[str, int, int, str], SynapseTable]()
    for source in (*(item.name for item in program.inputs), *program.table_rows):
        reached = reached_entries(program, source)
        for key, styles in _groups(program, source, reached).items():
            mine = np.flatnonzero(np.isin(reached.style, styles))
            found[key] = _table(program, source, styles[0], reached, mine)
    order = {item.name: index for index, item in enumerate(program.network.projections)}
    return tuple(sorted(found.values(), key=lambda table: order[table.projection]))


def _groups(program: Program, source: str, reached: ReachedEntries) -> dict[tuple[str, int, int, str], list[int]]:
    """The formats of each table: those of one projection that give a mantissa the same weight."""
    names = {item.name for item in program.network.projections if item.source == source}
    found = dict[tuple[str, int, int, str], list[int]]()
    for index in (int(number) for number in np.unique(reached.style)):
        style = program.formats[index]
        if style.projection in names:
            key = (style.projection, style.weight_bits, style.exponent, style.sign_mode)
            found.setdefault(key, []).append(index)
    return found


def _table(program: Program, source: str, style: int, reached: ReachedEntries, mine: Ints) -> SynapseTable:
    tables = program.tables
    projection = next(item for item in program.network.projections if item.name == program.formats[style].projection)
    pre, post_row, entry = reached.pre[mine], reached.post_row[mine], reached.entry[mine]
    post = _wide(tables.neuron[post_row])
    order = np.lexsort((post, pre))
    return SynapseTable(
        projection.name,
        source,
        projection.target,
        projection.port,
        program.formats[style],
        pre[order],
        post[order],
        _wide(tables.entry_mantissa[entry])[order],
        _wide(tables.entry_delay[entry])[order],
        reached.pre_row[mine][order],
        post_row[order],
    )
