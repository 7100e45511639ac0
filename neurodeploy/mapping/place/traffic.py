"""Verb: the slot of every logical core on its board. Moves no neuron; knows only who talks to whom, and how much.

Starts: row by row, and strips along the two slowest axes of the traffic; the better one is annealed. A result that is no
better than row by row is thrown away.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import Target
from neurodeploy.mapping.compiled import summing, swapping
from neurodeploy.mapping.place.anneal import Board, CoreTraffic, Placing
from neurodeploy.mapping.time_limit import TimeLimit

__all__ = ["board_of", "core_traffic", "place_cores", "summed", "symmetric"]

Ints = NDArray[np.int64]
PROBE = 2_000
"""Swaps that are proposed on trial, to know how long one takes."""


def board_of(target: Target, open_slots: Any) -> Board:
    """Return the slots of the target's board; `open_slots` (zones, slots)."""
    chip_of = target.chip
    columns, rows = int(chip_of.mesh_columns.value), int(chip_of.mesh_rows.value)
    in_tile, in_chip = int(chip_of.cores_per_tile.value), int(chip_of.cores.value)
    chip, core = np.divmod(np.arange(target.cores), in_chip)
    row, column = np.divmod(core // in_tile, columns)
    shape = np.array([columns, rows, in_tile, in_chip, columns + rows], dtype=np.int64)
    return Board(chip, column, row, np.asarray(open_slots, dtype=bool), shape)


def summed(index: Any, weight: Any, n: int) -> NDArray[np.float64]:
    """Return the sum of the weights of each index, (n,)."""
    return np.bincount(np.asarray(index, dtype=np.int64), np.asarray(weight, dtype=np.float64), n)


def symmetric(ptr: Any, to: Any, values: Any, n: int) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """Return what goes either way between two cores, as CSR without the diagonal."""
    row = np.repeat(np.arange(n), np.diff(ptr))
    off = row != to
    rows, columns = np.r_[row[off], to[off]], np.r_[to[off], row[off]]
    key, place = np.unique(rows * n + columns, return_inverse=True)
    both = summed(place.ravel(), np.r_[values[off], values[off]], key.size)
    counts = np.bincount(key // n, minlength=n)
    return np.r_[0, np.cumsum(counts)].astype(np.int64), (key % n).astype(np.int64), both


def core_traffic(core_of_source: Any, source: Any, to: Any, rate: Any, n: int) -> CoreTraffic:
    """Return who talks to whom from (source neuron, destination core) pairs; `rate` of each pair."""
    key, place = np.unique(core_of_source[source] * n + to, return_inverse=True)
    pairs = np.bincount(place.ravel(), minlength=key.size)
    sender, receiver = key // n, key % n
    out_ptr = np.r_[0, np.cumsum(np.bincount(sender, minlength=n))].astype(np.int64)
    back = np.lexsort((sender, receiver))
    in_ptr = np.r_[0, np.cumsum(np.bincount(receiver, minlength=n))].astype(np.int64)
    traffic = summed(place.ravel(), rate, key.size)
    ptr, other, both = symmetric(out_ptr, receiver, traffic, n)
    return CoreTraffic(ptr, other, both, out_ptr, receiver, pairs, in_ptr, sender[back], pairs[back])


def _axes(talk: CoreTraffic, n: int) -> NDArray[np.float64]:
    """(n, 2): the two slowest axes of the traffic, by subspace iteration in a fixed order."""
    degree = summed(np.repeat(np.arange(n), np.diff(talk.ptr)), talk.traffic, n)
    scale = 1.0 / np.sqrt(np.maximum(degree, 1e-12 * max(float(degree.max(initial=0.0)), 1.0)))
    values = np.random.default_rng(0).standard_normal((n, min(5, n)))
    values[:, 0] = 1.0 / scale
    result = np.empty_like(values)
    for _ in range(200):
        swapping.spread(talk.ptr, talk.to, talk.traffic, scale, values, result)
        matrix = summing.gram(result, result)
        matrix += np.eye(values.shape[1]) * (
            1e-9 * np.trace(matrix) + 1e-30
        )  # cores apart from all others leave it singular
        summing.combine(result, np.linalg.inv(np.linalg.cholesky(matrix).T), values)
    swapping.spread(talk.ptr, talk.to, talk.traffic, scale, values, result)
    found, rotation = np.linalg.eigh(summing.gram(values, result))
    axes = np.zeros((n, 2))
    summing.combine(values, rotation[:, np.argsort(-found)[1:3]], axes)
    return axes * scale[:, None]


def _strips(axes: NDArray[np.float64], mine: Ints, slots: Ints, board: Board) -> Ints:
    """Slots of some cores: columns along the first axis, down each column along the second."""
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


def _placing(board: Board, slot: Ints, zone: Any, out: Any, limit: int, seed: int) -> Placing:
    core = np.full(board.chip.size, -1, dtype=np.int64)
    core[slot] = np.arange(slot.size)
    random = np.array([np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] | np.uint64(1)])
    return Placing(slot.copy(), core, np.asarray(zone), out.astype(np.int64).copy(), np.array([limit]), random)


def _spectral(talk: CoreTraffic, board: Board, first: Ints, zone: Any) -> Ints:
    """Start in strips; each core keeps its chip and takes one of the slots that its zone has there."""
    n, axes, slot = first.size, _axes(talk, first.size), first.copy()
    for chip in np.unique(board.chip[first]):
        for number in np.unique(zone):
            mine = np.flatnonzero((board.chip[first] == chip) & (zone == number))
            slots = np.flatnonzero((board.chip == chip) & board.open[number])
            free = slots[~np.isin(slots, slot[np.setdiff1d(np.arange(n), mine)])]
            if mine.size:
                slot[mine] = _strips(axes, mine, free, board)
    return slot


def _in_time(talk: CoreTraffic, board: Board, start: Placing, proposals: int, heat: float, watch: TimeLimit) -> int:
    """Swaps that may be proposed until the watch ends: all of them, or as many as a trial on a copy foretells.

    Fewer swaps cool faster, so that the end is as cold as ever.
    """
    end = min(watch.until, watch.deadline)
    if end == math.inf:
        return proposals
    for trial in (1, min(PROBE, proposals)):  # the first call may have to compile
        copy = Placing(*(field.copy() for field in start))
        begun = time.monotonic()
        swapping.anneal(talk, board, copy, trial, 0.2 * heat, 0.0005 * heat)
    each = (time.monotonic() - begun) / trial
    able = int(max(end - time.monotonic(), 0.0) / max(each, 1e-9))
    if able < proposals:
        watch.ended("placement by traffic")
    return min(able, proposals)


def place_cores(
    talk: CoreTraffic,
    board: Board,
    first: Ints,
    zone: Any,
    out: Any,
    limit: int,
    effort: int,
    seed: int,
    watch: TimeLimit | None = None,
) -> tuple[Ints, float, float]:
    """Return (slot of each core, cost of `first`, cost); `effort` is proposed swaps per core, 0 for none.

    `first` is the start that counts as row by row: one slot for each core, on the chips that `out` (n,) was counted for.
    """
    start = _placing(board, first, zone, out, limit, seed)
    before: float = swapping.total(talk, board, start)
    if before == 0.0 or effort == 0:
        return first, before, before
    best = (first, before)
    strips = _placing(board, _spectral(talk, board, first, zone), zone, out, limit, seed)
    if swapping.total(talk, board, strips) < before:
        start = strips
    heat: float = swapping.total(talk, board, start) / max(first.size, 1)
    if heat == 0.0:
        return start.slot, before, 0.0
    proposals = _in_time(talk, board, start, effort * first.size, heat, watch or TimeLimit())
    swapping.anneal(talk, board, start, proposals, 0.2 * heat, 0.0005 * heat)
    after: float = swapping.total(talk, board, start)
    if after < before:
        best = (start.slot, after)
    return best[0], before, best[1]
