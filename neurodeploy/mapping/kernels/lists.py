"""On which cores the targets of a source lie. Changes nothing."""

from __future__ import annotations

from neurodeploy.mapping.kernels.structs import CoreState, Hypergraph
from neurodeploy.native.structs import Longs

__all__ = ["find", "has_one_chip", "is_only_row", "list_output_axons", "output_axons"]


def find(state: CoreState, row: int, core: int) -> int:
    """Place of `core` in the lists, within the list of `row`; -1: not there."""
    start = state.list_ptr[row]
    if state.list_position.size > 1:
        position = state.list_position[row, core]
        return start + position if position >= 0 else -1
    for place in range(start, start + state.list_size[row]):
        if state.list_core[place] == core:
            return place
    return -1


def is_only_row(graph: Hypergraph, state: CoreState, row: int, core: int) -> bool:
    """Whether no other row of the source of `row` has a synapse in `core`."""
    source = graph.row_source[row]
    siblings = graph.source_row[graph.source_ptr[source] : graph.source_ptr[source + 1]]
    return all(other == row or find(state, other, core) < 0 for other in siblings)


def has_one_chip(state: CoreState) -> bool:
    """Whether all cores lie on one chip."""
    return bool(state.chip[-1] == state.chip[0])


def output_axons(graph: Hypergraph, state: CoreState, source: int, core: int) -> int:
    """Output axons of a neuron if it lies on `core`: one for each core of its targets, two where that is on another chip."""
    total, chip = int(state.n_destinations[source]), state.chip
    if has_one_chip(state):
        return total
    first = graph.source_ptr[source]
    for at in range(first, graph.source_ptr[source + 1]):
        row = graph.source_row[at]
        start = state.list_ptr[row]
        for destination in state.list_core[start : start + state.list_size[row]]:
            if chip[destination] != chip[core]:
                total += not _is_reached(graph, state, first, at, destination)
    return total


def _is_reached(graph: Hypergraph, state: CoreState, first: int, stop: int, core: int) -> bool:
    """Whether a row of `graph.source_row[first:stop]` has a synapse in `core`."""
    return any(find(state, row, core) >= 0 for row in graph.source_row[first:stop])


def list_output_axons(graph: Hypergraph, state: CoreState, found: Longs) -> None:
    """Write the output axons of every neuron where it lies to `found` (neurons,)."""
    for neuron in range(found.size):
        found[neuron] = output_axons(graph, state, neuron, state.core_of[neuron])
