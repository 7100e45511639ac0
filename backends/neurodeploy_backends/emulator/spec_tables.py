"""A program's core tables as arrays that the definition reads: registers, routes, weights, and the layout of the ring."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import places_of
from neurodeploy.faults.edits import edits_of
from neurodeploy.faults.effects import ALWAYS, delays_under
from neurodeploy.hardware.arithmetic import UNBOUNDED, effective_weights, voltage_limits
from neurodeploy.network import Current, StateReset
from neurodeploy.network.graded import IntegerNeuron
from neurodeploy.program.program import Program
from neurodeploy.program.tables import Tables
from neurodeploy_backends.emulator.spec_plastic import Plastic, PlasticState, plastic_of

__all__ = [
    "Cells",
    "Machine",
    "Reached",
    "Routes",
    "Sending",
    "machine_of",
    "reached_by",
    "registers_of",
    "routes_of",
    "shown_values",
    "synapses_of",
    "weights_met",
    "weights_of",
]

Ints = NDArray[np.int64]
Array = NDArray[Any]
CHUNK = 1 << 20
"""Synapses examined at a time where all synapses of a program are surveyed."""


class Sending(NamedTuple):
    """Spikes of a population or an input in one step."""

    sample: Ints
    """(n,)."""
    number: Ints
    """(n,) neuron of the population, or line of the input."""
    value: Array
    """(n,) 1, or the value of a graded spike."""


class Routes(NamedTuple):
    """Where the spikes of one population or input go: routes [start[i], stop[i]) of source i."""

    start: Ints
    stop: Ints
    core: Array
    axon: Array
    """Input axon of the core."""

    def follow(self, number: Ints) -> tuple[Ints, Ints, Ints]:
        """(core, input axon, index into `number`) of every route of the sources `number`, (n,) each."""
        start, count = self.start[number], self.stop[number] - self.start[number]
        routes = places_of(start, count)
        message = np.repeat(np.arange(number.size), count)
        return self.core[routes].astype(np.int64), self.axon[routes].astype(np.int64), message


class Cells(NamedTuple):
    """One population: its registers, and its part of the ring, (slots, planes, size) cells from `first` on."""

    name: str
    kind: str
    rows: Ints
    """(size,) row of each neuron in the core tables."""
    registers: dict[str, Ints]
    """(size,) each, see `Machine.registers`."""
    parameters: dict[str, Array]
    """(size,) each, of kinds that have more than registers."""
    state_reset: StateReset | None
    first: int
    slots: int
    """1 + the longest delay of a synapse into the population."""
    ports: int
    """Inputs that are summed apart: 1, or 2 for kinds with ports "a" and "b". Each has a plane, the first ones."""
    deferred: tuple[tuple[int, int], ...]
    """(port, shift) of each further plane: the sums of one class of synapses that are shifted when they arrive."""

    @property
    def planes(self) -> int:
        """Sums that each neuron keeps for each slot."""
        return self.ports + len(self.deferred)

    def ring(self, ring: Ints) -> Ints:
        """(samples, slots, planes, size) view of this population's part of a ring."""
        size = self.slots * self.planes * self.rows.size
        part = ring[:, self.first : self.first + size]
        return part.reshape(len(ring), self.slots, self.planes, self.rows.size)


class Machine(NamedTuple):
    """A program's tables, ready for the rules. Arrays of compartments are (rows,), of synapses (entries,)."""

    program: Program
    populations: dict[str, Cells]
    routes: dict[str, Routes]
    """Of populations and inputs."""
    graded: frozenset[str]
    """Populations and inputs whose spikes carry a value."""
    registers: dict[str, Ints]
    """keep_u, keep_v: 2**decay_bits less the decay; bias, vth, vmin, vmax: in units of v; fires_above: vth, or out of reach
    for compartments that do not spike; refract: refractory delay; reset: see `RESETS`."""
    initial: Ints
    """(rows,) memory_0 of the cleared state."""
    weight: Ints
    """(entries,) what a synapse adds; not yet shifted where its class is deferred. Of plastic synapses: at the start."""
    plastic: dict[str, Plastic]
    """Projections that learn."""
    present: Ints
    """(entries,) other than 0 where a synapse can add something: its weight is not 0, or it is plastic."""
    synapse_class: Ints
    """(entries,) synapses of one projection and exponent; also of one delay where their sums are deferred."""
    plane_of: Ints
    """(classes, populations) plane to which a class adds."""
    population: Ints
    """(rows,) number of the population."""
    cell_of: Ints
    """(4, rows): cell of slot 0 and plane 0, slots, planes and size of the population."""
    n_cells: int

    def plane(self, entry: Ints, row: Ints) -> Ints:
        """(n,) plane to which synapses add in their target's population."""
        return self.plane_of[self.synapse_class[entry], self.population[row]]

    def cell(self, row: Ints, t: Ints, plane: Ints) -> Ints:
        """(n,) index into the ring of what arrives at rows in step t."""
        first, slots, planes, size = self.cell_of[:, row]
        return first + ((t % slots) * planes + plane) * size


class Reached(NamedTuple):
    """Synapses with a weight other than 0 that one source can reach, (n,) each; one that is reached twice is listed twice."""

    row: Ints
    entry: Ints


def synapses_of(tables: Tables, core: Ints, axon: Ints) -> tuple[Ints, Ints, Ints]:
    """(target row, entry, index into `axon`) of every synapse in the lists of input axons, (n,) each."""
    at = tables.in_axon_ptr[core] + axon
    item = tables.list_ptr[core] + tables.in_axon_list[at]
    base = tables.compartment_ptr[core] + tables.in_axon_base[at]
    segment, of_axon = _spans(tables.segment_ptr, item)
    entry, of_segment = _spans(tables.entry_ptr, segment)
    touched = of_axon[of_segment]
    return base[touched] + tables.entry_target[entry], entry, touched


def _spans(ptr: Array, items: Ints) -> tuple[Ints, Ints]:
    """(indices in [ptr[i], ptr[i + 1]) for every item i, index of the item), (n,) each."""
    start = ptr[items].astype(np.int64)
    length = ptr[items + 1].astype(np.int64) - start
    return places_of(start, length), np.repeat(np.arange(items.size), length)


def reached_by(tables: Tables, routes: Routes, present: Ints) -> Iterator[Reached]:
    """Yield the synapses that a source reaches if all of its neurons or lines spike, some at a time.

    `present`: (entries,) 0 where there is no synapse.
    """
    core, axon, _ = routes.follow(np.arange(routes.start.size))
    item = tables.list_ptr[core]
    item += tables.in_axon_list[tables.in_axon_ptr[core] + axon]
    ends = tables.entry_ptr[tables.segment_ptr].astype(np.int64)
    before = np.cumsum(np.diff(ends)[item]) // CHUNK
    for number in np.unique(before):
        here = before == number
        row, entry, _ = synapses_of(tables, core[here], axon[here])
        some = present[entry] != 0
        yield Reached(row[some], entry[some])


def weights_met(machine: Machine, plastic: PlasticState, entry: Ints, sample: Ints) -> Ints:
    """(n,) weights of entries for spikes of samples: those of the program, and those that plastic synapses have now."""
    weight = machine.weight[entry]
    for name, item in machine.plastic.items():
        synapse = item.of_entry[entry]
        mine = synapse >= 0
        weight[mine] = plastic.weights(name, sample[mine], synapse[mine], machine.program)
    return weight


def shown_values(machine: Machine, name: str, shown: Sending, samples: int) -> Array:
    """(samples, lines) what an input shows in a step; 0 where it shows nothing."""
    values = np.zeros((samples, machine.routes[name].start.size))
    values[shown.sample, shown.number] = shown.value
    return values


# --- building


class _Classes(NamedTuple):
    first: Ints
    """(formats,) class of a format's synapses, of delay 0 where they are deferred."""
    deferred: Array
    """(formats,) 1 where each delay is a class."""
    port: Ints
    """(classes,)."""
    shift: Ints
    """(classes,) bits by which sums are still shifted."""


def _classes(program: Program) -> _Classes:
    """Formats of one projection and exponent hold one class of synapses, or one for each delay if sums are shifted."""
    ports = {item.name: "ab".index(item.port) for item in program.network.projections}
    delays = int(program.tables.entry_delay.max(initial=0)) + 1
    on_sum = program.target.dialect.exponent_stage == "sum"
    found, first, deferred = dict[tuple[str, int], int](), list[int](), list[int]()
    port, shift = list[int](), list[int]()
    for style in program.formats:
        key, later = (style.projection, style.exponent), on_sum and style.exponent < 0
        if key not in found:
            found[key] = len(port)
            count = delays if later else 1
            port += [ports[style.projection]] * count
            shift += [-style.exponent if later else 0] * count
        first.append(found[key])
        deferred.append(int(later))
    arrays = (np.array(values, dtype=np.int64) for values in (first, deferred, port, shift))
    return _Classes(*arrays)


def machine_of(program: Program) -> Machine:
    """The machine of a sound program."""
    tables, classes = program.tables, _classes(program)
    style = np.repeat(tables.segment_format, np.diff(tables.entry_ptr.astype(np.int64)))
    registers, routes, weight = registers_of(program), routes_of(program), weights_of(program)
    plastic = plastic_of(program)
    learns = [item.of_entry >= 0 for item in plastic.values()]
    present = np.logical_or.reduce([weight != 0, *learns]).astype(np.int64)
    edits = [edits_of(program, fault) for fault in program.faults]
    present[[item.entry for item in edits if item.entry >= 0]] = 1  # under a fault its weight need not be 0
    synapse_class = classes.first[style] + classes.deferred[style] * tables.entry_delay
    population = np.zeros(tables.n_rows, dtype=np.int64)
    for number, item in enumerate(program.populations):
        population[program.table_rows[item.name]] = number
    slots = np.ones(len(program.populations), dtype=np.int64)
    used = np.zeros((classes.port.size, len(program.populations)), dtype=bool)
    for source in routes.values():
        for found in reached_by(tables, source, present):
            target = population[found.row]
            np.maximum.at(slots, target, 1 + tables.entry_delay[found.entry].astype(np.int64))
            used[synapse_class[found.entry], target] = True
    names = [item.name for item in program.populations]
    for name, least in delays_under(program, edits).items():
        slots[names.index(name)] = max(slots[names.index(name)], least)
    populations = _populations(program, registers, slots, used, classes)
    plane_of, cell_of, n_cells = _ring(program, populations, used, classes)
    return Machine(
        program=program,
        populations=populations,
        routes=routes,
        graded=_graded(program),
        registers=registers,
        initial=_initial(program),
        weight=weight,
        plastic=plastic,
        present=present,
        synapse_class=synapse_class,
        plane_of=plane_of,
        population=population,
        cell_of=cell_of,
        n_cells=n_cells,
    )


def _populations(
    program: Program, registers: dict[str, Ints], slots: Ints, used: Array, classes: _Classes
) -> dict[str, Cells]:
    networks, first, found = program.network.population_by_name, 0, dict[str, Cells]()
    for number, item in enumerate(program.populations):
        rows, of_network = program.table_rows[item.name].astype(np.int64), networks[item.name]
        neuron = of_network.neuron
        later = np.flatnonzero(used[:, number] & (classes.shift > 0))
        cells = Cells(
            name=item.name,
            kind=item.kind,
            rows=rows,
            registers={name: values[rows] for name, values in registers.items()},
            parameters=item.parameters,
            state_reset=of_network.state_reset,
            first=first,
            slots=int(slots[number]),
            ports=neuron.ports if isinstance(neuron, IntegerNeuron) else 1,
            deferred=tuple((int(classes.port[k]), int(classes.shift[k])) for k in later),
        )
        found[item.name] = cells
        first += cells.slots * cells.planes * rows.size
    return found


def _ring(program: Program, populations: dict[str, Cells], used: Array, classes: _Classes) -> tuple[Ints, Ints, int]:
    """(plane_of, cell_of, n_cells) of a machine."""
    plane_of = np.repeat(classes.port[:, None], len(populations), axis=1)
    cell_of, end = np.zeros((4, program.tables.n_rows), dtype=np.int64), 0
    for number, cells in enumerate(populations.values()):
        later = np.flatnonzero(used[:, number] & (classes.shift > 0))
        plane_of[later, number] = cells.ports + np.arange(later.size)
        cell_of[0, cells.rows] = cells.first + np.arange(cells.rows.size)
        cell_of[1:, cells.rows] = np.array([[cells.slots], [cells.planes], [cells.rows.size]])
        end = cells.first + cells.slots * cells.planes * cells.rows.size
    return plane_of, cell_of, end


def routes_of(program: Program) -> dict[str, Routes]:
    """Routes of every population and input."""
    tables, found = program.tables, dict[str, Routes]()
    for item in program.populations:
        rows, ptr = program.table_rows[item.name], tables.out_axon_ptr.astype(np.int64)
        found[item.name] = Routes(ptr[rows], ptr[rows + 1], tables.out_core, tables.out_in_axon)
    for item in program.inputs:
        ptr = item.ptr.astype(np.int64)
        found[item.name] = Routes(ptr[:-1], ptr[1:], item.core, item.in_axon)
    return found


def _graded(program: Program) -> frozenset[str]:
    network = program.network
    driven = [item.name for item in network.inputs if isinstance(item.encoder, Current)]
    neurons = {item.name: item.neuron for item in network.populations}
    valued = [name for name, n in neurons.items() if isinstance(n, IntegerNeuron) and n.sends_values]
    return frozenset([*driven, *valued])


def registers_of(program: Program) -> dict[str, Ints]:
    """Registers of every row, see `Machine.registers`."""
    tables, dialect = program.tables, program.target.dialect
    names = ("du", "dv", "vth_mant", "bias_mant", "bias_exp", "refract_delay", "reset", "spiking")
    t = {name: getattr(tables, name).astype(np.int64) for name in names}
    one, vth = 1 << dialect.decay_bits, t["vth_mant"] << dialect.threshold_shift_bits
    vmin, vmax = voltage_limits(dialect, tables.vmin_exp, tables.vmax_exp)
    return {
        "keep_u": one - t["du"] - dialect.current_decay_offset,
        "keep_v": one - t["dv"] - dialect.voltage_decay_offset,
        "bias": t["bias_mant"] << t["bias_exp"],
        "vth": vth,
        "fires_above": np.where(t["spiking"] == 1, vth, np.where(t["spiking"] == ALWAYS, -UNBOUNDED, UNBOUNDED)),
        "vmin": vmin,
        "vmax": vmax,
        "refract": t["refract_delay"],
        "reset": t["reset"],
    }


def _initial(program: Program) -> Ints:
    """Of adaptive neurons theta_0; else 0."""
    initial, up = np.zeros(program.tables.n_rows, dtype=np.int64), 1 << program.target.dialect.threshold_shift_bits
    for item in program.populations:
        if item.kind == "adaptive_lif":
            initial[program.table_rows[item.name]] = np.trunc(item.parameters["theta_0"] * up)
    return initial


def weights_of(program: Program) -> Ints:
    """(entries,) what each synapse adds, see `Machine.weight`."""
    style = np.repeat(program.tables.segment_format, np.diff(program.tables.entry_ptr.astype(np.int64)))
    tables, weight = program.tables, np.zeros(program.tables.entry_target.size, dtype=np.int64)
    for number, item in enumerate(program.formats):
        mine = style == number
        stored = tables.entry_mantissa[mine]
        weight[mine] = effective_weights(
            program.target.dialect, stored, item.weight_bits, item.exponent, item.sign_mode
        )
    return weight
