"""Flat arrays that the kernels of the irregular mapper read and write, and the names of their slots.

`structs.h` declares the same for C: `python -m neurodeploy.native.header` writes it from this file.

A *row* is the synapses of one source in one projection. Sources are numbered: first all neurons in the order of the network,
then all input lines. A class numbers distinct values, for example the legal delay widths that are in use.
"""

from __future__ import annotations

from typing import NamedTuple

from neurodeploy.native.structs import Bytes, Ints, Longs, Reals, Shorts, Unsigned

__all__ = [
    "ACCUMULATORS",
    "COMPARTMENTS",
    "FORMATS",
    "INPUTS",
    "MEMORY",
    "NO_LIMIT",
    "OUTPUTS",
    "PAIRS",
    "PARAMETER_SETS",
    "PENALTIES",
    "SOURCES",
    "STEEPNESS",
    "THRESHOLDS",
    "CoreLimits",
    "CoreState",
    "Frontier",
    "Hypergraph",
    "Stream",
    "StreamBatch",
    "Workspace",
]

COMPARTMENTS, MEMORY, INPUTS, OUTPUTS = range(4)
"""Resources of a core whose loads are always known: compartments, words of synapse memory, input axons, output axons."""
PARAMETER_SETS, THRESHOLDS, FORMATS, ACCUMULATORS = range(4)
"""Resources of a core that seldom bind: distinct parameter sets, distinct thresholds, synapse formats, accumulators."""
PAIRS, PENALTIES, STEEPNESS = range(3)
"""Slots of `CoreState.cost`."""
UNKNOWN, DISCOVERED, GROUPED = range(3)
"""What is known of a neuron while groups grow."""
CORE, SOURCES, EXPECTED = range(3)
"""Slots of `Stream.counters`: core being filled, entries in use of `pair_source`, output axons expected of the core."""
NO_LIMIT = 1 << 60
"""Stands for a limit that the target does not have."""


class Hypergraph(NamedTuple):
    """Synapses of a network by row, by source and by target neuron. Constant during a search."""

    row_source: Ints
    """(rows,) source of each row."""
    row_projection: Ints
    """(rows,) projection of each row."""
    source_ptr: Longs
    """(sources + 1,) where the rows of each source begin in `source_row`."""
    source_row: Ints
    """(rows,) rows by source."""
    in_ptr: Longs
    """(neurons + 1,) where the synapses of each target neuron begin in `in_row` and `in_delay`."""
    in_row: Ints
    """(synapses,) row of each synapse, by target neuron."""
    in_delay: Bytes
    """(synapses,) delay class of each synapse, by target neuron; (1,) if no synapse is delayed."""
    out_ptr: Longs
    """(rows + 1,) where the synapses of each row begin in `out_target`."""
    out_target: Ints
    """(synapses,) target neuron of each synapse, by row."""
    population: Ints
    """(neurons,) population of each neuron."""
    pin_group: Ints
    """(neurons,) neurons of different pin groups share no core."""
    source_weight: Reals
    """(sources,) cost of one (source, core) pair of each source."""


class CoreLimits(NamedTuple):
    """Limits of a core and the words of every list of synapses. Constant during a search.

    The word tables end one neuron above the most neurons of a population that fit a core.
    """

    limit: Longs
    """(4,) by COMPARTMENTS, MEMORY, INPUTS, OUTPUTS; NO_LIMIT where there is none."""
    compartments: Longs
    """(populations,) compartments of one neuron."""
    sparse_words: Longs
    """(weight classes, delay classes, index classes, width) words of a sparse list of that many synapses."""
    dense_words: Longs
    """(weight classes, delay classes, width) words of a dense list over that many neurons."""
    index_class: Longs
    """(width,) index class of a sparse list into that many neurons."""
    weight_class: Longs
    """(projections,) class of the weight bits."""
    format_id: Longs
    """(projections,) class of the whole weight format: bits, exponent, sign."""
    target_population: Longs
    """(projections,) population that the projection ends in."""
    n_delay_classes: Longs
    """(projections,) one more than the widest delay class of the projection."""
    delay_bits: Longs
    """(delay classes,) bits."""
    index_bits: Longs
    """(index classes,) bits."""
    parameter_class: Longs
    """(2, neurons) by PARAMETER_SETS, THRESHOLDS: class of each neuron; -1 is not counted."""
    rare_limit: Longs
    """(4,) by PARAMETER_SETS, THRESHOLDS, FORMATS, ACCUMULATORS; NO_LIMIT where it cannot bind."""


class CoreState(NamedTuple):
    """Assignment of neurons to cores and everything that follows from it."""

    core_of: Ints
    """(neurons,) core of each neuron; -1: none yet."""
    load: Longs
    """(4, cores) by COMPARTMENTS, MEMORY, INPUTS, OUTPUTS."""
    n_neurons: Ints
    """(cores, populations) neurons of each population in each core."""
    n_rows: Ints
    """(cores, projections) rows with a synapse in the core."""
    sparse_words: Longs
    """(cores, projections, delay classes, index classes) words of all lists if they are sparse."""
    n_delayed: Ints
    """(cores, projections, delay classes) synapses; one delay class if no synapse is delayed."""
    list_ptr: Longs
    """(rows + 1,) where the list of each row begins in `list_core` and `list_count`."""
    list_size: Ints
    """(rows,) distinct cores of each row's targets."""
    list_core: Unsigned
    """Cores of each row's targets, in the order of their arrival; room for as many as there can be."""
    list_count: Ints
    """Synapses of the row in that core."""
    list_position: Shorts
    """(rows, cores) position of a core in a row's list, -1: not there; (1, 1) where the table would be too large: the list is
    searched then."""
    n_destinations: Longs
    """(sources,) distinct cores of each source's targets."""
    n_of_class: Ints
    """(2, cores, classes) neurons of each parameter class in each core, by PARAMETER_SETS, THRESHOLDS."""
    first_member: Ints
    """(cores,) first neuron of a core's linked list; -1: empty."""
    next_member: Ints
    """(neurons,) next neuron of the same core; -1: last."""
    previous_member: Ints
    """(neurons,) previous neuron of the same core; -1: first."""
    size: Ints
    """(cores,) neurons of each core."""
    chip: Ints
    """(cores,) chip of each core, ascending."""
    pin_group: Ints
    """(cores,) pin group of each core; -1: empty."""
    cost: Reals
    """(3,) by PAIRS (weighted (source, core) pairs), PENALTIES (of all loads), STEEPNESS (penalty per axon above a limit)."""
    penalty: Reals
    """(4, cores) penalty of each load, in pairs."""
    format_keys: Longs
    """(projections,) scratch: distinct synapse formats of a core."""


class Workspace(NamedTuple):
    """Scratch arrays of a search, and the journal of its moves."""

    shared: Reals
    """(cores,) weight of the sources that the neuron at hand shares with each core."""
    last_synapse: Longs
    """(cores,) last synapse at which a core was counted in `shared`."""
    journal: Longs
    """(moves, 2) moved neuron and its core before."""
    n_moves: Longs
    """(1,) entries in use of `journal`."""
    freed_inputs: Longs
    """(1,) change of the input axons of the neuron's core if the neuron leaves; 0 or less."""
    axon_delta: Longs
    """(cores,) change of output axons by a move that is being judged."""
    is_affected: Longs
    """(cores,) 1 for the cores that `affected` lists."""
    affected: Longs
    """(cores,) cores whose output axons may change, in the order of discovery."""
    n_affected: Longs
    """(1,) entries in use of `affected`."""
    saved_delta: Longs
    """(cores,) `axon_delta` of each entry of `affected` before a destination is judged."""
    candidates: Longs
    """(CANDIDATES,) most promising cores for the neuron at hand, best first."""
    scores: Reals
    """(CANDIDATES,) estimated cost of each candidate, in pairs."""
    members: Longs
    """(neurons,) neurons of the core that is being relieved."""


class Frontier(NamedTuple):
    """Neurons connected to the group that grows, and the order in which neurons were discovered."""

    status: Bytes
    """(neurons,) UNKNOWN, DISCOVERED or GROUPED."""
    place: Ints
    """(neurons,) place in `neuron`; -1: not connected to the group."""
    neuron: Longs
    """(FRONTIER,) neurons connected to the group, grouped ones included."""
    synapses: Ints
    """(FRONTIER,) synapses between each of them and the group."""
    queue: Longs
    """(neurons + 1,) neurons in the order of discovery; the last element is their number."""
    source_group: Ints
    """(sources,) last group that each source has a synapse to."""


class StreamBatch(NamedTuple):
    """Synapses into some neurons of one population, which are about to be placed; the next batch takes their place."""

    column: Longs
    """(neurons,) column of each neuron in `ptr`, in the order of placing."""
    neuron: Longs
    """(neurons,) number of each neuron in the network."""
    expected: Longs
    """(neurons,) output axons that each neuron is expected to take."""
    ptr: Longs
    """(projections of the stream, columns + 1) where the synapses into each column begin in `source` and `level`."""
    source: Ints
    """(synapses,) source neuron or line of each synapse, as its projection numbers them."""
    level: Bytes
    """(synapses,) delay class of each synapse; (1,) if no synapse is delayed."""


class Stream(NamedTuple):
    """Cores that are filled one after the other from batches; nothing is kept of a core but its sources.

    A cell holds the number of the core that it was written for (from 1, in the upper 32 bits) and a count.
    """

    projection: Longs
    """(projections of the stream,) their places in `CoreLimits`."""
    first_row: Longs
    """(projections of the stream,) cell of the first source."""
    first_shared: Longs
    """(projections of the stream,) cell in `rows_of_source` of the first source; -1: no other projection has these sources."""
    first_source: Longs
    """(projections of the stream,) number of the first source in the network."""
    synapses: Longs
    """(rows,) cells: synapses of each row in the core."""
    rows_of_source: Longs
    """(sources,) cells: rows of each source with a synapse in the core."""
    pair_source: Ints
    """(room,) sources of each core, in the order of their arrival."""
    pair_ptr: Longs
    """(cores + 1,) where the sources of each core begin; one core for each neuron at most."""
    counters: Longs
    """(3,) by CORE, SOURCES, EXPECTED."""
