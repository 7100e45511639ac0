# ruff: noqa: SIM110 (numba compiles no generator expressions)
# pyright: basic, reportCallIssue=false
"""Kernels that lower the cost: neurons that go to another core, and neurons that change places. Every limit may be exceeded.

Each of them moves neurons in one place of its code, inside a loop that also takes a move back: see `moves.move_neuron`.
"""

from neurodeploy.mapping.kernels.candidates import best_cores, cost_of_move, forget_deltas, freed_axons
from neurodeploy.mapping.kernels.lists import bare
from neurodeploy.mapping.kernels.moves import move_neuron, record_move
from neurodeploy.mapping.kernels.structs import COMPARTMENTS, PAIRS, PENALTIES
from neurodeploy.mapping.kernels.words import keeps_rare_limits

__all__ = ["exchange", "sweep", "try_move", "try_swap"]

LEAST = 1e-6
"""Fall of the cost that counts as one, in pairs: more than rounding."""
SWAPPED = 40
"""Neurons of a core that are tried in exchange for one."""


@bare
def try_move(graph, limits, state, work, neuron, slack):
    """Move a neuron where the cost falls most (or rises by less than `slack` pairs); return whether it moved."""
    home, kept = state.core_of[neuron], best_cores(graph, limits, state, work, neuron)
    freed = freed_axons(graph, state, work, neuron)
    best, least = -1, slack - LEAST
    for place in range(kept):
        change = cost_of_move(graph, limits, state, work, neuron, work.candidates[place], freed)
        if change < least:
            best, least = work.candidates[place], change
    forget_deltas(work)
    if best < 0:
        return False
    before, to = state.cost[PAIRS] + state.cost[PENALTIES], best
    while True:
        move_neuron(graph, limits, state, neuron, to)
        if to == home:
            return False
        if state.cost[PAIRS] + state.cost[PENALTIES] < before + slack - LEAST and keeps_rare_limits(limits, state, to):
            record_move(work, neuron, home)
            return True
        to = home


@bare
def next_fitting(graph, limits, state, neuron, core):
    """First neuron, from `neuron` on in its core's list, for which `core` has compartments; -1: none.

    Compartments are never exceeded, not even during a trial: the word tables end there.
    """
    room = limits.limit[COMPARTMENTS] - state.load[COMPARTMENTS, core]
    while neuron >= 0 and limits.compartments[graph.population[neuron]] > room:
        neuron = state.next_member[neuron]
    return neuron


@bare
def try_swap(graph, limits, state, work, neuron):
    """Exchange a neuron for one of a promising core where the cost falls; return whether it did."""
    kept = best_cores(graph, limits, state, work, neuron)
    for place in range(kept):
        if swap_with_core(graph, limits, state, work, neuron, work.candidates[place]):
            return True
    return False


@bare
def swap_with_core(graph, limits, state, work, neuron, core):
    """Exchange a neuron for a member of `core` where the cost falls; return whether it did, everything else is taken back.

    The neuron goes there first and stays while members of that core are tried, one after the other, on its old core.
    """
    home, before = state.core_of[neuron], state.cost[PAIRS] + state.cost[PENALTIES]
    partner, following, tried = state.first_member[core], -1, 0
    mover, to = neuron, core
    while True:
        move_neuron(graph, limits, state, mover, to)
        if mover == neuron and to == home:
            return False
        if mover == partner and to == home:
            if is_better(limits, state, before, core, home):
                record_move(work, neuron, home)
                record_move(work, partner, core)
                return True
            to = core
            continue
        partner = next_fitting(graph, limits, state, following if mover == partner else partner, home)
        if partner >= 0 and tried < SWAPPED:
            following, tried = state.next_member[partner], tried + 1
            mover, to = partner, home
        else:
            mover, to = neuron, home


@bare
def is_better(limits, state, before, one, other):
    """Whether the cost is below `before` and two cores keep the limits that seldom bind."""
    if state.cost[PAIRS] + state.cost[PENALTIES] >= before - LEAST:
        return False
    return keeps_rare_limits(limits, state, one) and keeps_rare_limits(limits, state, other)


@bare
def sweep(graph, limits, state, work, order, slack):
    """Try to move each neuron of `order` (m,) once; return how many moved. `slack` (m,): as in `try_move`."""
    moved = 0
    for place in range(order.size):
        work.n_moves[0] = 0
        moved += try_move(graph, limits, state, work, order[place], slack[place])
    return moved


@bare
def exchange(graph, limits, state, work, order):
    """Try to exchange each neuron of `order` (m,) once; return how many were exchanged."""
    moved = 0
    for place in range(order.size):
        work.n_moves[0] = 0
        moved += try_swap(graph, limits, state, work, order[place])
    return moved
