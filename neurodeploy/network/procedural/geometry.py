"""Distances between two grids: which sources of a distance kernel can reach a target, and how likely each does.

On an axis of length L, source i of n and target j of m are a * L / (2 * n * m) apart, where a = |(2 i + 1) m - (2 j + 1) n|;
on a ring, the smaller of a and 2 n m - a. Its square times 4096 / radius**2, in the order in which a program evaluates
`(d * d) * unit`, is rounded to doubles at each operation; the sum of the axes from first to last, rounded down, is the step
of the profile. Pairs beyond the last step are not connected.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import places_of
from neurodeploy.network.procedural.nouns import Geometry
from neurodeploy.network.procedural.operations import DistanceKernel
from neurodeploy.network.procedural.tables import STEPS, profile

__all__ = ["candidates", "geometry_of"]

Ints = NDArray[np.int64]
AXES = 3
"""Axes of a grid; those that a shape lacks come first and have one neuron."""


def geometry_of(operation: DistanceKernel) -> Geometry:
    """Return the distances of a valid operation."""
    lacking = AXES - len(operation.source_shape)
    sources = np.array([1] * lacking + list(operation.source_shape), dtype=np.int64)
    targets = np.array([1] * lacking + list(operation.target_shape), dtype=np.int64)
    extent = [0.0] * lacking + list(operation.extent)
    reach = [
        int(min(n, operation.radius / (length / n) + 2)) if length else n
        for n, length in zip(sources.tolist(), extent, strict=True)
    ]
    return Geometry(
        sources=sources,
        targets=targets,
        lengths=np.array(extent) / (2 * sources * targets),
        reach=np.array(reach, dtype=np.int64),
        unit=STEPS / (operation.radius * operation.radius),
        periodic=int(operation.periodic),
        thresholds=np.append(profile(operation), np.uint64(0)),
    )


def candidates(geometry: Geometry, neurons: Ints) -> tuple[Ints, Ints, NDArray[np.uint64]]:
    """Return (row among the neurons, source, threshold) of all pairs within the radius, sorted by row and source."""
    places = np.unravel_index(neurons, tuple(geometry.targets.tolist()))
    row, source = np.arange(neurons.size), np.zeros(neurons.size, dtype=np.int64)
    far: NDArray[Any] = np.zeros(neurons.size)
    for axis, place in enumerate(places):
        first, count = _window(geometry, axis, place)
        one, each = np.repeat(np.arange(row.size), count[row]), places_of(first[row], count[row])
        n = int(geometry.sources[axis])
        each = each % n if geometry.periodic else each
        far = far[one] + _square(geometry, axis, each, place[row[one]])
        row, source = row[one], source[one] * n + each
        near = far < STEPS
        row, source, far = row[near], source[near], far[near]
    order = np.lexsort((source, row))
    return row[order], source[order], geometry.thresholds[far[order].astype(np.int64)]


def _window(geometry: Geometry, axis: int, place: Ints) -> tuple[Ints, Ints]:
    """(first source, number of sources) of an axis that can be near each place; the first may lie before 0 on a ring."""
    n, m, reach = (int(column[axis]) for column in (geometry.sources, geometry.targets, geometry.reach))
    middle = (2 * place + 1) * n // (2 * m)
    first, stop = middle - reach, middle + reach + 1
    if geometry.periodic:
        return np.where(2 * reach + 1 >= n, 0, first), np.full(place.size, min(2 * reach + 1, n))
    first, stop = np.maximum(first, 0), np.minimum(stop, n)
    return first, np.maximum(stop - first, 0)


def _square(geometry: Geometry, axis: int, source: Ints, target: Ints) -> NDArray[np.float64]:
    """Squared distance on one axis, in steps of the profile."""
    n, m = int(geometry.sources[axis]), int(geometry.targets[axis])
    a = np.abs((2 * source + 1) * m - (2 * target + 1) * n)
    a = np.minimum(a, 2 * n * m - a) if geometry.periodic else a
    apart = a.astype(np.float64) * geometry.lengths[axis]
    return apart * apart * geometry.unit
