"""Checks that synapses in the tables agree with the network, with their formats and with the target.

All comparisons use 64 bits and work per list and per axon, without expanding shared lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import all_different, distinct, places_of
from neurodeploy.hardware.arithmetic import dropped_bits, mantissa_limits
from neurodeploy.hardware.target import AxonKind
from neurodeploy.program.core_ranges import MOST, core_ranges, with_cores
from neurodeploy.program.program import Program
from neurodeploy.program.tables import AXON_KINDS, SynapseFormat
from neurodeploy.resources.learning import learning_bits

__all__ = ["format_faults", "synapse_faults"]

Ints = NDArray[np.int64]
MOST_WEIGHTS = 1 << 27
"""Most weights, one for each mantissa of each format, that an engine tabulates: 1 GiB."""


class _Axons(NamedTuple):
    """Input axons of all cores; arrays are (n_axons,)."""

    core: Ints
    lists: Ints
    """Index of the list over all cores."""
    first_row: Ints
    """Row of the tables that target 0 of the list addresses."""


class _Segments(NamedTuple):
    """Extremes of the entries of each segment; arrays are (n_segments,), 0 for empty segments."""

    least_target: Ints
    most_target: Ints
    least_mantissa: Ints
    most_mantissa: Ints
    used_bits: Ints
    """Bitwise or of the mantissas."""
    most_delay: Ints
    full: NDArray[np.bool_]


def synapse_faults(program: Program) -> list[str]:
    """Return the faults of axons, lists and entries, one sentence each. Assumes valid table shapes and indices."""
    sender, unreached = _sender_faults(program)
    if not unreached and not any(_core_faults(*part) for part in _parts(program, sender)):
        return []
    return _core_faults(program, sender, unreached)  # of all cores at once, so that each sentence comes once


def _parts(program: Program, sender: Ints) -> Iterator[tuple[Program, Ints]]:
    """Some cores at a time, which takes less memory, and the senders of their axons."""
    ptr = program.tables.in_axon_ptr
    for cores in core_ranges(program.tables):
        yield with_cores(program, cores), sender[ptr[cores.start] : ptr[cores.stop]]


def _core_faults(program: Program, sender: Ints, unreached: Sequence[str] = ()) -> list[str]:
    """Faults within cores. `sender`: of each axon. `unreached`: what is wrong with the senders, for its place in the list."""
    t = program.tables
    core = np.repeat(np.arange(t.n_cores), np.diff(t.in_axon_ptr))
    axons = _Axons(core, t.list_ptr[core] + t.in_axon_list, t.compartment_ptr[core] + t.in_axon_base)
    segments = _segments(program)
    found = [*_entry_faults(program, segments), *_axon_faults(program, core), *_base_faults(program)]
    return [*found, *(unreached or _target_faults(program, axons, segments, sender)), *_twice_faults(program)]


def _segments(program: Program) -> _Segments:
    t = program.tables
    full = t.entry_ptr[1:] > t.entry_ptr[:-1]
    starts = t.entry_ptr[:-1][full]

    def of(reduce: Any, values: Any) -> Ints:
        found = np.zeros(full.size, dtype=np.int64)
        if starts.size:
            found[full] = reduce.reduceat(values, starts)
        return found

    return _Segments(
        of(np.minimum, t.entry_target),
        of(np.maximum, t.entry_target),
        of(np.minimum, t.entry_mantissa),
        of(np.maximum, t.entry_mantissa),
        of(np.bitwise_or, t.entry_mantissa),
        of(np.maximum, t.entry_delay),
        full,
    )


def _entry_faults(program: Program, segments: _Segments) -> list[str]:
    """Mantissas that their format cannot store, and delays that do not fit their bits."""
    found, longest = list[str](), int(program.target.precision.delay_steps.high)
    for index, style in enumerate(program.formats):
        mine = np.flatnonzero((program.tables.segment_format == index) & segments.full)
        low, high = mantissa_limits(program.target.dialect, style.weight_bits, style.sign_mode)
        dropped = (1 << dropped_bits(program.target.dialect, style.weight_bits, style.sign_mode)) - 1
        named = f"format {index} of projection '{style.projection}'"
        for values in (segments.least_mantissa[mine], segments.most_mantissa[mine]):
            wrong = values[(values < low) | (values > high)]
            if wrong.size:
                found.append(f"table entry_mantissa contains {wrong[0]}; {named} stores {low} to {high}")
                break
        if bool((segments.used_bits[mine] & dropped).any()):
            found.append(
                f"table entry_mantissa contains a number that is not a multiple of {dropped + 1}; {named} stores only multiples"
            )
        most, storable = int(segments.most_delay[mine].max(initial=0)), (1 << style.delay_bits) - 1
        if most > min(storable, longest):
            found.append(f"table entry_delay contains {most}; {named} stores delays up to {min(storable, longest)}")
    return found


def _sender_faults(program: Program) -> tuple[Any, list[str]]:
    """Index of the sender of each axon (populations first, then inputs), and a fault for axons without exactly one."""
    n_axons = program.tables.in_axon_list.size
    sender, routes = np.full(n_axons, -1, dtype=np.int32), 0
    for axon, source in _sent(program):
        sender[axon], routes = source, routes + axon.size
    if routes != n_axons or bool((sender < 0).any()):
        count = sum(
            (np.bincount(axon, minlength=n_axons) for axon, _ in _sent(program)), np.zeros(n_axons, dtype=np.int64)
        )
        return sender, [f"{int((count != 1).sum())} input axons are not reached by exactly one neuron or line"]
    same = _twice_to_one_core(program)
    return sender, [f"{same} sends to more than one input axon of a core"] if same else []


def _sent(program: Program) -> Iterator[tuple[Ints, Any]]:
    """Yield rows of the table of input axons, and who sends to them, some routes at a time."""
    t = program.tables
    for low, high in _pieces(t.out_axon_ptr):
        of, core = _sources(t.out_axon_ptr, low, high), slice(t.out_axon_ptr[low], t.out_axon_ptr[high])
        yield t.in_axon_ptr[t.out_core[core]] + t.out_in_axon[core], t.population[of]
    for index, item in enumerate(program.inputs):
        for low, high in _pieces(item.ptr):
            core = slice(item.ptr[low], item.ptr[high])
            yield t.in_axon_ptr[item.core[core]] + item.in_axon[core], len(program.populations) + index


def _pieces(ptr: Ints) -> Iterator[tuple[int, int]]:
    """Yield ranges of the parts that offsets divide, with `MOST` rows together or one part."""
    low = 0
    while low < ptr.size - 1:
        high = max(low + 1, int(np.searchsorted(ptr, ptr[low] + MOST, side="right")) - 1)
        yield low, high
        low = high


def _sources(ptr: Ints, low: int, high: int) -> Ints:
    return np.repeat(np.arange(low, high), np.diff(ptr[low : high + 1]))


def _twice_to_one_core(program: Program) -> str | None:
    """The first kind of sender with two axons to one core."""
    t = program.tables
    sources = [("a neuron", t.out_axon_ptr, t.out_core)]
    sources += [(f"a line of input '{item.name}'", item.ptr, item.core) for item in program.inputs]
    for name, ptr, core in sources:
        for low, high in _pieces(ptr):
            if not all_different(_sources(ptr, low, high) * np.int64(t.n_cores) + core[ptr[low] : ptr[high]]):
                return name
    return None


def _target_faults(program: Program, axons: _Axons, segments: _Segments, sender: Ints) -> list[str]:
    """Lists with synapses of a projection with another source or target, and targets outside the core."""
    t, names = program.tables, [item.name for item in (*program.populations, *program.inputs)]
    number = {name: index for index, name in enumerate(names)}
    by_name = {item.name: item for item in program.network.projections}
    ends = [(by_name[style.projection].source, by_name[style.projection].target) for style in program.formats]
    source, target = (np.array([number[end[k]] for end in ends], dtype=np.int64) for k in (0, 1))
    count = np.diff(t.segment_ptr)[axons.lists]
    segment, axon = places_of(t.segment_ptr[axons.lists], count), np.repeat(np.arange(count.size), count)
    style = t.segment_format[segment]
    found = list[str]()
    if bool((source[style] != sender[axon]).any()):
        found.append("lists contain synapses of a projection from another source")
    first, full = axons.first_row[axon], segments.full[segment]
    low, high = first + segments.least_target[segment], first + segments.most_target[segment]
    if bool((full & (high >= t.compartment_ptr[axons.core[axon] + 1])).any()):
        return [*found, "table entry_target points outside its table"]
    low, high, style = low[full], high[full], style[full]
    if bool(((t.population[low] != target[style]) | (t.population[high] != target[style])).any()):
        found.append("lists contain synapses into a population other than the projection's target")
    return found


def _twice_faults(program: Program) -> list[str]:
    """Segments with duplicate targets, and lists with two segments of one projection."""
    t = program.tables
    names = {item.name: index for index, item in enumerate(program.network.projections)}
    projection = np.array([names[style.projection] for style in program.formats], dtype=np.int64)[t.segment_format]
    of_list = np.repeat(np.arange(t.segment_ptr.size - 1), np.diff(t.segment_ptr)) * max(len(names), 1) + projection
    if not all_different(of_list):
        return ["a list has two segments of one projection"]
    falls = np.flatnonzero(t.entry_target[1:] <= t.entry_target[:-1]) + 1
    inside = falls[~np.isin(falls, t.entry_ptr)]
    if not inside.size:
        return []
    of = np.repeat(np.arange(t.entry_ptr.size - 1), np.diff(t.entry_ptr))
    unsorted = np.isin(of, distinct(of[inside]))  # sorting is slow, and usually no segment needs it
    key = of[unsorted] * np.int64(1 << 16) + t.entry_target[unsorted]
    return [] if all_different(key) else ["table entry_target contains a target twice in one list"]


def _axon_faults(program: Program, core: Ints) -> list[str]:
    """Contradictions among the rows of one input axon: kinds, bases and atoms."""
    t = program.tables
    if t.in_axon_id is None or t.in_axon_atom is None or t.in_axon_kind is None:
        return []
    found = list[str]()
    if bool(((t.in_axon_id < 0) | (t.in_axon_id >= np.diff(t.in_axon_ptr)[core])).any()):
        found.append("table in_axon_id points outside its table")
    if not np.isin(t.in_axon_kind, list(AXON_KINDS.values())).all():
        found.append("table in_axon_kind has a number that is not a kind of axon")
    if bool((t.in_axon_atom < 0).any()):
        found.append("table in_axon_atom has a negative number")
    if found:
        return found
    axon = t.in_axon_ptr[core] + t.in_axon_id
    for name, values in (("kind", t.in_axon_kind), ("base", t.in_axon_base)):
        first: Ints = np.zeros(axon.size, dtype=np.int64)
        first[axon] = values
        own = (name == "base") & (
            t.in_axon_kind == AXON_KINDS["convolution"]
        )  # follows from the position of the source
        if bool(((first[axon] != values) & ~own).any()):
            found.append(f"rows of one input axon have more than one {name}")
    pairs = axon * np.int64(1 << 16) + t.in_axon_atom
    if not all_different(pairs):
        found.append("rows of one input axon have the same atom")
    return found


def _base_faults(program: Program) -> list[str]:
    """Bases that no axon of the target can encode, and kinds of axons that the target does not have."""
    tables, target, found = program.tables, program.target, list[str]()
    furthest = target.precision.shared_base
    if int(tables.in_axon_base.max(initial=0)) > (furthest.high if furthest is not None else 0):
        found.append("table in_axon_base exceeds the largest base that an axon of the target can encode")
    if tables.in_axon_kind is None:
        return found
    for name, number in AXON_KINDS.items():
        kind: AxonKind | None = getattr(target.axons, name, None) if target.axons is not None else None
        mine = tables.in_axon_kind == number
        if kind is not None and bool((tables.in_axon_base[mine] % int(kind.base_step.value)).any()):
            found.append(f"table in_axon_base contains a base that {name} axons cannot encode")
        available = kind is not None or (name == "convolution" and target.counting.convolution is not None)
        if not available and number and bool(mine.any()):
            found.append(f"table in_axon_kind has {name} axons, which target '{target.name}' does not have")
    return found


def format_faults(program: Program) -> list[str]:
    """Return formats that the target does not support, or of unknown projections, one sentence each."""
    names = {item.name for item in program.network.projections}
    found = [fault for number, style in enumerate(program.formats) for fault in _format(program, names, number, style)]
    return found or _format_counts(program)


def _format_counts(program: Program) -> list[str]:
    """Formats that occur twice, and more formats and mantissas than an engine tabulates."""
    first = dict[SynapseFormat, int]()
    for number, style in enumerate(program.formats):
        if first.setdefault(style, number) != number:
            return [f"formats[{number}] repeats formats[{first[style]}]"]
    mantissas = program.tables.entry_mantissa
    span = int(mantissas.max(initial=0)) - int(mantissas.min(initial=0)) + 1
    if span * len(program.formats) <= MOST_WEIGHTS:
        return []
    weights = f"{len(program.formats):,} formats of {span:,} mantissas"
    return [f"formats and table entry_mantissa make {weights}; up to {MOST_WEIGHTS:,} weights are supported"]


def _learning_bits(program: Program, style: SynapseFormat) -> int:
    """Bits that the synapses of a format take beyond weight and delay."""
    rules = {item.name: item.plasticity for item in program.network.projections}
    return learning_bits(program.target, rules.get(style.projection), style.weight_bits)


def _format(program: Program, names: set[str], number: int, style: SynapseFormat) -> list[str]:
    precision, found = program.target.precision, list[str]()
    if style.projection not in names:
        found.append(f"formats[{number}] is of projection '{style.projection}', which is not in the network")
    widths = (program.target.counting.index_bits or precision.index_bits).values
    legal = {
        "weight_bits": style.weight_bits in precision.weight_bits.values,
        "exponent": precision.weight_exponent.low <= style.exponent <= precision.weight_exponent.high,
        "delay_bits": style.delay_bits in precision.delay_bits.values,
        "index_bits": style.index_bits in (0, *widths),
        "skip_bits": 0 <= style.skip_bits <= max(widths),
        "learning_bits": style.learning_bits == _learning_bits(program, style),
    }
    reason = f"which target '{program.target.name}' does not support"
    return found + [
        f"formats[{number}].{name} is {getattr(style, name)}, {reason}"
        for name, is_legal in legal.items()
        if not is_legal
    ]
