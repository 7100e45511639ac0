"""The best tilings of a network, each packed into cores, fewest chips and cores first."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.mapping.partition.tiles.packing import Packed, Rule, pack
from neurodeploy.mapping.partition.tiles.search import Chain, search
from neurodeploy.mapping.partition.tiles.tilings import Tilings
from neurodeploy.mapping.time_limit import TimeLimit

__all__ = ["Packing", "fullest_group", "groups_of", "packed_best", "packings"]

Ints = NDArray[np.int64]
KEPT = (5, 40)
"""Tilings that the search keeps for each layer: in a network of many tiles, and in one of few."""
PACKED = 2
"""In a network of many tiles, only one in this many tilings is packed: the best ones."""
FEW_TILES = 64
"""Most cores, by compartments alone, of a network of few tiles."""
RULES: tuple[Rule, ...] = ("similar", "first")


def groups_of(chain: Chain) -> list[int]:
    """Chip group of each layer; -1: any chip."""
    groups = [-1 if item.group is None else item.group for item in chain.layers()]
    shared = Counter(groups)
    return [group if shared[group] > 1 else -1 for group in groups]


def _chips(packed: Packed, per_chip: int) -> int:
    """Chips that the cores need with each group on one chip: groups first, the largest first, then the others where there is room."""
    room: list[int] = []
    groups: Ints = packed.group[packed.group >= 0]
    for count in sorted(np.bincount(groups).tolist(), reverse=True):
        if not count:
            break
        chip = next((k for k, left in enumerate(room) if left >= count), None)
        if chip is None:
            room.append(per_chip - count)
        else:
            room[chip] -= count
    return max(len(room), -(-packed.cores // per_chip))


class Packing(NamedTuple):
    """Tiles of all layers, and the cores and chips that hold them."""

    chain: Chain
    packed: Packed
    chips: int


def packings(tilings: Tilings, time_limit: TimeLimit | None = None) -> tuple[list[Packing], int | None]:
    """(packings, fewest chips and cores first; None), or ([], index of a layer of which no tiling fits a core)."""
    per_core = int(tilings.capacity[0])
    few = sum(-(-layer.neurons // max(per_core, 1)) for layer in tilings.layers) <= FEW_TILES
    chains, failed = search(tilings, keep=KEPT[few], deep=few, time_limit=time_limit or TimeLimit())
    found: list[Packing] = []
    for chain in chains if few else chains[: max(len(chains) // PACKED, 1)]:
        found += _packed(tilings, chain)
    return sorted(found, key=_rank), failed


def packed_best(tilings: Tilings, chain: Chain) -> Packing:
    """Return the packing of a chain with fewest chips and cores."""
    return min(_packed(tilings, chain), key=_rank)


def fullest_group(packing: Packing) -> int:
    """Cores of the largest chip group."""
    group = packing.packed.group
    return int(np.bincount(group[group >= 0], minlength=1).max())


def _rank(packing: Packing) -> tuple[int, int]:
    return packing.chips, packing.packed.cores


def _packed(tilings: Tilings, chain: Chain) -> list[Packing]:
    """Packings of a chain, one for each rule."""
    groups, per_chip = groups_of(chain), tilings.per_chip
    classes = [tile for item in chain.layers() for tile in item.classes]
    every = [pack(tilings, classes, groups.__getitem__, rule) for rule in RULES]
    return [Packing(chain, packed, _chips(packed, per_chip)) for packed in every]
