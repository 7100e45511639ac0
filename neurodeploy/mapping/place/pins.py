"""Pin groups: which physical cores of a board may be used, and by which populations."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import Target
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.quantize.quantized import Quantized

__all__ = ["PinGroups", "pin_groups", "slots_of"]

Ints = NDArray[np.int64]


class PinGroups(NamedTuple):
    """Populations pinned to the same physical cores, and those cores. Group 0 holds the populations without pins."""

    of: dict[str, int]
    """Population -> pin group."""
    open: NDArray[np.bool_]
    """(pin groups, physical cores) whether cores of a group may lie there. Pinned physical cores belong to one group only."""

    def slots(self, group: int) -> Ints:
        """Physical cores of a pin group, ascending."""
        return np.flatnonzero(self.open[group])


def pin_groups(quantized: Quantized, target: Target, options: MappingOptions) -> PinGroups:
    """Return the pin groups of valid options: one for each distinct set of pinned cores, and one for all other populations."""
    sets = sorted({_core_set(cores) for cores in options.pins.values()})
    usable = np.ones((len(sets) + 1, target.cores), dtype=bool)
    for group, cores in enumerate(sets, start=1):
        usable[group] = np.isin(np.arange(target.cores), cores)
        usable[0, list(cores)] = False
    usable[:, list(options.avoid_cores)] = False
    pinned = {name: sets.index(_core_set(cores)) + 1 for name, cores in options.pins.items()}
    return PinGroups(of={item.name: pinned.get(item.name, 0) for item in quantized.populations}, open=usable)


def _core_set(cores: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(set(cores)))


def slots_of(core_group: Ints, groups: PinGroups) -> Ints | None:
    """(cores,) a physical core for each logical core, by pin group in ascending order; None if a group has too few.

    `core_group` (cores,): pin group of each logical core.
    """
    found = np.zeros(core_group.size, dtype=np.int64)
    for group in range(len(groups.open)):
        mine, free = np.flatnonzero(core_group == group), groups.slots(group)
        if mine.size > free.size:
            return None
        found[mine] = free[: mine.size]
    return found
