"""Verb: what a tile of a layer needs of a core, counted from shapes alone. Chooses no tile.

A tile is channels x rows x columns of a layer. What reaches it is a product over the three axes: so are its sources, and
the lists of its sources are told apart by which taps of the kernel they meet on each axis. The figures are those of
demand.py for a kernel without zeros whose numbers all differ (of a pool: are all the same); real weights need no more
words, as equal and shorter lists only ever become fewer. The tests compare the two.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from neurodeploy.hardware.target import RuleSet, Target
from neurodeploy.network.layer_shapes import Geometry
from neurodeploy.resources.axons import KINDS, Kind
from neurodeploy.resources.population_axons import PopulationAxonFormat, limit_shares
from neurodeploy.resources.run_length import box_runs
from neurodeploy.resources.synapse_memory import delay_bits_for, dense_words, index_bits_for, segment_words
from neurodeploy.resources.tile_population_axons import GroupUse, Met, group_uses, grouped_words

__all__ = [
    "AxisUse",
    "Box",
    "ChannelUse",
    "Counts",
    "Stored",
    "Tile",
    "channel_use",
    "fewest_weights",
    "grouped_tile",
    "place_use",
    "stored_tile",
    "tile_of",
]

Span = tuple[int, int]
Box = tuple[Span, Span, Span]
"""[start, stop) of channels, rows and columns."""
Counts = tuple[tuple[int, int], ...]
"""(targets that a source reaches on the axis, how many sources or lists)."""


@dataclass(frozen=True, eq=False, slots=True)
class AxisUse:
    """Sources that reach a span of rows or columns. Uses of the same figures are one object, told apart by what it is."""

    length: int
    sources: int
    reach: Counts
    lists: Counts
    """As `reach`, for sources that meet different taps."""
    lists_alike: Counts
    """As `lists` if all taps hold the same number."""
    base: int
    """Furthest first target, from the start of the span."""
    met: tuple[Met, ...]
    """Every source."""


@dataclass(frozen=True, eq=False, slots=True)
class ChannelUse:
    """Source channels that reach a span of channels. As of `AxisUse`, there is one of the same figures."""

    length: int
    sources: int
    reach: Counts
    base: int
    groups: tuple[tuple[GroupUse, int], ...]
    """(sources of one place that share a population axon, how many such there are); none where the target has no such axons."""
    axons: int
    """Population axons of one place."""


_axis_use, _channel_use = lru_cache(maxsize=1 << 16)(AxisUse), lru_cache(maxsize=1 << 16)(ChannelUse)


class Tile(NamedTuple):
    """A tile by its three axes: equal for all tiles that need the same."""

    channels: ChannelUse
    rows: AxisUse
    columns: AxisUse

    @property
    def neurons(self) -> int:
        """Neurons of the tile."""
        return self.channels.length * self.rows.length * self.columns.length

    @property
    def input_axons(self) -> int:
        """Source neurons that reach the tile."""
        return self.channels.sources * self.rows.sources * self.columns.sources

    @property
    def population_axons(self) -> int:
        """Input axons if the channels of a place share them."""
        return self.channels.axons * self.rows.sources * self.columns.sources


class Stored(NamedTuple):
    """Synapses of a tile in one encoding."""

    encoding: str
    words: int
    longest: int
    """Words of the longest list."""
    index_bits: int
    base: int
    """Furthest first target of a list; 0 where lists are not shared."""
    axons: int
    """Input axons."""
    kind: Kind = "discrete"
    """Of its input axons."""
    skip_bits: int = 0
    """0: no run-length lists."""


@lru_cache(maxsize=1 << 16)
def place_use(n: int, kernel: int, stride: int, padding: int, span: Span) -> AxisUse:
    """Return which of `n` source rows reach the target rows [start, stop), and how."""
    start, stop = span
    first, reach = dict[int, tuple[int, int]](), Counter[int]()
    for place in range(start, stop):
        at = place * stride - padding
        for source in range(max(at, 0), min(at + kernel, n)):
            first.setdefault(source, (source - at, place - start))
            reach[source] += 1
    lists = {(tap, reach[source]) for source, (tap, _) in first.items()}
    return _axis_use(
        stop - start,
        len(reach),
        tuple(sorted(Counter(reach.values()).items())),
        tuple(sorted(Counter(count for _, count in lists).items())),
        tuple((count, 1) for count in sorted({count for _, count in lists})),
        max((place for _, place in first.values()), default=0),
        tuple(Met(tap, reach[source], place) for source, (tap, place) in first.items()),
    )


@lru_cache(maxsize=1 << 16)
def channel_use(sources: int, channels: int, groups: int, span: Span, atoms: int = 0) -> ChannelUse:
    """Return which source channels reach the channels [start, stop); a group has as many of both sorts as any other.

    `atoms`: channels that a population axon tells apart, 0 for no such axons.
    """
    start, stop = span
    wide, deep = channels // groups, sources // groups
    first, last = start // wide, (stop - 1) // wide
    n, ends = last - first + 1, (min(stop, (first + 1) * wide) - start, stop - max(start, last * wide))
    overlap = Counter({ends[0]: deep}) if n == 1 else Counter({wide: (n - 2) * deep}) if n > 2 else Counter[int]()
    if n > 1:
        overlap.update({ends[0]: deep})
        overlap.update({ends[1]: deep})
    shared = group_uses((n, wide, *ends), first * deep % atoms, deep, atoms) if atoms and sources > 1 else ()
    reach, base, axons = tuple(sorted(overlap.items())), max(last * wide - start, 0), sum(times for _, times in shared)
    return _channel_use(stop - start, deep * n, reach, base, shared, axons)


def fewest_weights(layer: Geometry, use: AxisUse | ChannelUse) -> int:
    """Return what one axis gives to the product that no encoding of a tile stores fewer weights than."""
    lists = use.reach
    if layer.shares and isinstance(use, AxisUse):
        lists = use.lists_alike if layer.alike else use.lists
    elif layer.shares and layer.alike:
        return 1
    return sum(reach * times for reach, times in lists)


def tile_of(layer: Geometry, box: Box, atoms: int = 0) -> Tile:
    """Return the use of a box of the layer; `atoms` as in `channel_use`."""
    across = (
        place_use(layer.source[1 + i], layer.kernel[i], layer.stride[i], layer.padding[i], box[1 + i]) for i in range(2)
    )
    return Tile(channel_use(layer.source[0], layer.shape[0], layer.groups, box[0], atoms), *across)


def stored_tile(target: Target, layer: Geometry, tile: Tile) -> tuple[Stored, Stored | None]:
    """Return how a tile is stored alone, and with shared lists if these take less and the tile begins at row 0."""
    delay_bits, rules = delay_bits_for(target, layer.delay_steps), target.counting
    index_bits = index_bits_for(target, tile.neurons)
    whole = int(dense_words(rules, tile.neurons, layer.weight_bits, delay_bits, index_bits))
    alone = Stored("dense", whole * tile.input_axons, whole if tile.input_axons else 0, 0, 0, tile.input_axons)
    sparse = _listed(target, layer, tile, index_bits, (tile.rows.reach, tile.columns.reach), tile.channels.reach)
    if alone.words > sparse.words:
        alone = sparse._replace(encoding="runlength" if sparse.skip_bits else "sparse")
    furthest = target.precision.shared_base
    if not layer.shares or furthest is None or not tile.input_axons:
        return alone, None
    area = tile.rows.length * tile.columns.length
    base = tile.channels.base * area + tile.rows.base * tile.columns.length + tile.columns.base
    spread = _spread(tile, area) if base <= furthest.high else 0
    lists = (tile.rows.lists_alike, tile.columns.lists_alike) if layer.alike else (tile.rows.lists, tile.columns.lists)
    channels = ((1, 1),) if layer.alike else tile.channels.reach
    shared = _listed(target, layer, tile, index_bits_for(target, spread), lists, channels)
    shared = shared._replace(encoding="shared", base=base)
    return alone, shared if base <= furthest.high and shared.words < alone.words else None


def grouped_tile(
    target: Target,
    reaches: tuple[PopulationAxonFormat, ...],
    layer: Geometry,
    tile: Tile,
    first_row: int,
    discrete: Stored,
    only: tuple[Kind, ...] = KINDS,
) -> Stored:
    """Return how a tile is stored: as in `discrete`, or with population axons of the best kind; see `populations`.

    `reaches`: of the target. `only`: kinds to choose from; discrete is taken where no other can be.
    """
    if not layer.shares or not tile.channels.groups or not tile.population_axons:
        return discrete
    most, found = target.counting.words_per_axon, [discrete] if "discrete" in only else list[Stored]()
    for reach in (item for item in reaches if item.kind in only):
        words, longest, index_bits = grouped_words(target, reach, layer, tile, first_row)
        too_long = most is not None and discrete.longest <= most.value < longest
        if tile.population_axons <= reach.numbers and not too_long:
            found.append(Stored("shared", words, longest, index_bits, 0, tile.population_axons, reach.kind))
    sources = tile.input_axons
    return min(found, key=lambda it: limit_shares(target, it.kind, it.words, it.axons, sources), default=discrete)


def _spread(tile: Tile, area: int) -> int:
    """Rows of a core that the widest list spans."""
    channels, rows, columns = (max(count for count, _ in axis) for axis in _reaches(tile))
    return (channels - 1) * area + (rows - 1) * tile.columns.length + columns


def _reaches(tile: Tile) -> tuple[Counts, Counts, Counts]:
    return tile.channels.reach, tile.rows.reach, tile.columns.reach


def _listed(
    target: Target, layer: Geometry, tile: Tile, index_bits: int, places: tuple[Counts, Counts], channels: Counts
) -> Stored:
    """Words of lists, of which `channels` x `places` tell the lengths and how many there are."""
    if not tile.input_axons:
        return Stored("", 0, 0, index_bits, 0, 0)
    bits, sides = layer.weight_bits + delay_bits_for(target, layer.delay_steps), (tile.rows.length, tile.columns.length)
    words, longest, skip_bits = _list_words(_Rules(target.counting), bits, index_bits, places, channels, sides)
    return Stored("", words, longest, index_bits, 0, tile.input_axons, skip_bits=skip_bits)


class _Rules:
    """A rule set that is equal to itself alone: cheaper to look up than by all of its figures."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules

    def __hash__(self) -> int:
        return id(self.rules)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Rules) and other.rules is self.rules


@lru_cache(maxsize=1 << 14)
def _list_words(
    held: _Rules,
    bits: int,
    index_bits: int,
    places: tuple[Counts, Counts],
    channels: Counts,
    sides: tuple[int, int],
) -> tuple[int, int, int]:
    """(words, words of the longest list, skip bits or 0) of lists in a tile of some sides (rows, columns)."""
    (channel, row, column), times = _along(channels, *places)
    words = segment_words(held.rules, channel * row * column, bits, 0, index_bits)
    found = int((words * times).sum()), int(words.max()), 0
    runs = box_runs(held.rules, (channel, row, column), times, sides, bits, index_bits)
    if runs is None or int((runs.words * times).sum()) >= found[0]:
        return found
    return int((runs.words * times).sum()), int(runs.words.max()), runs.skip_bits


def _along(*axes: Counts) -> tuple[tuple[Any, Any, Any], Any]:
    """(targets of each axis, along a dimension of its own; how many sources or lists)."""
    (channels, a), (rows, b), (columns, c) = (_dimension(axis, i) for i, axis in enumerate(axes))
    return (channels, rows, columns), a * b * c


@lru_cache(maxsize=1 << 12)
def _dimension(axis: Counts, i: int) -> Any:
    """(2,) both columns of an axis, along dimension `i`."""
    return np.array(axis, dtype=np.int64).T.reshape(2, *(-1 if k == i else 1 for k in range(3)))
