"""Finds promising cores for a neuron, and estimates or computes what a move would cost. Moves nothing."""

from __future__ import annotations

from neurodeploy.mapping.kernels.lists import find, has_one_chip, is_only_row, output_axons
from neurodeploy.mapping.kernels.penalties import load_penalty, marginal_penalty
from neurodeploy.mapping.kernels.structs import (
    COMPARTMENTS,
    INPUTS,
    MEMORY,
    OUTPUTS,
    CoreLimits,
    CoreState,
    Hypergraph,
    Workspace,
)

__all__ = ["CANDIDATES", "best_cores", "compartments_of", "cost_of_move", "forget_deltas", "freed_axons"]

CANDIDATES = 3
"""Cores that are judged for a neuron, best first by shared sources."""


def _scan_shared(graph: Hypergraph, state: CoreState, work: Workspace, neuron: int) -> float:
    """Fill `work.shared` for a neuron; return the weight of its sources, one for each synapse."""
    work.shared[:] = 0.0
    degree = 0.0
    for at in range(graph.in_ptr[neuron], graph.in_ptr[neuron + 1]):
        row = graph.in_row[at]
        source = graph.row_source[row]
        weight = float(graph.source_weight[source])
        degree += weight
        siblings = graph.source_row[graph.source_ptr[source] : graph.source_ptr[source + 1]]
        if siblings.size == 1:
            _add_shared(state, work, row, weight)
            continue
        for sibling in siblings:
            _add_shared_once(state, work, sibling, weight, at)
    return degree


def _add_shared(state: CoreState, work: Workspace, row: int, weight: float) -> None:
    """Add the weight of a source to every core that a row reaches."""
    start = state.list_ptr[row]
    for core in state.list_core[start : start + state.list_size[row]]:
        work.shared[core] += weight


def _add_shared_once(state: CoreState, work: Workspace, row: int, weight: float, synapse: int) -> None:
    """Add the weight of a source to every core that a row reaches and no other row of the source has reached before."""
    start = state.list_ptr[row]
    for core in state.list_core[start : start + state.list_size[row]]:
        if work.last_synapse[core] != synapse:
            work.shared[core] += weight
            work.last_synapse[core] = synapse


def compartments_of(graph: Hypergraph, limits: CoreLimits, neuron: int) -> int:
    """Compartments of a neuron."""
    return int(limits.compartments[graph.population[neuron]])


def _score(graph: Hypergraph, limits: CoreLimits, state: CoreState, neuron: int, core: int, new: float) -> float:
    """Estimated cost of a neuron in a core, in pairs; `new`: weight of its sources that are new to the core."""
    added = new * (1.0 + marginal_penalty(limits, state, INPUTS, core))
    added += marginal_penalty(limits, state, OUTPUTS, core) * state.n_destinations[neuron]
    added += marginal_penalty(limits, state, COMPARTMENTS, core) * compartments_of(graph, limits, neuron)
    return added + marginal_penalty(limits, state, MEMORY, core) * new


def best_cores(graph: Hypergraph, limits: CoreLimits, state: CoreState, work: Workspace, neuron: int) -> int:
    """Fill `work.candidates` for a neuron; return how many there are.

    A candidate shares a source with the neuron, belongs to its pin group and has compartments for it: compartments are never
    exceeded, because the word tables end there.
    """
    degree, home = _scan_shared(graph, state, work, neuron), state.core_of[neuron]
    kept, most, chosen, scores = 0, work.candidates.size, work.candidates, work.scores
    room = limits.limit[COMPARTMENTS] - compartments_of(graph, limits, neuron)
    for core in range(work.shared.size):
        new = degree - work.shared[core]
        if work.shared[core] == 0.0 or core == home or (kept == most and new >= scores[most - 1]):
            continue
        if state.pin_group[core] != graph.pin_group[neuron] or state.load[COMPARTMENTS, core] > room:
            continue
        added = _score(graph, limits, state, neuron, core, new)
        if kept < most:
            place = kept
            kept += 1
        elif added < scores[kept - 1]:
            place = kept - 1
        else:
            continue
        while place > 0 and scores[place - 1] > added:
            scores[place], chosen[place] = scores[place - 1], chosen[place - 1]
            place -= 1
        scores[place], chosen[place] = added, core
    return kept


def _add_axon_delta(state: CoreState, work: Workspace, source: int, core: int, sign: int) -> None:
    """Note one output axon more (sign 1) or fewer (-1) from a source to `core`, on the source's own core."""
    if source >= state.core_of.size or state.core_of[source] < 0:
        return
    home = state.core_of[source]
    if work.axon_delta[home] == 0 and work.is_affected[home] == 0:
        work.is_affected[home] = 1
        work.affected[work.n_affected[0]] = home
        work.n_affected[0] += 1
    work.axon_delta[home] += sign * (1 + int(state.chip[home] != state.chip[core]))


def freed_axons(graph: Hypergraph, state: CoreState, work: Workspace, neuron: int) -> float:
    """Note the axons that a neuron's core and its sources are rid of if it leaves; return the weight of these sources."""
    home, freed = state.core_of[neuron], 0.0
    work.n_affected[0] = 0
    work.freed_inputs[0] = 0
    for row in graph.in_row[graph.in_ptr[neuron] : graph.in_ptr[neuron + 1]]:
        if state.list_count[find(state, row, home)] == 1 and is_only_row(graph, state, row, home):
            source = int(graph.row_source[row])
            work.freed_inputs[0] -= 1
            freed += float(graph.source_weight[source])
            _add_axon_delta(state, work, source, home, -1)
    return freed


def cost_of_move(
    graph: Hypergraph, limits: CoreLimits, state: CoreState, work: Workspace, neuron: int, core: int, freed: float
) -> float:
    """Change of the cost if a neuron goes to `core`, in pairs; memory is judged when the move is made.

    `freed`: what `freed_axons` returned for the neuron.
    """
    kept, new, change = int(work.n_affected[0]), 0, -freed
    for place in range(kept):
        work.saved_delta[place] = work.axon_delta[work.affected[place]]
    for row in graph.in_row[graph.in_ptr[neuron] : graph.in_ptr[neuron + 1]]:
        if find(state, row, core) < 0 and is_only_row(graph, state, row, core):
            source = int(graph.row_source[row])
            new += 1
            change += float(graph.source_weight[source])
            _add_axon_delta(state, work, source, core, 1)
    change = _add_input_penalties(graph, limits, state, work, neuron, core, new, change)
    change = _add_output_penalties(graph, limits, state, work, neuron, core, change)
    for place in range(work.n_affected[0]):
        of = work.affected[place]
        work.axon_delta[of] = work.saved_delta[place] if place < kept else 0
        work.is_affected[of] = place < kept
    work.n_affected[0] = kept
    return change


def _penalty_change(limits: CoreLimits, state: CoreState, resource: int, core: int, by: int) -> float:
    """Change of the penalty of a resource of a core if its load changes by `by`."""
    return load_penalty(limits, state, resource, state.load[resource, core] + by) - state.penalty[resource, core]


def _add_input_penalties(
    graph: Hypergraph,
    limits: CoreLimits,
    state: CoreState,
    work: Workspace,
    neuron: int,
    core: int,
    new: int,
    change: float,
) -> float:
    """`change`, with the penalties of input axons and compartments; `new`: sources of the neuron that are new to `core`."""
    home, each = state.core_of[neuron], compartments_of(graph, limits, neuron)
    change += _penalty_change(limits, state, INPUTS, home, work.freed_inputs[0])
    change += _penalty_change(limits, state, INPUTS, core, new)
    change += _penalty_change(limits, state, COMPARTMENTS, home, -each)
    return change + _penalty_change(limits, state, COMPARTMENTS, core, each)


def _add_output_penalties(
    graph: Hypergraph, limits: CoreLimits, state: CoreState, work: Workspace, neuron: int, core: int, change: float
) -> float:
    """`change`, with the penalties of output axons: of the cores of all sources, of the neuron's core and of `core`."""
    home = state.core_of[neuron]
    own = output_axons(graph, state, neuron, home)
    there = own if has_one_chip(state) else output_axons(graph, state, neuron, core)
    home_pending, core_pending = True, True
    for of in work.affected[: work.n_affected[0]]:
        extra = int(work.axon_delta[of]) - (own if of == home else 0) + (there if of == core else 0)
        home_pending = home_pending and of != home
        core_pending = core_pending and of != core
        change += _penalty_change(limits, state, OUTPUTS, of, extra)
    if home_pending:
        change += _penalty_change(limits, state, OUTPUTS, home, -own)
    if core_pending:
        change += _penalty_change(limits, state, OUTPUTS, core, there)
    return change


def forget_deltas(work: Workspace) -> None:
    """Clear what `freed_axons` noted."""
    noted = work.affected[: work.n_affected[0]]
    work.axon_delta[noted] = 0
    work.is_affected[noted] = 0
