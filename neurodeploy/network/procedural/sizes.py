"""Numbers of synapses that are known without drawing any."""

from __future__ import annotations

from math import ceil, prod, sqrt

from neurodeploy.network.procedural.geometry import geometry_of
from neurodeploy.network.procedural.operations import FixedNumber, FixedProbability, Procedural

__all__ = ["most_synapses"]


def most_synapses(operation: Procedural) -> int:
    """Return a bound that a valid operation keeps; of a fixed probability, ten standard deviations above the mean."""
    n_target, n_source = operation.shape
    if isinstance(operation, FixedNumber):
        return operation.number * {"target": n_target, "source": n_source, "projection": 1}[operation.per]
    pairs = n_target * n_source
    if isinstance(operation, FixedProbability):
        mean = pairs * operation.probability
        return min(pairs, ceil(mean + 10 * sqrt(mean * (1 - operation.probability)) + 1))
    near = geometry_of(operation)
    box = prod(min(2 * reach + 1, n) for reach, n in zip(near.reach.tolist(), near.sources.tolist(), strict=True))
    return n_target * box
