"""Moves a neuron and keeps every count of the cores exact. Chooses no move.

For every row a short list holds (core, synapses there). From these lists follow the input axons of a core (its distinct
sources), the output axons of a source (its distinct cores, one more for each on another chip) and the words of every list.
A move is tried by making it, and undone if the cost did not fall.
"""

from __future__ import annotations

from neurodeploy.mapping.kernels.lists import find, is_only_row, output_axons
from neurodeploy.mapping.kernels.penalties import load_penalty, update_penalty
from neurodeploy.mapping.kernels.structs import (
    COMPARTMENTS,
    INPUTS,
    MEMORY,
    OUTPUTS,
    PAIRS,
    PENALTIES,
    CoreLimits,
    CoreState,
    Hypergraph,
    Workspace,
)
from neurodeploy.mapping.kernels.words import synapse_memory
from neurodeploy.native.structs import Ints

__all__ = ["assign", "move_neuron", "record_move", "undo"]


def _link(graph: Hypergraph, state: CoreState, neuron: int, core: int) -> None:
    """Enter a neuron into the members of a core."""
    first = state.first_member[core]
    state.next_member[neuron] = first
    state.previous_member[neuron] = -1
    if first >= 0:
        state.previous_member[first] = neuron
    state.first_member[core] = neuron
    state.size[core] += 1
    state.pin_group[core] = graph.pin_group[neuron]


def _unlink(state: CoreState, neuron: int, core: int) -> None:
    """Remove a neuron from the members of a core."""
    left, right = state.previous_member[neuron], state.next_member[neuron]
    if left >= 0:
        state.next_member[left] = right
    else:
        state.first_member[core] = right
    if right >= 0:
        state.previous_member[right] = left
    state.size[core] -= 1
    if state.size[core] == 0:
        state.pin_group[core] = -1


def _update_list(state: CoreState, row: int, core: int, sign: int) -> tuple[int, bool]:
    """Add (sign 1) or remove (-1) one synapse of a row in a core.

    Returns (synapses before, whether the core was added to the list or removed from it).
    """
    start = state.list_ptr[row]
    stop, positions = start + state.list_size[row], state.list_position
    place, changed = find(state, row, core), False
    if place < 0:
        place, changed = stop, True
        state.list_core[place], state.list_count[place] = core, 0
        if positions.size > 1:
            positions[row, core] = stop - start
        state.list_size[row] += 1
    count = state.list_count[place]
    state.list_count[place] = count + sign
    if count + sign == 0:  # the last entry takes its place
        last = state.list_core[stop - 1]
        state.list_core[place], state.list_count[place] = last, state.list_count[stop - 1]
        if positions.size > 1:
            positions[row, last] = place - start
            positions[row, core] = -1
        state.list_size[row] -= 1
        changed = True
    return count, changed


def _update_words(limits: CoreLimits, state: CoreState, core: int, projection: int, count: int, sign: int) -> None:
    """Change the sparse words of a projection in a core: a list of `count` synapses gets one more (sign 1) or fewer (-1)."""
    levels = limits.n_delay_classes[projection]
    table = limits.sparse_words[limits.weight_class[projection], :levels]
    state.sparse_words[core, projection, :levels] += table[:, :, count + sign] - table[:, :, count]


def _update_destinations(limits: CoreLimits, state: CoreState, source: int, core: int, sign: int) -> float:
    """Note that a source has a synapse more (sign 1) or fewer (-1) in a core: its own core, if it has one, gets output axons.

    Returns the change of that core's penalty.
    """
    state.n_destinations[source] += sign
    if source >= state.core_of.size or state.core_of[source] < 0:
        return 0.0
    home = state.core_of[source]
    state.load[OUTPUTS, home] += sign * (1 + int(state.chip[home] != state.chip[core]))
    now, before = load_penalty(limits, state, OUTPUTS, state.load[OUTPUTS, home]), state.penalty[OUTPUTS, home]
    state.penalty[OUTPUTS, home] = now
    return now - before


def _update_synapses(
    graph: Hypergraph, limits: CoreLimits, state: CoreState, neuron: int, core: int, sign: int
) -> None:
    """Add (sign 1) or remove (-1) the synapses into a neuron: lists, words, input axons of the core, output axons of sources.

    Most of a search is spent in this loop.
    """
    pairs, penalties, axons = 0.0, 0.0, 0
    for at in range(graph.in_ptr[neuron], graph.in_ptr[neuron + 1]):
        row = graph.in_row[at]
        projection, source = int(graph.row_projection[row]), int(graph.row_source[row])
        count, changed = _update_list(state, row, core, sign)
        _update_words(limits, state, core, projection, count, sign)
        if limits.n_delay_classes[projection] > 1:
            state.n_delayed[core, projection, graph.in_delay[at]] += sign
        if not changed:
            continue
        state.n_rows[core, projection] += sign
        if is_only_row(graph, state, row, core):
            axons += sign
            pairs += graph.source_weight[source]
            penalties += _update_destinations(limits, state, source, core, sign)
    state.load[INPUTS, core] += axons
    state.cost[PAIRS] += sign * pairs
    state.cost[PENALTIES] += penalties


def _update_compartments(
    graph: Hypergraph, limits: CoreLimits, state: CoreState, neuron: int, core: int, sign: int
) -> None:
    """Add (sign 1) or remove (-1) the compartments, the parameter set and the threshold of a neuron."""
    population = graph.population[neuron]
    state.n_neurons[core, population] += sign
    state.load[COMPARTMENTS, core] += sign * limits.compartments[population]
    for kind in range(2):
        if limits.parameter_class[kind, neuron] >= 0:
            state.n_of_class[kind, core, limits.parameter_class[kind, neuron]] += sign


def _update_core(limits: CoreLimits, state: CoreState, core: int) -> None:
    """Recompute the memory of a core and the penalties of its loads."""
    state.load[MEMORY, core] = synapse_memory(limits, state, core)
    for resource in range(4):
        update_penalty(limits, state, resource, core)


def _take_off(graph: Hypergraph, limits: CoreLimits, state: CoreState, neuron: int) -> None:
    """Take a neuron off its core."""
    core = state.core_of[neuron]
    state.load[OUTPUTS, core] -= output_axons(graph, state, neuron, core)
    state.core_of[neuron] = -1
    _unlink(state, neuron, core)
    _update_synapses(graph, limits, state, neuron, core, -1)
    _update_compartments(graph, limits, state, neuron, core, -1)
    _update_core(limits, state, core)


def _put_on(graph: Hypergraph, limits: CoreLimits, state: CoreState, neuron: int, core: int) -> None:
    """Put a neuron that has no core on one."""
    _update_synapses(graph, limits, state, neuron, core, 1)
    _update_compartments(graph, limits, state, neuron, core, 1)
    state.core_of[neuron] = core
    state.load[OUTPUTS, core] += output_axons(graph, state, neuron, core)
    _link(graph, state, neuron, core)
    _update_core(limits, state, core)


def move_neuron(graph: Hypergraph, limits: CoreLimits, state: CoreState, neuron: int, to: int) -> None:
    """Take a neuron off its core, if it has one, and put it on core `to`; -1: on none."""
    if state.core_of[neuron] >= 0:
        _take_off(graph, limits, state, neuron)
    if to >= 0:
        _put_on(graph, limits, state, neuron, to)


def record_move(work: Workspace, neuron: int, home: int) -> None:
    """Append a move to the journal, as long as there is room; `home`: core of the neuron before."""
    if work.n_moves[0] < work.journal.shape[0]:
        work.journal[work.n_moves[0]] = neuron, home
    work.n_moves[0] += 1


def undo(graph: Hypergraph, limits: CoreLimits, state: CoreState, work: Workspace, keep: int) -> None:
    """Take moves back, the last one first, until `keep` are left."""
    while work.n_moves[0] > keep:
        work.n_moves[0] -= 1
        neuron, home = work.journal[work.n_moves[0]]
        move_neuron(graph, limits, state, neuron, home)


def assign(graph: Hypergraph, limits: CoreLimits, state: CoreState, core_of: Ints) -> None:
    """Put every neuron on its core of `core_of` (neurons,)."""
    for neuron in range(core_of.size):
        move_neuron(graph, limits, state, neuron, core_of[neuron])
