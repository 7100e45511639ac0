"""Messages between cores and work of each projection, from the spikes of a recording and the program's tables.

A message is a pair (spike, destination core); spikes of inputs are not sent by a core. A synaptic operation is a list entry
touched in the step in which the message arrives, so that messages of the last step of a sample cause none.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program.program import Program
from neurodeploy.signals.recording import Recording

__all__ = ["INPUT", "Flow", "Traffic", "traffic"]

INPUT = -1
"""Sending core of the spikes of inputs, which come from outside the chips."""
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Flow(NamedTuple):
    """Work of one projection."""

    projection: str
    source: str
    """Input or population that sends."""
    target: str
    """Population that receives."""
    messages: float
    """Messages per inference that reach a list of the projection."""
    synops: float
    """Synaptic operations per inference."""


class Traffic(NamedTuple):
    """Traffic of one program on one recording, per inference."""

    source: Ints
    """(n,) sending core of each pair of cores, INPUT for inputs; pairs are distinct and ascend."""
    to: Ints
    """(n,) receiving core."""
    messages: Floats
    """(n,) messages."""
    flows: tuple[Flow, ...]
    """Work of the projections, in the order of the network."""
    spikes: Floats
    """(n_cores,) spikes fired."""
    synops: Floats
    """(n_cores,) synaptic operations."""

    def matrix(self, n_cores: int) -> Floats:
        """Return the (n_cores + 1, n_cores) messages from each core, inputs in the last row, to each core."""
        table = np.zeros((n_cores + 1, n_cores))
        table[np.where(self.source == INPUT, n_cores, self.source), self.to] = self.messages
        return table


class _Routes(NamedTuple):
    """Every route of a neuron or an input line: one row for each (source, destination core)."""

    source: Ints
    to: Ints
    lists: Ints
    sent: Floats
    arrived: Floats


def _hits(rows: NDArray[np.int32], size: int, last: int) -> tuple[Ints, Ints]:
    """Spikes of each neuron: all, and those before the last step of a sample."""
    early = rows[rows[:, 1] < last]
    return np.bincount(rows[:, 2], minlength=size), np.bincount(early[:, 2], minlength=size)


def _routes(program: Program, recording: Recording) -> _Routes:
    tables = program.tables
    all_of, early_of = np.zeros(tables.n_rows, dtype=np.int64), np.zeros(tables.n_rows, dtype=np.int64)
    for item in program.populations:
        rows = program.table_rows[item.name]
        all_of[rows], early_of[rows] = _hits(recording.spikes[item.name], item.size, recording.n_steps)
    core = np.repeat(np.arange(tables.n_cores), np.diff(tables.compartment_ptr))
    lengths = [np.diff(tables.out_axon_ptr)]
    parts = [(np.repeat(core, lengths[0]), np.repeat(all_of, lengths[0]), np.repeat(early_of, lengths[0]))]
    for item in program.inputs:
        length = np.diff(item.ptr)
        rows = recording.input_spikes.get(item.name, np.zeros((0, 3), dtype=np.int32))
        every, early = _hits(rows, length.size, recording.n_steps)
        parts.append((np.full(int(length.sum()), INPUT), np.repeat(every, length), np.repeat(early, length)))
    source, sent, arrived = (np.concatenate([part[at] for part in parts]) for at in range(3))
    to = np.concatenate([tables.out_core, *(item.core for item in program.inputs)]).astype(np.int64)
    axon = np.concatenate([tables.out_in_axon, *(item.in_axon for item in program.inputs)]).astype(np.int64)
    lists = tables.in_axon_list[tables.in_axon_ptr[to] + axon] + tables.list_ptr[to]
    n = max(recording.n_samples, 1)
    return _Routes(source.astype(np.int64), to, lists.astype(np.int64), sent / n, arrived / n)


def _pairs(routes: _Routes, n_cores: int) -> tuple[Ints, Ints, Floats]:
    used = routes.sent > 0
    key = (routes.source[used] + 1) * n_cores + routes.to[used]
    found, of = np.unique(key, return_inverse=True)
    messages = np.bincount(of.ravel(), routes.sent[used], found.size)
    return found // n_cores - 1, found % n_cores, messages


def _flows(program: Program, routes: _Routes) -> tuple[tuple[Flow, ...], Floats]:
    """Work of every projection, and synaptic operations of every core."""
    tables, network = program.tables, program.network
    n_lists = tables.segment_ptr.size - 1
    arrived = np.bincount(routes.lists, routes.arrived, n_lists)
    per_list = np.diff(tables.segment_ptr)
    at_segment, entries = np.repeat(arrived, per_list), np.diff(tables.entry_ptr)
    synops = at_segment * entries
    names = list(dict.fromkeys(style.projection for style in program.formats))
    which = np.array([names.index(style.projection) for style in program.formats] or [0])[tables.segment_format]
    reached = np.bincount(which, at_segment * (entries > 0), len(names))
    touched = np.bincount(which, synops, len(names))
    by_name = {item.name: item for item in network.projections}
    flows = tuple(
        Flow(name, by_name[name].source, by_name[name].target, float(reached[at]), float(touched[at]))
        for at, name in sorted(enumerate(names), key=lambda pair: list(by_name).index(pair[1]))
        if name in by_name
    )
    total = np.r_[0.0, np.cumsum(np.bincount(np.repeat(np.arange(n_lists), per_list), synops, n_lists))]
    return flows, total[tables.list_ptr[1:]] - total[tables.list_ptr[:-1]]


def _core_spikes(program: Program, recording: Recording) -> Floats:
    """(n_cores,) spikes fired by each core per inference."""
    tables = program.tables
    core = np.repeat(np.arange(tables.n_cores), np.diff(tables.compartment_ptr))
    found = np.zeros(tables.n_cores)
    for item in program.populations:
        fired = np.bincount(recording.spikes[item.name][:, 2], minlength=item.size)
        found += np.bincount(core[program.table_rows[item.name]], fired, tables.n_cores)
    return found / max(recording.n_samples, 1)


def traffic(program: Program, recording: Recording) -> Traffic:
    """Return messages between cores, and the work of projections and cores, per inference.

    `recording`: a run of `program` on any backend, with the spikes of all populations.
    """
    routes, n_cores = _routes(program, recording), program.tables.n_cores
    source, to, messages = _pairs(routes, n_cores)
    flows, synops = _flows(program, routes)
    return Traffic(source, to, messages, flows, _core_spikes(program, recording), synops)
