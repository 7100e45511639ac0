"""The segments of all cores, one core after the other. Chooses no core."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import Target
from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.resources.encoding import EncodedSegment, encode_core
from neurodeploy.resources.segment_plan import ProjectionSlice

__all__ = ["encode_cores"]

Ints = NDArray[np.int64]
MANY_SOURCES = 65_536
"""Sources above which a slice numbers only those with a synapse in it, so that no core takes time for all of them."""


def encode_cores(
    target: Target,
    into: Mapping[str, Sequence[QuantizedProjection]],
    core_of: Mapping[str, NDArray[Any]],
    n_cores: int,
    known: Mapping[int, Sequence[EncodedSegment]] | None = None,
) -> Iterator[list[EncodedSegment]]:
    """Yield the segments of each core.

    `into`: population -> projections that end in it, populations in the order of the network; `core_of`: population ->
    (size,) core of each neuron; `known`: core -> its segments, of cores whose neurons are encoded already.
    """
    for core, members in enumerate(_neurons_by_core(list(into), core_of, n_cores)):
        if known is not None and core in known:
            yield [item.model_copy(update={"core": core}) for item in known[core]]
            continue
        slices, row = list[ProjectionSlice](), 0
        for name, neurons in members:
            for projection in into[name]:
                many = projection.connectivity.n_source > MANY_SOURCES
                compact = many and not projection.connectivity.shares_weights
                slices.append(ProjectionSlice(target, projection, neurons, row, compact))
            row += neurons.size
        yield list(encode_core(core, slices))


def _neurons_by_core(
    names: list[str], core_of: Mapping[str, NDArray[Any]], n_cores: int
) -> list[list[tuple[str, Ints]]]:
    """(population, its neurons) of every core, populations in the order of the network, neurons ascending."""
    members: list[list[tuple[str, Ints]]] = [[] for _ in range(n_cores)]
    for name in names:
        core = core_of[name]
        order = np.argsort(core, kind="stable")
        edges = np.flatnonzero(np.diff(core[order])) + 1
        for neurons in np.split(order, edges):
            if neurons.size:
                members[int(core[neurons[0]])].append((name, neurons))
    return members
