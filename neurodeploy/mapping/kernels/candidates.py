# pyright: basic, reportCallIssue=false
"""Kernels that find promising cores for a neuron, and estimate or compute what a move would cost. They move nothing."""

from neurodeploy.mapping.kernels.lists import bare, find, is_only_row, output_axons
from neurodeploy.mapping.kernels.penalties import load_penalty, marginal_penalty
from neurodeploy.mapping.kernels.structs import COMPARTMENTS, INPUTS, MEMORY, OUTPUTS

__all__ = ["CANDIDATES", "best_cores", "cost_of_move", "forget_deltas", "freed_axons"]

CANDIDATES = 3
"""Cores that are judged for a neuron, best first by shared sources."""


@bare
def scan_shared(graph, state, work, neuron):
    """Fill `work.shared` for a neuron; return the weight of its sources, one for each synapse."""
    work.shared[:] = 0.0
    degree = 0.0
    for at in range(graph.in_ptr[neuron], graph.in_ptr[neuron + 1]):
        row = graph.in_row[at]
        source = graph.row_source[row]
        weight = graph.source_weight[source]
        degree += weight
        first, last = graph.source_ptr[source], graph.source_ptr[source + 1]
        if last - first == 1:
            add_shared(state, work, row, weight)
            continue
        for sibling in range(first, last):
            add_shared_once(state, work, graph.source_row[sibling], weight, at)
    return degree


@bare
def add_shared(state, work, row, weight):
    """Add the weight of a source to every core that a row reaches."""
    for place in range(state.list_ptr[row], state.list_ptr[row] + state.list_size[row]):
        work.shared[state.list_core[place]] += weight


@bare
def add_shared_once(state, work, row, weight, synapse):
    """Add the weight of a source to every core that a row reaches and no other row of the source has reached before."""
    for place in range(state.list_ptr[row], state.list_ptr[row] + state.list_size[row]):
        core = state.list_core[place]
        if work.last_synapse[core] != synapse:
            work.shared[core] += weight
            work.last_synapse[core] = synapse


@bare
def score(graph, limits, state, neuron, core, new):
    """Estimated cost of a neuron in a core, in pairs; `new`: weight of its sources that are new to the core."""
    added = new * (1.0 + marginal_penalty(limits, state, INPUTS, core))
    added += marginal_penalty(limits, state, OUTPUTS, core) * state.n_destinations[neuron]
    added += marginal_penalty(limits, state, COMPARTMENTS, core) * limits.compartments[graph.population[neuron]]
    return added + marginal_penalty(limits, state, MEMORY, core) * new


@bare
def best_cores(graph, limits, state, work, neuron):
    """Fill `work.candidates` for a neuron; return how many there are.

    A candidate shares a source with the neuron, belongs to its pin group and has compartments for it: compartments are never
    exceeded, because the word tables end there.
    """
    degree = scan_shared(graph, state, work, neuron)
    kept, most, home = 0, work.candidates.size, state.core_of[neuron]
    shared, chosen, scores = work.shared, work.candidates, work.scores
    room = limits.limit[COMPARTMENTS] - limits.compartments[graph.population[neuron]]
    for core in range(shared.size):
        new = degree - shared[core]
        if shared[core] == 0.0 or core == home or (kept == most and new >= scores[most - 1]):
            continue
        if state.pin_group[core] != graph.pin_group[neuron] or state.load[COMPARTMENTS, core] > room:
            continue
        added = score(graph, limits, state, neuron, core, new)
        if kept < most:
            slot = kept
            kept += 1
        elif added < scores[kept - 1]:
            slot = kept - 1
        else:
            continue
        while slot > 0 and scores[slot - 1] > added:
            scores[slot], chosen[slot] = scores[slot - 1], chosen[slot - 1]
            slot -= 1
        scores[slot], chosen[slot] = added, core
    return kept


@bare
def add_axon_delta(state, work, source, core, sign):
    """Note one output axon more (sign 1) or fewer (-1) from a source to `core`, on the source's own core."""
    if source < state.core_of.size and state.core_of[source] >= 0:
        home = state.core_of[source]
        if work.axon_delta[home] == 0 and work.is_affected[home] == 0:
            work.is_affected[home] = 1
            work.affected[work.n_affected[0]] = home
            work.n_affected[0] += 1
        work.axon_delta[home] += sign * (1 + (state.chip[home] != state.chip[core]))


@bare
def freed_axons(graph, state, work, neuron):
    """Note the axons that a neuron's core and its sources are rid of if it leaves; return the weight of these sources."""
    home, freed = state.core_of[neuron], 0.0
    work.n_affected[0] = 0
    work.freed_inputs[0] = 0
    for at in range(graph.in_ptr[neuron], graph.in_ptr[neuron + 1]):
        row = graph.in_row[at]
        if state.list_count[find(state, row, home)] == 1 and is_only_row(graph, state, row, home):
            source = graph.row_source[row]
            work.freed_inputs[0] -= 1
            freed += graph.source_weight[source]
            add_axon_delta(state, work, source, home, -1)
    return freed


@bare
def cost_of_move(graph, limits, state, work, neuron, core, freed):
    """Change of the cost if a neuron goes to `core`, in pairs; memory is judged when the move is made.

    `freed`: what `freed_axons` returned for the neuron.
    """
    kept, new, change = work.n_affected[0], 0, -freed
    for place in range(kept):
        work.saved_delta[place] = work.axon_delta[work.affected[place]]
    for at in range(graph.in_ptr[neuron], graph.in_ptr[neuron + 1]):
        row = graph.in_row[at]
        if find(state, row, core) < 0 and is_only_row(graph, state, row, core):
            source = graph.row_source[row]
            new += 1
            change += graph.source_weight[source]
            add_axon_delta(state, work, source, core, 1)
    change = add_input_penalties(graph, limits, state, work, neuron, core, new, change)
    change = add_output_penalties(graph, limits, state, work, neuron, core, change)
    for place in range(work.n_affected[0]):
        of = work.affected[place]
        work.axon_delta[of] = work.saved_delta[place] if place < kept else 0
        work.is_affected[of] = place < kept
    work.n_affected[0] = kept
    return change


@bare
def add_input_penalties(graph, limits, state, work, neuron, core, new, change):
    """`change`, with the penalties of input axons and compartments; `new`: sources of the neuron that are new to `core`."""
    home, limit, cost, load, penalty = state.core_of[neuron], limits.limit, state.cost, state.load, state.penalty
    each = limits.compartments[graph.population[neuron]]
    change += load_penalty(limit, cost, INPUTS, load[INPUTS, home] + work.freed_inputs[0]) - penalty[INPUTS, home]
    change += load_penalty(limit, cost, INPUTS, load[INPUTS, core] + new) - penalty[INPUTS, core]
    change += load_penalty(limit, cost, COMPARTMENTS, load[COMPARTMENTS, home] - each) - penalty[COMPARTMENTS, home]
    change += load_penalty(limit, cost, COMPARTMENTS, load[COMPARTMENTS, core] + each) - penalty[COMPARTMENTS, core]
    return change


@bare
def add_output_penalties(graph, limits, state, work, neuron, core, change):
    """`change`, with the penalties of output axons: of the cores of all sources, of the neuron's core and of `core`."""
    home, limit, cost, chip = state.core_of[neuron], limits.limit, state.cost, state.chip
    load, penalty = state.load, state.penalty
    own = output_axons(graph, state, neuron, home)
    there = own if chip[chip.size - 1] == chip[0] else output_axons(graph, state, neuron, core)
    home_pending, core_pending = True, True
    for place in range(work.n_affected[0]):
        of = work.affected[place]
        extra = work.axon_delta[of] - (own if of == home else 0) + (there if of == core else 0)
        home_pending = home_pending and of != home
        core_pending = core_pending and of != core
        change += load_penalty(limit, cost, OUTPUTS, load[OUTPUTS, of] + extra) - penalty[OUTPUTS, of]
    if home_pending:
        change += load_penalty(limit, cost, OUTPUTS, load[OUTPUTS, home] - own) - penalty[OUTPUTS, home]
    if core_pending:
        change += load_penalty(limit, cost, OUTPUTS, load[OUTPUTS, core] + there) - penalty[OUTPUTS, core]
    return change


@bare
def forget_deltas(work):
    """Clear what `freed_axons` noted."""
    for place in range(work.n_affected[0]):
        work.axon_delta[work.affected[place]] = 0
        work.is_affected[work.affected[place]] = 0
