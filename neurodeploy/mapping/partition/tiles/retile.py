"""Tiles recut so that two layers share cores that the tiles of one would leave half empty.

The search judges every layer by its own most used resource. Where that is memory or axons, a core has compartments left that
no whole tile of another layer fits. A layer that leaves room (the host) is therefore cut into slightly smaller tiles, and
another one (the guest) into tiles that fit next to them, as long as the packing needs fewer chips, or as many chips and
fewer cores.
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
"""Host layers to try, those with most free room first."""
TRIED = 16
"""Trials packed in each round, the most promising first."""
ROUNDS = 12
"""Rounds, each of which recuts one pair of layers."""
NARROWEST = 0.7
"""Smallest share of its channels that a host's tile keeps."""
MOST_PARTS = 4
"""Most parts into which a guest's tile is cut along one axis."""


class _Trial(NamedTuple):
    """Two layers with other tiles."""

    promised: int
    """Cores saved if every tile of the host has a guest."""
    changed: dict[int, Sides]
    """Layer -> sides of its tiles."""


def retiled(tilings: Tilings, packing: Packing, time_limit: TimeLimit | None = None) -> Packing:
    """Return a packing with fewer chips, or as many chips and fewer cores; the given one if none is found."""
    least = -(
        -int(packing.packed.use[:, 0].sum()) // int(tilings.capacity[0])
    )  # compartments do not depend on the tiles
    time_limit = time_limit or TimeLimit()
    for _ in range(ROUNDS):
        if packing.packed.cores <= least or time_limit.stops("retiling"):
            break
        better = _better(tilings, packing)
        if better is None:
            break
        packing = better
    return packing


def _better(tilings: Tilings, packing: Packing) -> Packing | None:
    """The packing of the first better trial, the most promising first."""
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
    """Pairs of a host, with narrower tiles, and a guest, with tiles that fit next to them."""
    layers = packing.chain.layers()
    tiles = [sum(tile.times for tile in item.classes) for item in layers]
    for a, b in _pairs(tilings, packing.chain):
        for i, sides in product(range(3), _narrower(tilings, a, layers[a].sides)):
            guest = _guest(tilings, layers, (a, sides), b, i)
            if guest is not None:
                hosts, guests = _count(tilings, a, sides), _count(tilings, b, guest)
                # guests without a host take a core each: tiles of one layer share none
                promised = tiles[a] - hosts + tiles[b] - max(guests - hosts, 0)
                yield _Trial(promised, {a: sides, b: guest})


def _pairs(tilings: Tilings, chain: Chain) -> Iterator[tuple[int, int]]:
    """(host, guest): layers that leave most room, each with every other layer that may share its cores."""
    layers, groups = chain.layers(), groups_of(chain)
    limit = float(tilings.capacity[0])
    room = [sum(tile.times * (1 - tile.use[0] / limit) for tile in item.classes) for item in layers]
    for a in sorted(range(len(layers)), key=lambda k: -room[k])[:ROOMY]:
        for b in range(len(layers)):
            if a != b and (groups[a] == groups[b] or min(groups[a], groups[b]) < 0):
                yield a, b


def _narrower(tilings: Tilings, index: int, sides: Sides) -> list[Sides]:
    """Sides of the same tiles and of tiles of fewer channels, those that cut the layer evenly."""
    channels = tilings.layers[index].shape[0]
    fewest = -(-channels // sides[0])
    widths = {min(sides[0], -(-channels // count)) for count in range(fewest, int(fewest / NARROWEST) + 1)}
    return [(width, sides[1], sides[2]) for width in sorted({*widths, sides[0]}, reverse=True)]


def _count(tilings: Tilings, index: int, sides: Sides) -> int:
    """Tiles of a layer with the given sides."""
    return int(np.prod([-(-n // side) for n, side in zip(tilings.layers[index].shape, sides, strict=True)]))


def _guest(tilings: Tilings, layers: list[Chain], host: tuple[int, Sides], b: int, i: int) -> Sides | None:
    """Sides of the largest tiles of layer `b`, recut along axis `i`, that fit next to those of the host; None: none fit."""
    sides, length = layers[b].sides, tilings.layers[b].shape[i]
    low = -(-length // sides[i])
    high = min(low * MOST_PARTS, length)
    if not _fit_together(tilings, layers, host, (b, _cut(sides, i, -(-length // high)))):
        return None
    while low < high:
        middle = (low + high) // 2
        good = _fit_together(tilings, layers, host, (b, _cut(sides, i, -(-length // middle))))
        low, high = (low, middle) if good else (middle + 1, high)
    return _cut(sides, i, -(-length // high))


def _cut(sides: Sides, i: int, side: int) -> Sides:
    """`sides` with axis `i` changed to `side`."""
    a, b, c = (*sides[:i], side, *sides[i + 1 :])
    return a, b, c


def _fit_together(tilings: Tilings, layers: list[Chain], *pair: tuple[int, Sides]) -> bool:
    """Whether a core holds the largest tiles of two layers with the given sides; all other layers keep their tiles."""
    found, use = dict[int, Chain](), np.zeros(tilings.capacity.size, dtype=np.int64)
    for index, sides in sorted(pair, reverse=True):
        after = found.get(index + 1, layers[index + 1] if index + 1 < len(layers) else None)
        found[index] = linked(tilings, index, sides, after, joins=layers[index].joins, ahead=0.0)
        use += np.max([tile.use for tile in found[index].classes], axis=0)
    return bool((use <= tilings.capacity).all())


def _relinked(tilings: Tilings, chain: Chain, changed: dict[int, Sides]) -> Chain | None:
    """The chain with other sides of some layers; None if a tile fits no core then."""
    layers, after = chain.layers(), None
    for index in reversed(range(len(layers))):
        old = layers[index]
        after = linked(tilings, index, changed.get(index, old.sides), after, joins=old.joins, ahead=old.ahead)
        if not all(map(tilings.fits, after.classes)):
            return None
    return after
