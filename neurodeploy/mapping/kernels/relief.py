"""Empties cores, relieves overfull ones and splits those that stay overfull."""

from __future__ import annotations

from neurodeploy.mapping.kernels.candidates import best_cores
from neurodeploy.mapping.kernels.improve import try_move, try_swap
from neurodeploy.mapping.kernels.moves import move_neuron, record_move
from neurodeploy.mapping.kernels.penalties import is_overfull
from neurodeploy.mapping.kernels.structs import CoreLimits, CoreState, Hypergraph, Workspace
from neurodeploy.mapping.kernels.words import fits, keeps_rare_limits

__all__ = ["CLEAR", "FULL", "empty_core", "relieve", "scatter", "split_core"]

CLEAR, FULL = -1, -2
"""What `relieve` returns where it moves nothing: no core is overfull, or the journal has no room for a round."""


def _force_out(graph: Hypergraph, limits: CoreLimits, state: CoreState, work: Workspace, neuron: int) -> bool:
    """Move a neuron to the best core that keeps the rare limits, whatever its loads; return whether there is one."""
    home, kept = state.core_of[neuron], best_cores(graph, limits, state, work, neuron)
    for to in work.candidates[:kept]:
        move_neuron(graph, limits, state, neuron, to)
        if keeps_rare_limits(limits, state, to):
            record_move(work, neuron, home)
            return True
    move_neuron(graph, limits, state, neuron, home)
    return False


def empty_core(graph: Hypergraph, limits: CoreLimits, state: CoreState, work: Workspace, core: int) -> bool:
    """Put every neuron of a core on another, which may become overfull; return whether each found one."""
    work.n_moves[0] = 0
    while (neuron := int(state.first_member[core])) >= 0:
        if not _force_out(graph, limits, state, work, neuron):
            return False
    return True


def scatter(graph: Hypergraph, limits: CoreLimits, state: CoreState, work: Workspace, core: int) -> None:
    """Spread a core over the others, whatever they hold; a neuron that shares no source with any core stays."""
    neuron = int(state.first_member[core])
    while neuron >= 0:
        after = int(state.next_member[neuron])
        work.n_moves[0] = 0
        _force_out(graph, limits, state, work, neuron)
        neuron = after


def _list_members(state: CoreState, work: Workspace, core: int) -> int:
    """Write the neurons of a core into `work.members`; return how many."""
    count, neuron = 0, state.first_member[core]
    while neuron >= 0 and count < work.members.size:
        work.members[count] = neuron
        count += 1
        neuron = state.next_member[neuron]
    return count


def _relieve_core(
    graph: Hypergraph, limits: CoreLimits, state: CoreState, work: Workspace, core: int, swapping: int
) -> int:
    """Try to move or exchange each neuron of a core once, until it keeps its limits; return how many moved."""
    moved = 0
    for neuron in work.members[: _list_members(state, work, core)]:
        if not is_overfull(limits, state, core) or work.n_moves[0] + 2 > work.journal.shape[0]:
            break
        if swapping == 1:
            moved += try_swap(graph, limits, state, work, neuron)
        else:
            moved += try_move(graph, limits, state, work, neuron, 0.0)
    return moved


def relieve(graph: Hypergraph, limits: CoreLimits, state: CoreState, work: Workspace, swapping: int) -> int:
    """Try to move each neuron of overfull cores once, or (`swapping` 1) to exchange it; return how many moved.

    CLEAR: no core is overfull. FULL: the journal has no room for a round, and nothing is done.
    """
    over, moved = 0, 0
    if work.n_moves[0] + work.members.size >= work.journal.shape[0]:
        return FULL
    for core in range(state.size.size):
        if is_overfull(limits, state, core):
            over += 1
            moved += _relieve_core(graph, limits, state, work, core, swapping)
    return CLEAR if over == 0 else moved


def split_core(graph: Hypergraph, limits: CoreLimits, state: CoreState, core: int, empty: int) -> bool:
    """Move neurons of an overfull core to an empty one until the former keeps its limits (True) or the latter is full (False)."""
    while is_overfull(limits, state, core) and state.size[core] > 1:
        neuron = state.first_member[core]
        move_neuron(graph, limits, state, neuron, empty)
        if state.size[empty] > 1 and not fits(limits, state, empty):
            move_neuron(graph, limits, state, neuron, core)
            return False
    return True
