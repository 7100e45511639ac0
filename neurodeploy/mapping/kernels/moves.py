# pyright: basic, reportCallIssue=false
"""Kernels that move a neuron and keep every count of the cores exact. They choose no move.

For every row a short list holds (core, synapses there). From these lists follow the input axons of a core (its distinct
sources), the output axons of a source (its distinct cores, one more for each on another chip) and the words of every list.
A move is tried by making it, and undone if the cost did not fall.
"""

from neurodeploy.mapping.kernels.lists import bare, find_between, inlined, is_only_row, output_axons
from neurodeploy.mapping.kernels.penalties import load_penalty, update_penalty
from neurodeploy.mapping.kernels.structs import COMPARTMENTS, INPUTS, MEMORY, OUTPUTS, PAIRS, PENALTIES
from neurodeploy.mapping.kernels.words import synapse_memory

__all__ = ["assign", "move_neuron", "record_move", "undo"]


@bare
def link(graph, state, neuron, core):
    """Enter a neuron into the members of a core."""
    first = state.first_member[core]
    state.next_member[neuron] = first
    state.previous_member[neuron] = -1
    if first >= 0:
        state.previous_member[first] = neuron
    state.first_member[core] = neuron
    state.size[core] += 1
    state.pin_group[core] = graph.pin_group[neuron]


@bare
def unlink(state, neuron, core):
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


@inlined
def update_list(list_position, list_core, list_count, list_size, start, row, core, sign):
    """Add (sign 1) or remove (-1) one synapse of a row in a core; `start`: where the row's list begins.

    Returns (synapses before, whether the core was added to the list or removed from it).
    """
    stop = start + list_size[row]
    place, changed = find_between(list_position, list_core, start, stop, row, core), False
    if place < 0:
        place, changed = stop, True
        list_core[place], list_count[place] = core, 0
        if list_position.shape[0] > 1:
            list_position[row, core] = stop - start
        list_size[row] += 1
    count = list_count[place]
    list_count[place] = count + sign
    if count + sign == 0:  # the last entry takes its place
        list_core[place], list_count[place] = list_core[stop - 1], list_count[stop - 1]
        if list_position.shape[0] > 1:
            list_position[row, list_core[place]] = place - start
            list_position[row, core] = -1
        list_size[row] -= 1
        changed = True
    return count, changed


@inlined
def update_words(table, sparse_words, core, projection, weight, n_levels, count, sign):
    """Change `sparse_words` of a list of `count` synapses by one synapse more (sign 1) or fewer (-1).

    `table`: words by weight class, delay class, index class and synapses; `n_levels`: delay classes of the projection.
    """
    for level in range(n_levels):
        for index in range(table.shape[2]):
            change = table[weight, level, index, count + sign] - table[weight, level, index, count]
            sparse_words[core, projection, level, index] += change


@bare
def update_synapses(graph, limits, state, neuron, core, sign):
    """Add (sign 1) or remove (-1) the synapses into a neuron: lists, words, input axons of the core, output axons of sources.

    Most of a search is spent in this loop; the arrays that it reads for every synapse are fetched once.
    """
    in_row, row_projection, row_source, source_ptr = (
        graph.in_row,
        graph.row_projection,
        graph.row_source,
        graph.source_ptr,
    )
    list_position, list_core, list_count = state.list_position, state.list_core, state.list_count
    list_size, list_ptr, core_of, chip = state.list_size, state.list_ptr, state.core_of, state.chip
    table, words, n_levels, n_rows = limits.sparse_words, state.sparse_words, limits.n_delay_classes, state.n_rows
    limit, cost, outputs, penalty = limits.limit, state.cost, state.load[OUTPUTS], state.penalty[OUTPUTS]
    pairs, penalties, axons = 0.0, 0.0, 0
    for at in range(graph.in_ptr[neuron], graph.in_ptr[neuron + 1]):
        row = in_row[at]
        projection = row_projection[row]
        count, changed = update_list(list_position, list_core, list_count, list_size, list_ptr[row], row, core, sign)
        levels = n_levels[projection]
        update_words(table, words, core, projection, limits.weight_class[projection], levels, count, sign)
        if levels > 1:
            state.n_delayed[core, projection, graph.in_delay[at]] += sign
        if not changed:
            continue
        n_rows[core, projection] += sign
        source = row_source[row]
        if source_ptr[source + 1] - source_ptr[source] == 1 or is_only_row(graph, state, row, core):
            axons += sign
            pairs += graph.source_weight[source]
            state.n_destinations[source] += sign
            if source < core_of.size and core_of[source] >= 0:
                home = core_of[source]
                outputs[home] += sign * (1 + (chip[home] != chip[core]))
                now = load_penalty(limit, cost, OUTPUTS, outputs[home])
                penalties += now - penalty[home]
                penalty[home] = now
    state.load[INPUTS, core] += axons
    state.cost[PAIRS] += sign * pairs
    state.cost[PENALTIES] += penalties


@bare
def update_compartments(graph, limits, state, neuron, core, sign):
    """Add (sign 1) or remove (-1) the compartments, the parameter set and the threshold of a neuron."""
    population = graph.population[neuron]
    state.n_neurons[core, population] += sign
    state.load[COMPARTMENTS, core] += sign * limits.compartments[population]
    for kind in range(2):
        if limits.parameter_class[kind, neuron] >= 0:
            state.n_of_class[kind, core, limits.parameter_class[kind, neuron]] += sign


@bare
def move_neuron(graph, limits, state, neuron, to):
    """Take a neuron off its core, if it has one, and put it on core `to`; -1: on none.

    Kernels call this in one place each, and it calls `update_synapses` once: LLVM inlines every call in full, so that each
    further one would add seconds of compilation.
    """
    for sign in (-1, 1):
        core = state.core_of[neuron] if sign < 0 else to
        if core < 0:
            continue
        if sign < 0:
            state.load[OUTPUTS, core] -= output_axons(graph, state, neuron, core)
            state.core_of[neuron] = -1
            unlink(state, neuron, core)
        update_synapses(graph, limits, state, neuron, core, sign)
        update_compartments(graph, limits, state, neuron, core, sign)
        if sign > 0:
            state.core_of[neuron] = core
            state.load[OUTPUTS, core] += output_axons(graph, state, neuron, core)
            link(graph, state, neuron, core)
        state.load[MEMORY, core] = synapse_memory(limits, state, core)
        for resource in range(4):
            update_penalty(limits, state, resource, core)


@bare
def record_move(work, neuron, home):
    """Append a move to the journal, as long as there is room; `home`: core of the neuron before."""
    if work.n_moves[0] < work.journal.shape[0]:
        work.journal[work.n_moves[0], 0] = neuron
        work.journal[work.n_moves[0], 1] = home
    work.n_moves[0] += 1


@bare
def undo(graph, limits, state, work, keep):
    """Take moves back, the last one first, until `keep` are left."""
    while work.n_moves[0] > keep:
        work.n_moves[0] -= 1
        move_neuron(graph, limits, state, work.journal[work.n_moves[0], 0], work.journal[work.n_moves[0], 1])


@bare
def assign(graph, limits, state, core_of):
    """Put every neuron on its core of `core_of` (neurons,)."""
    for neuron in range(core_of.size):
        move_neuron(graph, limits, state, neuron, core_of[neuron])
