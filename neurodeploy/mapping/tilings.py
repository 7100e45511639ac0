"""Nouns: a layer cut into equal tiles, and what each of its tiles needs of a core. Chooses nothing.

A layer is cut at multiples of the tile's sides, so its last tiles may be smaller. All tiles that need the same are one
`Piece`, with how often it occurs: corners, edges and the inside are told apart by counting, not by a rule.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.check.limits import Limit, core_limits
from neurodeploy.check.tiles import ChannelUse, Stored, Tile, channel_use, place_use, stored_tile
from neurodeploy.check.words import delay_bits_for
from neurodeploy.network.layer_shapes import Geometry
from neurodeploy.target.target import Target

__all__ = ["ADDED_UP", "Piece", "Sides", "Tilings", "axis_spans", "compartments_of", "destinations", "within"]

Ints = NDArray[np.int64]
Sides = tuple[int, int, int]
"""Channels, rows and columns of a tile."""
ADDED_UP = ("compartments", "synapse_memory", "input_axons", "output_axons", "accumulators", "formats", "sets")
"""What tiles of one core add up: formats and sets of parameters are taken to differ from tile to tile."""


class Piece(NamedTuple):
    """Equal tiles of one layer."""

    layer: int
    times: int
    tile: Tile
    use: tuple[int, ...]
    """By ADDED_UP, lists shared if it is `shared`."""
    longest: int
    """Words of the longest list."""
    base: int
    """Furthest first target of a shared list: the tile must lie that much below the last base of an axon."""
    alone_words: int
    """Synapse memory without shared lists."""
    alone_longest: int

    def alone(self) -> Piece:
        """Return the piece without shared lists."""
        use = tuple(
            self.alone_words if name == "synapse_memory" else n for name, n in zip(ADDED_UP, self.use, strict=True)
        )
        return self._replace(use=use, longest=self.alone_longest, base=0)


def axis_spans(length: int, side: int) -> list[tuple[int, int]]:
    """Return [start, stop) of every tile on one axis."""
    return [(start, min(start + side, length)) for start in range(0, length, side)]


def compartments_of(target: Target, layer: Geometry) -> int:
    """Return the compartments of one neuron."""
    return int(target.neurons.resets[layer.reset].value) if layer.reset in target.neurons.resets else 1


@lru_cache(maxsize=1 << 14)
def _reached(n: int, kernel: int, stride: int, padding: int, places: int, side: int) -> tuple[int, ...]:
    """(n,) tiles of the axis that each source reaches."""
    place: Any = np.arange(places)[:, None]
    source = place * stride - padding + np.arange(kernel)
    key = np.broadcast_to(place // side, source.shape) * n + source
    key = np.unique(key[(source >= 0) & (source < n)])
    return tuple(np.bincount(key % n, minlength=n).tolist())


def destinations(layer: Geometry, after: Geometry | None, sides: Sides) -> tuple[Ints, Ints, Ints]:
    """Return how many tiles of the next layer hear each channel, row and column: a neuron's cores are their product."""
    found: list[Ints] = [np.ones(n, dtype=np.int64) for n in layer.shape]
    if after is None:
        found[0] = found[0] * 0
    elif after.source != layer.shape:  # dense: every neuron goes everywhere
        found[0] = found[0] * -(-after.shape[0] // sides[0])
    else:
        wide, deep = after.shape[0] // after.groups, after.source[0] // after.groups
        group: Any = np.arange(layer.shape[0]) // deep
        found[0] = ((group + 1) * wide - 1) // sides[0] - group * wide // sides[0] + 1
        for i in range(2):
            axis = (after.kernel[i], after.stride[i], after.padding[i], after.shape[1 + i], sides[1 + i])
            found[1 + i] = np.array(_reached(after.source[1 + i], *axis), dtype=np.int64)
    return found[0], found[1], found[2]


class Tilings:
    """Tiles of the layers of one network on one target; remembers what it counted."""

    def __init__(self, target: Target, layers: tuple[Geometry, ...]) -> None:
        self.target, self.layers = target, layers
        self.capacity, self.longest = within(core_limits(target))
        shapes = [layer._replace(name="") for layer in layers]
        self.first_like = [shapes.index(shape) for shape in shapes]
        """The first layer that has the same shapes, for each."""
        self.compartments = [compartments_of(target, layer) for layer in layers]
        self._stored: dict[tuple[int, Tile], tuple[Stored, Stored | None]] = {}
        self._uses: dict[tuple[int, int, int], list[Any]] = {}

    def piece(self, index: int, tile: Tile, count: int = 1, out: int = 0) -> Piece:
        """Return one kind of tile of a layer; `out`: its output axons."""
        layer, key = self.layers[index], (self.first_like[index], tile)
        if key not in self._stored:
            self._stored[key] = stored_tile(self.target, layer, tile)
        alone, shared = self._stored[key]
        used, compartments = shared or alone, tile.neurons * self.compartments[index]
        accumulators = compartments << (delay_bits_for(self.target, layer.delay_steps) if layer.delay_steps else 0)
        use = (compartments, used.words, tile.input_axons, out, accumulators, 1, 1)
        return Piece(index, count, tile, use, used.longest, used.base, alone.words, alone.longest)

    def fits(self, piece: Piece) -> bool:
        """Return whether an empty core holds the piece."""
        return piece.longest <= self.longest and bool((np.array(piece.use) <= self.capacity).all())

    def pieces(self, index: int, sides: Sides, sent: tuple[Ints, Ints, Ints], cost: int) -> list[Piece]:
        """Return a layer in tiles. `sent`: destinations of its channels, rows and columns; `cost`: axons of each."""
        kinds = [self._kinds(index, i, sides[i], sent[i]) for i in range(3)]
        return [
            self.piece(index, Tile(channels, rows, columns), a * b * c, out_a * out_b * out_c * cost)
            for (channels, out_a), a in kinds[0].items()
            for (rows, out_b), b in kinds[1].items()
            for (columns, out_c), c in kinds[2].items()
        ]

    def uses(self, index: int, i: int, side: int) -> list[Any]:
        """Return the use of every tile along one axis."""
        key = (self.first_like[index], i, side)
        if key not in self._uses:
            layer = self.layers[index]
            spans = axis_spans(layer.shape[i], side)
            if i == 0:
                self._uses[key] = _channel_uses(layer, spans)
            else:
                axis = (layer.source[i], layer.kernel[i - 1], layer.stride[i - 1], layer.padding[i - 1])
                self._uses[key] = [place_use(*axis, span) for span in spans]
        return self._uses[key]

    def _kinds(self, index: int, i: int, side: int, sent: Ints) -> Counter[tuple[Any, int]]:
        """Tiles along one axis: (use, destinations of its places) -> how many."""
        sums = np.add.reduceat(sent, np.arange(0, sent.size, side)).tolist()
        return Counter(zip(self.uses(index, i, side), sums, strict=True))


def _channel_uses(layer: Geometry, spans: list[tuple[int, int]]) -> list[ChannelUse]:
    """Use of spans of channels: those that begin at the same place of a group, and are as long, are alike."""
    wide, known = layer.shape[0] // layer.groups, dict[tuple[int, int], ChannelUse]()
    for start, stop in spans:
        if (start % wide, stop - start) not in known:
            use = channel_use(layer.source[0], layer.shape[0], layer.groups, (start, stop))
            known[start % wide, stop - start] = use
    return [known[start % wide, stop - start] for start, stop in spans]


def within(limits: dict[str, Limit]) -> tuple[Ints, int]:
    """Return the limits by ADDED_UP, and the words that a list may have; what is unknown is very much."""
    most = 1 << 60
    value = {name: limit.value for name, limit in limits.items()}
    sets = min(value.get("parameter_sets", most), value.get("threshold_sets", most))
    found = {**value, "formats": value.get("synapse_formats", most), "sets": sets}
    return np.array([found.get(name, most) for name in ADDED_UP], dtype=np.int64), value.get("words_per_axon", most)
