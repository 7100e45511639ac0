# pyright: basic, reportCallIssue=false
"""Kernels that exchange cores between slots, by simulated annealing (Kirkpatrick, Gelatt and Vecchi, Science 220, 1983).

Cost = sum over pairs of cores of traffic * hop distance. The distance between two slots of a chip is that of their tiles along
the mesh; between chips it is `far`, longer than any distance on a chip, so that cores with much traffic share a chip. A core
on another chip may cost a source one output axon more: a swap between chips is taken only if every core keeps its limit.
One stream of random numbers: equal seeds give equal placements.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.numba_cache import cached_njit

__all__ = ["Board", "CoreTraffic", "Placement", "anneal", "link_loads", "total_cost"]

Longs = NDArray[np.int64]
Floats = NDArray[np.float64]
compiled = cached_njit()


class CoreTraffic(NamedTuple):
    """Messages between cores, and the output axons that they take."""

    ptr: Longs
    """(cores + 1,) where the partners of each core begin in `to` and `traffic`."""
    to: Longs
    """Partners of each core, ascending, without the core itself."""
    traffic: Floats
    """Messages either way between a core and its partner, in the unit of the rates."""
    out_ptr: Longs
    """(cores + 1,) where the destinations of each core begin in `out_to` and `out_pairs`."""
    out_to: Longs
    """Destination cores of each core, ascending, itself included."""
    out_pairs: Longs
    """(neuron, destination core) pairs to each destination."""
    in_ptr: Longs
    """(cores + 1,) where the senders to each core begin in `in_from` and `in_pairs`."""
    in_from: Longs
    """Sender cores of each core, ascending, itself included."""
    in_pairs: Longs
    """(neuron, destination core) pairs from each sender."""


class Board(NamedTuple):
    """Slots of a board: one for each physical core."""

    chip: Longs
    """(slots,) chip of each slot, ascending."""
    column: Longs
    """(slots,) column of the slot's tile in the mesh of its chip."""
    row: Longs
    """(slots,) row of the slot's tile."""
    is_open: NDArray[np.bool_]
    """(pin groups, slots) whether a core of a pin group may lie in a slot."""
    shape: Longs
    """(5,) mesh columns, mesh rows, cores of a tile, cores of a chip, hop distance between chips (`far`)."""


class Placement(NamedTuple):
    """Slot of every core, and the state of the annealing."""

    slot: Longs
    """(cores,) slot of each core."""
    core: Longs
    """(slots,) core in each slot; -1: none."""
    pin_group: Longs
    """(cores,) pin group of each core."""
    output_axons: Longs
    """(cores,) output axons of each core."""
    limit: Longs
    """(1,) most output axons of a core."""
    random: NDArray[np.uint64]
    """(1,) state of the random numbers."""


@compiled
def draw(random):
    """Next random number in [0, 1): xorshift64 (Marsaglia, Journal of Statistical Software 8(14), 2003)."""
    x = random[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    random[0] = x
    return np.float64(x >> np.uint64(11)) / 9007199254740992.0


@compiled
def hop_distance(board, a, b):
    """Hop distance between two slots."""
    if board.chip[a] != board.chip[b]:
        return board.shape[4]
    return abs(board.column[a] - board.column[b]) + abs(board.row[a] - board.row[b])


@compiled
def total_cost(flow, board, placement):
    """Cost of a placement: messages * hops, each pair of cores once."""
    cost = 0.0
    for core in range(placement.slot.size):
        for at in range(flow.ptr[core], flow.ptr[core + 1]):
            cost += flow.traffic[at] * hop_distance(board, placement.slot[core], placement.slot[flow.to[at]])
    return 0.5 * cost


@compiled
def cost_of_shift(flow, board, placement, core, to, other):
    """Change of the cost if a core goes to slot `to`, its traffic with core `other` left out."""
    home, change = placement.slot[core], 0.0
    for at in range(flow.ptr[core], flow.ptr[core + 1]):
        if flow.to[at] != other:
            there = placement.slot[flow.to[at]]
            change += flow.traffic[at] * (hop_distance(board, to, there) - hop_distance(board, home, there))
    return change


@compiled
def set_slot(placement, core, slot):
    """Enter a core into a slot."""
    placement.slot[core] = slot
    placement.core[slot] = core


@compiled
def update_output_axons(flow, board, placement, core, chip):
    """Recompute output axons as if a core went to `chip`; its slot is still the old one."""
    before = board.chip[placement.slot[core]]
    for at in range(flow.out_ptr[core], flow.out_ptr[core + 1]):
        there = board.chip[placement.slot[flow.out_to[at]]]
        if flow.out_to[at] != core:
            placement.output_axons[core] += flow.out_pairs[at] * (np.int64(there != chip) - np.int64(there != before))
    for at in range(flow.in_ptr[core], flow.in_ptr[core + 1]):
        sender = flow.in_from[at]
        there = board.chip[placement.slot[sender]]
        if sender != core:
            placement.output_axons[sender] += flow.in_pairs[at] * (np.int64(there != chip) - np.int64(there != before))


@compiled
def swap_between_chips(flow, board, placement, core, other, to):
    """Swap core with core `other` (-1: an empty slot) at slot `to` of another chip, as far as output axons and slots go.

    Returns whether every core keeps its limit; if not, the swap is undone.
    """
    home = placement.slot[core]
    update_output_axons(flow, board, placement, core, board.chip[to])
    placement.slot[core] = to
    if other >= 0:
        update_output_axons(flow, board, placement, other, board.chip[home])
        placement.slot[other] = home
    good = placement.output_axons.max() <= placement.limit[0]
    if not good:
        if other >= 0:
            update_output_axons(flow, board, placement, other, board.chip[to])
            placement.slot[other] = to
        update_output_axons(flow, board, placement, core, board.chip[home])
        placement.slot[core] = home
    return good


@compiled
def candidate(board, placement, core, reach, chips):
    """Random slot within `reach` tiles of a core's own, or once in four draws on any of several chips; -1: outside the mesh."""
    columns, rows, in_tile, in_chip = board.shape[0], board.shape[1], board.shape[2], board.shape[3]
    if chips > 1 and draw(placement.random) < 0.25:
        return int(draw(placement.random) * board.chip.size)
    home = placement.slot[core]
    column = board.column[home] + int(draw(placement.random) * (2 * reach + 1)) - reach
    row = board.row[home] + int(draw(placement.random) * (2 * reach + 1)) - reach
    if column < 0 or column >= columns or row < 0 or row >= rows:
        return -1
    place = (row * columns + column) * in_tile + int(draw(placement.random) * in_tile)
    return board.chip[home] * in_chip + place if place < in_chip else -1


@compiled
def cost_of_swap(flow, board, placement, core, to):
    """Change of the cost if a core goes to slot `to` and its occupant to the core's slot; infinite where a pin group forbids it."""
    other, home = placement.core[to], placement.slot[core]
    if to == home or not board.is_open[placement.pin_group[core], to]:
        return np.inf
    change = cost_of_shift(flow, board, placement, core, to, other)
    if other >= 0:
        if not board.is_open[placement.pin_group[other], home]:
            return np.inf
        change += cost_of_shift(flow, board, placement, other, home, core)
    return change


@compiled
def swap(flow, board, placement, core, to):
    """Swap a core with the occupant of slot `to`; return False where output axons forbid it."""
    other, home = placement.core[to], placement.slot[core]
    if board.chip[home] != board.chip[to] and not swap_between_chips(flow, board, placement, core, other, to):
        return False
    placement.core[home] = -1
    set_slot(placement, core, to)
    if other >= 0:
        set_slot(placement, other, home)
    return True


@compiled
def anneal(flow, board, placement, proposals, hot, cold):
    """Propose swaps while the temperature falls from `hot` to `cold` and their range shrinks; return the fall of the cost."""
    n, gained = placement.slot.size, 0.0
    chips = board.chip[board.chip.size - 1] + 1
    longest = max(board.shape[0], board.shape[1])
    for step in range(proposals):
        done = step / proposals
        heat = hot * (cold / hot) ** done
        reach = max(1, int(longest * (1.0 - done) ** 2))
        core = int(draw(placement.random) * n)
        to = candidate(board, placement, core, reach, chips)
        if to < 0:
            continue
        change = cost_of_swap(flow, board, placement, core, to)
        if change > 0 and (change == np.inf or draw(placement.random) >= np.exp(-change / heat)):
            continue
        if swap(flow, board, placement, core, to):
            gained -= change
    return gained


@compiled
def link_loads(board, slot, ptr, to, traffic):
    """(chips, 4, rows, columns) messages over each mesh link, routed along the row first, then along the column.

    The second axis is the side on which a message leaves its tile: right, left, down, up. `slot` (cores,); `ptr`, `to`,
    `traffic`: destinations of each core and the messages to each. Messages between chips are left out.
    """
    columns, rows = int(board.shape[0]), int(board.shape[1])
    loads = np.zeros((int(board.chip[board.chip.size - 1]) + 1, 4, rows, columns))
    for core in range(slot.size):
        a = slot[core]
        for at in range(ptr[core], ptr[core + 1]):
            b = slot[to[at]]
            if board.chip[a] != board.chip[b]:
                continue
            mesh, x, y = loads[board.chip[a]], board.column[a], board.row[a]
            while x != board.column[b]:
                mesh[0 if board.column[b] > x else 1, y, x] += traffic[at]
                x += 1 if board.column[b] > x else -1
            while y != board.row[b]:
                mesh[2 if board.row[b] > y else 3, y, x] += traffic[at]
                y += 1 if board.row[b] > y else -1
    return loads
