"""Verb: leave out the weakest synapses of a network. Changes no other synapse."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neurodeploy.network.connectivity import synapses_of
from neurodeploy.network.network import Network, Projection
from neurodeploy.network.operations import Sparse

__all__ = ["prune"]


def _pruned(network: Network, projection: Projection, fraction: float) -> Projection:
    synapses = synapses_of(projection, network.source_size(projection.source))
    n_post = network.population_by_name[projection.target].size
    n_pre = network.source_size(projection.source)
    order = np.lexsort((synapses.pre, np.abs(synapses.weights), synapses.post))
    start = np.searchsorted(synapses.post[order], np.arange(n_post + 1))
    rank = np.arange(order.size) - np.repeat(start[:-1], np.diff(start))
    drop = np.floor(fraction * np.repeat(np.diff(start), np.diff(start)))
    keep = np.sort(order[rank >= drop])
    operation = Sparse(
        shape=(n_post, n_pre),
        post=synapses.post[keep],
        pre=synapses.pre[keep],
        weights=synapses.weights[keep],
    )
    delays = synapses.delay_steps[keep]
    return projection.model_copy(update={"operation": operation, "delay_steps": delays, "delay_axis": "synapse"})


def prune(network: Network, fractions: Mapping[str, float]) -> Network:
    """Return the network without the given fraction of each neuron's weakest synapses, by projection; "*" is every other."""
    if not fractions:
        return network
    changed = [
        _pruned(network, item, fractions.get(item.name, fractions.get("*", 0.0)))
        if item.name in fractions or "*" in fractions
        else item
        for item in network.projections
    ]
    return network.model_copy(update={"projections": tuple(changed)})
