"""Resource use of every core, counted from the tables of a finished program alone, independent of the mapper."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import places_of
from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.hardware.target import Target
from neurodeploy.program.audit_kernels import has_kernel, kernel_words, places_in_windows
from neurodeploy.program.core_ranges import MOST, core_ranges, with_cores
from neurodeploy.program.program import Program
from neurodeploy.program.tables import AXON_KINDS, SynapseFormat
from neurodeploy.resources.axons import Kind, input_axons_of, output_axons_of
from neurodeploy.resources.learning import rule_key, source_traces
from neurodeploy.resources.limits import CODES, core_limits
from neurodeploy.resources.run_length import run_words
from neurodeploy.resources.synapse_memory import dense_words, index_bits_for, segment_words

__all__ = ["over_limits", "require_planned_memory", "use_of_program"]

Ints = NDArray[np.int64]
FURTHEST = 1 << 31
"""Largest key before renumbering, so that the product with the next column does not overflow."""


def _per_core(ptr: Ints, values: Ints) -> Ints:
    total = np.r_[0, np.cumsum(values)]
    return total[ptr[1:]] - total[ptr[:-1]]


def _distinct(core: Ints, *columns: Any, n_cores: int) -> Ints:
    """(n_cores,) number of distinct rows of the columns."""
    if not core.size:
        return np.zeros(n_cores, dtype=np.int64)
    key = np.asarray(core, dtype=np.int64)
    for column in columns:
        values, number = np.unique(np.asarray(column, dtype=np.int64), return_inverse=True)
        key = key * values.size + number.ravel()
        if key.size and int(key.max()) > FURTHEST:
            key = np.unique(key, return_inverse=True)[1].ravel()
    _, first = np.unique(key, return_index=True)
    return np.bincount(core[first], minlength=n_cores)


def _segment_words(program: Program) -> Ints:
    tables, rules = program.tables, program.target.counting
    length, words = np.diff(tables.entry_ptr), np.zeros(tables.segment_format.size, dtype=np.int64)
    for index, style in enumerate(program.formats):
        mine = tables.segment_format == index
        if style.skip_bits:
            bits = style.weight_bits + style.delay_bits + style.learning_bits
            words[mine & (length > 0)] = run_words(
                rules, *_entries(program, mine), bits, style.index_bits, style.skip_bits
            )
            continue
        if style.encoding == "dense":
            words[mine] = _dense_words(program.target, style, length[mine])
            continue
        bits = style.weight_bits + style.learning_bits
        words[mine] = segment_words(rules, length[mine], bits, style.delay_bits, style.index_bits)
    return words


def _dense_words(target: Target, style: SynapseFormat, width: Ints) -> Ints:
    """(n,) words of dense segments by width, each with the index bits of its own width."""
    widths, of = np.unique(width, return_inverse=True)
    bits = style.weight_bits + style.learning_bits
    words = [
        int(dense_words(target.counting, one, bits, style.delay_bits, index_bits_for(target, one)))
        for one in widths.tolist()
    ]
    return np.array(words, dtype=np.int64)[of.ravel()]


def _entries(program: Program, mine: Any) -> tuple[Ints, Any]:
    """Offsets of the non-empty segments selected by `mine`, and the targets of their entries."""
    ptr, which = program.tables.entry_ptr, mine & (np.diff(program.tables.entry_ptr) > 0)
    kept = np.diff(ptr)[which]
    return np.cumsum(kept) - kept, program.tables.entry_target[np.repeat(which, np.diff(ptr))].astype(np.int64)


class _Axons(NamedTuple):
    """Input axons of all cores. A row of the table is one atom of an axon."""

    number: Ints
    """(n_rows,) axon of each row, numbered over all cores."""
    atom: Ints
    kind: Ints
    core: Ints
    """(n_axons,) core of each axon."""

    def used(self, target: Target, n_cores: int) -> Ints:
        """(n_cores,) input axons; a convolution axon counts as many as the target states."""
        given, each = target.counting.convolution, np.ones(self.core.size, dtype=np.int64)
        if given is not None:
            each[self.number[self.kind == AXON_KINDS["convolution"]]] = int(given.input_axons.value)
        return np.bincount(self.core, each, n_cores).astype(np.int64)


def _axons(program: Program) -> _Axons:
    tables = program.tables
    core = np.repeat(np.arange(tables.n_cores), np.diff(tables.in_axon_ptr))
    if tables.in_axon_id is None or tables.in_axon_atom is None or tables.in_axon_kind is None:
        none = np.zeros(core.size, dtype=np.int64)
        return _Axons(np.arange(core.size), none, none, core)
    names, number = np.unique(tables.in_axon_ptr[core] + tables.in_axon_id, return_inverse=True)
    of_axon: Ints = np.zeros(names.size, dtype=np.int64)
    of_axon[number] = core
    return _Axons(number, tables.in_axon_atom.astype(np.int64), tables.in_axon_kind.astype(np.int64), of_axon)


def _out_axons(program: Program, cores: range) -> Ints:
    """(cores,) output axons: one for each neuron and core that it reaches.

    Under rules with shared output axons, those that reach the same population axon count once; a neuron shares none if it
    has a discrete axon or axons with different atoms.
    """
    tables, target = program.tables, program.target
    chip, n_rows = (
        tables.core_id // int(target.chip.cores.value),
        np.diff(tables.compartment_ptr)[cores.start : cores.stop],
    )
    rows = slice(tables.compartment_ptr[cores.start], tables.compartment_ptr[cores.stop] + 1)
    ptr, core_of_row = tables.out_axon_ptr[rows], np.repeat(np.arange(cores.start, cores.stop), n_rows)
    out = slice(ptr[0], ptr[-1])
    sender = np.repeat(np.arange(core_of_row.size), np.diff(ptr))
    source, row = core_of_row[sender], tables.in_axon_ptr[tables.out_core[out]] + tables.out_in_axon[out]
    number, kind, atom = _of_axons(program, tables.out_core[out], row)
    far = chip[source] != chip[tables.out_core[out]]
    table: Ints = np.zeros((2, max(AXON_KINDS.values()) + 1), dtype=np.int64)
    for name, code in AXON_KINDS.items():
        table[:, code] = [output_axons_of(target, cast(Kind, name), other_chip=there) for there in (False, True)]
    cost, alone = table[far.astype(np.int64), kind], np.ones(core_of_row.size, dtype=bool)
    if target.counting.shared_output_axons or target.counting.convolution is not None:
        alone[:] = False
        alone[sender[kind == AXON_KINDS["discrete"]]] = True
        atom_of: Ints = np.zeros(core_of_row.size, dtype=np.int64)
        atom_of[sender] = atom
        grouped = np.isin(kind, (AXON_KINDS["pop16"], AXON_KINDS["pop32"]))
        alone[sender[grouped & (atom_of[sender] != atom)]] = True
    place = places_in_windows(program, rows.start + sender)
    alone[sender[(kind == AXON_KINDS["convolution"]) & (place < 0)]] = True
    shared = np.flatnonzero(~alone[sender])
    group = np.where(kind == AXON_KINDS["convolution"], place, 0)[shared]
    key = np.stack([source[shared], number[shared], group])
    pair = np.unique(key, axis=1, return_index=True)[1]
    counted = np.r_[np.flatnonzero(alone[sender]), shared[pair]]
    slots: Ints = np.zeros(len(cores), dtype=np.int64)
    np.add.at(slots, source[counted] - cores.start, cost[counted])
    return slots


def _of_axons(program: Program, core: Ints, row: Ints) -> tuple[Ints, Any, Any]:
    """(number, kind, atom) of the axons to which some rows of the input axon table belong; a number is any row's."""
    tables = program.tables
    if tables.in_axon_id is None or tables.in_axon_atom is None or tables.in_axon_kind is None:
        none = np.zeros(row.size, dtype=np.int64)
        return row, none, none
    return tables.in_axon_ptr[core] + tables.in_axon_id[row], tables.in_axon_kind[row], tables.in_axon_atom[row]


def _stored_lists(program: Program, axons: _Axons, words: Ints) -> Ints:
    """(n_lists,) words of each list; 0 for lists of population axons only, which `_block_words` counts."""
    tables = program.tables
    row_core = np.repeat(np.arange(tables.n_cores), np.diff(tables.in_axon_ptr))
    lists = tables.list_ptr[row_core] + tables.in_axon_list
    grouped = np.zeros(words.size, dtype=bool)
    grouped[lists[axons.kind != AXON_KINDS["discrete"]]] = True
    grouped[lists[axons.kind == AXON_KINDS["discrete"]]] = False
    return np.where(grouped, 0, words)


def _block_words(program: Program, axons: _Axons, words: Ints) -> Ints:
    """(n_cores,) words of lists of population axons.

    Every distinct block of lists takes the space of its longest list for each atom from 0 to the last.
    """
    tables, n_cores = program.tables, program.tables.n_cores
    total: Ints = np.zeros(n_cores, dtype=np.int64)
    mine = np.flatnonzero(np.isin(axons.kind, (AXON_KINDS["pop16"], AXON_KINDS["pop32"])))
    mine = mine[np.lexsort((axons.atom[mine], axons.number[mine]))]
    if not mine.size:
        return total
    core = axons.core[axons.number[mine]]
    lists = tables.list_ptr[core] + tables.in_axon_list[mine]
    starts = np.flatnonzero(np.diff(axons.number[mine], prepend=-1))
    blocks, counted = np.stack([lists, axons.atom[mine]], axis=1), set[tuple[int, bytes]]()
    for start, stop in zip(starts, np.r_[starts[1:], mine.size], strict=True):
        key = int(core[start]), blocks[start:stop].tobytes()
        if key not in counted:
            counted.add(key)
            total[core[start]] += (axons.atom[mine[stop - 1]] + 1) * words[lists[start:stop]].max()
    return total


def _styles(program: Program) -> Ints:
    """(n_segments, 8) properties that distinguish synapse formats."""
    signs, keys = ("mixed", "excitatory", "inhibitory"), _rule_keys(program)
    numbers = {key: number for number, key in enumerate(sorted(set(keys)))}
    rows = [
        [s.weight_bits, s.exponent, signs.index(s.sign_mode), s.delay_bits, s.index_bits, s.skip_bits, s.learning_bits]
        for s in program.formats
    ]
    table = np.array([[*row, numbers[key]] for row, key in zip(rows, keys, strict=True)] or [[0] * 8], dtype=np.int64)
    return table[program.tables.segment_format]


def _rule_keys(program: Program) -> list[str]:
    """What each format says of the rule of its projection."""
    rules = {item.name: item.plasticity for item in program.network.projections}
    return [rule_key(rules[style.projection]) for style in program.formats]


def _learning_use(program: Program, axons: _Axons) -> tuple[Ints, Ints]:
    """(n_cores,) each: input axons that plastic synapses take in addition, and distinct traces of sources."""
    tables, n_cores = program.tables, program.tables.n_cores
    none: Ints = np.zeros(n_cores, dtype=np.int64)
    rules = {item.name: item.plasticity for item in program.network.projections}
    plastic = np.array([rules[style.projection] is not None for style in program.formats], dtype=bool)
    learns = plastic[tables.segment_format] if plastic.size else np.zeros(tables.segment_format.size, dtype=bool)
    if not learns.any():
        return none, none
    core_of_list = np.repeat(np.arange(n_cores), np.diff(tables.list_ptr))
    in_list = _per_core(tables.segment_ptr, learns.astype(np.int64)) > 0
    row_core = np.repeat(np.arange(n_cores), np.diff(tables.in_axon_ptr))
    rows = in_list[tables.list_ptr[row_core] + tables.in_axon_list]
    more = (input_axons_of(program.target, learning=True) or 1) - 1
    extra = more * np.bincount(axons.core[np.unique(axons.number[rows])], minlength=n_cores)
    core_of_segment, traces = np.repeat(core_of_list, np.diff(tables.segment_ptr)), none.copy()
    for core in np.unique(core_of_segment[learns]).tolist():
        styles = np.unique(tables.segment_format[learns & (core_of_segment == core)])
        read = (source_traces(rules[program.formats[int(style)].projection]) for style in styles)
        traces[core] = len(frozenset[object]().union(*read))
    return extra, traces


def _synapse_use(program: Program, axons: _Axons) -> dict[str, Ints]:
    """Use of synapse memory, formats, words per axon and delay bits, (n_cores,) each."""
    tables, n_cores = program.tables, program.tables.n_cores
    words, styles = _segment_words(program), _styles(program)
    core_of_list = np.repeat(np.arange(n_cores), np.diff(tables.list_ptr))
    core_of_segment = np.repeat(core_of_list, np.diff(tables.segment_ptr))
    bits: Ints = np.zeros(n_cores, dtype=np.int64)
    kernels, longest = kernel_words(program)
    of_list = _per_core(tables.segment_ptr, words)
    np.maximum.at(longest, core_of_list, np.where(has_kernel(program), 0, of_list))
    np.maximum.at(bits, core_of_segment, styles[:, 3])
    total = kernels + _block_words(program, axons, of_list)
    np.add.at(total, core_of_list, _stored_lists(program, axons, of_list))
    formats = _distinct(core_of_segment, *styles.T, n_cores=n_cores)
    return {"synapse_memory": total, "synapse_formats": formats, "words_per_axon": longest, "delay_bits": bits}


def require_planned_memory(program: Program, planned: Ints) -> None:
    """Raise RuntimeError, an internal fault, if the tables of a core do not take the `planned` (n_cores,) words."""
    parts = (with_cores(program, cores) for cores in core_ranges(program.tables))
    counted = np.concatenate([_none(), *(_synapse_use(part, _axons(part))["synapse_memory"] for part in parts)])
    if not np.array_equal(counted, planned):
        core = int(np.flatnonzero(counted != planned)[0])
        raise RuntimeError(f"internal: core {core} takes {counted[core]} words, and {planned[core]} were planned")


def _none() -> Ints:
    return np.zeros(0, dtype=np.int64)


def use_of_program(program: Program) -> dict[str, Ints]:
    """Return the use of every limited resource: its name in CoreLimits, or words_per_axon -> (n_cores,)."""
    limited, found = core_limits(program.target), list[dict[str, Ints]]()
    for cores in core_ranges(program.tables):
        found.append({**_use_of(with_cores(program, cores)), "output_axons": _out_axons(program, cores)})
    learns = any(item.plasticity is not None for item in program.network.projections)
    names = [name for name in RESOURCES if name in limited and (learns or name != "source_traces")]
    return {name: np.concatenate([_none(), *(use[name] for use in found)]) for name in names}


RESOURCES = (
    *("compartments", "synapse_memory", "input_axons", "output_axons", "fan_in", "parameter_sets", "threshold_sets"),
    *("synapse_formats", "accumulators", "words_per_axon", "source_traces"),
)


def _use_of(program: Program) -> dict[str, Ints]:
    """The use of all resources but output axons, which depend on other cores."""
    tables, n_cores = program.tables, program.tables.n_cores
    core_of_row = np.repeat(np.arange(n_cores), np.diff(tables.compartment_ptr))
    per_neuron = np.array([item.compartments_per_neuron for item in program.populations], dtype=np.int64)
    compartments = _per_core(tables.compartment_ptr, per_neuron[tables.population])
    axons, threshold = _axons(program), tables.spiking == 1
    synapses, (learning_axons, traces) = _synapse_use(program, axons), _learning_use(program, axons)
    registers = (tables.du, tables.dv, tables.refract_delay, tables.vmin_exp, tables.vmax_exp)
    return {
        "compartments": compartments,
        "synapse_memory": synapses["synapse_memory"],
        "input_axons": axons.used(program.target, n_cores) + learning_axons,
        "fan_in": _fan_in(program, core_of_row),
        "parameter_sets": _distinct(core_of_row, *registers, n_cores=n_cores),
        "threshold_sets": _distinct(core_of_row[threshold], tables.vth_mant[threshold], n_cores=n_cores),
        "synapse_formats": synapses["synapse_formats"],
        "accumulators": compartments << synapses["delay_bits"],
        "words_per_axon": synapses["words_per_axon"],
        "source_traces": traces,
    }


def over_limits(program: Program) -> tuple[Diagnostic, ...]:
    """Return ND301-ND311 for each exceeded limit, with the core that exceeds it most."""
    limits, found = core_limits(program.target), list[Diagnostic]()
    for name, used in use_of_program(program).items():
        limit, over = limits[name], np.flatnonzero(used > limits[name].value)
        if over.size:
            worst = int(over[used[over].argmax()])
            message = f"{over.size} of {used.size} cores exceed their limit of {name}, core {program.tables.core_id[worst]} the most"
            where, most = about("program", program.network.name), int(used[worst])
            numbers: Any = {
                "found": most,
                "limit": limit.value,
                "unit": limit.unit,
                "limit_source": limit.citation,
                "resource": name,
            }
            found.append(finding(CODES[name], where, message, **numbers))
    return tuple(found)


def _fan_in(program: Program, core_of_row: Ints) -> Ints:
    """(n_cores,) largest number of synapses into one neuron; zeros stored in dense lists do not count."""
    tables, n_cores = program.tables, program.tables.n_cores
    core = np.repeat(np.arange(n_cores), np.diff(tables.in_axon_ptr))
    lists, base = tables.in_axon_list + tables.list_ptr[core], tables.compartment_ptr[core] + tables.in_axon_base
    start = tables.entry_ptr[tables.segment_ptr[lists]]
    length = tables.entry_ptr[tables.segment_ptr[lists + 1]] - start
    fan_in, ends, low = np.zeros(tables.n_rows, dtype=np.int64), np.cumsum(length), 0
    while low < length.size:
        high = max(low + 1, int(np.searchsorted(ends, ends[low] + MOST)))
        entry = places_of(start[low:high], length[low:high])
        row = np.repeat(base[low:high], length[low:high]) + tables.entry_target[entry]
        row = row[tables.entry_mantissa[entry] != 0]
        lowest = int(row.min(initial=tables.n_rows))
        found = np.bincount(row - lowest)
        fan_in[lowest : lowest + found.size] += found
        low = high
    most = np.zeros(n_cores, dtype=np.int64)
    np.maximum.at(most, core_of_row, fan_in)
    return most
