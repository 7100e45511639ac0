"""Noun: the output axons that a population's neurons take of their cores. Knows no destination by name."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import distinct

__all__ = ["OutputAxonUse", "alone", "upper_bound"]

Ints = NDArray[np.int64]


class OutputAxonUse(NamedTuple):
    """Output axons of every neuron, and of groups of neurons that take theirs once for all that share a core."""

    each: Ints
    """(size,) of a neuron on its own."""
    group: Ints
    """(size,) -1: the neuron shares with none."""
    cost: Ints
    """(groups,) of a group, whichever of its neurons are there."""

    def of(self, neurons: Ints) -> int:
        """Return the output axons of some neurons in one core."""
        group = self.group[neurons]
        shared = np.unique(group[group >= 0])
        return int(self.each[neurons[group < 0]].sum() + self.cost[shared].sum())

    def by_core(self, core: NDArray[Any], n_cores: int) -> Ints:
        """Return (n_cores,) the output axons; `core` (size,) of each neuron."""
        own, groups = self.group < 0, max(self.cost.size, 1)
        pairs = distinct(core[~own].astype(np.int64) * groups + self.group[~own], n_cores * groups)
        total = np.bincount(core[own], self.each[own], n_cores)
        return (total + np.bincount(pairs // groups, self.cost[pairs % groups], n_cores)).astype(np.int64)


def alone(each: Ints) -> OutputAxonUse:
    """Return the output axons of neurons that share none."""
    return OutputAxonUse(each, np.full(each.size, -1, dtype=np.int64), np.zeros(0, dtype=np.int64))


def upper_bound(one: OutputAxonUse, other: OutputAxonUse | None) -> OutputAxonUse:
    """Return what is enough for both: neurons share that do in both, and every count is the greater."""
    if other is None:
        return one
    each = np.maximum(one.each, other.each)
    if one.cost.size != other.cost.size:
        return alone(each)
    apart = (one.group < 0) | (other.group < 0)
    return OutputAxonUse(each, np.where(apart, -1, one.group), np.maximum(one.cost, other.cost))
