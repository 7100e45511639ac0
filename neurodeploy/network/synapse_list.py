"""Synapses as a list, sorted by source."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import narrowed, places_of, read_only, stable_order
from neurodeploy.base.noun import IntArray, Noun, RawArray
from neurodeploy.network.coordinates import Coordinates
from neurodeploy.network.synapse_views import SynapsesByTarget

__all__ = ["BATCH", "SynapseList", "sorted_list"]

Ints = NDArray[np.int64]
BATCH = 1 << 21
"""Synapses written out at a time when all targets are visited."""


class SynapseList(Noun):
    """Synapses by source neuron (CSR): source i has synapses [indptr[i], indptr[i + 1]), targets ascending."""

    n_target: int
    """Neurons of the target population."""
    indptr: IntArray
    """(n_source + 1,) int64."""
    targets: IntArray
    """(n_synapses,) int32, target neuron of each synapse."""
    weights: RawArray
    """(n_synapses,) weights in the network's unit, or integer mantissas."""
    delay_steps: IntArray
    """(n_synapses,) delays, in steps beyond the one that every synapse takes."""

    @property
    def n_source(self) -> int:
        """Neurons or lines of the source."""
        return self.indptr.size - 1

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return int(self.targets.size)

    @property
    def distinct_weights(self) -> int:
        """Least number of weights that cores store: every synapse has its own weight."""
        return self.n_synapses

    @property
    def shares_weights(self) -> bool:
        """Whether neurons at different positions have the same weights, as those of a convolution do."""
        return False

    @cached_property
    def pre(self) -> Ints:
        """(n_synapses,) source neuron of each synapse, ascending."""
        return np.repeat(np.arange(self.n_source), np.diff(self.indptr))

    @cached_property
    def post(self) -> Ints:
        """(n_synapses,) target neuron of each synapse."""
        return self.targets.astype(np.int64)

    @cached_property
    def fan_out(self) -> Ints:
        """(n_source,) synapses of each source."""
        return np.diff(self.indptr)

    @property
    def fan_in(self) -> Ints:
        """(n_target,) synapses of each target."""
        return np.diff(self.by_target.ptr)

    @cached_property
    def longest_delay(self) -> Ints:
        """(n_target,) longest delay into each target, in steps; 0 without synapses."""
        whole, longest = self.by_target, np.zeros(self.n_target, dtype=np.int64)
        connected = np.flatnonzero(np.diff(whole.ptr))
        if connected.size:
            longest[connected] = np.maximum.reduceat(whole.delay_steps, whole.ptr[connected])
        return longest

    @cached_property
    def by_target(self) -> SynapsesByTarget:
        """All synapses, sorted by target."""
        source = np.repeat(np.arange(self.n_source, dtype=np.int32), np.diff(self.indptr))
        order = stable_order(self.targets)
        ptr = np.zeros(self.n_target + 1, dtype=np.int64)
        np.cumsum(np.bincount(self.targets, minlength=self.n_target), out=ptr[1:])
        return SynapsesByTarget(ptr, source[order], self.weights[order], self.delay_steps[order])

    def into(self, neurons: Ints) -> SynapsesByTarget:
        """Return the synapses into `neurons` (ascending)."""
        whole = self.by_target
        count = whole.ptr[neurons + 1] - whole.ptr[neurons]
        ptr: Ints = np.r_[0, np.cumsum(count)]
        chosen: Any = slice(0, 0)
        if neurons.size and int(neurons[-1] - neurons[0]) + 1 == neurons.size:
            chosen = slice(int(whole.ptr[neurons[0]]), int(whole.ptr[neurons[-1] + 1]))
        elif neurons.size:
            chosen = places_of(whole.ptr[neurons], count)
        return SynapsesByTarget(ptr, whole.source[chosen], whole.weights[chosen], whole.delay_steps[chosen])

    def batches(self) -> Iterator[tuple[int, SynapsesByTarget]]:
        """Yield (first target, synapses into it and the targets that follow) until all targets are visited."""
        for start in range(0, self.n_target, BATCH):
            yield start, self.into(np.arange(start, min(start + BATCH, self.n_target)))

    def sums(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return (n_target,) sums over the synapses of each target; `values` (n_synapses,) in the order of `weights`."""
        return np.bincount(self.targets, values, self.n_target)

    def with_mantissas(self, mantissas: NDArray[np.integer[Any]]) -> SynapseList:
        """Return the same synapses with `mantissas` (n_synapses,) as int16 weights, and delays as uint8."""
        weights, delays = narrowed(mantissas, np.int16), narrowed(self.delay_steps, np.uint8)
        return self.model_copy(update={"weights": read_only(weights), "delay_steps": read_only(delays)})

    def listed(self) -> SynapseList:
        """Return itself."""
        return self


def sorted_list(coordinates: Coordinates, delays: NDArray[Any], sizes: tuple[int, int]) -> SynapseList:
    """Return a list of synapses that are already sorted by source and target; `sizes`: (n_source, n_target)."""
    n_source, n_target = sizes
    indptr = np.zeros(n_source + 1, dtype=np.int64)
    np.cumsum(np.bincount(coordinates.pre, minlength=n_source), out=indptr[1:])
    return SynapseList(
        n_target=n_target,
        indptr=read_only(indptr),
        targets=read_only(coordinates.post.astype(np.int32)),
        weights=read_only(np.asarray(coordinates.weights)),
        delay_steps=read_only(delays.astype(np.int64, copy=False)),
    )
