"""Core resources used by a tile of a layer, counted from shapes alone. Chooses no tile.

A tile is a box of channels x rows x columns of a layer. Everything about it is a product over the three axes: its sources,
and the distinct lists of its sources, which differ in the kernel taps that reach them on each axis. The figures equal those
of `core_usage` for a kernel without zeros whose numbers all differ (for a pool: are all equal). Real weights never take more
words, because equal lists only reduce the count; the tests compare both.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from neurodeploy.hardware.target import RuleSet, Target
from neurodeploy.network.layer_shapes import Geometry
from neurodeploy.resources.axons import KINDS, Kind
from neurodeploy.resources.convolution_axons import convolution_axons, holds_tile, kernel_words
from neurodeploy.resources.population_axons import PopulationAxonFormat, limit_shares
from neurodeploy.resources.run_length import box_runs
from neurodeploy.resources.synapse_memory import delay_bits_for, dense_words, index_bits_for, segment_words
from neurodeploy.resources.tile import AxisUse, Box, ChannelUse, ReachCounts, SourcePosition, Span, Tile
from neurodeploy.resources.tile_population_axons import axon_groups, population_axon_words

__all__ = [
    "TileEncoding",
    "axis_use",
    "best_tile_encoding",
    "channel_use",
    "fewest_weights",
    "tile_encodings",
    "tile_of",
]

_one_axis_use, _one_channel_use = lru_cache(maxsize=1 << 16)(AxisUse), lru_cache(maxsize=1 << 16)(ChannelUse)


class TileEncoding(NamedTuple):
    """The synapses of a tile in one encoding."""

    encoding: str
    """dense, sparse, runlength or shared."""
    words: int
    """Synapse memory of all lists."""
    longest: int
    """Words of the longest list."""
    index_bits: int
    """Bits of a stored target index; 0 in dense lists."""
    base: int
    """Furthest first target of a list; 0 for lists that are not shared."""
    axons: int
    """Input axons."""
    kind: Kind = "discrete"
    """Kind of the input axons."""
    skip_bits: int = 0
    """Bits of a stored skip in run-length lists; 0 in others."""


@lru_cache(maxsize=1 << 16)
def axis_use(n: int, kernel: int, stride: int, padding: int, span: Span) -> AxisUse:
    """Return the use of target rows [start, stop) by those of `n` source rows that reach them; columns likewise."""
    start, stop = span
    first, reach = dict[int, tuple[int, int]](), Counter[int]()
    for place in range(start, stop):
        at = place * stride - padding
        for source in range(max(at, 0), min(at + kernel, n)):
            first.setdefault(source, (source - at, place - start))
            reach[source] += 1
    lists = {(tap, reach[source]) for source, (tap, _) in first.items()}
    return _one_axis_use(
        stop - start,
        len(reach),
        tuple(sorted(Counter(reach.values()).items())),
        tuple(sorted(Counter(count for _, count in lists).items())),
        tuple((count, 1) for count in sorted({count for _, count in lists})),
        max((place for _, place in first.values()), default=0),
        tuple(SourcePosition(tap, reach[source], place) for source, (tap, place) in first.items()),
    )


@lru_cache(maxsize=1 << 16)
def channel_use(sources: int, channels: int, groups: int, span: Span, atoms: int = 0) -> ChannelUse:
    """Return the use of target channels [start, stop) by the source channels that reach them; all groups are equally large.

    `atoms`: channels that a population axon can distinguish; 0: the target has no population axons.
    """
    start, stop = span
    wide, deep = channels // groups, sources // groups
    first, last = start // wide, (stop - 1) // wide
    n, ends = last - first + 1, (min(stop, (first + 1) * wide) - start, stop - max(start, last * wide))
    overlap = Counter({ends[0]: deep}) if n == 1 else Counter({wide: (n - 2) * deep}) if n > 2 else Counter[int]()
    if n > 1:
        overlap.update({ends[0]: deep})
        overlap.update({ends[1]: deep})
    shared = axon_groups((n, wide, *ends), first * deep % atoms, deep, atoms) if atoms and sources > 1 else ()
    reach, base, axons = tuple(sorted(overlap.items())), max(last * wide - start, 0), sum(times for _, times in shared)
    return _one_channel_use(stop - start, deep * n, reach, base, shared, axons)


def fewest_weights(layer: Geometry, use: AxisUse | ChannelUse) -> int:
    """Return the factor of one axis in the product that bounds the stored weights of a tile from below."""
    lists = use.reach
    if layer.shares and isinstance(use, AxisUse):
        lists = use.uniform_lists if layer.equal_weights else use.lists
    elif layer.shares and layer.equal_weights:
        return 1
    return sum(reach * times for reach, times in lists)


def tile_of(layer: Geometry, box: Box, atoms: int = 0) -> Tile:
    """Return the use of a box of a layer; `atoms` as in `channel_use`."""
    across = (
        axis_use(layer.source[1 + i], layer.kernel[i], layer.stride[i], layer.padding[i], box[1 + i]) for i in range(2)
    )
    return Tile(channel_use(layer.source[0], layer.shape[0], layer.groups, box[0], atoms), *across)


def tile_encodings(target: Target, layer: Geometry, tile: Tile) -> tuple[TileEncoding, TileEncoding | None]:
    """Return the encoding of a tile without shared lists, and with them if that takes fewer words.

    The second is valid for a tile that begins at row 0 of its core.
    """
    delay_bits, rules = delay_bits_for(target, layer.delay_steps), target.counting
    index_bits = index_bits_for(target, tile.neurons)
    whole = int(dense_words(rules, tile.neurons, layer.weight_bits, delay_bits, index_bits))
    alone = TileEncoding("dense", whole * tile.input_axons, whole if tile.input_axons else 0, 0, 0, tile.input_axons)
    sparse = _list_encoding(target, layer, tile, index_bits, (tile.rows.reach, tile.columns.reach), tile.channels.reach)
    if alone.words > sparse.words:
        alone = sparse._replace(encoding="runlength" if sparse.skip_bits else "sparse")
    furthest = target.precision.shared_base
    if not layer.shares or furthest is None or not tile.input_axons or rules.convolution is not None:
        return alone, None
    area = tile.rows.length * tile.columns.length
    base = tile.channels.base * area + tile.rows.base * tile.columns.length + tile.columns.base
    spread = _spread(tile, area) if base <= furthest.high else 0
    lists = (
        (tile.rows.uniform_lists, tile.columns.uniform_lists)
        if layer.equal_weights
        else (tile.rows.lists, tile.columns.lists)
    )
    channels = ((1, 1),) if layer.equal_weights else tile.channels.reach
    shared = _list_encoding(target, layer, tile, index_bits_for(target, spread), lists, channels)
    shared = shared._replace(encoding="shared", base=base)
    return alone, shared if base <= furthest.high and shared.words < alone.words else None


def best_tile_encoding(
    target: Target,
    axon_formats: tuple[PopulationAxonFormat, ...],
    layer: Geometry,
    tile: Tile,
    first_row: int,
    discrete: TileEncoding,
    only: tuple[Kind, ...] = KINDS,
) -> TileEncoding:
    """Return the encoding of a tile: `discrete`, or with population axons of the best kind (see `population_axons`).

    `axon_formats`: those of the target; `first_row`: row of the core that holds the tile's first neuron; `only`: kinds to
    choose from, where `discrete` is the fallback if none of them is possible.
    """
    convolution = _with_convolution_axons(target, layer, tile, discrete) if "convolution" in only else None
    if convolution is not None:
        return convolution
    if not layer.shares or not tile.channels.groups or not tile.population_axons:
        return discrete
    most, found = target.counting.words_per_axon, [discrete] if "discrete" in only else list[TileEncoding]()
    for axon_format in (item for item in axon_formats if item.kind in only):
        words, longest, index_bits = population_axon_words(target, axon_format, layer, tile, first_row)
        too_long = most is not None and discrete.longest <= most.value < longest
        if tile.population_axons <= axon_format.numbers and not too_long:
            found.append(TileEncoding("shared", words, longest, index_bits, 0, tile.population_axons, axon_format.kind))
    sources = tile.input_axons
    return min(found, key=lambda it: limit_shares(target, it.kind, it.words, it.axons, sources), default=discrete)


def _with_convolution_axons(target: Target, layer: Geometry, tile: Tile, discrete: TileEncoding) -> TileEncoding | None:
    """The encoding with convolution axons, if these can address the tile and the core is less full with them."""
    if target.counting.convolution is None or not layer.shares or not tile.input_axons:
        return None
    if not holds_tile(target, tile.channels.length, tile.rows.length, tile.columns.length):
        return None
    delay_bits = delay_bits_for(target, layer.delay_steps)
    taps = layer.kernel[0] * layer.kernel[1]
    words, longest = kernel_words(target.counting, tile.channels.reach, taps, layer.weight_bits, delay_bits)
    axons, positions = convolution_axons(target, tile.input_axons), tile.rows.sources * tile.columns.sources
    shares = limit_shares(target, "convolution", words, axons, positions)
    if shares >= limit_shares(target, "discrete", discrete.words, tile.input_axons, tile.input_axons):
        return None
    return TileEncoding("shared", words, longest, 0, 0, axons, "convolution")


def _spread(tile: Tile, area: int) -> int:
    """Rows of the core that the widest list spans."""
    channels, rows, columns = (max(count for count, _ in axis) for axis in _reaches(tile))
    return (channels - 1) * area + (rows - 1) * tile.columns.length + columns


def _reaches(tile: Tile) -> tuple[ReachCounts, ReachCounts, ReachCounts]:
    return tile.channels.reach, tile.rows.reach, tile.columns.reach


def _list_encoding(
    target: Target,
    layer: Geometry,
    tile: Tile,
    index_bits: int,
    places: tuple[ReachCounts, ReachCounts],
    channels: ReachCounts,
) -> TileEncoding:
    """Encoding of lists whose lengths and numbers are the product of `channels` and `places`."""
    if not tile.input_axons:
        return TileEncoding("", 0, 0, index_bits, 0, 0)
    bits, sides = layer.weight_bits + delay_bits_for(target, layer.delay_steps), (tile.rows.length, tile.columns.length)
    words, longest, skip_bits = _list_words(_Rules(target.counting), bits, index_bits, places, channels, sides)
    return TileEncoding("", words, longest, index_bits, 0, tile.input_axons, skip_bits=skip_bits)


class _Rules:
    """A rule set compared by identity: cheaper as a cache key than by all of its figures."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules

    def __hash__(self) -> int:
        return id(self.rules)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Rules) and other.rules is self.rules


@lru_cache(maxsize=1 << 14)
def _list_words(
    rule_key: _Rules,
    bits: int,
    index_bits: int,
    places: tuple[ReachCounts, ReachCounts],
    channels: ReachCounts,
    sides: tuple[int, int],
) -> tuple[int, int, int]:
    """(words, words of the longest list, skip bits or 0) of lists in a tile of `sides` (rows, columns)."""
    (channel, row, column), times = _along(channels, *places)
    words = segment_words(rule_key.rules, channel * row * column, bits, 0, index_bits)
    found = int((words * times).sum()), int(words.max()), 0
    runs = box_runs(rule_key.rules, (channel, row, column), times, sides, bits, index_bits)
    if runs is None or int((runs.words * times).sum()) >= found[0]:
        return found
    return int((runs.words * times).sum()), int(runs.words.max()), runs.skip_bits


def _along(*axes: ReachCounts) -> tuple[tuple[Any, Any, Any], Any]:
    """(targets on each axis, each along its own dimension; number of sources or lists)."""
    (channels, a), (rows, b), (columns, c) = (_dimension(axis, i) for i, axis in enumerate(axes))
    return (channels, rows, columns), a * b * c


@lru_cache(maxsize=1 << 12)
def _dimension(axis: ReachCounts, i: int) -> Any:
    """Both columns of an axis, along dimension `i`."""
    return np.array(axis, dtype=np.int64).T.reshape(2, *(-1 if k == i else 1 for k in range(3)))
