"""Core tables of a mapped network, written from its encoded segments. All choices are made before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import narrowed, places_of, read_only
from neurodeploy.program.tables import AXON_KINDS, RESETS, InputRoutes, SynapseFormat, Tables
from neurodeploy.quantize.quantized import QuantizedPopulation
from neurodeploy.resources.encoding import EncodedSegment

__all__ = ["build_tables"]

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class _Core:
    """Input axons and lists of one core; an input axon is one row of the axon table, a source with its atom."""

    owner: NDArray[np.int32]
    """(n_axons,) source, numbered over all inputs and populations, ascending."""
    list_of: NDArray[np.int32]
    """(n_axons,) list of each axon."""
    base: NDArray[np.int32]
    """(n_axons,) row from which the targets of the list are counted."""
    number: NDArray[np.int32]
    """(n_axons,) number of the input axon in the core."""
    atom: NDArray[np.int16]
    """(n_axons,) atom of the source."""
    kind: NDArray[np.int8]
    """(n_axons,) kind of the axon, as numbered in AXON_KINDS."""
    segments_per_list: NDArray[np.int32]
    """(n_lists,) segments of each list."""
    formats: NDArray[np.int32]
    """(n_segments,) index of each segment's format."""
    lengths: NDArray[np.int32]
    """(n_segments,) entries of each segment."""
    targets: NDArray[np.uint16]
    """(n_entries,) row of each entry, relative to the base."""
    mantissas: NDArray[np.int16]
    """(n_entries,) mantissa of each entry."""
    delays: NDArray[np.uint8]
    """(n_entries,) delay of each entry, in steps."""


def _joined(arrays: list[Any], dtype: Any) -> Any:
    return narrowed(np.concatenate([*arrays, np.zeros(0, dtype=dtype)]), dtype)


def _core(segments: list[EncodedSegment], first_of: dict[str, int], format_index: dict[Any, int]) -> _Core:
    """Join the segments of each source into one list, and number the lists of a core."""
    # the key of a list is its owner or, for a shared list, a unique negative number
    keys, owners, bases, per_axon = list[Ints](), list[Ints](), list[Ints](), list[Ints]()
    shared = 0
    for item in segments:
        owner = first_of[item.source] + item.sources
        if item.encoding == "shared":
            own = -1 - shared - np.arange(item.lengths.size)
            shared += item.lengths.size
        else:
            own = owner
        keys.append(own)
        owners.append(owner)
        bases.append(item.base)
        per_axon.append(own[item.list_of])
    key, lengths = _joined(keys, np.int64), _joined([item.lengths for item in segments], np.int64)
    formats = _joined([np.full(item.lengths.size, format_index[_format_key(item)]) for item in segments], np.int64)
    order = np.argsort(key, kind="stable")
    entry = places_of((np.cumsum(lengths) - lengths)[order], lengths[order])
    names, per_list = np.unique(key, return_counts=True)
    owner, first = np.unique(_joined(owners, np.int64), return_index=True)
    kind, group, atom = (column[first] for column in _axons(segments))
    return _Core(
        owner=narrowed(owner, np.int32),
        number=narrowed(_numbers(kind, group), np.int32),
        atom=narrowed(atom, np.int16),
        kind=narrowed(kind, np.int8),
        list_of=narrowed(cast(Ints, np.searchsorted(names, _joined(per_axon, np.int64)[first])), np.int32),
        base=narrowed(_joined(bases, np.int64)[first], np.int32),
        segments_per_list=narrowed(per_list, np.int32),
        formats=narrowed(formats[order], np.int32),
        lengths=narrowed(lengths[order], np.int32),
        targets=_joined([item.targets for item in segments], np.uint16)[entry],
        mantissas=_joined([item.mantissas for item in segments], np.int16)[entry],
        delays=_joined([item.delays for item in segments], np.uint8)[entry],
    )


def _axons(segments: list[EncodedSegment]) -> tuple[Ints, Ints, Ints]:
    """(kind, group, atom) of every source of every segment. Sources of a group share an axon; -1: not shared."""
    kinds, groups, atoms, n = list[Ints](), list[Ints](), list[Ints](), 0
    for item in segments:
        size = item.sources.size
        none = np.zeros(size, dtype=np.int64)
        kinds.append(none + AXON_KINDS[item.kind])
        groups.append(none - 1 if item.axon is None else item.axon + n)
        atoms.append(none if item.atom is None else item.atom)
        n += 0 if item.axon is None else int(item.axon.max(initial=-1)) + 1
    return _joined(kinds, np.int64), _joined(groups, np.int64), _joined(atoms, np.int64)


def _numbers(kind: Ints, group: Ints) -> Ints:
    """(n,) number of the input axon of each row: pop16 axons first, as their numbers have the fewest bits, discrete last."""
    order = np.lexsort((np.arange(kind.size), group, np.where(kind == AXON_KINDS["discrete"], 1 << 20, kind)))
    ordered = group[order]
    fresh = np.r_[True, (ordered[1:] != ordered[:-1]) | (ordered[1:] < 0)][: kind.size]
    number = np.empty(kind.size, dtype=np.int64)
    number[order] = np.cumsum(fresh) - 1
    return number


def _ptr(lengths: Any) -> Ints:
    counts = np.asarray(lengths)
    ptr: Ints = np.zeros(counts.size + 1, dtype=np.int64)
    np.cumsum(counts, dtype=np.int64, out=ptr[1:])
    return ptr


def _column(arrays: list[Any]) -> Any:
    """The arrays one after the other, for a noun that then needs no copy."""
    return read_only(np.concatenate(arrays))


def _rows(populations: tuple[QuantizedPopulation, ...], core_of: dict[str, Any]) -> tuple[Ints, Ints, Ints]:
    """(population, neuron, core) of every row, ordered by (core, population, neuron)."""
    population = np.concatenate([np.full(item.size, index) for index, item in enumerate(populations)])
    neuron = np.concatenate([np.arange(item.size) for item in populations])
    core = np.concatenate([core_of[item.name] for item in populations]).astype(np.int64)
    order = np.lexsort((neuron, population, core))
    return population[order], neuron[order], core[order]


def _registers(populations: tuple[QuantizedPopulation, ...], population: Ints, neuron: Ints) -> dict[str, Any]:
    first = _ptr([item.size for item in populations])[population] + neuron
    names = ("du", "dv", "vth_mant", "bias_mant", "bias_exp", "refract_delay", "vmin_exp", "vmax_exp")
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(item, name) for item in populations])[first] for name in names
    }
    columns["reset"] = np.array([RESETS[item.reset] for item in populations], dtype=np.int64)[population]
    columns["spiking"] = np.array([int(item.spiking) for item in populations], dtype=np.int64)[population]
    return columns


def build_tables(
    populations: tuple[QuantizedPopulation, ...],
    inputs: dict[str, int],
    core_of: dict[str, NDArray[Any]],
    core_id: NDArray[Any],
    segments: Sequence[EncodedSegment],
) -> tuple[tuple[SynapseFormat, ...], tuple[InputRoutes, ...], Tables]:
    """Return the synapse formats, the routes of the inputs and the core tables.

    `inputs`: name -> number of lines; `core_of`: population -> (size,) logical core of each neuron; `core_id`: (n_cores,)
    physical core of each logical core; `segments`: the synapses of all cores.
    """
    n_cores = int(np.asarray(core_id).size)
    population, neuron, core = _rows(populations, core_of)
    by_format = {_format_key(item): item for item in reversed(segments)}
    keys = list(dict.fromkeys(_format_key(item) for item in segments))
    formats, format_index = tuple(_format_of(by_format[key]) for key in keys), {key: n for n, key in enumerate(keys)}
    sizes = [*inputs.values(), *(item.size for item in populations)]
    first_of = dict(zip([*inputs, *(item.name for item in populations)], (int(n) for n in _ptr(sizes)), strict=False))
    by_core: list[list[EncodedSegment]] = [[] for _ in range(n_cores)]
    for item in segments:
        by_core[item.core].append(item)
    cores = [_core(items, first_of, format_index) for items in by_core]
    owner = np.concatenate([item.owner for item in cores])
    to_core = np.repeat(np.arange(n_cores, dtype=np.int32), [item.owner.size for item in cores])
    axon = np.concatenate([np.arange(item.owner.size, dtype=np.int32) for item in cores])
    routes, out = _routes(inputs, populations, population, neuron, first_of, (owner, to_core, axon))
    tables = Tables(
        core_id=np.asarray(core_id, dtype=np.int64),
        compartment_ptr=_ptr(np.bincount(core, minlength=n_cores)),
        in_axon_ptr=_ptr([item.owner.size for item in cores]),
        list_ptr=_ptr([item.segments_per_list.size for item in cores]),
        population=population,
        neuron=neuron,
        **_registers(populations, population, neuron),
        **out,
        in_axon_list=_column([item.list_of for item in cores]),
        in_axon_base=_column([item.base for item in cores]),
        **_axon_columns(cores),
        segment_ptr=_ptr(np.concatenate([item.segments_per_list for item in cores])),
        segment_format=_column([item.formats for item in cores]),
        entry_ptr=_ptr(np.concatenate([item.lengths for item in cores])),
        entry_target=_column([item.targets for item in cores]),
        entry_mantissa=_column([item.mantissas for item in cores]),
        entry_delay=_column([item.delays for item in cores]),
    )
    return formats, routes, tables


def _axon_columns(cores: list[_Core]) -> dict[str, Any]:
    """The columns of axon numbers, atoms and kinds; empty if every axon is discrete."""
    if not any(item.kind.any() for item in cores):
        return {}
    columns = {"id": "number", "atom": "atom", "kind": "kind"}
    return {f"in_axon_{name}": _column([getattr(item, field) for item in cores]) for name, field in columns.items()}


def _routes(
    inputs: dict[str, int],
    populations: tuple[QuantizedPopulation, ...],
    population: Ints,
    neuron: Ints,
    first_of: dict[str, int],
    axons: tuple[Any, Any, Any],
) -> tuple[tuple[InputRoutes, ...], dict[str, Any]]:
    """The routes of the inputs, and the output axon columns of the rows."""
    owner, to_core, axon = axons
    order = np.argsort(owner, kind="stable")  # cores ascend already
    owner, to_core, axon = owner[order], to_core[order], axon[order]
    routes: list[InputRoutes] = []
    for name, lines in inputs.items():
        low, high = np.searchsorted(owner, [first_of[name], first_of[name] + lines])
        mine = slice(int(low), int(high))
        ptr = _ptr(np.bincount(owner[mine] - first_of[name], minlength=lines))
        routes.append(InputRoutes(name=name, ptr=ptr, core=to_core[mine], in_axon=axon[mine]))
    first = np.array([first_of[item.name] for item in populations], dtype=np.int64)
    number = first[population] + neuron
    start, stop = np.searchsorted(owner, number, "left"), np.searchsorted(owner, number, "right")
    take = places_of(start, stop - start)
    return tuple(routes), {
        "out_axon_ptr": _ptr(stop - start),
        "out_core": read_only(to_core[take]),
        "out_in_axon": read_only(axon[take]),
    }


def _format_of(segment: EncodedSegment) -> SynapseFormat:
    """The format of a segment's entries."""
    weights = segment.weight_format
    return SynapseFormat(
        projection=segment.projection,
        weight_bits=weights.weight_bits,
        exponent=weights.exponent,
        sign_mode=weights.sign_mode,
        delay_bits=segment.delay_bits,
        index_bits=segment.index_bits,
        skip_bits=segment.skip_bits,
        encoding=segment.encoding,
    )


def _format_key(segment: EncodedSegment) -> tuple[object, ...]:
    """Properties that distinguish formats; the weight format follows from the projection."""
    return segment.projection, segment.delay_bits, segment.index_bits, segment.skip_bits, segment.encoding
