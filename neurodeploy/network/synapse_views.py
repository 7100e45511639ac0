"""Views of the synapses into some neurons of a population, by target and by source."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import stable_order

__all__ = ["SynapsesBySource", "SynapsesByTarget"]

Ints = NDArray[np.int64]


class SynapsesBySource(NamedTuple):
    """The synapses of some targets, list by list: source k has synapses [starts[k], starts[k] + length[k])."""

    source: Ints
    """(n,) sources with at least one synapse, ascending."""
    starts: Ints
    """(n,) first synapse of each source."""
    length: Ints
    """(n,) synapses of each source."""
    row: NDArray[Any]
    """(n_synapses,) target of each synapse, ascending within a list."""
    weights: NDArray[Any]
    """(n_synapses,) weight or mantissa of each synapse."""
    delay_steps: NDArray[Any]
    """(n_synapses,) delay of each synapse, in steps beyond the one that every synapse takes."""


class SynapsesByTarget(NamedTuple):
    """The synapses of some targets: target k has synapses [ptr[k], ptr[k + 1]), sources ascending."""

    ptr: Ints
    """(n_targets + 1,)."""
    source: NDArray[np.int32]
    """(n_synapses,) source neuron of each synapse."""
    weights: NDArray[Any]
    """(n_synapses,) weight or mantissa of each synapse."""
    delay_steps: NDArray[Any]
    """(n_synapses,) delay of each synapse, in steps beyond the one that every synapse takes."""

    @property
    def rows(self) -> Ints:
        """(n_synapses,) position of each synapse's target among the targets."""
        return np.repeat(np.arange(self.ptr.size - 1), np.diff(self.ptr))

    def by_source(self) -> SynapsesBySource:
        """Return the same synapses sorted by source."""
        entry = stable_order(self.source)
        source = self.source[entry].astype(np.int64)
        starts = np.flatnonzero(np.diff(source, prepend=-1))
        length = np.diff(np.r_[starts, source.size])
        values = self.rows[entry], self.weights[entry], self.delay_steps[entry]
        return SynapsesBySource(source[starts], starts, length, *values)
