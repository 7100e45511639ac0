"""Synapses as an exported program stores them: blocks from one population to another, each in the form that takes least flash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy_backends.emulator.c_export.arrays import bytes_of, packs, smallest
from neurodeploy_backends.emulator.lowering.lower import Lowered
from neurodeploy_backends.emulator.spec_tables import Machine, synapses_of

__all__ = ["Block", "Form", "blocks_of", "forms_of"]

Array = NDArray[Any]


class Block(NamedTuple):
    """Synapses of one source, target and plane, by source and place, none twice unless they multiply values."""

    source: int
    """Part that sends."""
    target: int
    """Part that receives."""
    plane: int
    shift: int
    """Shift up of a weight to the unit of the accumulators."""
    valued: bool
    """Whether the source's values multiply the weights."""
    delay: int
    """Of all synapses, in steps; -1 where they differ."""
    size: int
    """Neurons of the target."""
    first: Array
    """(sources + 1,) first synapse of each source."""
    place: Array
    """(synapses,) row of the target within its part; plus delay * size where delays differ."""
    weight: Array
    """(synapses,) without the low bits that `shift` restores."""


class Form(NamedTuple):
    """One way to store a block."""

    kind: str
    """dense, sparse, or shared."""
    arrays: dict[str, Array]
    """Name -> table."""

    @property
    def size_bytes(self) -> int:
        """Bytes of all tables."""
        sizes = {name: values.size * bytes_of(smallest(values)) for name, values in self.arrays.items()}
        if packs(self.arrays["weight"]):
            sizes["weight"] = -(-sizes["weight"] // 2)
        return sum(sizes.values())


class _Synapses(NamedTuple):
    """All synapses of one source part."""

    source: Array
    target: Array
    """Part."""
    row: Array
    """Within the target part."""
    weight: Array
    delay: Array
    plane: Array
    kind: Array
    """Class: projection and exponent."""


def _synapses(machine: Machine, low: Lowered, number: int, part_of: Array, row_of: Array) -> _Synapses:
    part = low.parts[number]
    core, axon, message = machine.routes[part.name].follow(part.neurons.astype(np.int64))
    row, entry, touched = synapses_of(machine.program.tables, core, axon)
    weight = machine.weight[entry]
    some = weight != 0
    row, entry, touched = row[some], entry[some], touched[some]
    delay = machine.program.tables.entry_delay[entry].astype(np.int64)
    return _Synapses(
        message[touched],
        part_of[row],
        row_of[row],
        weight[some],
        delay,
        machine.plane(entry, row),
        machine.synapse_class[entry],
    )


def _rows(machine: Machine, low: Lowered) -> tuple[Array, Array]:
    """(part, row within the part) of each row of the core tables."""
    part_of = np.zeros(machine.program.tables.n_rows, dtype=np.int64)
    row_of = np.zeros_like(part_of)
    for number, part in enumerate(low.parts):
        if not part.is_input:
            rows = machine.program.table_rows[part.name][part.neurons]
            part_of[rows], row_of[rows] = number, np.arange(part.size)
    return part_of, row_of


def blocks_of(machine: Machine, low: Lowered, units: dict[int, int]) -> Iterator[Block]:
    """All blocks, by source, target, plane and class. `units`: part -> low bits that its accumulators leave out."""
    part_of, row_of = _rows(machine, low)
    for number, part in enumerate(low.parts):
        found = _synapses(machine, low, number, part_of, row_of)
        valued = part.name in machine.graded
        keys = np.stack([found.target, found.plane, found.kind], axis=1)
        for key in np.unique(keys, axis=0):
            here = (keys == key).all(axis=1)
            target, plane = int(key[0]), int(key[1])
            mine = _Synapses(*(column[here] for column in found))
            yield _block(mine, number, part.size, target, low.parts[target].size, plane, units[target], valued=valued)


def _block(
    mine: _Synapses, source: int, sources: int, target: int, size: int, plane: int, unit: int, *, valued: bool
) -> Block:
    alone = (mine.delay == mine.delay[0]).all()
    place = mine.row if alone else mine.delay * size + mine.row
    key = mine.source * (size * (int(mine.delay.max()) + 1)) + place
    order = np.argsort(key, kind="stable")
    weight, key, origin, place = mine.weight[order], key[order], mine.source[order], place[order]
    if not valued:  # sums of weights that always arrive together
        starts = np.flatnonzero(np.r_[True, np.diff(key) != 0])
        weight, origin, place = np.add.reduceat(weight, starts), origin[starts], place[starts]
    bits = int(np.bitwise_or.reduce(weight))
    zeros = (bits & -bits).bit_length() - 1 if bits else unit
    zeros = max(min(zeros, 31 + unit), unit)
    first = np.searchsorted(origin, np.arange(sources + 1))
    delay = int(mine.delay[0]) if alone else -1
    return Block(source, target, plane, zeros - unit, valued, delay, size, first, place, weight >> zeros)


def forms_of(block: Block) -> Form:
    """The form of a block that takes least flash."""
    forms = [_sparse(block)]
    if not block.valued and block.delay >= 0:
        forms += [_shared(block)]
        sources = block.first.size - 1
        if sources * block.size <= 8 * forms[0].size_bytes:
            forms.append(_dense(block))
    return min(forms, key=lambda form: form.size_bytes)


def _sparse(block: Block) -> Form:
    return Form("sparse", {"first": block.first, "place": block.place, "weight": block.weight})


def _dense(block: Block) -> Form:
    sources = block.first.size - 1
    rows = np.zeros((sources, block.size), dtype=np.int64)
    rows[np.repeat(np.arange(sources), np.diff(block.first)), block.place] = block.weight
    return Form("dense", {"weight": rows.ravel()})


def _shared(block: Block) -> Form:
    """Patterns that several sources share, each some runs of neighboring targets, as in a convolution.

    pattern, base: of each source; pattern 0 is empty. first: first run of each pattern. offset, length, at: of each run, its
    place after the base, its length and its first weight.
    """
    known, order = dict[bytes, int](), [slice(0, 0)]
    sources = block.first.size - 1
    pattern, base = np.zeros(sources, dtype=np.int64), np.zeros(sources, dtype=np.int64)
    for source in range(sources):
        here = slice(int(block.first[source]), int(block.first[source + 1]))
        if here.start == here.stop:
            continue
        base[source] = block.place[here.start]
        key = (block.place[here] - base[source]).tobytes() + block.weight[here].tobytes()
        if key not in known:
            known[key] = len(order)
            order.append(here)
        pattern[source] = known[key]
    first, offset, length, at = [0], list[int](), list[int](), list[int]()
    weights, stored = [np.zeros(0, dtype=np.int64)], 0
    for here in order:
        place = block.place[here] - (block.place[here.start] if here.stop > here.start else 0)
        starts = np.flatnonzero(np.r_[True, np.diff(place) != 1]) if place.size else np.zeros(0, dtype=np.int64)
        offset += place[starts].tolist()
        length += np.diff(np.r_[starts, place.size]).tolist()
        at += (stored + starts).tolist()
        weights.append(block.weight[here])
        stored += place.size
        first.append(len(offset))
    names = {"first": first, "offset": offset, "length": length, "at": at}
    arrays = {name: np.array(values, dtype=np.int64) for name, values in names.items()}
    return Form("shared", {"pattern": pattern, "base": base, **arrays, "weight": np.concatenate(weights)})
