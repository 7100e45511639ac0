"""The encodings of a mapping: how every projection is stored in every core, planned once when the assignment is final."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.mapping.mapping import Mapping, planned_target
from neurodeploy.resources.core_usage import projections_into
from neurodeploy.resources.encoding import EncodedSegment, encode_core
from neurodeploy.resources.segment_plan import ProjectionSlice

__all__ = ["encoded"]

Ints = NDArray[np.int64]
MANY_SOURCES = 65_536
"""Sources above which a slice numbers only those with a synapse in it, so that no core takes time for all of them."""


def encoded(mapping: Mapping) -> Mapping:
    """Return the mapping with its encoded segments; itself if it has them already."""
    if mapping.segments is not None:
        return mapping
    target, into, segments = planned_target(mapping), projections_into(mapping.quantized), list[EncodedSegment]()
    for core, members in enumerate(_neurons_by_core(mapping)):
        slices, row = list[ProjectionSlice](), 0
        for name, neurons in members:
            for projection in into[name]:
                many = projection.connectivity.n_source > MANY_SOURCES
                compact = many and not projection.connectivity.shares_weights
                slices.append(ProjectionSlice(target, projection, neurons, row, compact))
            row += neurons.size
        segments += encode_core(core, slices)
    return mapping.model_copy(update={"segments": tuple(segments)})


def _neurons_by_core(mapping: Mapping) -> list[list[tuple[str, Ints]]]:
    """(population, its neurons) of every core, populations in the order of the network, neurons ascending."""
    members: list[list[tuple[str, Ints]]] = [[] for _ in range(mapping.n_cores)]
    for population in mapping.quantized.populations:
        core = mapping.core_of[population.name]
        order = np.argsort(core, kind="stable")
        edges = np.flatnonzero(np.diff(core[order])) + 1
        for neurons in np.split(order, edges):
            if neurons.size:
                members[int(core[neurons[0]])].append((population.name, neurons))
    return members
