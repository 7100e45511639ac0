"""Verb: the physical cores of a board that may be used, and by whom. Places nothing."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, finding
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.quantize.quantized import Quantized
from neurodeploy.target.target import Target

__all__ = ["Zones", "slot_findings", "slots_of", "zones_of"]

Ints = NDArray[np.int64]


class Zones(NamedTuple):
    """Populations that have the same physical cores, and those cores."""

    of: dict[str, int]
    """Population -> zone; zone 0 has no pin."""
    open: NDArray[np.bool_]
    """(zones, physical cores): where a core of a zone may lie. A core that is pinned belongs to no other zone."""

    def slots(self, zone: int) -> Ints:
        """Return the physical cores of a zone, ascending."""
        return np.flatnonzero(self.open[zone])


def zones_of(quantized: Quantized, target: Target, options: MappingOptions) -> Zones:
    """Return the zones of valid options: one for each distinct set of pinned cores, and one for all other populations."""
    sets = sorted({tuple(sorted(set(cores))) for cores in options.pins.values()})
    usable = np.ones((len(sets) + 1, target.cores), dtype=bool)
    for number, cores in enumerate(sets, start=1):
        usable[number] = np.isin(np.arange(target.cores), cores)
        usable[0, list(cores)] = False
    usable[:, list(options.avoid_cores)] = False
    number_of: dict[Any, int] = {cores: number for number, cores in enumerate(sets, start=1)}
    pinned = {name: number_of[tuple(sorted(set(cores)))] for name, cores in options.pins.items()}
    return Zones({item.name: pinned.get(item.name, 0) for item in quantized.populations}, usable)


def slot_findings(quantized: Quantized, target: Target, options: MappingOptions) -> list[Diagnostic]:
    """Return what is wrong with the cores that options name (ND403), and the populations that they name (ND101)."""
    names, found = [item.name for item in quantized.populations], list[Diagnostic]()
    asked = [("option 'avoid_cores'", options.avoid_cores)]
    for name, cores in options.pins.items():
        asked.append((f"option 'pins' of population '{name}'", cores))
        if name not in names:
            message = f"population '{name}' does not exist"
            found.append(finding("ND101", "option 'pins'", message, fixes=nearest(name, names)))
    for where, cores in asked:
        wrong = sorted({core for core in cores if not 0 <= core < target.cores})
        if wrong:
            message = (
                f"core {wrong[0]} does not exist: the cores of target '{target.name}' are 0 to {target.cores - 1:,}"
            )
            found.append(finding("ND403", where, message))
    sets = {tuple(sorted(set(cores))) for cores in options.pins.values()}
    shared = sorted({core for one in sets for other in sets if one != other for core in set(one) & set(other)})
    if shared:
        message = (
            f"core {shared[0]} is pinned for populations with different cores; pin both to the same ones, or apart"
        )
        found.append(finding("ND403", "option 'pins'", message))
    return found


def slots_of(core_zone: Ints, zones: Zones) -> Ints | None:
    """Return a physical core for each logical core, zone by zone in ascending order; None if a zone has too few."""
    found = np.zeros(core_zone.size, dtype=np.int64)
    for zone in range(len(zones.open)):
        mine, free = np.flatnonzero(core_zone == zone), zones.slots(zone)
        if mine.size > free.size:
            return None
        found[mine] = free[: mine.size]
    return found
