"""Places of faults in the core tables of a program: rows, entries and routes by the names that users know."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import places_of
from neurodeploy.program.fault import Fault
from neurodeploy.program.program import Program

__all__ = [
    "Reached",
    "Routes",
    "core_of_rows",
    "crossed_links",
    "entry_of",
    "entry_routes",
    "is_crossed",
    "logical_core",
    "router_of",
    "routes_of",
]

Ints = NDArray[np.int64]


class Routes(NamedTuple):
    """All messages of a program's populations and inputs, one for each output axon and each route of an input."""

    source: Ints
    """(n,) table row of the sending neuron; -1 - number of the input for a line."""
    number: Ints
    """(n,) neuron of its population, or line."""
    core: Ints
    """(n,) destination."""
    axon: Ints
    """(n,) row of the input axon table, over all cores."""


class Reached(NamedTuple):
    """Synapses as messages reach them, (n,) each."""

    route: Ints
    """Index into `Routes`."""
    entry: Ints
    """Entry of the tables."""
    row: Ints
    """Table row of the target."""


def routes_of(program: Program) -> Routes:
    """Return the routes of a program: output axons in their order, then those of each input. Computed once."""
    return program.derived("_fault_routes", _routes)


def _routes(program: Program) -> Routes:
    tables = program.tables
    row = np.repeat(np.arange(tables.n_rows), np.diff(tables.out_axon_ptr))
    parts = [(row, tables.neuron[row], tables.out_core, tables.out_in_axon)]
    for k, item in enumerate(program.inputs):
        line = np.repeat(np.arange(item.ptr.size - 1), np.diff(item.ptr))
        parts.append((np.full(line.size, -1 - k), line, item.core, item.in_axon))
    source, number, core, axon = (np.concatenate(column).astype(np.int64) for column in zip(*parts, strict=True))
    return Routes(source, number, core, tables.in_axon_ptr[core] + axon)


def core_of_rows(program: Program) -> Ints:
    """Return the logical core of each table row of a program, (rows,)."""
    tables = program.tables
    return np.repeat(np.arange(tables.n_cores), np.diff(tables.compartment_ptr))


def logical_core(program: Program, fault: Fault) -> int:
    """Return the core of a `fault` as the tables of `program` number it; -1 if the program has no such core."""
    if fault.core is None:
        return -1
    if not fault.physical:
        return fault.core if fault.core < program.tables.n_cores else -1
    found = np.flatnonzero(program.tables.core_id == fault.core)
    return int(found[0]) if found.size else -1


def router_of(program: Program, core: Ints) -> tuple[Ints, Ints, Ints]:
    """Return (chip, column, row) of the routers of logical cores of a program, (n,) each; see `mapping.place.traffic`."""
    chip_of = program.target.chip
    chip, on_chip = np.divmod(program.tables.core_id[core], int(chip_of.cores.value))
    row, column = np.divmod(on_chip // int(chip_of.cores_per_tile.value), int(chip_of.mesh_columns.value))
    return chip, column, row


def is_crossed(program: Program, fault: Fault) -> NDArray[np.bool_]:
    """Return which routes of a program cross the link of a `fault`, (routes,).

    A message between cores of one chip first goes along its row to the column of the destination, then along that column
    (dimension order, X first: Davies et al., IEEE Micro 38(1), 2018). The way of messages of inputs and between chips is not
    public: they cross no link.
    """
    routes = routes_of(program)
    sent = routes.source >= 0
    origin = core_of_rows(program)[np.where(sent, routes.source, 0)]
    (chip, x, y), (to_chip, to_x, to_y) = router_of(program, origin), router_of(program, routes.core)
    x0, y0, x1, y1 = fault.link or (0, 0, 0, 0)
    here = sent & (chip == fault.chip) & (to_chip == chip)
    if y0 == y1:
        forward = (x <= x0) & (to_x >= x1) if x1 > x0 else (x >= x0) & (to_x <= x1)
        return here & (y == y0) & forward
    forward = (y <= y0) & (to_y >= y1) if y1 > y0 else (y >= y0) & (to_y <= y1)
    return here & (to_x == x0) & forward


def crossed_links(program: Program) -> list[tuple[int, int, int, int, int]]:
    """Return (chip, column, row, column, row) of each link that messages between cores of a program cross, sorted."""
    routes = routes_of(program)
    sent = routes.source >= 0
    origin = core_of_rows(program)[routes.source[sent]]
    pairs = np.unique(np.stack([origin, routes.core[sent]], axis=1), axis=0)
    (chip, x, y), (to_chip, to_x, to_y) = router_of(program, pairs[:, 0]), router_of(program, pairs[:, 1])
    found = set[tuple[int, int, int, int, int]]()
    for k in np.flatnonzero(chip == to_chip).tolist():
        found |= _links_between(int(chip[k]), (int(x[k]), int(y[k])), (int(to_x[k]), int(to_y[k])))
    return sorted(found)


def _links_between(chip: int, start: tuple[int, int], end: tuple[int, int]) -> set[tuple[int, int, int, int, int]]:
    (x, y), (to_x, to_y), found = start, end, set[tuple[int, int, int, int, int]]()
    while (x, y) != (to_x, to_y):
        along = (x + (1 if to_x > x else -1), y) if x != to_x else (x, y + (1 if to_y > y else -1))
        found.add((chip, x, y, *along))
        x, y = along
    return found


def entry_of(program: Program, fault: Fault) -> int:
    """Return the entry that stores the synapse of a `fault` with known names; -1 if there is none."""
    wire = next(item for item in program.network.projections if item.name == fault.projection)
    source = _source_of(program, wire.source, fault.pre or 0)
    target = int(program.table_rows[wire.target][fault.post or 0])
    found = entry_routes(program, _routes_from(program, source, fault.pre or 0), row=target)
    styles = np.array([item.projection == wire.name for item in program.formats])
    for entry in found.entry.tolist():
        if styles[_format_of(program, entry)]:
            return entry
    return -1


def _source_of(program: Program, name: str, number: int) -> int:
    inputs = [item.name for item in program.inputs]
    return -1 - inputs.index(name) if name in inputs else int(program.table_rows[name][number])


def _routes_from(program: Program, source: int, number: int) -> Ints:
    """Routes of one neuron or line."""
    tables = program.tables
    if source >= 0:
        return np.arange(int(tables.out_axon_ptr[source]), int(tables.out_axon_ptr[source + 1]), dtype=np.int64)
    before = tables.out_core.size + sum(item.core.size for item in program.inputs[: -1 - source])
    ptr = program.inputs[-1 - source].ptr
    return before + np.arange(int(ptr[number]), int(ptr[number + 1]), dtype=np.int64)


def _format_of(program: Program, entry: int) -> int:
    segment = int(np.searchsorted(program.tables.entry_ptr, entry, side="right")) - 1
    return int(program.tables.segment_format[segment])


def entry_routes(program: Program, routes: Ints, *, row: int | None = None, entry: int | None = None) -> Reached:
    """Return the synapses that messages of `routes` reach in `program`, of all entries, or of one `entry` or target `row`."""
    tables, every = program.tables, routes_of(program)
    axon, core = every.axon[routes], every.core[routes]
    lists = tables.list_ptr[core] + tables.in_axon_list[axon]
    first = tables.entry_ptr[tables.segment_ptr[lists]].astype(np.int64)
    count = tables.entry_ptr[tables.segment_ptr[lists + 1]].astype(np.int64) - first
    if entry is not None:
        some = (first <= entry) & (entry < first + count)
        routes, axon, core, first, count = (values[some] for values in (routes, axon, core, first, count))
        first, count = np.full(first.size, entry), np.ones(first.size, dtype=np.int64)
    found, of = places_of(first, count), np.repeat(np.arange(first.size), count)
    target = (tables.compartment_ptr[core] + tables.in_axon_base[axon])[of] + tables.entry_target[found]
    some = slice(None) if row is None else target == row
    return Reached(routes[of][some], found[some], target[some])
