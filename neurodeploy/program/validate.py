"""Complete check of a program before it runs: fields, tables, network and target agree, and all indices are in range.

A seal protects against accidents only, because anyone can seal any data. A program is therefore checked when it is loaded and
before its first run, since it can also be constructed in Python. Kernels, written in C, follow every index without looking
again, and shift by every number that they are given: they and the reports rely on these guarantees.

    what is read                            guarantee                                               check
    every column                            one type and one axis; kinds' parameters finite         base.noun: the types of Tables,
                                            and at most 1e38 in size                                InputRoutes, PlacedPopulation
    *_ptr, inputs[].ptr                     begin at 0, never fall, end where their table ends      _offset_faults
    lengths of columns                      equal within a table                                    _length_faults
    core_id                                 on the board, each once                                 _core_faults
    population, neuron                      one row for each neuron; by population in a core        _row_faults
    reset, spiking                          those of the network's population                       agreement: register_faults
    segment_format, in_axon_list,           inside the table that they point into                   _index_faults
    in_axon_base, out_core, out_in_axon,
    inputs[].core, inputs[].in_axon
    in_axon_id, _atom, _kind                rows of one axon agree, their atoms differ; kinds are   representable: _axon_faults,
                                            the target's, bases those that they encode              _base_faults
    entry_target                            with every base of its list, a row of the projection's  representable: _target_faults,
                                            target population in that core; each once               _twice_faults
    senders of an input axon                one, which sends to it once                             representable: _sender_faults
    entry_mantissa, entry_delay             what the format stores, delays up to 255 steps          representable: _entry_faults
    formats                                 widths and exponents of the target, no format twice,    representable: format_faults
                                            up to 2**27 weights over all mantissas
    du, dv, refract_delay, vmin_exp,        in the target's ranges, which keep decays in 0 to 1,    agreement: register_faults;
    vmax_exp, bias_mant, bias_exp           limits within state_bits, a bias within 30 bits         hardware.representable
    vth_mant                                in the target's range, 32 bits when it is shifted; 0    the same
                                            or more where a spike subtracts it
    parameters of kinds                     those of the network; thresholds, factors and shifts    agreement: field_faults;
                                            within what state_bits or decay_bits hold               quantize.integers: own_faults
    noise, state_reset                      exponents 0 to 23, offsets of 16 bits; intervals of     network.neurons, network.network:
                                            1 step or more                                          ranges of the fields
    numbers of the dialect                  shifts below 31, state_bits up to 26, decay_bits up     hardware.representable: ranges
                                            to 16; weights of 16 bits within 30 bits and within     of the fields, _arithmetic
                                            the accumulator
    populations, inputs                     names, order, sizes, kinds and lines of the network     agreement: field_faults
    probes, ports, operations, names        exist, once                                             network.validate
    synapses                                the network's, up to a quarter of a million             network_match
    synapses of plastic projections         one entry each, which no other synapse has              reachable: placement_faults
    sizes                                   2**25 neurons, 2**25 lines, 2**22 cores                 network.validate: ND124;
                                                                                                    hardware.representable
    golden                                  rows sorted, distinct and in range; a seed of 64 bits   agreement: golden_faults
    activity                                of the network's inputs and populations; counts in      activity_faults
                                            range that add up to its samples and to its neurons

What a run gets besides its program is checked by neurodeploy.simulate.stimulus_check (rows, rasters, values), options_check
(numbers, names, given draws, memory) and resume; kept states, whose registers and sums a run of this program must be able to
reach, by the emulator's state_checks, register_ranges and both engines' state_faults.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import all_different
from neurodeploy.diagnostics import Diagnostic, Subject, about, finding, raise_errors
from neurodeploy.program.activity_faults import activity_faults
from neurodeploy.program.agreement import field_faults, golden_faults, register_faults
from neurodeploy.program.core_ranges import MOST, core_ranges, with_cores
from neurodeploy.program.network_match import synapse_mismatches
from neurodeploy.program.program import Program
from neurodeploy.program.reachable import placement_faults
from neurodeploy.program.representable import synapse_faults
from neurodeploy.program.tables import RESETS, Tables

__all__ = ["program_faults", "program_findings", "require_sound"]

Array = NDArray[Any]
AXON_COLUMNS = ("in_axon_id", "in_axon_atom", "in_axon_kind")
ROW_COLUMNS = (
    *("population", "du", "dv", "vth_mant", "bias_mant", "bias_exp"),
    *("refract_delay", "vmin_exp", "vmax_exp", "reset", "spiking"),
)


def require_sound(program: Program, where: Subject | None = None) -> None:
    """Raise DiagnosticError with ND011 for every fault of a program. `where`: subject of the findings."""
    raise_errors("program", program_findings(program, where))


def program_findings(program: Program, where: Subject | None = None) -> tuple[Diagnostic, ...]:
    """Return ND011 for every fault of a program. `where`: subject of the findings, such as its file."""
    named = where or about("program", program.network.name)
    return tuple(finding("ND011", named, message) for message in program_faults(program))


def program_faults(program: Program) -> list[str]:
    """Return the faults that make a program unsafe to run, one sentence each; empty if sound. Computed once per program."""
    return program.derived("_faults", _faults)


def _faults(program: Program) -> list[str]:
    """Checks in order: each group assumes that the groups before it found nothing."""
    return (
        field_faults(program)
        or [*_length_faults(program), *_offset_faults(program)]
        or [*_core_faults(program), *_row_faults(program), *_index_faults(program)]
        or [*register_faults(program), *synapse_faults(program)]
        or placement_faults(program)
        or synapse_mismatches(program)
        or [*golden_faults(program), *activity_faults(program)]
    )


def _offsets(program: Program) -> Iterator[tuple[str, Array, int, int]]:
    """Yield (name, offsets, number of parts, number of rows that they divide)."""
    t = program.tables
    rows, cores, segments = t.neuron.size, t.core_id.size, t.segment_format.size
    lists = int(t.list_ptr[-1]) if t.list_ptr.size else 0
    yield "compartment_ptr", t.compartment_ptr, cores, rows
    yield "in_axon_ptr", t.in_axon_ptr, cores, t.in_axon_list.size
    yield "list_ptr", t.list_ptr, cores, lists
    yield "segment_ptr", t.segment_ptr, lists, segments
    yield "entry_ptr", t.entry_ptr, segments, t.entry_target.size
    yield "out_axon_ptr", t.out_axon_ptr, rows, t.out_core.size
    for item, source in zip(program.inputs, program.network.inputs, strict=True):
        yield f"inputs[{item.name}].ptr", item.ptr, source.size, item.core.size


def _offset_faults(program: Program) -> list[str]:
    """Offset columns that do not partition their table."""
    return [
        f"table {name} does not divide {last} rows into {parts} parts"
        for name, ptr, parts, last in _offsets(program)
        if ptr.size != parts + 1 or ptr[0] != 0 or ptr[-1] != last or bool((ptr[1:] < ptr[:-1]).any())
    ]


def _length_faults(program: Program) -> list[str]:
    """Columns whose length differs from that of their table."""
    t = program.tables
    lengths = dict.fromkeys(ROW_COLUMNS, t.neuron.size)
    lengths |= dict.fromkeys(("entry_mantissa", "entry_delay"), t.entry_target.size)
    lengths |= {"out_in_axon": t.out_core.size, "in_axon_base": t.in_axon_list.size}
    present = [name for name in AXON_COLUMNS if getattr(t, name) is not None]
    lengths |= dict.fromkeys(present, t.in_axon_list.size)
    sizes = {name: int(getattr(t, name).size) for name in lengths}
    found = [f"table {name} has {sizes[name]} rows, not {n}" for name, n in lengths.items() if sizes[name] != n]
    found += [
        f"table inputs[{item.name}].in_axon has {item.in_axon.size} rows, not {item.core.size}"
        for item in program.inputs
        if item.in_axon.size != item.core.size
    ]
    if present and len(present) < len(AXON_COLUMNS):
        found.append(f"tables {', '.join(present)} are present without the rest of {', '.join(AXON_COLUMNS)}")
    return found


def _core_faults(program: Program) -> list[str]:
    """Cores that the board does not have, and duplicates."""
    cores, most = program.tables.core_id, program.target.cores
    outside = cores[(cores < 0) | (cores >= most)]
    if outside.size:
        return [
            f"table core_id contains core {outside[0]}; the cores of target '{program.target.name}' are 0 to {most - 1}"
        ]
    return [] if all_different(cores) else ["table core_id contains a core twice"]


def _outside(name: str, values: Array, stop: Any) -> list[str]:
    if values.size and (int(values.min()) < 0 or bool((values >= stop).any())):
        return [f"table {name} points outside its table"]
    return []


def _row_faults(program: Program) -> list[str]:
    """Neurons without exactly one row, rows out of order, and unknown resets."""
    t, sizes = program.tables, np.array([item.size for item in program.populations], dtype=np.int64)
    found = _outside("population", t.population, sizes.size)
    found = found or _outside("neuron", t.neuron, sizes[t.population])
    if found:
        return found
    number = (np.cumsum(sizes) - sizes)[t.population] + t.neuron
    if number.size != int(sizes.sum()) or not all_different(number):
        return ["tables population and neuron do not contain exactly one row for each neuron"]
    falls = np.flatnonzero(t.population[1:] < t.population[:-1]) + 1
    if not np.isin(falls, t.compartment_ptr).all():
        found.append("table population is not in ascending order within a core")
    if not np.isin(t.reset, list(RESETS.values())).all():
        found.append("table reset has a number that is not a reset")
    return found


def _index_faults(program: Program) -> list[str]:
    """Indices that point outside their table."""
    t = program.tables
    found = _outside("segment_format", t.segment_format, len(program.formats))
    for name, ptr in (("in_axon_list", "list_ptr"), ("in_axon_base", "compartment_ptr")):
        parts = (with_cores(program, cores).tables for cores in core_ranges(t))
        if any(_outside(name, getattr(part, name), _of_axons(part, ptr)) for part in parts):
            found += [f"table {name} points outside its table"]
    routes = [(f"inputs[{item.name}]", item.core, item.in_axon) for item in program.inputs]
    for name, core, axon in (("out", t.out_core, t.out_in_axon), *routes):
        found += _outside(f"{name} core", core, t.n_cores) or _outside_core(
            f"{name} axon", core, axon, np.diff(t.in_axon_ptr)
        )
    return found


def _of_axons(tables: Tables, ptr: str) -> Array:
    """(n_axons,) size of the part of a table that belongs to the core of each axon."""
    return np.repeat(np.diff(getattr(tables, ptr)), np.diff(tables.in_axon_ptr))


def _outside_core(name: str, core: Array, axon: Array, per_core: Array) -> list[str]:
    """The fault of axons beyond those of their core, looked for some at a time."""
    for at in range(0, core.size, MOST):
        found = _outside(name, axon[at : at + MOST], per_core[core[at : at + MOST]])
        if found:
            return found
    return []
