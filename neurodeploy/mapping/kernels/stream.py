"""Fills cores one after the other from batches of synapses, of which none is kept: for networks too large for a hypergraph.

A core is full when the next neuron does not fit beside its content, as in `filling.fill`. Only the sources of a core are
written down, so that memory grows with the input axons of the cores and not with synapses.
"""

from __future__ import annotations

from neurodeploy.mapping.kernels.structs import (
    COMPARTMENTS,
    CORE,
    EXPECTED,
    INPUTS,
    MEMORY,
    OUTPUTS,
    SOURCES,
    CoreLimits,
    CoreState,
    Stream,
    StreamBatch,
)
from neurodeploy.mapping.kernels.words import keeps_rare_limits, synapse_memory
from neurodeploy.native.structs import Ints, Longs

__all__ = ["stream_fill"]

COUNT = (1 << 32) - 1
"""Bits of a cell that hold its count."""


def _add_to_cell(cells: Longs, at: int, core: int, sign: int) -> int:
    """Add `sign` to the count of a cell for a core; return the count before."""
    count = int(cells[at]) & COUNT if int(cells[at]) >> 32 == core + 1 else 0
    cells[at] = ((core + 1) << 32) | (count + sign)
    return count


def _add_row(stream: Stream, state: CoreState, place: int, source: int, sign: int) -> None:
    """A row enters the core (sign 1) or leaves it (-1): count its projection, and its source if no other row has it."""
    core = int(stream.counters[CORE])
    state.n_rows[0, stream.projection[place]] += sign
    if stream.first_shared[place] >= 0:
        before = _add_to_cell(stream.rows_of_source, int(stream.first_shared[place]) + source, core, sign)
        if (before if sign > 0 else before - 1) > 0:
            return
    state.load[INPUTS, 0] += sign
    if sign > 0:
        stream.pair_source[stream.counters[SOURCES]] = stream.first_source[place] + source
        stream.counters[SOURCES] += 1


def _add_synapses(
    limits: CoreLimits, state: CoreState, stream: Stream, batch: StreamBatch, column: int, sign: int
) -> None:
    """Add (sign 1) or remove (-1) the synapses into a neuron."""
    columns, core = batch.ptr.size // stream.projection.size, int(stream.counters[CORE])
    for place, projection in enumerate(stream.projection.tolist()):
        levels = int(limits.n_delay_classes[projection])
        table = limits.sparse_words[limits.weight_class[projection], :levels]
        words = state.sparse_words[0, projection, :levels]
        start, stop = batch.ptr.ravel()[place * columns + column : place * columns + column + 2].tolist()
        for at in range(start, stop):
            source = int(batch.source[at])
            count = _add_to_cell(stream.synapses, int(stream.first_row[place]) + source, core, sign)
            words += table[:, :, count + sign] - table[:, :, count]
            if levels > 1:
                state.n_delayed[0, projection, batch.level[at]] += sign
            if (count if sign > 0 else count - 1) == 0:
                _add_row(stream, state, place, source, sign)


def _add_neuron(limits: CoreLimits, state: CoreState, stream: Stream, batch: StreamBatch, at: int, sign: int) -> None:
    """Add (sign 1) or remove (-1) a neuron and its synapses."""
    population = (
        int(limits.target_population[stream.projection[0]]) if stream.projection.size else int(state.pin_group[0])
    )
    state.n_neurons[0, population] += sign
    state.size[0] += sign
    state.load[COMPARTMENTS, 0] += sign * limits.compartments[population]
    for kind in range(2):
        number = limits.parameter_class[kind, batch.neuron[at]]
        if number >= 0:
            state.n_of_class[kind, 0, number] += sign
    _add_synapses(limits, state, stream, batch, int(batch.column[at]), sign)
    state.load[MEMORY, 0] = synapse_memory(limits, state, 0)


def _holds(limits: CoreLimits, state: CoreState) -> bool:
    """Whether the core keeps its limits of everything but output axons."""
    kept = all(state.load[name, 0] <= limits.limit[name] for name in (COMPARTMENTS, MEMORY, INPUTS))
    return kept and keeps_rare_limits(limits, state, 0)


def _next_core(state: CoreState, stream: Stream) -> None:
    """Begin an empty core."""
    stream.counters[CORE] += 1
    stream.pair_ptr[stream.counters[CORE]] = stream.counters[SOURCES]
    stream.counters[EXPECTED] = 0
    for counts in (state.load, state.n_neurons, state.n_rows, state.sparse_words, state.n_delayed, state.n_of_class):
        counts[:] = 0
    state.size[0] = 0


def stream_fill(
    limits: CoreLimits, state: CoreState, stream: Stream, batch: StreamBatch, first: int, core_of: Ints
) -> int:
    """Place the neurons of a batch from number `first` on; return how many are placed then.

    Ends early where `pair_source` has too little room for the next neuron. Returns -1 - k if neuron k of the batch alone
    overfills an empty core. `state`: that of one core, `pin_group` its population; `core_of` (neurons of the batch,).
    """
    columns, at = batch.ptr.size // max(stream.projection.size, 1), first
    while at < batch.column.size:
        column, saved = int(batch.column[at]), int(stream.counters[SOURCES])
        rows = sum(
            int(batch.ptr.ravel()[k * columns + column + 1] - batch.ptr.ravel()[k * columns + column])
            for k in range(stream.projection.size)
        )
        if saved + rows > stream.pair_source.size:
            return at
        _add_neuron(limits, state, stream, batch, at, 1)
        outputs = int(stream.counters[EXPECTED] + batch.expected[at])
        if _holds(limits, state) and outputs <= limits.limit[OUTPUTS]:
            stream.counters[EXPECTED] = outputs
            core_of[at] = stream.counters[CORE]
            at += 1
            continue
        _add_neuron(limits, state, stream, batch, at, -1)
        stream.counters[SOURCES] = saved
        if state.size[0] == 0:
            return -1 - at
        _next_core(state, stream)
    return at
