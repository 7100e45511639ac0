"""Names and sizes of what a plastic projection learns, as probes record it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network.connectivity import SynapseList, connectivity_of
from neurodeploy.network.network import Network, Projection
from neurodeploy.network.operations import Dense, OneToOne, Sparse
from neurodeploy.network.plasticity import Pes

__all__ = ["LEARNED_VARIABLES", "by_synapse", "learned_size", "learned_variables"]

Ints = NDArray[np.int64]

LEARNED_VARIABLES = ("w", "d", "t", "x1", "x2", "y1", "y2", "y3")
"""Variables of plastic projections. No neuron kind has a state of such a name."""


def learned_variables(projection: Projection) -> tuple[str, ...]:
    """Return the variables that a probe of `projection` can record; none if its weights are fixed."""
    if projection.plasticity is None:
        return ()
    return ("w", "x1") if isinstance(projection.plasticity, Pes) else LEARNED_VARIABLES


def learned_size(network: Network, projection: Projection, variable: str) -> int:
    """Return the number of values of a learned variable in one step.

    `network`: valid. `projection`: one of its plastic projections. `variable`: one of `LEARNED_VARIABLES`; w, d and t have
    one value for each synapse, by source and then by target, x1 and x2 for each source, y1, y2 and y3 for each target.
    """
    if variable in ("x1", "x2"):
        return network.source_size(projection.source)
    if variable in ("y1", "y2", "y3"):
        return network.population_by_name[projection.target].size
    operation, n_source = projection.operation, network.source_size(projection.source)
    if isinstance(operation, (Dense, Sparse)):
        return int(operation.weights.size)
    return n_source if isinstance(operation, OneToOne) else connectivity_of(projection, n_source).n_synapses


def by_synapse(projection: Projection, listed: SynapseList, values: object) -> Ints:
    """Return (n,) delay variables or tags, one of each synapse in the order of `listed`.

    `projection`: valid. `listed`: its synapses, by source and then by target. `values`: one number, or an array of the
    shape of the weights.
    """
    given, operation = np.asarray(values, dtype=np.int64), projection.operation
    if given.size == 1:
        return np.broadcast_to(given.ravel(), (listed.n_synapses,))
    if given.ndim == 2:
        return given[listed.post, listed.pre]
    return given[np.lexsort((operation.post, operation.pre))] if isinstance(operation, Sparse) else given
