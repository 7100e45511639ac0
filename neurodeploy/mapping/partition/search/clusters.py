# pyright: basic, reportCallIssue=false
"""Kernel of an order for networks that are too large for an embedding: compact groups, each beside one before. Fills no core.

A group grows from one neuron: always by that neuron, of those it has met, which has most synapses from and to the group. It
ends where its distinct sources fill the input axons of a core, or its neurons the compartments. The next group begins at the
neuron that was met first and is in none yet. Neurons stand in the order in which they came to a group.
"""

import numpy as np
from numba import njit

__all__ = ["grouped"]

MET = 8192
"""Neurons that a group may know at most: where all talk to all, more would cost time and tell nothing."""


@njit(cache=True)
def know(other, place, met, count, many, waiting, state):
    """One synapse more between the group and a neuron that is in no group; return how many neurons the group knows."""
    if state[other] == 2:
        return many
    at = place[other]
    if at >= 0:
        count[at] += 1
    elif many < met.size:
        place[other] = many
        met[many] = other
        count[many] = 1
        many += 1
        if state[other] == 0:
            state[other] = 1
            waiting[waiting[-1]] = other
            waiting[-1] += 1
    return many


@njit(cache=True)
def take(wires, neuron, place, met, count, many, waiting, state, heard, group):
    """Meet all neurons that one neuron has synapses with; return (neurons known, sources that are new to the group)."""
    fresh, n = 0, state.size
    for at in range(wires.in_ptr[neuron], wires.in_ptr[neuron + 1]):
        source = wires.row_source[wires.in_row[at]]
        if heard[source] != group:
            heard[source] = group
            fresh += 1
        if source < n:
            many = know(source, place, met, count, many, waiting, state)
    for at in range(wires.source_ptr[neuron], wires.source_ptr[neuron + 1]):
        row = wires.source_row[at]
        for to in range(wires.out_ptr[row], wires.out_ptr[row + 1]):
            many = know(wires.out_target[to], place, met, count, many, waiting, state)
    return many, fresh


@njit(cache=True)
def strongest(met, count, many, state):
    """Return the neuron in no group that has most synapses with the group, the one met first of several; -1: there is none."""
    most, neuron = 0, -1
    for at in range(many):
        if count[at] > most and state[met[at]] != 2:
            most, neuron = count[at], met[at]
    return neuron


@njit(cache=True)
def grouped(wires, input_axons, compartments):
    """Return (n,) all neurons, group by group; neurons of different zones do not part groups."""
    n = wires.population.size
    order, state, place = np.empty(n, np.int64), np.zeros(n, np.uint8), np.full(n, -1, np.int32)
    waiting = np.zeros(n + 1, np.int64)  # neurons in the order in which they were met; the last element counts them
    heard = np.full(wires.source_ptr.size - 1, -1, np.int32)
    met, count = np.empty(min(MET, n), np.int64), np.zeros(min(MET, n), np.int32)
    placed, first, scan, group = 0, 0, 0, 0
    while placed < n:
        while first < waiting[-1] and state[waiting[first]] == 2:
            first += 1
        while scan < n and state[scan] == 2:
            scan += 1
        neuron = waiting[first] if first < waiting[-1] else scan
        many, sources, members = 0, 0, 0
        while neuron >= 0:
            state[neuron] = 2
            many, fresh = take(wires, neuron, place, met, count, many, waiting, state, heard, group)
            order[placed] = neuron
            placed, members, sources = placed + 1, members + 1, sources + fresh
            full = sources >= input_axons or members >= compartments
            neuron = -1 if full else strongest(met, count, many, state)
        for at in range(many):
            place[met[at]] = -1
        group += 1
    return order
