# pyright: basic, reportCallIssue=false
"""Kernels that empty cores, relieve overfull ones and split those that stay overfull."""

from neurodeploy.mapping.kernels.candidates import best_cores
from neurodeploy.mapping.kernels.improve import try_move, try_swap
from neurodeploy.mapping.kernels.lists import bare
from neurodeploy.mapping.kernels.moves import move_neuron, record_move
from neurodeploy.mapping.kernels.penalties import is_overfull
from neurodeploy.mapping.kernels.words import fits, keeps_rare_limits

__all__ = ["CLEAR", "FULL", "empty_core", "relieve", "scatter", "split_core"]

CLEAR, FULL = -1, -2
"""What `relieve` returns where it moves nothing: no core is overfull, or the journal has no room for a round."""


@bare
def force_out(graph, limits, state, work, neuron):
    """Move a neuron to the best core that keeps the rare limits, whatever its loads; return whether there is one."""
    home, kept = state.core_of[neuron], best_cores(graph, limits, state, work, neuron)
    for place in range(kept + 1):
        to = work.candidates[place] if place < kept else home
        move_neuron(graph, limits, state, neuron, to)
        if place < kept and keeps_rare_limits(limits, state, to):
            record_move(work, neuron, home)
            return True
    return False


@bare
def empty_core(graph, limits, state, work, core):
    """Put every neuron of a core on another, which may become overfull; return whether each found one."""
    work.n_moves[0] = 0
    while state.first_member[core] >= 0:
        if not force_out(graph, limits, state, work, state.first_member[core]):
            return False
    return True


@bare
def scatter(graph, limits, state, work, core):
    """Spread a core over the others, whatever they hold; a neuron that shares no source with any core stays."""
    neuron = state.first_member[core]
    while neuron >= 0:
        after = state.next_member[neuron]
        work.n_moves[0] = 0
        force_out(graph, limits, state, work, neuron)
        neuron = after


@bare
def list_members(state, members, core):
    """Write the neurons of a core into `members`; return how many."""
    count, neuron = 0, state.first_member[core]
    while neuron >= 0 and count < members.size:
        members[count] = neuron
        count += 1
        neuron = state.next_member[neuron]
    return count


@bare
def relieve(graph, limits, state, work, swapping):
    """Try to move each neuron of overfull cores once, or (`swapping` 1) to exchange it; return how many moved.

    CLEAR: no core is overfull. FULL: the journal has no room for a round, and nothing is done.
    """
    over, moved = 0, 0
    if work.n_moves[0] + work.members.size >= work.journal.shape[0]:
        return FULL
    for core in range(state.size.size):
        if not is_overfull(limits, state, core):
            continue
        over += 1
        for place in range(list_members(state, work.members, core)):
            if not is_overfull(limits, state, core) or work.n_moves[0] + 2 > work.journal.shape[0]:
                break
            if swapping == 1:
                moved += try_swap(graph, limits, state, work, work.members[place])
            else:
                moved += try_move(graph, limits, state, work, work.members[place], 0.0)
    return CLEAR if over == 0 else moved


@bare
def split_core(graph, limits, state, core, empty):
    """Move neurons of an overfull core to an empty one until the former keeps its limits (True) or the latter is full (False)."""
    while is_overfull(limits, state, core) and state.size[core] > 1:
        neuron, to = state.first_member[core], empty
        while True:
            move_neuron(graph, limits, state, neuron, to)
            if to == core:
                return False
            if state.size[empty] == 1 or fits(limits, state, empty):
                break
            to = core
    return True
