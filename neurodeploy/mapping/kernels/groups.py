# pyright: basic, reportCallIssue=false
"""Kernel that orders neurons of networks too large for an embedding: compact groups, each next to an earlier one.

A group grows from one neuron: it always takes the neuron that has most synapses from and to the group. It ends where its
distinct sources fill the input axons of a core, or its neurons the compartments. The next group begins at the neuron that was
discovered first and is in no group yet. Neurons are listed in the order in which they came to a group. No core is filled here.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.numba_cache import cached_njit

__all__ = ["compact_groups"]

FRONTIER = 8192
"""Neurons that a group keeps as candidates at most: where all neurons are connected, more would take time and change little."""
UNKNOWN, DISCOVERED, GROUPED = range(3)

compiled = cached_njit()


class Frontier(NamedTuple):
    """Neurons connected to the group that grows, and the order in which neurons were discovered."""

    status: NDArray[np.uint8]
    """(neurons,) UNKNOWN, DISCOVERED or GROUPED."""
    place: NDArray[np.int32]
    """(neurons,) place in `neuron`; -1: not connected to the group."""
    neuron: NDArray[np.int64]
    """(FRONTIER,) neurons connected to the group, grouped ones included."""
    synapses: NDArray[np.int32]
    """(FRONTIER,) synapses between each of them and the group."""
    queue: NDArray[np.int64]
    """(neurons + 1,) neurons in the order of discovery; the last element is their number."""
    source_group: NDArray[np.int32]
    """(sources,) last group that each source has a synapse to."""


@compiled
def add_connection(frontier, other, size):
    """Count one synapse more between the group and a neuron; `size` is that of the frontier, return the new one."""
    if frontier.status[other] == GROUPED:
        return size
    place, queue = frontier.place[other], frontier.queue
    if place >= 0:
        frontier.synapses[place] += 1
    elif size < frontier.neuron.size:
        frontier.place[other] = size
        frontier.neuron[size] = other
        frontier.synapses[size] = 1
        size += 1
        if frontier.status[other] == UNKNOWN:
            frontier.status[other] = DISCOVERED
            queue[queue[-1]] = other
            queue[-1] += 1
    return size


@compiled
def take(graph, frontier, neuron, group, size):
    """Add a neuron to a group; return (size of the frontier, sources that are new to the group)."""
    new_sources, n = 0, frontier.status.size
    frontier.status[neuron] = GROUPED
    for at in range(graph.in_ptr[neuron], graph.in_ptr[neuron + 1]):
        source = graph.row_source[graph.in_row[at]]
        if frontier.source_group[source] != group:
            frontier.source_group[source] = group
            new_sources += 1
        if source < n:
            size = add_connection(frontier, source, size)
    for at in range(graph.source_ptr[neuron], graph.source_ptr[neuron + 1]):
        row = graph.source_row[at]
        for to in range(graph.out_ptr[row], graph.out_ptr[row + 1]):
            size = add_connection(frontier, graph.out_target[to], size)
    return size, new_sources


@compiled
def strongest(frontier, size):
    """Ungrouped neuron with most synapses from and to the group, the first of several; -1: there is none."""
    most, neuron = 0, -1
    for at in range(size):
        if frontier.synapses[at] > most and frontier.status[frontier.neuron[at]] != GROUPED:
            most, neuron = frontier.synapses[at], frontier.neuron[at]
    return neuron


@compiled
def compact_groups(graph, input_axons, compartments):
    """(neurons,) all neurons, group by group; pin groups are not considered.

    `input_axons`, `compartments`: sources and neurons of one group at most; the source that fills a group still enters it.
    """
    n = graph.population.size
    order = np.empty(n, np.int64)
    frontier = Frontier(
        np.zeros(n, np.uint8),
        np.full(n, -1, np.int32),
        np.empty(min(FRONTIER, n), np.int64),
        np.zeros(min(FRONTIER, n), np.int32),
        np.zeros(n + 1, np.int64),
        np.full(graph.source_ptr.size - 1, -1, np.int32),
    )
    status, queue = frontier.status, frontier.queue
    placed, first, unknown, group = 0, 0, 0, 0
    while placed < n:
        while first < queue[-1] and status[queue[first]] == GROUPED:
            first += 1
        while unknown < n and status[unknown] == GROUPED:
            unknown += 1
        neuron = queue[first] if first < queue[-1] else unknown
        size, sources, members = 0, 0, 0
        while neuron >= 0:
            size, new_sources = take(graph, frontier, neuron, group, size)
            order[placed] = neuron
            placed, members, sources = placed + 1, members + 1, sources + new_sources
            full = sources >= input_axons or members >= compartments
            neuron = -1 if full else strongest(frontier, size)
        for at in range(size):
            frontier.place[frontier.neuron[at]] = -1
        group += 1
    return order
