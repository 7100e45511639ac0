"""Layers cut into equal tiles, and the core resources of each tile. No tiling is chosen here.

A layer is cut at multiples of the tile's sides, so its last tiles may be smaller. Tiles with equal needs form one `TileClass`
with the number of its tiles: corners, edges and the inside differ by their counts, not by a rule.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import Target
from neurodeploy.network.layer_shapes import Geometry
from neurodeploy.resources.axons import Kind, output_axons_of
from neurodeploy.resources.convolution_axons import ATOMS
from neurodeploy.resources.limits import Limit, core_limits
from neurodeploy.resources.population_axons import population_axon_formats
from neurodeploy.resources.synapse_memory import delay_bits_for
from neurodeploy.resources.tile import ChannelUse, Tile
from neurodeploy.resources.tile_usage import TileEncoding, axis_use, best_tile_encoding, channel_use, tile_encodings

__all__ = [
    "ADDED_UP",
    "TileClass",
    "TileSet",
    "Destinations",
    "AxisDestinations",
    "Sides",
    "Tilings",
    "axis_spans",
    "compartments_of",
    "destinations",
    "within",
]

Ints = NDArray[np.int64]
NONE = 1 << 60
"""Stands for a limit that the target does not have."""
Sides = tuple[int, int, int]
"""Channels, rows and columns of a tile."""
ADDED_UP = (
    "compartments",
    "synapse_memory",
    "input_axons",
    "output_axons",
    "accumulators",
    "formats",
    "sets",
    "pop16_axons",
)
"""Resources that the tiles of a core add up. Formats and parameter sets are assumed to differ from tile to tile."""


class TileClass(NamedTuple):
    """Equal tiles of one layer."""

    layer: int
    """Index of the layer."""
    times: int
    """Number of these tiles."""
    axes: Tile
    """Sources and synapses along channels, rows and columns."""
    use: tuple[int, ...]
    """By ADDED_UP: use of a core in the form for the first tile of a core."""
    longest: int
    """Words of the longest list in that form."""
    base: int
    """Largest first target of a shared list: that form is used only if the tile's last row is at most the last base of an
    axon."""
    anywhere_use: tuple[int, ...]
    """By ADDED_UP: use of a core in the form for any position in a core."""
    anywhere_longest: int
    """Words of the longest list in the form for any position."""
    kind: Kind
    """Kind of its input axons."""

    def anywhere(self) -> TileClass:
        """Return the tile in the form for any position in a core."""
        return self._replace(use=self.anywhere_use, longest=self.anywhere_longest, base=0)


def axis_spans(length: int, side: int) -> list[tuple[int, int]]:
    """[start, stop) of every tile along an axis of some length."""
    return [(start, min(start + side, length)) for start in range(0, length, side)]


def compartments_of(target: Target, layer: Geometry) -> int:
    """Compartments of one neuron of a layer."""
    return int(target.neurons.resets[layer.reset].value) if layer.reset in target.neurons.resets else 1


@lru_cache(maxsize=1 << 12)
def _shares(n: int, side: int, atoms: int) -> tuple[Ints, Ints, Ints]:
    """(first, last, tile) of the part of each group of `atoms` channels that lies in each tile of an axis."""
    place: Any = np.arange(n)
    starts = np.flatnonzero((place % side == 0) | (place % atoms == 0))
    return starts, np.append(starts[1:], n) - 1, starts // side


class AxisDestinations:
    """Tiles of the next layer, along one axis, that each channel, row or column of a layer reaches; caches sums."""

    def __init__(self, first: Ints, stop: Ints, atoms: int = 1) -> None:
        """`first`, `stop` (n,): first of these tiles, and the one after the last; `atoms`: as in `destinations`."""
        self.first, self.stop, self.atoms = first, stop, atoms
        self.uniform = atoms == 1 and bool((first == first[0]).all() and (stop == stop[0]).all())
        self._sums: dict[int, tuple[int, ...]] = {}

    def output_axons(self, side: int) -> tuple[int, ...]:
        """Output axons along the axis of every tile with this side; those of a tile are the product over three axes."""
        if side not in self._sums:
            # sources of a group in a tile share axons, to all tiles from the first that one of them reaches to the last
            if self.uniform:
                widths = np.diff(np.append(np.arange(0, self.first.size, side), self.first.size))
                self._sums[side] = tuple((widths * int(self.stop[0] - self.first[0])).tolist())
                return self._sums[side]
            starts, last, tiles = _shares(self.first.size, side, self.atoms)
            reached = self.stop[last] - self.first[starts]
            self._sums[side] = tuple(np.bincount(tiles, reached).astype(np.int64).tolist())
        return self._sums[side]


Destinations = tuple[AxisDestinations, AxisDestinations, AxisDestinations]
"""Destinations along channels, rows and columns: those of a neuron are their product."""


@lru_cache(maxsize=1 << 12)
def _everywhere(n: int, tiles: int) -> AxisDestinations:
    """Each of `n` sources reaches all of `tiles` tiles."""
    return AxisDestinations(np.zeros(n, dtype=np.int64), np.full(n, tiles, dtype=np.int64))


@lru_cache(maxsize=1 << 12)
def _channels(n: int, wide: int, deep: int, side: int, atoms: int) -> AxisDestinations:
    """Groups of `deep` source channels reach `wide` channels each, in tiles of `side` channels."""
    group: Any = np.arange(n) // deep
    return AxisDestinations(group * wide // side, ((group + 1) * wide - 1) // side + 1, atoms)


@lru_cache(maxsize=1 << 12)
def _places(n: int, kernel: int, stride: int, padding: int, places: int, side: int) -> AxisDestinations:
    """`n` source rows or columns; each of `places` targets, in tiles of `side`, has a window of them; a tile counts once."""
    place: Any = np.arange(places)[:, None]
    source = place * stride - padding + np.arange(kernel)
    key = np.broadcast_to(place // side, source.shape) * n + source
    key = np.unique(key[(source >= 0) & (source < n)])
    return AxisDestinations(np.zeros(n, dtype=np.int64), np.bincount(key % n, minlength=n))


def destinations(layer: Geometry, after: Geometry | None, sides: Sides, atoms: int = 1) -> Destinations:
    """Return where the spikes of a layer go if the next one, `after`, is cut into tiles of `sides`; None: nowhere.

    `atoms`: channels of a position that share output axons; 1: every neuron has its own.
    """
    if after is None or after.source != layer.shape:  # dense: every neuron goes everywhere
        tiles = -(-after.shape[0] // sides[0]) if after else 0
        return _everywhere(layer.shape[0], tiles), _everywhere(layer.shape[1], 1), _everywhere(layer.shape[2], 1)
    wide, deep = after.shape[0] // after.groups, after.source[0] // after.groups
    rows, columns = (
        _places(
            after.source[1 + i], after.kernel[i], after.stride[i], after.padding[i], after.shape[1 + i], sides[1 + i]
        )
        for i in range(2)
    )
    return _channels(layer.shape[0], wide, deep, sides[0], atoms), rows, columns


class TileSet(NamedTuple):
    """All tiles of a layer."""

    classes: tuple[TileClass, ...]
    """The tiles."""
    tiles: int
    """Number of tiles."""
    cores: float
    """Cores that they fill, each tile judged by its most used resource."""


class Tilings:
    """Tiles of the layers of one network on one target; counts are cached."""

    def __init__(self, target: Target, layers: tuple[Geometry, ...]) -> None:
        self.target, self.layers = target, layers
        self.capacity, self.longest = within(core_limits(target))
        self.per_chip = int(target.chip.cores.value)
        self.formats = population_axon_formats(target)
        self.atoms = min((item.atoms for item in self.formats), default=0)
        """Channels that share an input axon; 0: none do."""
        numbers = [item.numbers for item in self.formats if item.kind == "pop16"]
        if numbers:
            self.capacity[ADDED_UP.index("pop16_axons")] = numbers[0]
        self.room: list[int] = self.capacity.tolist()
        """`capacity` as a list, which is faster for few numbers."""
        base = target.precision.shared_base
        self.last_base = int(base.high) if base is not None else 0
        shapes = [layer._replace(name="") for layer in layers]
        self.first_like = [shapes.index(shape) for shape in shapes]
        """Index of the first layer with the same shapes, for each layer."""
        self.compartments = [compartments_of(target, layer) for layer in layers]
        self._known: dict[tuple[int, Tile], TileClass] = {}
        self._uses: dict[tuple[int, int, int], list[Any]] = {}
        self._along: dict[tuple[int, int, int, AxisDestinations], list[tuple[tuple[Any, int], int]]] = {}
        self._pieces: dict[tuple[int, Sides, Destinations, int], TileSet] = {}

    def tile_class(self, index: int, tile: Tile, count: int = 1, out: int = 0) -> TileClass:
        """Return `count` equal tiles of a layer; `out`: output axons of each."""
        key = (self.first_like[index], tile)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._counted(index, tile)
        if out == 0 and count == 1 and known.layer == index:
            return known
        use, alone = known.use, known.anywhere_use
        use, alone = (*use[:3], out, *use[4:]), (*alone[:3], out, *alone[4:])
        rest = known.anywhere_longest, known.kind  # built anew, which takes half the time of _replace
        return TileClass(index, count, known.axes, use, known.longest, known.base, alone, *rest)

    def _counted(self, index: int, tile: Tile) -> TileClass:
        """One tile without output axons."""
        layer, compartments = self.layers[index], tile.neurons * self.compartments[index]
        first, last = self._first_and_last(layer, tile)
        accumulators = compartments << (delay_bits_for(self.target, layer.delay_steps) if layer.delay_steps else 0)
        use, alone = (
            (compartments, it.words, it.axons, 0, accumulators, 1, 1, it.axons if it.kind == "pop16" else 0)
            for it in (first, last)
        )
        return TileClass(index, 1, tile, use, first.longest, first.base, alone, last.longest, first.kind)

    def _first_and_last(self, layer: Geometry, tile: Tile) -> tuple[TileEncoding, TileEncoding]:
        """How a tile is stored as the first of its core, and as the last, where its indices are widest."""
        alone, shared = tile_encodings(self.target, layer, tile)
        rows = max(int(self.capacity[0]) - tile.neurons, 0) if self.capacity[0] < NONE else 0
        first = best_tile_encoding(self.target, self.formats, layer, tile, 0, shared or alone)
        last = best_tile_encoding(self.target, self.formats, layer, tile, rows, alone, (first.kind,))
        nowhere_else = first.kind != "discrete" and first.words != last.words
        return first._replace(base=self.last_base) if nowhere_else else first, last

    def axons_into(self, classes: tuple[TileClass, ...], *, same_chip: bool) -> tuple[int, int]:
        """(channels of a position that share output axons into some tiles, output axons per destination)."""
        kinds: set[Kind] = {tile.kind for tile in classes} or {"discrete"}
        shared = self.target.counting.shared_output_axons and "discrete" not in kinds
        largest = max(output_axons_of(self.target, kind, other_chip=not same_chip) for kind in kinds)
        if kinds == {"convolution"}:
            return ATOMS, largest
        return self.atoms if shared else 1, largest

    def fits(self, tile: TileClass) -> bool:
        """Whether an empty core holds a tile."""
        return tile.longest <= self.longest and all(
            used <= room for used, room in zip(tile.use, self.room, strict=True)
        )

    def tile_set(self, index: int, sides: Sides, sent: Destinations, cost: int) -> TileSet:
        """Return the tiles of a layer. `sent`: destinations of its spikes; `cost`: output axons per destination."""
        key = (index, sides, sent, cost)
        if key not in self._pieces:
            kinds = [self._kinds(index, i, sides[i], sent[i]) for i in range(3)]
            classes = tuple(
                self.tile_class(index, Tile(channels, rows, columns), a * b * c, out_a * out_b * out_c * cost)
                for (channels, out_a), a in kinds[0]
                for (rows, out_b), b in kinds[1]
                for (columns, out_c), c in kinds[2]
            )
            filled = [tile.times * self._share(tile) for tile in classes]
            self._pieces[key] = TileSet(classes, sum([tile.times for tile in classes]), sum(filled))
        return self._pieces[key]

    def _share(self, tile: TileClass) -> float:
        """Share of a core that a tile uses of its most used resource."""
        (a, b, c, d), (w, x, y, z) = tile.use[:4], self.room[:4]
        return max(a / w, b / x, c / y, d / z)

    def _kinds(self, index: int, i: int, side: int, sent: AxisDestinations) -> list[tuple[tuple[Any, int], int]]:
        """Distinct tiles along an axis: ((use, output axons), number of them)."""
        key = (self.first_like[index], i, side, sent)
        if key not in self._along:
            self._along[key] = list(
                Counter(zip(self.uses(index, i, side), sent.output_axons(side), strict=True)).items()
            )
        return self._along[key]

    def uses(self, index: int, i: int, side: int) -> list[Any]:
        """Sources and synapses of every tile along axis `i` (channels, rows, columns)."""
        key = (self.first_like[index], i, side)
        if key not in self._uses:
            layer = self.layers[index]
            spans = axis_spans(layer.shape[i], side)
            if i == 0:
                self._uses[key] = _channel_uses(layer, spans, self.atoms)
            else:
                axis = (layer.source[i], layer.kernel[i - 1], layer.stride[i - 1], layer.padding[i - 1])
                self._uses[key] = [axis_use(*axis, span) for span in spans]
        return self._uses[key]


def _channel_uses(layer: Geometry, spans: list[tuple[int, int]], atoms: int) -> list[ChannelUse]:
    """Use of spans of channels; spans of one length that meet groups and atoms in the same way share one result."""
    wide, deep = layer.shape[0] // layer.groups, layer.source[0] // layer.groups
    known, found = dict[tuple[int, int, int], ChannelUse](), list[ChannelUse]()
    for start, stop in spans:
        into = (
            start % wide if start % wide + stop - start > wide else 0
        )  # the position within one group does not matter
        key = (into, stop - start, start // wide * deep % max(atoms, 1))
        if key not in known:
            known[key] = channel_use(layer.source[0], layer.shape[0], layer.groups, (start, stop), atoms)
        found.append(known[key])
    return found


def within(limits: dict[str, Limit]) -> tuple[Ints, int]:
    """(limits by ADDED_UP, most words of a list); NONE where there is no limit."""
    most = NONE
    value = {name: limit.value for name, limit in limits.items()}
    sets = min(value.get("parameter_sets", most), value.get("threshold_sets", most))
    found = {**value, "formats": value.get("synapse_formats", most), "sets": sets}
    return np.array([found.get(name, most) for name in ADDED_UP], dtype=np.int64), value.get("words_per_axon", most)
