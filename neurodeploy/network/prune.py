"""Pruning: a network without its weakest synapses or sources. Other synapses stay unchanged."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network.connectivity import SynapseList, synapses_of
from neurodeploy.network.network import Network, Projection
from neurodeploy.network.operations import Sparse
from neurodeploy.network.plasticity import SumOfProducts
from neurodeploy.network.plasticity_shapes import by_synapse

__all__ = ["prune", "prune_sources"]


def _weakest_synapses(synapses: SynapseList, n_post: int, fraction: float) -> NDArray[np.int64]:
    """Indices of the synapses that remain when each target neuron loses the `fraction` of its weakest ones."""
    order = np.lexsort((synapses.pre, np.abs(synapses.weights.astype(np.float64)), synapses.post))
    start = np.searchsorted(synapses.post[order], np.arange(n_post + 1))
    rank = np.arange(order.size) - np.repeat(start[:-1], np.diff(start))
    drop = np.floor(fraction * np.repeat(np.diff(start), np.diff(start)))
    return np.sort(order[rank >= drop])


def _weakest_sources(synapses: SynapseList, n_pre: int, fraction: float) -> NDArray[np.int64]:
    """Indices of the synapses that remain when the `fraction` of sources with the least sum of |weight| lose all their synapses."""
    strength = np.zeros(n_pre)
    np.add.at(strength, synapses.pre, np.abs(synapses.weights.astype(np.float64)))
    out = np.argsort(strength, kind="stable")[: int(np.floor(fraction * n_pre))]
    kept = np.ones(n_pre, dtype=bool)
    kept[out] = False
    return np.flatnonzero(kept[synapses.pre])


def _reduced(network: Network, projection: Projection, fraction: float, *, whole_sources: bool) -> Projection:
    n_post, n_pre = network.population_by_name[projection.target].size, network.source_size(projection.source)
    synapses = synapses_of(projection, n_pre)
    weakest, size = (_weakest_sources, n_pre) if whole_sources else (_weakest_synapses, n_post)
    keep = weakest(synapses, size, fraction)
    operation = Sparse(
        shape=(n_post, n_pre), post=synapses.post[keep], pre=synapses.pre[keep], weights=synapses.weights[keep]
    )
    delays, rule = synapses.delay_steps[keep], projection.plasticity
    if isinstance(rule, SumOfProducts):
        starts = {"delay": rule.delay, "tag": rule.tag}
        kept = {
            name: by_synapse(projection, synapses, values)[keep]
            for name, values in starts.items()
            if np.size(values) > 1
        }
        rule = rule.model_copy(update=kept)
    return projection.model_copy(
        update={"operation": operation, "delay_steps": delays, "delay_axis": "synapse", "plasticity": rule}
    )


def _each(network: Network, fractions: Mapping[str, float], *, whole_sources: bool) -> Network:
    if not fractions:
        return network
    changed = [
        _reduced(network, item, fractions.get(item.name, fractions.get("*", 0.0)), whole_sources=whole_sources)
        if item.name in fractions or ("*" in fractions and item.plasticity is None)
        else item
        for item in network.projections
    ]
    return network.model_copy(update={"projections": tuple(changed)})


def prune(network: Network, fractions: Mapping[str, float]) -> Network:
    """Return the network without the weakest synapses of each neuron.

    `fractions`: projection -> fraction of each neuron's synapses to remove, 0 to 1; "*" -> every other projection whose weights
    are fixed. Synapses that learn are removed by name only, as a weak one can grow.
    """
    return _each(network, fractions, whole_sources=False)


def prune_sources(network: Network, fractions: Mapping[str, float]) -> Network:
    """Return the network without the synapses of each projection's weakest sources.

    `fractions`: projection -> fraction of its sources to remove, 0 to 1; "*" as for `prune`.
    """
    return _each(network, fractions, whole_sources=True)
