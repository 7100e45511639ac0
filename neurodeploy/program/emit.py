"""Core tables of a mapped network, written from its encoded segments. All choices are made before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import narrowed, places_of, read_only
from neurodeploy.program.tables import AXON_KINDS, RESETS, InputRoutes, SynapseFormat, Tables
from neurodeploy.quantize.quantized import QuantizedPopulation
from neurodeploy.resources.encoding import EncodedSegment

__all__ = ["build_tables", "synapse_columns"]

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
    cores: Iterable[Sequence[EncodedSegment]],
) -> tuple[tuple[SynapseFormat, ...], tuple[InputRoutes, ...], Tables]:
    """Return the synapse formats, the routes of the inputs and the core tables.

    `inputs`: name -> number of lines; `core_of`: population -> (size,) logical core of each neuron; `core_id`: (n_cores,)
    physical core of each logical core; `cores`: the segments of each core, which are read once.
    """
    n_cores = int(np.asarray(core_id).size)
    population, neuron, core = _rows(populations, core_of)
    sizes = {item.name: item.size for item in populations}
    formats, routes, columns = synapse_columns(sizes, inputs, population, neuron, cores)
    tables = Tables(
        core_id=np.asarray(core_id, dtype=np.int64),
        compartment_ptr=_ptr(np.bincount(core, minlength=n_cores)),
        population=population,
        neuron=neuron,
        **_registers(populations, population, neuron),
        **columns,
    )
    return formats, routes, tables


def synapse_columns(
    populations: dict[str, int],
    inputs: dict[str, int],
    population: NDArray[Any],
    neuron: NDArray[Any],
    cores: Iterable[Sequence[EncodedSegment]],
) -> tuple[tuple[SynapseFormat, ...], tuple[InputRoutes, ...], dict[str, Any]]:
    """Return the synapse formats, the routes of the inputs, and the columns of axons, lists, segments and entries.

    `populations`, `inputs`: name -> neurons or lines; `population`, `neuron` (n_rows,) as in Tables; `cores`: the segments of
    each core. Nothing of a core is kept beyond its columns.
    """
    sizes = [*inputs.values(), *populations.values()]
    first_of = dict(zip([*inputs, *populations], (int(n) for n in _ptr(sizes)), strict=False))
    formats, parts = dict[tuple[object, ...], tuple[int, SynapseFormat]](), _Parts()
    for segments in cores:
        for item in segments:
            formats.setdefault(_format_key(item), (len(formats), _format_of(item)))
        parts.add(_core(list(segments), first_of, {key: number for key, (number, _) in formats.items()}))
    owner, per_core = parts.column("owner"), np.array(parts.axons, dtype=np.int64)
    to_core = np.repeat(np.arange(per_core.size, dtype=np.int32), per_core)
    axon: NDArray[np.int32] = (places_of(np.zeros_like(per_core), per_core)).astype(np.int32)
    first = np.array([first_of[name] for name in populations], dtype=np.int64)
    sent = np.asarray(first[population] + neuron, dtype=np.int64)
    routes, out = _routes(inputs, sent, first_of, (owner, to_core, axon))
    columns = {
        "in_axon_ptr": _ptr(per_core),
        "list_ptr": _ptr(parts.lists),
        **out,
        "in_axon_list": parts.column("list_of"),
        "in_axon_base": parts.column("base"),
        **parts.axon_columns(),
        "segment_ptr": _ptr(parts.column("segments_per_list")),
        "segment_format": parts.column("formats"),
        "entry_ptr": _ptr(parts.column("lengths")),
        "entry_target": parts.column("targets"),
        "entry_mantissa": parts.column("mantissas"),
        "entry_delay": parts.column("delays"),
    }
    return tuple(item for _, item in formats.values()), routes, columns


class _Parts:
    """The columns of the cores so far; a column is given up when it is read, so that no two copies of all are held."""

    def __init__(self) -> None:
        self.axons, self.lists = list[int](), list[int]()
        self.columns: dict[str, list[Any]] = {item.name: [] for item in fields(_Core)}
        self.shared = False

    def add(self, core: _Core) -> None:
        """Append the columns of the next core."""
        self.axons.append(core.owner.size)
        self.lists.append(core.segments_per_list.size)
        self.shared |= bool(core.kind.any())
        for name, arrays in self.columns.items():
            arrays.append(getattr(core, name))

    def column(self, name: str) -> NDArray[Any]:
        """The arrays of all cores one after the other, for a noun that then needs no copy."""
        arrays = self.columns.pop(name)
        kind = next((item.dtype for item in arrays), _EMPTY[name])
        return read_only(np.concatenate([*arrays, np.zeros(0, dtype=kind)]))

    def axon_columns(self) -> dict[str, Any]:
        """The columns of axon numbers, atoms and kinds; empty if every axon is discrete."""
        names = {"id": "number", "atom": "atom", "kind": "kind"}
        return {f"in_axon_{name}": self.column(field) for name, field in names.items()} if self.shared else {}


_EMPTY: dict[str, Any] = {
    **dict.fromkeys(("owner", "list_of", "base", "number", "segments_per_list", "formats", "lengths"), np.int32),
    "atom": np.int16,
    "kind": np.int8,
    "targets": np.uint16,
    "mantissas": np.int16,
    "delays": np.uint8,
}
"""Types of the columns of a program without cores."""


def _routes(
    inputs: dict[str, int],
    sent: Ints,
    first_of: dict[str, int],
    axons: tuple[Any, Any, Any],
) -> tuple[tuple[InputRoutes, ...], dict[str, Any]]:
    """The routes of the inputs, and the output axon columns of the rows; `sent` (n_rows,): number of each row's neuron."""
    owner, to_core, axon = axons
    order = np.argsort(owner, kind="stable")  # cores ascend already
    owner, to_core, axon = owner[order], to_core[order], axon[order]
    routes: list[InputRoutes] = []
    for name, lines in inputs.items():
        low, high = np.searchsorted(owner, [first_of[name], first_of[name] + lines])
        mine = slice(int(low), int(high))
        ptr = _ptr(np.bincount(owner[mine] - first_of[name], minlength=lines))
        routes.append(InputRoutes(name=name, ptr=ptr, core=to_core[mine], in_axon=axon[mine]))
    start, stop = np.searchsorted(owner, sent, "left"), np.searchsorted(owner, sent, "right")
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
        learning_bits=segment.learning_bits,
    )


def _format_key(segment: EncodedSegment) -> tuple[object, ...]:
    """Properties that distinguish formats; the weight format follows from the projection."""
    return segment.projection, segment.delay_bits, segment.index_bits, segment.skip_bits, segment.encoding
