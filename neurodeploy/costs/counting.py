"""Counts of events on the cores that follow from the spikes of a recording, by sample and step.

Every count follows from the spikes, the input spikes and the program's tables, so all backends give the same figures.
Steps are processed in ranges, so memory does not grow with the length of a run.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import places_of
from neurodeploy.costs.learning import synapse_updates
from neurodeploy.program.program import Program
from neurodeploy.signals.recording import Recording

__all__ = [
    "Counts",
    "Hops",
    "Routes",
    "counts",
    "hops_of",
    "occupied_tiles",
    "population_rows",
    "routes_of",
    "tiles_of",
    "travelled",
]

Ints = NDArray[np.int64]


MESSAGES = 1 << 20
"""Maximum number of messages expanded at once; each step adds one per core for the figures of the core."""
KINDS = {"dense": 0, "sparse": 1, "runlength": 1, "shared": 2}
"""Encoding -> which of three energy figures its entries use; run-length lists have no public figure and use that of
sparse lists.
"""


class Counts(NamedTuple):
    """Events of consecutive steps, the last step of a sample before the first of the next; each (steps, n_cores)."""

    first: int
    """Number of the first of these steps, counted from 0 over all samples."""
    spikes: Ints
    """Fired by the core's compartments."""
    messages_out: Ints
    """(spike, destination core) pairs sent; spikes of inputs are not sent by a core."""
    messages_in: Ints
    """(spike, this core) pairs received, inputs included, in the step after they were sent."""
    synops_dense: Ints
    """List entries touched, by encoding; counted in the step the message is received."""
    synops_sparse: Ints
    synops_shared: Ints
    synapse_updates: Ints
    """Plastic synapses whose rule is evaluated after the step, see `costs.learning`."""


class Routes(NamedTuple):
    """Routes of every neuron and input line: [ptr[i], ptr[i + 1]) belong to source i."""

    first: dict[str, Any]
    """Population -> its table rows by neuron; input -> number of its line 0."""
    core: Ints
    """Number of neurons: the first n_rows sources are neurons, the rest are input lines."""
    ptr: Ints
    to_core: Ints
    entries: Ints
    """(3, n_routes) list entries by encoding."""


def routes_of(program: Program) -> Routes:
    """Return where the spikes of a program go."""
    tables = program.tables
    lengths = np.concatenate([np.diff(tables.out_axon_ptr), *(np.diff(item.ptr) for item in program.inputs)])
    to_core = np.concatenate([tables.out_core, *(item.core for item in program.inputs)]).astype(np.int64)
    axon = np.concatenate([tables.out_in_axon, *(item.in_axon for item in program.inputs)]).astype(np.int64)
    lists = tables.in_axon_list[tables.in_axon_ptr[to_core] + axon] + tables.list_ptr[to_core]
    encoding = np.array([KINDS[style.encoding] for style in program.formats] or [0])[tables.segment_format]
    entries = np.zeros((len(set(KINDS.values())), to_core.size), dtype=np.int64)
    for number in range(len(entries)):
        total = np.r_[0, np.cumsum(np.diff(tables.entry_ptr) * (encoding == number))]
        entries[number] = total[tables.segment_ptr[lists + 1]] - total[tables.segment_ptr[lists]]
    first: dict[str, Any] = dict(program.table_rows)
    number = tables.n_rows
    for item in program.inputs:
        first[item.name], number = number, number + item.ptr.size - 1
    core = np.repeat(np.arange(tables.n_cores), np.diff(tables.compartment_ptr))
    return Routes(first, core, np.r_[0, np.cumsum(lengths)].astype(np.int64), to_core, entries)


def _senders(program: Program, recording: Recording, sources: Routes) -> tuple[Ints, Ints]:
    """(step, source) of every spike and input spike, by step; steps are counted from 0 over all samples."""
    parts = [(np.zeros((0, 2), dtype=np.int64), np.zeros(0, dtype=np.int64))]
    for item in program.populations:
        rows = recording.spikes[item.name]
        parts.append((rows[:, :2], sources.first[item.name][rows[:, 2]]))
    for item in program.inputs:
        rows = recording.input_spikes.get(item.name, np.zeros((0, 3), dtype=np.int64))
        parts.append((rows[:, :2], sources.first[item.name] + rows[:, 2]))
    when, source = np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
    step = when[:, 0].astype(np.int64) * _length(recording) + when[:, 1] - recording.first_step
    order = np.argsort(step, kind="stable")
    return step[order], source[order].astype(np.int64)


def _length(recording: Recording) -> int:
    """Steps of each sample."""
    return recording.n_steps - recording.first_step + 1


def counts(program: Program, recording: Recording) -> Iterator[Counts]:
    """Yield the events of all steps, those without events included with zeros, in ranges of whole samples, or of a part of a
    long one. Messages sent before the first step of the recording are not included.
    """
    sources, learned = routes_of(program), _learned(program, recording)
    step, source = _senders(program, recording, sources)
    length, n_cores = _length(recording), program.tables.n_cores
    messages = (sources.ptr[source + 1] - sources.ptr[source]) + 1
    total = np.bincount(step // length, messages, recording.n_samples) + length * n_cores
    for first, last in _groups(total):
        cuts: list[int] = []
        if total[first] >= MESSAGES:
            low, high = np.searchsorted(step, [first * length, last * length])
            per_step = np.bincount(step[low:high] - first * length, messages[low:high], length) + n_cores
            cuts = (np.flatnonzero(np.diff(np.cumsum(per_step) // MESSAGES)) + 1).tolist()
        for start, stop in pairwise([first * length, *(first * length + cut for cut in cuts), last * length]):
            part = _range(sources, start, stop, length, step, source)
            yield part._replace(synapse_updates=_updates(part, learned))


def _learned(program: Program, recording: Recording) -> Ints:
    """(3, n) step, core and number of updates of plastic synapses, by step."""
    found = [np.stack([item.step, item.core, item.updated]) for item in synapse_updates(program, recording)]
    rows = np.concatenate([np.zeros((3, 0), dtype=np.int64), *found], axis=1)
    return rows[:, np.argsort(rows[0], kind="stable")]


def _updates(part: Counts, learned: Ints) -> Ints:
    """(steps, n_cores) updates of plastic synapses in the steps of a part."""
    low, high = np.searchsorted(learned[0], [part.first, part.first + part.spikes.shape[0]])
    total = np.zeros(part.spikes.shape, dtype=np.int64)
    np.add.at(total, (learned[0, low:high] - part.first, learned[1, low:high]), learned[2, low:high])
    return total


def _groups(total: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    """Groups [first, last) of samples with less than MESSAGES messages together, or of one sample with more."""
    held: NDArray[np.float64] = np.cumsum(total)
    first = 0
    while first < total.size:
        full = float(held[first] - total[first]) + MESSAGES
        last = max(int(np.searchsorted(held, full)), first + 1)
        yield first, last
        first = last


def _range(sources: Routes, start: int, stop: int, length: int, step: Ints, source: Ints) -> Counts:
    """Counts of steps [start, stop), from all events by ascending `step`."""
    n_cores = int(sources.core.max(initial=-1)) + 1
    shape = (stop - start, n_cores)

    def by_core(step: Ints, core: Ints, weight: Ints | None = None) -> Ints:
        flat = np.bincount((step - start) * n_cores + core, weight, shape[0] * n_cores)
        return flat.reshape(shape).astype(np.int64)

    low, high = np.searchsorted(step, [start, stop])
    sent, sender = step[low:high], source[low:high]
    fired = sender < sources.core.size
    core, routes = sources.core[sender[fired]], (sources.ptr[sender + 1] - sources.ptr[sender])[fired]
    low, high = np.searchsorted(step, [start - 1, stop - 1])
    came, sender = step[low:high] + 1, source[low:high]
    same = came % length != 0  # messages of the last step of a sample arrive after its end
    came, sender = came[same], sender[same]
    per = sources.ptr[sender + 1] - sources.ptr[sender]
    route = places_of(sources.ptr[sender], per)
    came, to_core = np.repeat(came, per), sources.to_core[route]
    synops = [by_core(came, to_core, kind[route]) for kind in sources.entries]
    spikes, out = by_core(sent[fired], core), by_core(sent[fired], core, routes)
    none = np.zeros(shape, dtype=np.int64)
    return Counts(start, spikes, out, by_core(came, to_core), *synops, synapse_updates=none)


class Hops(NamedTuple):
    """Tile hops of all spikes of a recording."""

    horizontal: float
    vertical: float
    between_chips: float
    """Messages that leave their chip; they are not included in the hops."""


def tiles_of(program: Program) -> tuple[Ints, Ints, Ints]:
    """Return (chip, tile column, tile row) of each core."""
    chip_of = program.target.chip
    chip, core = np.divmod(program.tables.core_id, int(chip_of.cores.value))
    tile = core // int(chip_of.cores_per_tile.value)
    row, column = np.divmod(tile, int(chip_of.mesh_columns.value))
    return chip, column, row


def occupied_tiles(program: Program) -> dict[int, int]:
    """Return occupied tiles by chip."""
    chip, column, row = tiles_of(program)
    tiles = np.unique(np.stack([chip, column, row], axis=1), axis=0)
    chips, counts = np.unique(tiles[:, 0], return_counts=True)
    return {int(c): int(n) for c, n in zip(chips, counts, strict=True)}


def population_rows(program: Program) -> Ints:
    """Return compartments occupied on each core; a neuron of two compartments counts twice."""
    tables = program.tables
    per_neuron = np.array([item.compartments_per_neuron for item in program.populations], dtype=np.int64)
    core = np.repeat(np.arange(tables.n_cores), np.diff(tables.compartment_ptr))
    return np.bincount(core, per_neuron[tables.population], tables.n_cores).astype(np.int64)


def _spikes_by_row(program: Program, recording: Recording) -> Ints:
    tables = program.tables
    first = np.r_[0, np.cumsum([item.size for item in program.populations])]
    counts = np.concatenate(
        [np.bincount(recording.spikes[item.name][:, 2], minlength=item.size) for item in program.populations]
    )
    return counts[first[tables.population] + tables.neuron]


def travelled(program: Program, recording: Recording) -> Hops:
    """Return the hops of all messages between cores, X first then Y; cores of one tile are 0 hops apart."""
    return hops_of(program, _spikes_by_row(program, recording))


def hops_of(program: Program, spikes: NDArray[Any]) -> Hops:
    """Return the hops of all messages between cores, as `travelled` does. `spikes`: (n_rows,) of each row of the tables."""
    tables = program.tables
    chip, column, row = tiles_of(program)
    core = np.repeat(np.arange(tables.n_cores), np.diff(tables.compartment_ptr))
    per_row = np.diff(tables.out_axon_ptr)
    source, spikes = np.repeat(core, per_row), np.repeat(spikes, per_row)
    same = chip[source] == chip[tables.out_core]
    horizontal = np.abs(column[source] - column[tables.out_core]) * same
    vertical = np.abs(row[source] - row[tables.out_core]) * same
    return Hops(float(horizontal @ spikes), float(vertical @ spikes), float(spikes[~same].sum()))
