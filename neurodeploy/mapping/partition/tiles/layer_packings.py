"""Verb: the tilings of a network that were kept, each packed into cores, best first. Cuts nothing and judges nothing."""

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
"""Tilings that are kept of each layer, in a network of many tiles and of few."""
PACKED = 2
"""One of so many kept tilings of a network of many tiles is packed."""
FEW_TILES = 64
RULES: tuple[Rule, ...] = ("alike", "first")


def groups_of(chain: Chain) -> list[int]:
    """Return the chip group of each layer; -1 where it may lie on any chip."""
    groups = [-1 if item.group is None else item.group for item in chain.layers()]
    shared = Counter(groups)
    return [group if shared[group] > 1 else -1 for group in groups]


def _chips(packed: Packed, per_chip: int) -> int:
    """Chips that the cores fill, each group on one of them: groups first, largest first, the rest where there is room."""
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
    """Tiles of every layer, and the cores and chips that hold them."""

    chain: Chain
    packed: Packed
    chips: int


def packings(tilings: Tilings, time_limit: TimeLimit | None = None) -> tuple[list[Packing], int | None]:
    """Return packings, fewest chips and cores first, and None; or none and the layer of which no tiling fits a core."""
    per_core = int(tilings.capacity[0])
    few = sum(-(-layer.neurons // max(per_core, 1)) for layer in tilings.layers) <= FEW_TILES
    chains, failed = search(tilings, keep=KEPT[few], deep=few, time_limit=time_limit or TimeLimit())
    found: list[Packing] = []
    for chain in chains if few else chains[: max(len(chains) // PACKED, 1)]:
        found += _packed(tilings, chain)
    return sorted(found, key=_rank), failed


def packed_best(tilings: Tilings, chain: Chain) -> Packing:
    """Return the packing of some tiles with fewest chips and cores."""
    return min(_packed(tilings, chain), key=_rank)


def fullest_group(packing: Packing) -> int:
    """Return the cores of the largest group that is to share a chip."""
    group = packing.packed.group
    return int(np.bincount(group[group >= 0], minlength=1).max())


def _rank(packing: Packing) -> tuple[int, int]:
    return packing.chips, packing.packed.cores


def _packed(tilings: Tilings, chain: Chain) -> list[Packing]:
    """The tiles of a chain packed by every rule."""
    groups, per_chip = groups_of(chain), tilings.per_chip
    parts = [piece for item in chain.layers() for piece in item.pieces]
    every = [pack(tilings, parts, groups.__getitem__, rule) for rule in RULES]
    return [Packing(chain, packed, _chips(packed, per_chip)) for packed in every]
