"""Tiles of several layers packed into cores: vector bin packing.

Tiles are packed in order of their share of a core in their most used resource, each into the open core whose free room is most
similar to its needs (dot product: Panigrahy et al., Heuristics for Vector Bin Packing, 2011), or into the first one that holds
it (first fit decreasing). Two tiles of one layer never share a core, because shared lists are stored for one tile only. A
tile with shared lists too far from the first row of its core is counted without them, or with population axons and the
widest indices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.mapping.partition.tiles.tilings import TileClass, Tilings

__all__ = ["Packed", "Rule", "pack"]

Ints = NDArray[np.int64]
Rule = Literal["similar", "first"]


class Packed(NamedTuple):
    """Cores and their content."""

    core_of: list[tuple[TileClass, int]]
    """(tile in its stored form, core) of every tile."""
    use: Ints
    """(cores, resources by ADDED_UP)."""
    group: Ints
    """(cores,) chip group of each core: cores of one group share a chip; -1: any chip."""

    @property
    def cores(self) -> int:
        """Cores that hold a tile."""
        return len(self.use)


class _Cores:
    """Cores being filled, and which of them are open."""

    def __init__(self, tilings: Tilings, n_layers: int, most: int) -> None:
        self.capacity, self.longest = tilings.capacity, tilings.longest
        self.last_base = tilings.last_base
        self.use: Ints = np.zeros((most, self.capacity.size), dtype=np.int64)
        self.rows: Ints = np.zeros(most, dtype=np.int64)
        self.group: Ints = np.full(most, -1, dtype=np.int64)
        self.layers: NDArray[np.bool_] = np.zeros((most, n_layers), dtype=bool)
        self.n = 0
        self.open: Ints = np.zeros(0, dtype=np.int64)

    def holding(self, tile: TileClass, group: int, rule: Rule) -> list[tuple[int, TileClass]]:
        """(core, tile in its stored form there) of the open cores that hold a tile, best first; one tile of a layer per
        core."""
        cores = self.open[~self.layers[self.open, tile.layer]]
        cores = cores[(self.group[cores] < 0) | (self.group[cores] == group) | (group < 0)]
        needs = [np.array(item.use, dtype=np.int64) for item in (tile, tile.anywhere())]
        apart = (
            self.rows[cores] + tile.base > self.last_base
            if (needs[0] != needs[1]).any()
            else np.zeros(cores.size, bool)
        )
        room = self.capacity - self.use[cores]
        holds = (room >= np.where(apart[:, None], needs[1], needs[0])).all(axis=1)
        holds &= ~apart | (tile.anywhere_longest <= self.longest)
        able = np.flatnonzero(holds)
        if rule == "similar":
            share = room[able, :4] / self.capacity[:4]
            needed = needs[0][:4] / self.capacity[:4]
            # a product of matrices would be rounded by the processor's rules
            like = (share * needed).sum(axis=1) / np.sqrt((share * share).sum(axis=1)).clip(1e-9)
            able = able[np.argsort(-like, kind="stable")]
        alone = tile.anywhere()
        return [(int(cores[k]), alone if apart[k] else tile) for k in able]

    def add(self, core: int, tile: TileClass, group: int) -> None:
        """Put a tile into an open core."""
        self.use[core] += np.array(tile.use, dtype=np.int64)
        self.rows[core] += tile.axes.neurons
        self.layers[core, tile.layer] = True
        self.group[core] = max(int(self.group[core]), group)

    def add_alone(self, tile: TileClass, times: int, group: int) -> list[tuple[TileClass, int]]:
        """Put `times` equal tiles into a new core each; return (tile, core) of each."""
        new = np.arange(self.n, self.n + times)
        self.use[new], self.rows[new], self.layers[new, tile.layer] = tile.use, tile.axes.neurons, True
        self.group[new] = group
        self.n, self.open = self.n + times, np.append(self.open, new)
        return [(tile, core) for core in new.tolist()]

    def close(self, least: Ints) -> None:
        """Close the cores that have no room for any remaining tile; `least` (resources,): least needs of those."""
        self.open = self.open[(self.capacity - self.use[self.open] >= least).all(axis=1)]


def pack(tilings: Tilings, classes: list[TileClass], group_of: Callable[[int], int], rule: Rule) -> Packed:
    """Return the cores that hold all tiles of `classes`; `group_of`: layer -> chip group, or -1."""
    capacity: Any = tilings.capacity.astype(np.float64)
    share = [float((np.array(tile.use) / capacity).max()) for tile in classes]
    order = sorted(range(len(classes)), key=lambda k: (-share[k], classes[k].layer, classes[k].use))
    least = np.minimum.accumulate(np.array([classes[k].use for k in order][::-1], dtype=np.int64))[::-1]
    cores = _Cores(tilings, len(tilings.layers), sum(tile.times for tile in classes))
    placed: list[tuple[TileClass, int]] = []
    for step, k in enumerate(order):
        cores.close(least[step])
        group = group_of(classes[k].layer)
        shared = cores.holding(classes[k], group, rule)[: classes[k].times]
        for core, stored in shared:
            cores.add(core, stored, group)
            placed.append((stored._replace(times=1), core))
        placed += cores.add_alone(classes[k]._replace(times=1), classes[k].times - len(shared), group)
    return Packed(placed, cores.use[: cores.n], cores.group[: cores.n])
