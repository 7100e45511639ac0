"""Orders neurons of networks too large for an embedding: compact groups, each next to an earlier one.

A group grows from one neuron: it always takes the neuron that has most synapses from and to the group. It ends where its
distinct sources fill the input axons of a core, or its neurons the compartments. The next group begins at the neuron that was
discovered first and is in no group yet. Neurons are listed in the order in which they came to a group. No core is filled here.
"""

from __future__ import annotations

from neurodeploy.mapping.kernels.structs import DISCOVERED, GROUPED, UNKNOWN, Frontier, Hypergraph
from neurodeploy.native.structs import Longs

__all__ = ["FRONTIER", "list_groups"]

FRONTIER = 8192
"""Neurons that a group keeps as candidates at most: where all neurons are connected, more would take time and change little."""


def _add_connection(frontier: Frontier, other: int, size: int) -> int:
    """Count one synapse more between the group and a neuron; `size` is that of the frontier, return the new one."""
    if frontier.status[other] == GROUPED:
        return size
    place, queue = frontier.place[other], frontier.queue
    if place >= 0:
        frontier.synapses[place] += 1
        return size
    if size == frontier.neuron.size:
        return size
    frontier.place[other], frontier.neuron[size], frontier.synapses[size] = size, other, 1
    if frontier.status[other] == UNKNOWN:
        frontier.status[other] = DISCOVERED
        queue[queue[-1]] = other
        queue[-1] += 1
    return size + 1


def _take(graph: Hypergraph, frontier: Frontier, neuron: int, group: int, size: int) -> tuple[int, int]:
    """Add a neuron to a group; return (size of the frontier, sources that are new to the group)."""
    new_sources, n = 0, frontier.status.size
    frontier.status[neuron] = GROUPED
    for row in graph.in_row[graph.in_ptr[neuron] : graph.in_ptr[neuron + 1]]:
        source = int(graph.row_source[row])
        if frontier.source_group[source] != group:
            frontier.source_group[source] = group
            new_sources += 1
        if source < n:
            size = _add_connection(frontier, source, size)
    for row in graph.source_row[graph.source_ptr[neuron] : graph.source_ptr[neuron + 1]]:
        for target in graph.out_target[graph.out_ptr[row] : graph.out_ptr[row + 1]]:
            size = _add_connection(frontier, target, size)
    return size, new_sources


def _strongest(frontier: Frontier, size: int) -> int:
    """Ungrouped neuron with most synapses from and to the group, the first of several; -1: there is none."""
    most, neuron = 0, -1
    for at in range(size):
        if frontier.synapses[at] > most and frontier.status[frontier.neuron[at]] != GROUPED:
            most, neuron = frontier.synapses[at], frontier.neuron[at]
    return neuron


def list_groups(graph: Hypergraph, frontier: Frontier, input_axons: int, compartments: int, order: Longs) -> None:
    """Write all neurons, group by group, to `order` (neurons,); pin groups are not considered.

    `input_axons`, `compartments`: sources and neurons of one group at most; the source that fills a group still enters it.
    """
    status, queue, n = frontier.status, frontier.queue, order.size
    placed, first, unknown, group = 0, 0, 0, 0
    while placed < n:
        while first < queue[-1] and status[queue[first]] == GROUPED:
            first += 1
        while unknown < n and status[unknown] == GROUPED:
            unknown += 1
        neuron = queue[first] if first < queue[-1] else unknown
        size, sources, members = 0, 0, 0
        while neuron >= 0:
            size, new_sources = _take(graph, frontier, neuron, group, size)
            order[placed] = neuron
            placed, members, sources = placed + 1, members + 1, sources + new_sources
            full = sources >= input_axons or members >= compartments
            neuron = -1 if full else _strongest(frontier, size)
        frontier.place[frontier.neuron[:size]] = -1
        group += 1
