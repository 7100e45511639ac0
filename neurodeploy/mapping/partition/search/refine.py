"""Refinement: neurons move between cores until no core can be emptied. Nothing is placed.

Starts: a first assignment or the order of the network, the orders that the caller names, and cores grown by shared sources.
Each is filled exactly, relieved of what overfills it, and then squeezed: the emptiest core is spread over the others, which
are relieved in turn, and everything is undone if a limit cannot be kept. The best result wins: fewest cores first, then
fewest (source, core) pairs. The moves are those of Fiduccia and Mattheyses (DAC 1982), with the exact loads of the cores
instead of block sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from neurodeploy.mapping.kernels.calls import exchange, scatter, set_steepness
from neurodeploy.mapping.partition.search.cores import Assignment, Cores, Problem, assigned_cores, assignment_of
from neurodeploy.mapping.partition.search.effort import Effort
from neurodeploy.mapping.partition.search.filled import filled_in_order, grown
from neurodeploy.mapping.partition.search.relieved import HARD, emptiest_cores, settled, squeezed, swept
from neurodeploy.mapping.partition.search.starts import Order

__all__ = ["refine"]

Ints = NDArray[np.int64]
PROBED, EXCHANGED = 200, 2500
"""Neurons exchanged for others before cores are emptied by exchanges too; if the first ones bring no success, exchanges
are skipped."""
GROWABLE = 30_000
"""Neurons up to which growing and exchanges are tried: their time grows with the square, or with the cores tried for each."""
SHARES = (0.03, 0.02, 0.01, 0.01, 0.005, 0.005)
"""Share of the cores removed in each attempt of annealing."""
COLD, HOT = 2.0, 6.0
"""Penalty of an axon above a limit at the start of annealing, in pairs, and the factor by which it rises until the end."""


def refine(
    problem: Problem, effort: Effort, seed: int, orders: Sequence[Order], first: NDArray[np.int32] | None = None
) -> Assignment | None:
    """Return the best assignment found, None if none keeps every limit.

    `orders`: orders of all neurons in which cores are filled. `first` (neurons,): an assignment to begin with, instead of the
    order of the network; the result is never worse.
    """
    best = _best_of_starts(problem, effort, seed, orders, first)
    if best is not None and effort.annealings and not effort.is_over:
        best = _reduce_cores_by_annealing(problem, best, effort, seed)
    if best is not None and problem.n_neurons <= GROWABLE and not effort.is_over:
        best = _reduce_cores_by_exchanges(problem, best, effort, seed)
    return best


def _best_of_starts(
    problem: Problem, effort: Effort, seed: int, orders: Sequence[Order], first: NDArray[np.int32] | None
) -> Assignment | None:
    """The best assignment of all starts; later starts are tried only while there is time."""
    best = None
    for number, start in enumerate(_starts(problem, effort, orders, first)):
        if number and effort.is_over:
            break
        cores = start()
        if not cores.all_placed:
            continue
        best = _better(best, assignment_of(cores))
        if settled(cores, effort, seed):
            squeezed(cores, effort, seed)
        best = _better(best, assignment_of(cores))
    return best


def _starts(
    problem: Problem, effort: Effort, orders: Sequence[Order], first: NDArray[np.int32] | None
) -> Iterator[Callable[[], Cores]]:
    """Functions that return filled cores; some may be overfull."""
    if first is not None:
        yield partial(assigned_cores, problem, first)
    else:
        yield lambda: filled_in_order(problem, np.arange(problem.n_neurons)).cores
    for order in orders:
        yield partial(_by_pin_group, problem, order)
    if problem.n_neurons <= GROWABLE:
        yield lambda: grown(problem, effort.time_limit).cores


def _by_pin_group(problem: Problem, order_of: Order) -> Cores:
    """Cores filled in an order, one pin group after the other."""
    order = order_of()
    return filled_in_order(problem, order[np.argsort(problem.graph.pin_group[order], kind="stable")]).cores


def _better(left: Assignment | None, right: Assignment | None) -> Assignment | None:
    if left is None or right is None:
        return left or right
    return right if (right.n_cores, right.pairs) < (left.n_cores, left.pairs) else left


def _reduce_cores_by_annealing(problem: Problem, best: Assignment, effort: Effort, seed: int) -> Assignment:
    """Remove some cores, and anneal the overfull rest until it fits or the temperature schedule ends."""
    rng, n = np.random.default_rng(seed), problem.n_neurons
    for share in SHARES[: effort.annealings]:
        cores = assigned_cores(problem._replace(chip=best.chip), best.core)
        for core in emptiest_cores(cores)[: max(1, int(share * best.n_cores))]:
            scatter(*cores, int(core))
        for step in range(effort.sweeps):
            heat = effort.heat * (1 - step / effort.sweeps) ** 2
            set_steepness(cores.limits, cores.state, COLD * HOT ** (step / effort.sweeps))
            swept(cores, effort, rng.permutation(n), heat * rng.exponential(size=n))
            if effort.is_over:
                return best
        if settled(cores, effort._replace(sweeps=1), seed):
            squeezed(cores, effort, seed)
            best = _better(best, assignment_of(cores)) or best
    return best


def _reduce_cores_by_exchanges(problem: Problem, best: Assignment, effort: Effort, seed: int) -> Assignment:
    """Exchange neurons where no single move helps, then empty cores by exchanges too."""
    cores = assigned_cores(problem._replace(chip=best.chip), best.core)
    set_steepness(cores.limits, cores.state, HARD)
    rng, n = np.random.default_rng(seed), problem.n_neurons
    order = rng.permutation(n)[:EXCHANGED]
    if not exchange(*cores, order[:PROBED]):
        return best
    for start in range(PROBED, order.size, PROBED):
        if effort.is_over:
            break
        exchange(*cores, order[start : start + PROBED])
    swept(cores, effort, rng.permutation(n), np.zeros(n))
    squeezed(cores, effort, seed, swaps=True)
    return _better(best, assignment_of(cores)) or best
