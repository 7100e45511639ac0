"""Verb: a cut of a chain of layers into searched tiles that share cores. Chooses no tile; moves no neuron out of its tile.

The tiles are counted as if every weight were a number of its own, so whoever takes a cut counts it again with the weights
that there are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import islice, product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import Target
from neurodeploy.mapping.mapping import Mapping
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.mapping.partition.assignment_usage import keeps_limits, pairs_of
from neurodeploy.mapping.partition.tiles.chains import chain_of
from neurodeploy.mapping.partition.tiles.layer_packings import Packing, packings
from neurodeploy.mapping.partition.tiles.retile import retiled
from neurodeploy.mapping.partition.tiles.search import Chain
from neurodeploy.mapping.partition.tiles.tilings import Tilings, axis_spans, destinations
from neurodeploy.mapping.place.pins import PinGroups, pin_groups
from neurodeploy.mapping.place.traffic import board_of, core_traffic, place_cores, summed
from neurodeploy.mapping.time_limit import TimeLimit
from neurodeploy.quantize.quantized import Quantized
from neurodeploy.resources.limits import core_limits
from neurodeploy.resources.tile_usage import Tile

__all__ = ["tiled", "tiled_cuts"]

Ints = NDArray[np.int64]
OUT = 3
"""Place of the output axons among what a tile uses."""
LOOKED_AT, PLACED = 40, 3
"""Cuts that are counted at most, and those of equally many cores that are placed to be compared."""
COMPARED = 2
"""The level from which on cuts are compared."""
HASTE = 400
"""Swaps proposed for each core while cuts are compared."""


class _Tiles(NamedTuple):
    """Packings of a chain, fewest chips and cores first, and the tiles they are made of."""

    tilings: Tilings
    packings: list[Packing]


def _packed(quantized: Quantized, target: Target, options: MappingOptions, time_limit: TimeLimit) -> _Tiles | None:
    """The tiles of a chain; None if it is no chain or tiles of some layer fit no core. Pinned populations are left to first fit."""
    layers, zones = chain_of(quantized), pin_groups(quantized, target, options)
    if layers is None or len(zones.open) > 1:
        return None
    tilings = Tilings(target, layers)
    plain = packings(tilings, time_limit)[0]
    if not plain:
        return None
    mixed = retiled(tilings, plain[0], time_limit)
    return _Tiles(tilings, plain if mixed is plain[0] else [mixed, *plain])


def tiled_cuts(
    quantized: Quantized, target: Target, options: MappingOptions, time_limit: TimeLimit | None = None
) -> Iterator[Mapping]:
    """Yield cuts of a chain into tiles, fewest chips and cores first; none if it is no chain.

    The cuts are counted from shapes: the caller counts them again.
    """
    tiles = _packed(quantized, target, options, time_limit or TimeLimit())
    if tiles is not None:
        yield from _cuts(quantized, target, options, tiles)


def _cuts(quantized: Quantized, target: Target, options: MappingOptions, tiles: _Tiles) -> Iterator[Mapping]:
    zones = pin_groups(quantized, target, options)
    for packing in tiles.packings:
        slots = _slots(packing, target, zones)
        if slots is not None:
            found = _cores(tiles.tilings, packing)
            core_of = {item.name: found[item.name] for item in quantized.populations}
            zone = np.zeros(slots.size, dtype=np.int64)
            yield Mapping(
                quantized=quantized, target=target, n_cores=slots.size, core_of=core_of, core_ids=slots, pin_group=zone
            )


def tiled(
    quantized: Quantized, target: Target, options: MappingOptions, first: Mapping | None, time_limit: TimeLimit
) -> tuple[Mapping | None, int | None]:
    """Return the cut of fewest cores among `first` and those into tiles, and the cores of the best tiles if there are any.

    From level 2 on, of several cuts of as many cores the one with the shortest ways is returned.
    """
    tiles = _packed(quantized, target, options, time_limit)
    if tiles is None:
        return first, None
    best = [first] if first is not None else []
    for cut in islice(_cuts(quantized, target, options, tiles), LOOKED_AT):
        if best and (cut.n_cores > best[0].n_cores or time_limit.stops("the comparison of tiles")):
            break
        if keeps_limits(cut, target):
            best = [*(item for item in best if item.n_cores == cut.n_cores), cut]
        if best and (len(best) > PLACED or options.level < COMPARED):
            break
    needed = min(packing.packed.cores for packing in tiles.packings)
    if len(best) < 2 or options.level < COMPARED or time_limit.is_up:
        return (best[-1] if best else None), needed
    return min(best, key=lambda cut: _ways(cut, target, options)), needed


def _ways(cut: Mapping, target: Target, options: MappingOptions) -> float:
    """Spikes x hops of a cut, its cores placed in haste."""
    names, n = [item.name for item in cut.quantized.populations], cut.n_cores
    home = np.concatenate([cut.core_of[name] for name in names]).astype(np.int64)
    sizes = [cut.core_of[name].size for name in names]
    rate = np.concatenate([options.rates.get(name, np.ones(size)) for name, size in zip(names, sizes, strict=True)])
    first = dict(zip(names, np.cumsum([0, *sizes]).tolist(), strict=False))
    pairs = pairs_of(cut.quantized, dict(cut.core_of), n)
    neuron = np.concatenate([keys // n + first[name] for name, keys in pairs.items()])
    to = np.concatenate([keys % n for keys in pairs.values()])
    slot = cut.core_ids if cut.core_ids is not None else np.arange(n, dtype=np.int64)
    chip = slot // int(target.chip.cores.value)
    out = summed(home[neuron], 1 + (chip[home[neuron]] != chip[to]), n)
    board = board_of(target, pin_groups(cut.quantized, target, options).open)
    limit = core_limits(target).get("output_axons")
    most = limit.value if limit is not None else 1 << 60
    traffic = core_traffic(home, neuron, to, rate[neuron], n)
    return place_cores(traffic, board, slot, np.zeros(n, dtype=np.int64), out, most, HASTE, options.placement_seed).cost


def _slots(packing: Packing, target: Target, zones: PinGroups) -> Ints | None:
    """A physical core for each core, groups of layers on one chip each, the largest first; None where that fails."""
    per_chip, group = int(target.chip.cores.value), packing.packed.group
    free = [list(part) for part in np.split(zones.open[0], range(per_chip, target.cores, per_chip))]
    open_slots = [[at + chip * per_chip for at, ok in enumerate(part) if ok] for chip, part in enumerate(free)]
    slots: Ints = np.full(group.size, -1, dtype=np.int64)
    members = Counter(int(number) for number in group if number >= 0)
    for number, count in members.most_common():
        room = next((chip for chip in open_slots if len(chip) >= count), None)
        if room is None:
            return None
        slots[group == number], room[:count] = room[:count], []
    rest, left = np.flatnonzero(slots < 0), [slot for chip in open_slots for slot in chip]
    if len(left) < rest.size:
        return None
    slots[rest] = left[: rest.size]
    return slots


def _cores(tilings: Tilings, packing: Packing) -> dict[str, NDArray[np.int32]]:
    """Layer -> core of each neuron: tiles in their order, those that need the same over the cores that hold one of them."""
    waiting: defaultdict[Any, list[int]] = defaultdict(list)
    for piece, core in reversed(packing.packed.core_of):
        waiting[piece.layer, piece.tile, piece.use[OUT]].append(core)
    found: dict[str, NDArray[np.int32]] = {}
    chains = packing.chain.layers()
    for index, (layer, item) in enumerate(zip(tilings.layers, chains, strict=True)):
        core = np.full(layer.shape, -1, dtype=np.int32)
        for box, tile, leaves in _tiles(tilings, index, item):
            core[box] = waiting[index, tile, leaves].pop()
        found[layer.name] = core.ravel()
    return found


def _tiles(tilings: Tilings, index: int, item: Chain) -> Iterator[tuple[Any, Tile, int]]:
    """(place in the layer, what it needs, its output axons) of every tile of a layer."""
    layer, after = tilings.layers[index], item.after
    following = tilings.layers[index + 1] if after else None
    atoms, cost = tilings.into(after.pieces if after else (), near=item.joins)
    sent = destinations(layer, following, after.sides if after else (1, 1, 1), atoms)
    axes: list[list[tuple[Any, Any, int]]] = []
    for i, side in enumerate(item.sides):
        spans, uses, sums = axis_spans(layer.shape[i], side), tilings.uses(index, i, side), sent[i].sums(side)
        axes.append([(slice(*at), use, n) for at, use, n in zip(spans, uses, sums, strict=True)])
    for a, b, c in product(*axes):
        yield (a[0], b[0], c[0]), Tile(a[1], b[1], c[1]), a[2] * b[2] * c[2] * cost
