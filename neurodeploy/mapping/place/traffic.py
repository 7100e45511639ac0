"""The slot of every logical core on its board, chosen by the traffic between cores. Neurons stay in their cores.

Starts: row by row, and strips along the two slowest axes of the traffic (a spectral placement: Hall, Management Science
17(3), 1970); the better one is annealed. A result that is no better than row by row is dropped.
"""

from __future__ import annotations

import math
import time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurodeploy.hardware.target import Target
from neurodeploy.mapping.kernels.board import Board, CoreTraffic, Placement
from neurodeploy.mapping.kernels.calls import anneal, combine, eigen, gram, orthonormal, spread, total_cost
from neurodeploy.mapping.kernels.exponential import logarithm
from neurodeploy.mapping.time_limit import TimeLimit

__all__ = ["PlacedCores", "board_of", "core_traffic", "place_cores", "summed", "summed_traffic"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
PROBE = 2_000
"""Trial swaps, proposed to measure how long one takes."""
HOT, COLD = 0.2, 0.0005
"""Temperatures at which annealing begins and ends, relative to the cost per core of its start."""
FALL = logarithm(COLD / HOT)
"""Logarithm of the factor by which the temperature falls."""
ITERATIONS = 200
"""Iterations of the spectral embedding of cores."""


class PlacedCores(NamedTuple):
    """Slots of the cores, and their cost."""

    slot: Ints
    """(cores,) slot of each core."""
    cost_before: float
    """Cost of the start, in messages * hops."""
    cost: float
    """Cost of the result."""


def board_of(target: Target, open_slots: NDArray[np.bool_]) -> Board:
    """Return the slots of the target's board; `open_slots` (pin groups, slots): where cores of a group may lie."""
    columns, rows = int(target.chip.mesh_columns.value), int(target.chip.mesh_rows.value)
    in_tile, in_chip = int(target.chip.cores_per_tile.value), int(target.chip.cores.value)
    chip, core = np.divmod(np.arange(target.cores), in_chip)
    row, column = np.divmod(core // in_tile, columns)
    far = columns + rows  # longer than any distance on a chip
    return Board(
        chip=chip,
        column=column,
        row=row,
        is_open=np.asarray(open_slots, dtype=bool),
        shape=np.array([columns, rows, in_tile, in_chip, far], dtype=np.int64),
    )


def summed(index: ArrayLike, weight: ArrayLike, n: int) -> Floats:
    """(n,) sum of the weights of each index."""
    found = np.bincount(np.asarray(index, dtype=np.int64), np.asarray(weight, dtype=np.float64), n)
    return found.astype(np.float64)  # without any index, they are integers


def core_traffic(core_of_source: Ints, source: Ints, to: Ints, rate: Floats, n: int) -> CoreTraffic:
    """Return the traffic of (source, destination core) pairs among `n` cores.

    `core_of_source` (sources,); `source`, `to` and `rate` (pairs,): source, destination core and messages of each pair.
    """
    key, place = np.unique(core_of_source[source] * n + to, return_inverse=True)
    return summed_traffic(key, np.bincount(place.ravel(), minlength=key.size), summed(place.ravel(), rate, key.size), n)


def summed_traffic(key: Ints, pairs: Ints, messages: Floats, n: int) -> CoreTraffic:
    """Return the traffic among `n` cores from its sums: `key` (m,) = sender * n + receiver, ascending; `pairs` (m,) sources
    and `messages` (m,) of each.
    """
    sender, receiver = key // n, key % n
    out_ptr = np.r_[0, np.cumsum(np.bincount(sender, minlength=n))].astype(np.int64)
    back = np.lexsort((sender, receiver))
    in_ptr = np.r_[0, np.cumsum(np.bincount(receiver, minlength=n))].astype(np.int64)
    ptr, partner, both_ways = _either_way(sender, receiver, messages, n)
    return CoreTraffic(
        ptr=ptr,
        to=partner,
        traffic=both_ways,
        out_ptr=out_ptr,
        out_to=receiver,
        out_pairs=pairs,
        in_ptr=in_ptr,
        in_from=sender[back],
        in_pairs=pairs[back],
    )


def _either_way(sender: Ints, receiver: Ints, messages: Floats, n: int) -> tuple[Ints, Ints, Floats]:
    """(ptr, partner, messages in both directions) by core, for `n` cores; messages within a core are excluded."""
    off = sender != receiver
    rows, columns = np.r_[sender[off], receiver[off]], np.r_[receiver[off], sender[off]]
    key, place = np.unique(rows * n + columns, return_inverse=True)
    both = summed(place.ravel(), np.r_[messages[off], messages[off]], key.size)
    counts = np.bincount(key // n, minlength=n)
    return np.r_[0, np.cumsum(counts)].astype(np.int64), (key % n).astype(np.int64), both


def place_cores(
    traffic: CoreTraffic,
    board: Board,
    first: Ints,
    pin_group: Ints,
    output_axons: NDArray[Any],
    limit: int,
    effort: int,
    seed: int,
    time_limit: TimeLimit | None = None,
) -> PlacedCores:
    """Return the slots of all cores.

    `first` (cores,): slots row by row, on the chips for which `output_axons` (cores,) were counted; `pin_group` (cores,);
    `limit`: output axons of a core at most; `effort`: swaps proposed for each core, 0 for none.
    """
    start = _placement(board, first, pin_group, output_axons, limit, seed)
    before = total_cost(traffic, board, start)
    if before == 0.0 or effort == 0:
        return PlacedCores(first, before, before)
    strips = _placement(board, _spectral(traffic, board, first, pin_group), pin_group, output_axons, limit, seed)
    if total_cost(traffic, board, strips) < before:
        start = strips
    heat = total_cost(traffic, board, start) / max(first.size, 1)
    if heat == 0.0:
        return PlacedCores(start.slot, before, 0.0)
    proposals = _proposals_in_time(traffic, board, start, effort * first.size, heat, time_limit or TimeLimit())
    anneal(traffic, board, start, proposals, HOT * heat, FALL)
    after = total_cost(traffic, board, start)
    return PlacedCores(start.slot, before, after) if after < before else PlacedCores(first, before, before)


def _placement(
    board: Board, slot: Ints, pin_group: Ints, output_axons: NDArray[Any], limit: int, seed: int
) -> Placement:
    """The state of annealing with cores in `slot`."""
    core = np.full(board.chip.size, -1, dtype=np.int64)
    core[slot] = np.arange(slot.size)
    random = np.array([np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] | np.uint64(1)])
    return Placement(
        slot=slot.copy(),
        core=core,
        pin_group=np.asarray(pin_group),
        output_axons=output_axons.astype(np.int64).copy(),
        limit=np.array([limit]),
        random=random,
    )


def _copied(placement: Placement) -> Placement:
    arrays: dict[str, Any] = {name: array.copy() for name, array in placement._asdict().items()}
    return Placement(**arrays)


def _proposals_in_time(
    traffic: CoreTraffic, board: Board, start: Placement, proposals: int, heat: float, time_limit: TimeLimit
) -> int:
    """Swaps that may be proposed: `proposals`, or as many as fit into the time, measured on a copy.

    With fewer swaps the temperature falls faster, to the same end.
    """
    if time_limit.end == math.inf:
        return proposals
    copy, trial, begun = _copied(start), min(PROBE, proposals), time.monotonic()
    anneal(traffic, board, copy, trial, HOT * heat, FALL)
    each = (time.monotonic() - begun) / trial
    possible = int(max(time_limit.end - time.monotonic(), 0.0) / max(each, 1e-9))
    if possible < proposals:
        time_limit.note_stopped("placement by traffic")
    return min(possible, proposals)


def _spectral(traffic: CoreTraffic, board: Board, first: Ints, pin_group: Ints) -> Ints:
    """(cores,) slots in strips; each core keeps its chip and takes one of the slots that its pin group has there."""
    n, axes, slot = first.size, _axes(traffic, first.size), first.copy()
    for chip in np.unique(board.chip[first]):
        for group in np.unique(pin_group):
            mine = np.flatnonzero((board.chip[first] == chip) & (pin_group == group))
            slots = np.flatnonzero((board.chip == chip) & board.is_open[group])
            free = slots[~np.isin(slots, slot[np.setdiff1d(np.arange(n), mine)])]
            if mine.size:
                slot[mine] = _strips(axes, mine, free, board)
    return slot


def _axes(traffic: CoreTraffic, n: int) -> Floats:
    """(n, 2) coordinates of cores along the two slowest axes of the traffic, by subspace iteration in a fixed order."""
    degree = summed(np.repeat(np.arange(n), np.diff(traffic.ptr)), traffic.traffic, n)
    scale = 1.0 / np.sqrt(np.maximum(degree, 1e-12 * max(float(degree.max(initial=0.0)), 1.0)))
    values = np.random.default_rng(0).standard_normal((n, min(5, n)))
    values[:, 0] = 1.0 / scale
    for _ in range(ITERATIONS):
        result = spread(traffic.ptr, traffic.to, traffic.traffic, scale, values)
        values = orthonormal(result, 1e-9)  # isolated cores make the matrix singular
    result = spread(traffic.ptr, traffic.to, traffic.traffic, scale, values)
    _, rotation = eigen(gram(values, result))
    slowest = combine(values, rotation[:, ::-1][:, 1:3])
    axes = np.zeros((n, 2))
    axes[:, : slowest.shape[1]] = slowest
    return axes * scale[:, None]


def _strips(axes: Floats, mine: Ints, slots: Ints, board: Board) -> Ints:
    """Slots of the cores `mine`: along the first axis from column to column, along the second down each column."""
    by_column = slots[np.lexsort((board.row[slots], board.column[slots]))]
    order = mine[np.argsort(axes[mine, 0], kind="stable")]
    taken = by_column[: order.size]
    result = np.empty(order.size, dtype=np.int64)
    for column in np.unique(board.column[taken]):
        here = np.flatnonzero(board.column[taken] == column)
        result[here] = taken[here]
        order[here] = order[here][np.argsort(axes[order[here], 1], kind="stable")]
    found = np.empty(int(mine.max()) + 1, dtype=np.int64)
    found[order] = result
    return found[mine]
