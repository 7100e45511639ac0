# ruff: noqa: SIM110 (numba compiles no generator expressions)
# pyright: basic, reportCallIssue=false
"""Kernels that look up which cores the targets of a source lie on. They change nothing."""

import numpy as np

from neurodeploy.base.numba_cache import cached_njit

__all__ = ["all_output_axons", "bare", "inlined", "find", "find_between", "is_only_row", "output_axons"]

inlined = cached_njit(error_model="numpy", _nrt=False, forceinline=True)
"""Decorator of helpers of inner loops: a call that passes arrays costs more than their work."""
bare = cached_njit(error_model="numpy", _nrt=False)
"""Decorator of kernels that allocate nothing: without reference counts, which would cost more than their work."""


@bare
def find(state, row, core):
    """Place of `core` in the lists, within the list of `row`; -1: not there."""
    start = state.list_ptr[row]
    return find_between(state.list_position, state.list_core, start, start + state.list_size[row], row, core)


@inlined
def find_between(list_position, list_core, start, stop, row, core):
    """Place of `core` in the list of `row`, which is list_core[start:stop]; -1: not there."""
    if list_position.shape[0] > 1:
        return start + list_position[row, core] if list_position[row, core] >= 0 else -1
    for at in range(start, stop):
        if list_core[at] == core:
            return at
    return -1


@bare
def is_only_row(graph, state, row, core):
    """Whether no other row of the source of `row` has a synapse in `core`."""
    source = graph.row_source[row]
    first, last = graph.source_ptr[source], graph.source_ptr[source + 1]
    if last - first == 1:
        return True
    for at in range(first, last):
        if graph.source_row[at] != row and find(state, graph.source_row[at], core) >= 0:
            return False
    return True


@bare
def output_axons(graph, state, source, core):
    """Output axons of a neuron if it lies on `core`: one for each core of its targets, two where that is on another chip."""
    chip = state.chip
    total = state.n_destinations[source]
    if chip[chip.size - 1] == chip[0]:
        return total
    first = graph.source_ptr[source]
    for at in range(first, graph.source_ptr[source + 1]):
        row = graph.source_row[at]
        start = state.list_ptr[row]
        for place in range(start, start + state.list_size[row]):
            destination = state.list_core[place]
            if chip[destination] == chip[core]:
                continue
            total += not is_reached(graph, state, first, at, destination)
    return total


@bare
def is_reached(graph, state, first, stop, core):
    """Whether a row of `graph.source_row[first:stop]` has a synapse in `core`."""
    for at in range(first, stop):
        if find(state, graph.source_row[at], core) >= 0:
            return True
    return False


@cached_njit(error_model="numpy")
def all_output_axons(graph, state):
    """(neurons,) output axons of every neuron where it lies."""
    found = np.zeros(state.core_of.size, np.int64)
    for neuron in range(found.size):
        found[neuron] = output_axons(graph, state, neuron, state.core_of[neuron])
    return found
