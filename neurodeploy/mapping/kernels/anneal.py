"""Exchanges cores between slots, by simulated annealing (Kirkpatrick, Gelatt and Vecchi, Science 220, 1983).

Cost = sum over pairs of cores of traffic * hop distance. The distance between two slots of a chip is that of their tiles along
the mesh; between chips it is `far`, longer than any distance on a chip, so that cores with much traffic share a chip. A core
on another chip may cost a source one output axon more: a swap between chips is taken only if every core keeps its limit.
One stream of random numbers: equal seeds give equal placements.
"""

from __future__ import annotations

import math

from neurodeploy.mapping.kernels.board import Board, CoreTraffic, Placement
from neurodeploy.mapping.kernels.exponential import exponential
from neurodeploy.native.structs import Longs, Reals, UnsignedLongs

__all__ = ["add_link_loads", "anneal", "total_cost"]

WORD = (1 << 64) - 1
"""Bits of a random number."""


def _draw(random: UnsignedLongs) -> float:
    """Next random number in [0, 1): xorshift64 (Marsaglia, Journal of Statistical Software 8(14), 2003)."""
    x = int(random[0])
    x ^= (x << 13) & WORD
    x ^= x >> 7
    x ^= (x << 17) & WORD
    random[0] = x
    return (x >> 11) / 9007199254740992.0


def _hop_distance(board: Board, a: int, b: int) -> int:
    """Hop distance between two slots."""
    if board.chip[a] != board.chip[b]:
        return board.shape[4]
    return abs(board.column[a] - board.column[b]) + abs(board.row[a] - board.row[b])


def total_cost(flow: CoreTraffic, board: Board, placement: Placement) -> float:
    """Cost of a placement: messages * hops, each pair of cores once."""
    cost = 0.0
    for core in range(placement.slot.size):
        for at in range(flow.ptr[core], flow.ptr[core + 1]):
            there = int(placement.slot[flow.to[at]])
            cost += flow.traffic[at] * _hop_distance(board, placement.slot[core], there)
    return 0.5 * cost


def _cost_of_shift(flow: CoreTraffic, board: Board, placement: Placement, core: int, to: int, other: int) -> float:
    """Change of the cost if a core goes to slot `to`, its traffic with core `other` left out."""
    home, change = placement.slot[core], 0.0
    for at in range(flow.ptr[core], flow.ptr[core + 1]):
        if flow.to[at] != other:
            there = int(placement.slot[flow.to[at]])
            change += flow.traffic[at] * (_hop_distance(board, to, there) - _hop_distance(board, home, there))
    return change


def _set_slot(placement: Placement, core: int, slot: int) -> None:
    """Enter a core into a slot."""
    placement.slot[core] = slot
    placement.core[slot] = core


def _update_output_axons(flow: CoreTraffic, board: Board, placement: Placement, core: int, chip: int) -> None:
    """Recompute output axons as if a core went to `chip`; its slot is still the old one."""
    before = board.chip[placement.slot[core]]
    for at in range(flow.out_ptr[core], flow.out_ptr[core + 1]):
        there = board.chip[placement.slot[flow.out_to[at]]]
        if flow.out_to[at] != core:
            placement.output_axons[core] += flow.out_pairs[at] * (int(there != chip) - int(there != before))
    for at in range(flow.in_ptr[core], flow.in_ptr[core + 1]):
        sender = flow.in_from[at]
        there = board.chip[placement.slot[sender]]
        if sender != core:
            placement.output_axons[sender] += flow.in_pairs[at] * (int(there != chip) - int(there != before))


def _swap_between_chips(flow: CoreTraffic, board: Board, placement: Placement, core: int, other: int, to: int) -> bool:
    """Swap core with core `other` (-1: an empty slot) at slot `to` of another chip, as far as output axons and slots go.

    Returns whether every core keeps its limit; if not, the swap is undone.
    """
    home = int(placement.slot[core])
    home_chip, to_chip = int(board.chip[home]), int(board.chip[to])
    _update_output_axons(flow, board, placement, core, to_chip)
    placement.slot[core] = to
    if other >= 0:
        _update_output_axons(flow, board, placement, other, home_chip)
        placement.slot[other] = home
    good = placement.output_axons.max() <= placement.limit[0]
    if not good:
        if other >= 0:
            _update_output_axons(flow, board, placement, other, to_chip)
            placement.slot[other] = to
        _update_output_axons(flow, board, placement, core, home_chip)
        placement.slot[core] = home
    return good


def _candidate(board: Board, placement: Placement, core: int, reach: int, chips: int) -> int:
    """Random slot within `reach` tiles of a core's own, or once in four draws on any of several chips; -1: outside the mesh."""
    columns, rows, in_tile, in_chip = board.shape[0], board.shape[1], board.shape[2], board.shape[3]
    if chips > 1 and _draw(placement.random) < 0.25:
        return int(_draw(placement.random) * board.chip.size)
    home = placement.slot[core]
    column = board.column[home] + int(_draw(placement.random) * (2 * reach + 1)) - reach
    row = board.row[home] + int(_draw(placement.random) * (2 * reach + 1)) - reach
    if column < 0 or column >= columns or row < 0 or row >= rows:
        return -1
    place = (row * columns + column) * in_tile + int(_draw(placement.random) * in_tile)
    return board.chip[home] * in_chip + place if place < in_chip else -1


def _cost_of_swap(flow: CoreTraffic, board: Board, placement: Placement, core: int, to: int) -> float:
    """Change of the cost if a core goes to slot `to` and its occupant to the core's slot; infinite where a pin group forbids it."""
    other, home = placement.core[to], placement.slot[core]
    if to == home or not board.is_open[placement.pin_group[core], to]:
        return math.inf
    change = _cost_of_shift(flow, board, placement, core, to, other)
    if other >= 0:
        if not board.is_open[placement.pin_group[other], home]:
            return math.inf
        change += _cost_of_shift(flow, board, placement, other, home, core)
    return change


def _swap(flow: CoreTraffic, board: Board, placement: Placement, core: int, to: int) -> bool:
    """Swap a core with the occupant of slot `to`; return False where output axons forbid it."""
    other, home = placement.core[to], placement.slot[core]
    if board.chip[home] != board.chip[to] and not _swap_between_chips(flow, board, placement, core, other, to):
        return False
    placement.core[home] = -1
    _set_slot(placement, core, to)
    if other >= 0:
        _set_slot(placement, other, home)
    return True


def anneal(flow: CoreTraffic, board: Board, placement: Placement, proposals: int, hot: float, fall: float) -> float:
    """Propose swaps while the temperature falls and their range shrinks; return the fall of the cost.

    The temperature begins at `hot` and ends at hot * exp(`fall`).
    """
    n, gained = placement.slot.size, 0.0
    chips, longest = board.chip[-1] + 1, max(board.shape[0], board.shape[1])
    for step in range(proposals):
        done = step / proposals
        left, heat = 1.0 - done, hot * exponential(fall * done)
        reach, core = max(1, int(longest * (left * left))), int(_draw(placement.random) * n)
        to = _candidate(board, placement, core, reach, chips)
        if to < 0:
            continue
        change = _cost_of_swap(flow, board, placement, core, to)
        if change > 0 and (change == math.inf or _draw(placement.random) >= exponential(-change / heat)):
            continue
        if _swap(flow, board, placement, core, to):
            gained -= change
    return gained


def add_link_loads(board: Board, slot: Longs, ptr: Longs, to: Longs, traffic: Reals, loads: Reals) -> None:
    """Add the messages over each mesh link to `loads` (chips, 4, rows, columns).

    Messages go along the row first, then along the column; those between chips are left out. The second axis is the side on
    which a message leaves its tile: right, left, down, up. `slot` (cores,); `ptr` (cores + 1,), `to`, `traffic`: destinations
    of each core and the messages to each.
    """
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
