"""Lowers the cost: neurons go to another core, or change places. Every limit may be exceeded."""

from __future__ import annotations

from neurodeploy.mapping.kernels.candidates import (
    best_cores,
    compartments_of,
    cost_of_move,
    forget_deltas,
    freed_axons,
)
from neurodeploy.mapping.kernels.moves import move_neuron, record_move
from neurodeploy.mapping.kernels.structs import (
    COMPARTMENTS,
    PAIRS,
    PENALTIES,
    CoreLimits,
    CoreState,
    Hypergraph,
    Workspace,
)
from neurodeploy.mapping.kernels.words import keeps_rare_limits
from neurodeploy.native.structs import Longs, Reals

__all__ = ["exchange", "sweep", "try_move", "try_swap"]

LEAST = 1e-6
"""Fall of the cost that counts as one, in pairs: more than rounding."""
SWAPPED = 40
"""Neurons of a core that are tried in exchange for one."""


def _cost(state: CoreState) -> float:
    """Cost of the cores, in pairs."""
    return state.cost[PAIRS] + state.cost[PENALTIES]


def _best_move(
    graph: Hypergraph, limits: CoreLimits, state: CoreState, work: Workspace, neuron: int, slack: float
) -> int:
    """Core to which a neuron goes where the cost falls most, or rises by less than `slack` pairs; -1: none."""
    kept = best_cores(graph, limits, state, work, neuron)
    freed = freed_axons(graph, state, work, neuron)
    best, least = -1, slack - LEAST
    for core in work.candidates[:kept]:
        change = cost_of_move(graph, limits, state, work, neuron, core, freed)
        if change < least:
            best, least = core, change
    forget_deltas(work)
    return best


def try_move(
    graph: Hypergraph, limits: CoreLimits, state: CoreState, work: Workspace, neuron: int, slack: float
) -> bool:
    """Move a neuron where the cost falls most (or rises by less than `slack` pairs); return whether it moved."""
    home, to = state.core_of[neuron], _best_move(graph, limits, state, work, neuron, slack)
    if to < 0:
        return False
    before = _cost(state)
    move_neuron(graph, limits, state, neuron, to)
    if _cost(state) < before + slack - LEAST and keeps_rare_limits(limits, state, to):
        record_move(work, neuron, home)
        return True
    move_neuron(graph, limits, state, neuron, home)
    return False


def _next_fitting(graph: Hypergraph, limits: CoreLimits, state: CoreState, neuron: int, core: int) -> int:
    """First neuron, from `neuron` on in its core's list, for which `core` has compartments; -1: none.

    Compartments are never exceeded, not even during a trial: the word tables end there.
    """
    room = limits.limit[COMPARTMENTS] - state.load[COMPARTMENTS, core]
    while neuron >= 0 and compartments_of(graph, limits, neuron) > room:
        neuron = state.next_member[neuron]
    return neuron


def try_swap(graph: Hypergraph, limits: CoreLimits, state: CoreState, work: Workspace, neuron: int) -> bool:
    """Exchange a neuron for one of a promising core where the cost falls; return whether it did."""
    kept = best_cores(graph, limits, state, work, neuron)
    return any(_swap_with_core(graph, limits, state, work, neuron, core) for core in work.candidates[:kept])


def _swap_with_core(
    graph: Hypergraph, limits: CoreLimits, state: CoreState, work: Workspace, neuron: int, core: int
) -> bool:
    """Exchange a neuron for a member of `core` where the cost falls; return whether it did, everything else is taken back.

    The neuron goes there first and stays while members of that core are tried, one after the other, on its old core.
    """
    home, partner, before = state.core_of[neuron], state.first_member[core], _cost(state)
    move_neuron(graph, limits, state, neuron, core)
    for _ in range(SWAPPED):
        partner = _next_fitting(graph, limits, state, partner, home)
        if partner < 0:
            break
        following = state.next_member[partner]
        move_neuron(graph, limits, state, partner, home)
        if _is_better(limits, state, before, core, home):
            record_move(work, neuron, home)
            record_move(work, partner, core)
            return True
        move_neuron(graph, limits, state, partner, core)
        partner = following
    move_neuron(graph, limits, state, neuron, home)
    return False


def _is_better(limits: CoreLimits, state: CoreState, before: float, one: int, other: int) -> bool:
    """Whether the cost is below `before` and two cores keep the limits that seldom bind."""
    if _cost(state) >= before - LEAST:
        return False
    return keeps_rare_limits(limits, state, one) and keeps_rare_limits(limits, state, other)


def sweep(graph: Hypergraph, limits: CoreLimits, state: CoreState, work: Workspace, order: Longs, slack: Reals) -> int:
    """Try to move each neuron of `order` (m,) once; return how many moved. `slack` (m,): as in `try_move`."""
    moved = 0
    for neuron, rise in zip(order, slack, strict=True):
        work.n_moves[0] = 0
        moved += try_move(graph, limits, state, work, neuron, rise)
    return moved


def exchange(graph: Hypergraph, limits: CoreLimits, state: CoreState, work: Workspace, order: Longs) -> int:
    """Try to exchange each neuron of `order` (m,) once; return how many were exchanged."""
    moved = 0
    for neuron in order:
        work.n_moves[0] = 0
        moved += try_swap(graph, limits, state, work, neuron)
    return moved
