"""Cores relieved of what overfills them, and cores emptied one after the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.mapping.kernels.calls import empty_core, overflow, relieve, set_steepness, split_core, sweep, undo
from neurodeploy.mapping.kernels.relief import CLEAR, FULL
from neurodeploy.mapping.partition.search.cores import OVER, Cores
from neurodeploy.mapping.partition.search.effort import Effort
from neurodeploy.mapping.time_limit import TimeLimit

__all__ = ["HARD", "emptied", "emptiest_cores", "relieved", "settled", "squeezed", "swept"]

Ints = NDArray[np.int64]
PATIENCE, SWAP_PATIENCE = 60, 8
"""Failed attempts to empty a core before squeezing ends: by moves alone, and with exchanges, which take longer."""
SWEEP_AFTER = 8
"""Failed attempts after which all neurons are swept once."""
HARD = 60.0
"""Penalty of an axon above a limit where every limit already holds, in pairs."""
RELIEF = 12
"""Rounds of relieving overfull cores."""
STEEPER = 1.5
"""Factor of that penalty from round to round."""
SPLIT = 1.5
"""Most cores after a split, relative to those before. Targets in more cores take more axons, so splits can cause further
splits."""
SLICE = 4_096
"""Neurons swept between two checks of the clock."""
FEW_MOVED = 200
"""Sweeps end when fewer than one in this many neurons moved."""


def swept(cores: Cores, effort: Effort, order: Ints, slack: NDArray[np.float64]) -> int:
    """Try to move each neuron of `order` (m,) once, while there is time; return how many moved.

    `slack` (m,): pairs by which the cost may rise with each.
    """
    moved = 0
    for start in range(0, order.size, SLICE):
        if effort.is_over:
            break
        part = slice(start, start + SLICE)
        moved += sweep(*cores, order[part], slack[part])
    return moved


def settled(cores: Cores, effort: Effort, seed: int) -> bool:
    """Sweep all neurons until few move, then relieve overfull cores; return whether every limit holds."""
    rng, n, over = np.random.default_rng(seed), cores.graph.population.size, OVER
    if overflow(cores.limits, cores.state) == 0.0:
        over = HARD  # limits that already hold must keep holding
        set_steepness(cores.limits, cores.state, over)
    for _ in range(effort.sweeps):
        moved = swept(cores, effort, rng.permutation(n), np.zeros(n))
        if effort.is_over or moved * FEW_MOVED < n:
            break
    return relieved(cores, effort.time_limit, over)


def relieved(cores: Cores, time_limit: TimeLimit, over: float = OVER) -> bool:
    """Move neurons out of overfull cores, then split those that stay overfull; return whether every limit holds.

    `over`: penalty of an axon above a limit in the first round, in pairs.
    """
    for _ in range(RELIEF):
        cores.work.n_moves[0] = 0
        if _eased(cores, time_limit) or time_limit.is_up:
            break
        over *= STEEPER
        set_steepness(cores.limits, cores.state, over)
    _split(cores)
    set_steepness(cores.limits, cores.state, OVER)
    return overflow(cores.limits, cores.state) == 0.0


def _eased(cores: Cores, time_limit: TimeLimit, *, swaps: bool = False) -> bool:
    """Move neurons out of overfull cores until no move helps or the time is up; return whether no core is overfull.

    Where no move helps and `swaps` is set, neurons are exchanged for others.
    """
    swapping = False
    for _ in range(RELIEF):
        moved = relieve(*cores, int(swapping))
        if moved == CLEAR:
            return True
        stuck = moved == FULL or (moved == 0 and (swapping or not swaps))
        if stuck or time_limit.stops("the search"):
            return False
        swapping = moved == 0
    return overflow(cores.limits, cores.state) == 0.0


def _split(cores: Cores) -> None:
    """Move neurons of overfull cores to empty ones, as long as there are enough and the cores do not grow beyond SPLIT."""
    state = cores.state
    most = int(SPLIT * (state.size > 0).sum())
    for _ in range(RELIEF):
        over = np.flatnonzero((state.load > cores.limits.limit[:, None]).any(axis=0))
        empty = np.flatnonzero(state.size == 0)[: most - int((state.size > 0).sum())]
        if not over.size or empty.size < over.size:
            return
        for core, spare in zip(over, empty, strict=False):
            split_core(*cores[:3], int(core), int(spare))


def emptiest_cores(cores: Cores) -> Ints:
    """Cores in use, those that use least of their scarcest resource first."""
    used = np.flatnonzero(cores.state.size > 0)
    share = (cores.state.load[:, used] / cores.limits.limit[:, None]).max(axis=0)
    return used[np.argsort(share, kind="stable")]


def emptied(cores: Cores, core: int, time_limit: TimeLimit, *, swaps: bool) -> bool:
    """Spread a core over the others and relieve those; undo everything unless every limit holds. Return whether it
    succeeded."""
    good = empty_core(*cores, core) and _eased(cores, time_limit, swaps=swaps)
    if not good:
        undo(*cores, 0)
    return good


def squeezed(cores: Cores, effort: Effort, seed: int, *, swaps: bool = False) -> int:
    """Empty one core after the other, by moves alone or (`swaps`) also by exchanges; return how many were emptied."""
    rng, n = np.random.default_rng(seed), cores.graph.population.size
    set_steepness(cores.limits, cores.state, HARD)
    count, vain, tried = 0, 0, set[int]()
    for _ in range(effort.most_squeezed):
        used = emptiest_cores(cores)
        left = [int(core) for core in used if int(core) not in tried]
        if not left or vain >= (SWAP_PATIENCE if swaps else PATIENCE) or effort.is_over or used.size <= 1:
            break
        if emptied(cores, left[0], effort.time_limit, swaps=swaps):
            count, vain = count + 1, 0
            tried.clear()
            continue
        vain += 1
        tried.add(left[0])
        if vain % SWEEP_AFTER == 0 and effort.sweeps > 1:
            swept(cores, effort, rng.permutation(n), np.zeros(n))
            if overflow(cores.limits, cores.state) > 0 and not _eased(cores, effort.time_limit):
                break
    return count
