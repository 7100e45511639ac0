"""Cores filled one after the other: in an order of all neurons, or grown by the sources that neurons share.

The output axons of a neuron depend on how its targets are split, so a fill works with expected counts; rounds repeat with
the counts of the previous round until they agree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.mapping.kernels.calls import all_output_axons, fill, grow, overflow
from neurodeploy.mapping.partition.search.cores import Cores, Problem, empty_cores
from neurodeploy.mapping.time_limit import TimeLimit

__all__ = ["Filled", "filled_in_order", "grown"]

Ints = NDArray[np.int64]
ROUNDS = 6
"""Rounds of filling in an order."""
GROWTHS, FREE_GROWTHS = 9, 3
"""Rounds of growing, and how many of them may lower an expectation; later ones may not, so that the rounds end."""
BALANCE = 0.2
"""Weight of an even use of input and output axons, relative to shared sources, while a core grows."""


class Filled(NamedTuple):
    """Cores after a fill."""

    cores: Cores
    fits: bool
    """Whether every neuron has a core and every core keeps its limits."""


def filled_in_order(problem: Problem, order: Ints, mend: Callable[[Cores], bool] | None = None) -> Filled:
    """Fill cores in `order` (neurons,); with the order of the network this is first fit.

    `mend` may move neurons out of overfull cores, starting with the first round whose expectations were observed, and
    returns whether every limit then holds.
    """
    expected, cores = np.zeros(problem.n_neurons, dtype=np.int64), empty_cores(problem)
    for again in range(ROUNDS):
        if again:
            cores = empty_cores(problem)
        if fill(*cores[:3], order, expected) <= 0:
            break
        if overflow(cores.limits, cores.state) == 0.0:
            return Filled(cores, fits=True)
        expected = np.maximum(expected, all_output_axons(cores.graph, cores.state))
        if again and mend is not None and mend(cores):
            return Filled(cores, fits=True)
    return Filled(cores, fits=False)


def grown(problem: Problem, time_limit: TimeLimit) -> Filled:
    """Grow cores by shared sources, until the expected output axons are those counted, or the time is up."""
    n = problem.n_neurons
    expected, cores = np.zeros(n, dtype=np.int64), empty_cores(problem)
    for again in range(GROWTHS):
        if again:
            if time_limit.stops("the search"):
                break
            cores = empty_cores(problem)
        usual, shared, left = max(float(expected.mean()), 1.0), np.zeros(n, dtype=np.int32), np.arange(n)
        if grow(*cores[:3], expected, usual, BALANCE, shared, left) == 0:
            break
        if overflow(cores.limits, cores.state) == 0.0:
            return Filled(cores, fits=True)
        found = all_output_axons(cores.graph, cores.state)
        expected = found if again < FREE_GROWTHS else np.maximum(found, expected)
    return Filled(cores, fits=False)
