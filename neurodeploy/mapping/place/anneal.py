# pyright: basic, reportCallIssue=false
"""Kernels of placement: logical cores to slots of a board by annealed swaps. Moves no neuron between cores.

Cost = sum over pairs of cores of traffic * way. The way between two slots of a chip is their distance in tiles along the
mesh; between chips it is `far`, which is longer than any way on a chip, so that cores that talk share a chip. Output axons
to another chip cost one slot more: a swap that changes chips is taken only if every core still has room for its own. One
thread, one stream of random numbers: equal seeds give equal placements.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

__all__ = ["Board", "CoreTraffic", "Placing", "anneal", "link_loads", "total"]


class CoreTraffic(NamedTuple):
    """Who talks to whom. Traffic is symmetric: what goes either way between two cores."""

    ptr: Any
    to: Any
    traffic: Any
    out_ptr: Any
    """(neuron, core) pairs from a core to others, by sender ..."""
    out_to: Any
    out_pairs: Any
    in_ptr: Any
    """... and by receiver."""
    in_from: Any
    in_pairs: Any


class Board(NamedTuple):
    """Slots: every physical core of the board."""

    chip: Any
    column: Any
    row: Any
    open: Any
    """(zones, slots): whether a core of a zone may lie there."""
    shape: Any
    """(columns, rows, cores of a tile, cores of a chip, far)."""


class Placing(NamedTuple):
    """State of a placement."""

    slot: Any
    """Of each core."""
    core: Any
    """In each slot, -1 for none."""
    zone: Any
    """Of each core."""
    out: Any
    """Output axons of each core."""
    limit: Any
    """(1,)."""
    random: Any
    """(1,) uint64."""


@njit(cache=True)
def draw(random):
    """The next number of the stream, in [0, 1). Marsaglia's xorshift, 64 bits."""
    x = random[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    random[0] = x
    return np.float64(x >> np.uint64(11)) / 9007199254740992.0


@njit(cache=True)
def way(board, a, b):
    """Way between two slots."""
    if board.chip[a] != board.chip[b]:
        return board.shape[4]
    return abs(board.column[a] - board.column[b]) + abs(board.row[a] - board.row[b])


@njit(cache=True)
def total(talk, board, placing):
    """Cost of a placement."""
    cost = 0.0
    for core in range(placing.slot.size):
        for at in range(talk.ptr[core], talk.ptr[core + 1]):
            cost += talk.traffic[at] * way(board, placing.slot[core], placing.slot[talk.to[at]])
    return 0.5 * cost


@njit(cache=True)
def shifted(talk, board, placing, core, to, other):
    """Change of the cost of one core's traffic if it goes to a slot; what it says to `other` keeps its way."""
    home, change = placing.slot[core], 0.0
    for at in range(talk.ptr[core], talk.ptr[core + 1]):
        if talk.to[at] != other:
            there = placing.slot[talk.to[at]]
            change += talk.traffic[at] * (way(board, to, there) - way(board, home, there))
    return change


@njit(cache=True)
def put(placing, core, slot):
    """Enter a core into a slot."""
    placing.slot[core] = slot
    placing.core[slot] = core


@njit(cache=True)
def rechip(talk, board, placing, core, chip):
    """Bring all output axons up to date as if a core went to a chip (its slot still tells the old one)."""
    before = board.chip[placing.slot[core]]
    for at in range(talk.out_ptr[core], talk.out_ptr[core + 1]):
        there = board.chip[placing.slot[talk.out_to[at]]]
        if talk.out_to[at] != core:
            placing.out[core] += talk.out_pairs[at] * (np.int64(there != chip) - np.int64(there != before))
    for at in range(talk.in_ptr[core], talk.in_ptr[core + 1]):
        sender = talk.in_from[at]
        there = board.chip[placing.slot[sender]]
        if sender != core:
            placing.out[sender] += talk.in_pairs[at] * (np.int64(there != chip) - np.int64(there != before))


@njit(cache=True)
def crosses(talk, board, placing, core, other, to):
    """Do a swap of slots between chips; return whether every output axon table still holds its own. No: it is undone."""
    home = placing.slot[core]
    rechip(talk, board, placing, core, board.chip[to])
    placing.slot[core] = to
    if other >= 0:
        rechip(talk, board, placing, other, board.chip[home])
        placing.slot[other] = home
    good = placing.out.max() <= placing.limit[0]
    if not good:
        if other >= 0:
            rechip(talk, board, placing, other, board.chip[to])
            placing.slot[other] = to
        rechip(talk, board, placing, core, board.chip[home])
        placing.slot[core] = home
    return good


@njit(cache=True)
def candidate(board, placing, core, reach, chips):
    """A slot near a core's own, or now and then on any chip; -1 if the draw leaves the mesh."""
    columns, rows, in_tile, in_chip = board.shape[0], board.shape[1], board.shape[2], board.shape[3]
    if chips > 1 and draw(placing.random) < 0.25:
        return int(draw(placing.random) * board.chip.size)
    home = placing.slot[core]
    column = board.column[home] + int(draw(placing.random) * (2 * reach + 1)) - reach
    row = board.row[home] + int(draw(placing.random) * (2 * reach + 1)) - reach
    if column < 0 or column >= columns or row < 0 or row >= rows:
        return -1
    place = (row * columns + column) * in_tile + int(draw(placing.random) * in_tile)
    return board.chip[home] * in_chip + place if place < in_chip else -1


@njit(cache=True)
def change_of(talk, board, placing, core, to):
    """Change of the cost of a swap, infinite where a zone forbids it."""
    other, home = placing.core[to], placing.slot[core]
    if to == home or not board.open[placing.zone[core], to]:
        return np.inf
    change = shifted(talk, board, placing, core, to, other)
    if other >= 0:
        if not board.open[placing.zone[other], home]:
            return np.inf
        change += shifted(talk, board, placing, other, home, core)
    return change


@njit(cache=True)
def swap(talk, board, placing, core, to):
    """Do a swap; return False where output axons forbid it."""
    other, home = placing.core[to], placing.slot[core]
    if board.chip[home] != board.chip[to] and not crosses(talk, board, placing, core, other, to):
        return False
    placing.core[home] = -1
    put(placing, core, to)
    if other >= 0:
        put(placing, other, home)
    return True


@njit(cache=True)
def anneal(talk, board, placing, proposals, hot, cold):
    """Swap cores, from temperature `hot` to `cold`, with a range that shrinks; return the cost that was gained."""
    n, gained = placing.slot.size, 0.0
    chips = board.chip[board.chip.size - 1] + 1
    longest = max(board.shape[0], board.shape[1])
    for step in range(proposals):
        done = step / proposals
        heat = hot * (cold / hot) ** done
        reach = max(1, int(longest * (1.0 - done) ** 2))
        core = int(draw(placing.random) * n)
        to = candidate(board, placing, core, reach, chips)
        if to < 0:
            continue
        change = change_of(talk, board, placing, core, to)
        if change > 0 and (change == np.inf or draw(placing.random) >= np.exp(-change / heat)):
            continue
        if swap(talk, board, placing, core, to):
            gained -= change
    return gained


@njit(cache=True)
def link_loads(board, slot, ptr, to, traffic):
    """Loads of the mesh links, X first then Y: (chips, 4, rows, columns), by the side on which a message leaves its tile."""
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


@njit(cache=True)
def spread(ptr, to, traffic, scale, values, result):
    """result = (I + D^-1/2 W D^-1/2) values; (n, m) each."""
    for core in range(values.shape[0]):
        for k in range(values.shape[1]):
            result[core, k] = values[core, k]
        for at in range(ptr[core], ptr[core + 1]):
            weight = traffic[at] * scale[core] * scale[to[at]]
            for k in range(values.shape[1]):
                result[core, k] += weight * values[to[at], k]
