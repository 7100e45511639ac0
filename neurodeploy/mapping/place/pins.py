"""Verb: the physical cores of a board that may be used, and by whom. Places nothing."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import Target
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.quantize.quantized import Quantized

__all__ = ["PinGroups", "pin_groups", "slots_of"]

Ints = NDArray[np.int64]


class PinGroups(NamedTuple):
    """Populations that have the same physical cores, and those cores."""

    of: dict[str, int]
    """Population -> zone; zone 0 has no pin."""
    open: NDArray[np.bool_]
    """(zones, physical cores): where a core of a zone may lie. A core that is pinned belongs to no other zone."""

    def slots(self, zone: int) -> Ints:
        """Return the physical cores of a zone, ascending."""
        return np.flatnonzero(self.open[zone])


def pin_groups(quantized: Quantized, target: Target, options: MappingOptions) -> PinGroups:
    """Return the zones of valid options: one for each distinct set of pinned cores, and one for all other populations."""
    sets = sorted({tuple(sorted(set(cores))) for cores in options.pins.values()})
    usable = np.ones((len(sets) + 1, target.cores), dtype=bool)
    for number, cores in enumerate(sets, start=1):
        usable[number] = np.isin(np.arange(target.cores), cores)
        usable[0, list(cores)] = False
    usable[:, list(options.avoid_cores)] = False
    number_of: dict[Any, int] = {cores: number for number, cores in enumerate(sets, start=1)}
    pinned = {name: number_of[tuple(sorted(set(cores)))] for name, cores in options.pins.items()}
    return PinGroups({item.name: pinned.get(item.name, 0) for item in quantized.populations}, usable)


def slots_of(core_zone: Ints, zones: PinGroups) -> Ints | None:
    """Return a physical core for each logical core, zone by zone in ascending order; None if a zone has too few."""
    found = np.zeros(core_zone.size, dtype=np.int64)
    for zone in range(len(zones.open)):
        mine, free = np.flatnonzero(core_zone == zone), zones.slots(zone)
        if mine.size > free.size:
            return None
        found[mine] = free[: mine.size]
    return found
