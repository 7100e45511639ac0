"""Mappings of a chain of layers into searched tiles.

Tiles are counted as if all weights of a kernel differed, so callers check the limits of a mapping with its actual weights.
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
from neurodeploy.resources.tile import Tile

__all__ = ["tiled", "tiled_cuts"]

Ints = NDArray[np.int64]
OUT = 3
"""Index of the output axons in `TileClass.use`."""
LOOKED_AT, PLACED = 40, 3
"""Most mappings that are checked, and most with equally many cores that are placed and compared."""
COMPARED = 2
"""Lowest level at which mappings are compared."""
HASTE = 400
"""Swaps proposed for each core when mappings are compared."""


class _Tiles(NamedTuple):
    """Packings of a chain, fewest chips and cores first."""

    tilings: Tilings
    packings: list[Packing]


def _packed(quantized: Quantized, target: Target, options: MappingOptions, time_limit: TimeLimit) -> _Tiles | None:
    """The packings of a network; None if it is no chain, has pinned populations, or no tiles of some layer fit a core."""
    layers, groups = chain_of(quantized), pin_groups(quantized, target, options)
    if layers is None or len(groups.open) > 1:
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
    """Yield mappings of a chain into tiles, fewest chips and cores first; none if the network is no chain.

    Limits are counted from shapes: callers check them again.
    """
    tiles = _packed(quantized, target, options, time_limit or TimeLimit())
    if tiles is not None:
        yield from _cuts(quantized, target, options, tiles)


def _cuts(quantized: Quantized, target: Target, options: MappingOptions, tiles: _Tiles) -> Iterator[Mapping]:
    groups = pin_groups(quantized, target, options)
    for packing in tiles.packings:
        slots = _slots(packing, target, groups)
        if slots is not None:
            found = _cores(tiles.tilings, packing)
            core_of = {item.name: found[item.name] for item in quantized.populations}
            core_group = np.zeros(slots.size, dtype=np.int64)
            yield Mapping(
                quantized=quantized,
                target=target,
                n_cores=slots.size,
                core_of=core_of,
                core_ids=slots,
                pin_group=core_group,
            )


def tiled(
    quantized: Quantized, target: Target, options: MappingOptions, first: Mapping | None, time_limit: TimeLimit
) -> tuple[Mapping | None, int | None]:
    """(mapping with fewest cores among `first` and those into tiles, cores of the best tiles); None where missing.

    From level 2 on, mappings with equally many cores are placed, and the one with fewest spikes x hops is returned.
    """
    tiles = _packed(quantized, target, options, time_limit)
    if tiles is None:
        return first, None
    best = [first] if first is not None else []
    for mapping in islice(_cuts(quantized, target, options, tiles), LOOKED_AT):
        if best and (mapping.n_cores > best[0].n_cores or time_limit.stops("the comparison of tilings")):
            break
        if keeps_limits(mapping):
            best = [*(item for item in best if item.n_cores == mapping.n_cores), mapping]
        if best and (len(best) > PLACED or options.level < COMPARED):
            break
    needed = min(packing.packed.cores for packing in tiles.packings)
    if len(best) < 2 or options.level < COMPARED or time_limit.is_up:
        return (best[-1] if best else None), needed
    return min(best, key=lambda mapping: _spikes_hops(mapping, target, options)), needed


def _spikes_hops(mapping: Mapping, target: Target, options: MappingOptions) -> float:
    """Spikes x hops of a mapping after a short placement."""
    names, n = [item.name for item in mapping.quantized.populations], mapping.n_cores
    home = np.concatenate([mapping.core_of[name] for name in names]).astype(np.int64)
    sizes = [mapping.core_of[name].size for name in names]
    rate = np.concatenate([options.rates.get(name, np.ones(size)) for name, size in zip(names, sizes, strict=True)])
    first = dict(zip(names, np.cumsum([0, *sizes]).tolist(), strict=False))
    pairs = pairs_of(mapping.quantized, dict(mapping.core_of), n)
    neuron = np.concatenate([keys // n + first[name] for name, keys in pairs.items()])
    to = np.concatenate([keys % n for keys in pairs.values()])
    slot = mapping.core_ids if mapping.core_ids is not None else np.arange(n, dtype=np.int64)
    chip = slot // int(target.chip.cores.value)
    out = summed(home[neuron], 1 + (chip[home[neuron]] != chip[to]), n)
    board = board_of(target, pin_groups(mapping.quantized, target, options).open)
    limit = core_limits(target).get("output_axons")
    most = limit.value if limit is not None else 1 << 60
    traffic = core_traffic(home, neuron, to, rate[neuron], n)
    return place_cores(traffic, board, slot, np.zeros(n, dtype=np.int64), out, most, HASTE, options.placement_seed).cost


def _slots(packing: Packing, target: Target, groups: PinGroups) -> Ints | None:
    """(cores,) physical cores, each chip group on one chip, the largest first; None if there is no room."""
    per_chip, group = int(target.chip.cores.value), packing.packed.group
    free = [list(part) for part in np.split(groups.open[0], range(per_chip, target.cores, per_chip))]
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
    """Layer -> (neurons,) core of each neuron; tiles of one class are dealt to the cores that hold one of them, in order."""
    waiting: defaultdict[Any, list[int]] = defaultdict(list)
    for tile, core in reversed(packing.packed.core_of):
        waiting[tile.layer, tile.axes, tile.use[OUT]].append(core)
    found: dict[str, NDArray[np.int32]] = {}
    chains = packing.chain.layers()
    for index, (layer, item) in enumerate(zip(tilings.layers, chains, strict=True)):
        core = np.full(layer.shape, -1, dtype=np.int32)
        for box, tile, outputs in _tiles(tilings, index, item):
            core[box] = waiting[index, tile, outputs].pop()
        found[layer.name] = core.ravel()
    return found


def _tiles(tilings: Tilings, index: int, item: Chain) -> Iterator[tuple[Any, Tile, int]]:
    """(slices of channels, rows and columns; sources and synapses along them; output axons) of every tile of a layer."""
    layer, after = tilings.layers[index], item.after
    following = tilings.layers[index + 1] if after else None
    atoms, cost = tilings.axons_into(after.classes if after else (), same_chip=item.joins)
    sent = destinations(layer, following, after.sides if after else (1, 1, 1), atoms)
    axes: list[list[tuple[Any, Any, int]]] = []
    for i, side in enumerate(item.sides):
        spans, uses, sums = axis_spans(layer.shape[i], side), tilings.uses(index, i, side), sent[i].output_axons(side)
        axes.append([(slice(*at), use, n) for at, use, n in zip(spans, uses, sums, strict=True)])
    for a, b, c in product(*axes):
        yield (a[0], b[0], c[0]), Tile(a[1], b[1], c[1]), a[2] * b[2] * c[2] * cost
