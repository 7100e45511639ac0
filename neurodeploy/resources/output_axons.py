"""Output axons that the neurons of a population use in their cores."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import distinct

__all__ = ["OutputAxonUse", "alone", "upper_bound"]

Ints = NDArray[np.int64]


class OutputAxonUse(NamedTuple):
    """Output axons of single neurons, and of groups whose neurons in one core share theirs."""

    each: Ints
    """(size,) output axons of each neuron on its own."""
    group: Ints
    """(size,) group of each neuron; -1: the neuron shares no axons."""
    cost: Ints
    """(n_groups,) output axons of each group in a core, however many of its neurons are there."""

    def of(self, neurons: Ints) -> int:
        """Return the output axons of `neurons` in one core."""
        group = self.group[neurons]
        shared = np.unique(group[group >= 0])
        return int(self.each[neurons[group < 0]].sum() + self.cost[shared].sum())

    def by_core(self, core: NDArray[Any], n_cores: int) -> Ints:
        """Return (n_cores,) output axons; `core`: (size,) core of each neuron."""
        own, groups = self.group < 0, max(self.cost.size, 1)
        pairs = distinct(core[~own].astype(np.int64) * groups + self.group[~own], n_cores * groups)
        total = np.bincount(core[own], self.each[own], n_cores)
        return (total + np.bincount(pairs // groups, self.cost[pairs % groups], n_cores)).astype(np.int64)


def alone(each: Ints) -> OutputAxonUse:
    """Return the output axons of neurons that share none; `each`: (size,)."""
    return OutputAxonUse(each, np.full(each.size, -1, dtype=np.int64), np.zeros(0, dtype=np.int64))


def upper_bound(one: OutputAxonUse, other: OutputAxonUse | None) -> OutputAxonUse:
    """Return an upper bound of both: neurons share only where they share in both, and each count is the larger one."""
    if other is None:
        return one
    each = np.maximum(one.each, other.each)
    if one.cost.size != other.cost.size:
        return alone(each)
    apart = (one.group < 0) | (other.group < 0)
    return OutputAxonUse(each, np.where(apart, -1, one.group), np.maximum(one.cost, other.cost))
