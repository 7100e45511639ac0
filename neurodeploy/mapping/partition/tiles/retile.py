"""Verb: tiles cut anew so that layers share cores which the tiles of one alone would leave half empty.

The search of tile_search.py judges every layer by its own fullest resource. Where that is memory or axons, a core has
compartments left that no whole tile of another layer fits into. So a layer that leaves room is cut a little smaller and
another one into parts that fit beside it, as long as the packed result takes fewer chips, or as many and fewer cores.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np

from neurodeploy.mapping.partition.tiles.layer_packings import Packing, fullest_group, groups_of, packed_best
from neurodeploy.mapping.partition.tiles.search import Chain, linked
from neurodeploy.mapping.partition.tiles.tilings import Sides, Tilings
from neurodeploy.mapping.time_limit import TimeLimit

__all__ = ["retiled"]

ROOMY = 3
"""Layers that are looked at, those that leave most room first."""
TRIED = 16
"""Pairs of layers that are packed in each round, those that promise most first."""
ROUNDS = 12
NARROWEST = 0.7
"""To which part of its channels a tile is cut to make room at most."""
MOST_PARTS = 4
"""Into how many parts a tile is cut along one axis at most."""


class _Trial(NamedTuple):
    """Two layers with other tiles."""

    promised: int
    """Cores less, if every tile that can has a guest."""
    changed: dict[int, Sides]


def retiled(tilings: Tilings, packing: Packing, time_limit: TimeLimit | None = None) -> Packing:
    """Return a packing of fewer chips, or as many and fewer cores, or the same one."""
    least = -(-int(packing.packed.use[:, 0].sum()) // int(tilings.capacity[0]))  # the same however tiles are cut
    time_limit = time_limit or TimeLimit()
    for _ in range(ROUNDS):
        if packing.packed.cores <= least or time_limit.stops("tiles cut anew"):
            break
        better = _better(tilings, packing)
        if better is None:
            break
        packing = better
    return packing


def _better(tilings: Tilings, packing: Packing) -> Packing | None:
    """The first trial that is better, of those that promise most."""
    trials = sorted(_trials(tilings, packing), key=lambda trial: -trial.promised)
    for trial in trials[:TRIED]:
        chain = _relinked(tilings, packing.chain, trial.changed)
        if chain is not None:
            found = packed_best(tilings, chain)
            fewer = (found.chips, found.packed.cores) < (packing.chips, packing.packed.cores)
            if fewer and fullest_group(found) <= tilings.per_chip:
                return found
    return None


def _trials(tilings: Tilings, packing: Packing) -> Iterator[_Trial]:
    """Pairs of a layer that leaves room and one whose tiles, cut smaller, would fill it."""
    layers = packing.chain.layers()
    tiles = [sum(piece.times for piece in item.pieces) for item in layers]
    for a, b in _pairs(tilings, packing.chain):
        for i, sides in product(range(3), _narrower(tilings, a, layers[a].sides)):
            guest = _guest(tilings, layers, (a, sides), b, i)
            if guest is not None:
                hosts, guests = _count(tilings, a, sides), _count(tilings, b, guest)
                # guests without a host have a core of their own each: tiles of one layer share none
                promised = tiles[a] - hosts + tiles[b] - max(guests - hosts, 0)
                yield _Trial(promised, {a: sides, b: guest})


def _pairs(tilings: Tilings, chain: Chain) -> Iterator[tuple[int, int]]:
    """Layers that leave most room, each with every other that may share its cores."""
    layers, groups = chain.layers(), groups_of(chain)
    limit = float(tilings.capacity[0])
    room = [sum(piece.times * (1 - piece.use[0] / limit) for piece in item.pieces) for item in layers]
    for a in sorted(range(len(layers)), key=lambda k: -room[k])[:ROOMY]:
        for b in range(len(layers)):
            if a != b and (groups[a] == groups[b] or min(groups[a], groups[b]) < 0):
                yield a, b


def _narrower(tilings: Tilings, index: int, sides: Sides) -> list[Sides]:
    """Tiles of as many channels, and of fewer, that cut the layer evenly."""
    channels = tilings.layers[index].shape[0]
    fewest = -(-channels // sides[0])
    widths = {min(sides[0], -(-channels // count)) for count in range(fewest, int(fewest / NARROWEST) + 1)}
    return [(width, sides[1], sides[2]) for width in sorted({*widths, sides[0]}, reverse=True)]


def _count(tilings: Tilings, index: int, sides: Sides) -> int:
    return int(np.prod([-(-n // side) for n, side in zip(tilings.layers[index].shape, sides, strict=True)]))


def _guest(tilings: Tilings, layers: list[Chain], host: tuple[int, Sides], b: int, i: int) -> Sides | None:
    """The largest tiles of layer `b`, cut anew along one axis, of which one fits beside a host's; None: none does."""
    sides, length = layers[b].sides, tilings.layers[b].shape[i]
    low = -(-length // sides[i])
    high = min(low * MOST_PARTS, length)
    if not _beside(tilings, layers, host, (b, _cut(sides, i, -(-length // high)))):
        return None
    while low < high:
        middle = (low + high) // 2
        good = _beside(tilings, layers, host, (b, _cut(sides, i, -(-length // middle))))
        low, high = (low, middle) if good else (middle + 1, high)
    return _cut(sides, i, -(-length // high))


def _cut(sides: Sides, i: int, side: int) -> Sides:
    a, b, c = (*sides[:i], side, *sides[i + 1 :])
    return a, b, c


def _beside(tilings: Tilings, layers: list[Chain], *pair: tuple[int, Sides]) -> bool:
    """Whether a core holds the largest tiles of two layers with other sides, before the same tiles of those after them."""
    found, use = dict[int, Chain](), np.zeros(tilings.capacity.size, dtype=np.int64)
    for index, sides in sorted(pair, reverse=True):
        after = found.get(index + 1, layers[index + 1] if index + 1 < len(layers) else None)
        found[index] = linked(tilings, index, sides, after, joins=layers[index].joins, ahead=0.0)
        use += np.max([piece.use for piece in found[index].pieces], axis=0)
    return bool((use <= tilings.capacity).all())


def _relinked(tilings: Tilings, chain: Chain, changed: dict[int, Sides]) -> Chain | None:
    """The chain with other sides of some layers; None if a tile then fits no core."""
    layers, after = chain.layers(), None
    for index in reversed(range(len(layers))):
        old = layers[index]
        after = linked(tilings, index, changed.get(index, old.sides), after, joins=old.joins, ahead=old.ahead)
        if not all(map(tilings.fits, after.pieces)):
            return None
    return after
