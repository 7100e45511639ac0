"""Verb: the tiles of every layer that together need fewest cores, from the last layer to the first. Packs nothing.

The output axons of a layer depend on the tiles of the one after it, so layers are cut from the back: for each tiling that
was kept of the layer after, those tiles are tried that leave fewest tiles, and the best few of all are kept (a beam).
A spike to another chip may cost an output axon more, and where a core lies is not known here: so layers that fit one
chip together form a `group`, which is to stay on one chip, and every other spike between layers is taken to leave its chip.
"""

from __future__ import annotations

from functools import cached_property
from itertools import islice, product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.mapping.partition.tiles.tilings import (
    SentAxis,
    Sides,
    TileClass,
    Tilings,
    compartments_of,
    destinations,
)
from neurodeploy.mapping.time_limit import TimeLimit
from neurodeploy.resources.axons import Kind, output_axons_of
from neurodeploy.resources.synapse_memory import delay_bits_for, dense_words
from neurodeploy.resources.tile_usage import Tile, fewest_weights

__all__ = ["Chain", "linked", "search"]

Ints = NDArray[np.int64]
WASTE = 0.1
"""Which part of a core's free room is taken to stay free; packing finds the rest a use."""
DEEP_AS = 2
"""Tilings looked at for each one that is kept."""


class Chain(NamedTuple):
    """Tiles of a layer and of all after it."""

    sides: Sides
    pieces: tuple[TileClass, ...]
    group: int | None
    """Which chip the layer is to share with its neighbours; None: any."""
    group_tiles: int
    """Tiles of that group so far."""
    cores: float
    """Cores of this layer and all after it if every core were full in its most used resource."""
    ahead: float
    """Cores that the layer before will need for its output axons."""
    after: Chain | None

    @property
    def joins(self) -> bool:
        """Whether the layer is to lie on the chip of the one after it."""
        return self.after is not None and self.after.group is not None and self.after.group == self.group

    def layers(self) -> list[Chain]:
        """Return this layer and the ones after it."""
        return [self, *(self.after.layers() if self.after else [])]


class _Choices:
    """Every tiling of one layer whose tiles may fit a core; the same for any layer of its shapes and neighbours."""

    def __init__(self, tilings: Tilings, index: int) -> None:
        self.tilings, self.index, self.layer = tilings, index, tilings.layers[index]
        sides = [_even(n) for n in self.layer.shape]
        if not self.layer.shares:
            sides[0] = self._word_steps()
        most = int(tilings.capacity[0]) // compartments_of(tilings.target, self.layer)
        sides = [
            axis[axis <= max(most, int(axis[0]))] for axis in sides
        ]  # a wider tile fits no core, whatever else it is
        self.axes: tuple[Ints, Ints, Ints] = (sides[0], sides[1], sides[2])
        grid: Any = np.stack(np.meshgrid(*[np.arange(axis.size) for axis in sides], indexing="ij"), axis=-1)
        picked = grid.reshape(-1, 3)
        volume = np.prod([self.axes[i][picked[:, i]] for i in range(3)], axis=0)
        along = [self._along(i) for i in range(3)]
        axons, heard, heard_most, stored = (
            np.prod([along[i][k][picked[:, i]] for i in range(3)], axis=0) for k in range(4)
        )
        room = dict(zip(("compartments", "words", "axons"), tilings.capacity[:3].tolist(), strict=True))
        fits = volume * compartments_of(tilings.target, self.layer) <= room["compartments"]
        if self._kind != "discrete" or not (fits & (heard_most <= room["axons"])).any():
            heard_most = axons  # population axons save output axons here, or nothing else fits
        fits &= heard_most <= room["axons"]
        fits &= stored * self.layer.weight_bits <= room["words"] * float(tilings.target.counting.word.value)
        self.picked, self.heard = picked[fits], heard[fits]
        counts = [-(-self.layer.shape[i] // self.axes[i])[self.picked[:, i]] for i in range(3)]
        self.tiles: Ints = np.prod(counts, axis=0)
        even = np.prod([(self.layer.shape[i] / self.axes[i])[self.picked[:, i]] for i in range(3)], axis=0)
        self.rank: NDArray[np.float64] = (self.tiles + even) / 2 + self.ahead
        self._own: dict[int, bool] = {}
        self._sent: dict[tuple[Sides, int], Ints] = {}
        self._worst: dict[tuple[int, SentAxis], Ints] = {}

    def _along(self, i: int) -> tuple[Ints, Ints, Ints, Ints]:
        """By one axis and its side, what tilings need; that of three axes is their product.

        (input axons, the senders' output axons for all tiles, sources, fewest weights that any encoding stores)
        """
        most, total, discrete, stored = np.zeros((4, self.axes[i].size), dtype=np.int64)
        grouped = i == 0 and self.layer.shares
        for k, side in enumerate(self.axes[i].tolist()):
            uses = self.tilings.uses(self.index, i, side)
            sources = [use.sources for use in uses]
            axons = [use.axons or use.sources for use in uses] if grouped else sources
            most[k], discrete[k] = max(axons), max(sources)
            total[k] = sum(sources if self._kind == "discrete" else axons)
            stored[k] = max(fewest_weights(self.layer, use) for use in dict.fromkeys(uses))
        return most, total, discrete, stored

    @cached_property
    def ahead(self) -> NDArray[np.float64]:
        """Cores that the layer before needs beyond its compartments, as its output axons are what this one hears."""
        if self.index == 0:
            return np.zeros(len(self.picked))
        before, capacity = self.tilings.layers[self.index - 1], self.tilings.capacity
        held = before.neurons * compartments_of(self.tilings.target, before) / float(capacity[0])
        near = self.tiles + held <= self.tilings.per_chip
        cost = [output_axons_of(self.tilings.target, self._kind, other_chip=there) for there in (True, False)]
        return np.maximum(self.heard * np.where(near, cost[1], cost[0]) / float(capacity[3]) - held, 0.0)

    @property
    def _kind(self) -> Kind:
        """The kind of input axon that its tiles may have and that leaves the layer before most room."""
        shared = self.tilings.target.counting.shared_output_axons and self.layer.shares and self.tilings.atoms
        return "pop32" if shared else "discrete"

    def _word_steps(self) -> Ints:
        """Widths of a dense layer's tiles that fill their last word."""
        layer, target = self.layer, self.tilings.target
        width: Any = np.arange(1, layer.shape[0] + 2)
        words = dense_words(target.counting, width, layer.weight_bits, delay_bits_for(target, layer.delay_steps), 0)
        return np.union1d(np.flatnonzero(np.diff(words)) + 1, [layer.shape[0]])

    def sides(self, choice: int) -> Sides:
        """Return the sides of a tiling."""
        a, b, c = (int(self.axes[i][self.picked[choice, i]]) for i in range(3))
        return a, b, c

    def fits(self, choice: int) -> bool:
        """Return whether every tile fits a core, its output axons left out; an inner tile is asked first."""
        if choice not in self._own:
            uses = [self.tilings.uses(self.index, i, side) for i, side in enumerate(self.sides(choice))]
            inner = Tile(*(axis[(len(axis) - 1) // 2] for axis in uses))
            kinds = product(*(dict.fromkeys(axis) for axis in uses))
            self._own[choice] = self._holds(inner) and all(self._holds(Tile(*kind)) for kind in kinds)
        return self._own[choice]

    def _holds(self, tile: Tile) -> bool:
        """Whether an empty core holds a tile that sends nothing."""
        return self.tilings.fits(self.tilings.piece(self.index, tile))

    def sent(self, after: Chain | None) -> Ints:
        """Return the most destinations of a tile for every tiling."""
        layers, sides = self.tilings.layers, after.sides if after else (1, 1, 1)
        following = layers[self.index + 1] if after else None
        atoms, _ = self.tilings.into(after.pieces if after else (), near=True)
        if (sides, atoms) in self._sent:
            return self._sent[sides, atoms]
        most: Ints = np.ones(len(self.picked), dtype=np.int64)
        for i, axis in enumerate(destinations(self.layer, following, sides, atoms)):
            if (i, axis) not in self._worst:
                self._worst[i, axis] = np.array(
                    [max(axis.sums(side)) for side in self.axes[i].tolist()], dtype=np.int64
                )
            most = most * self._worst[i, axis][self.picked[:, i]]
        self._sent[sides, atoms] = most
        return most


def _even(n: int) -> Ints:
    """Sides to try: those that cut an axis most evenly into any number of tiles, and powers of two."""
    even = {-(-n // count) for count in range(1, n + 1)}
    return np.array(sorted(even | {1 << bit for bit in range(n.bit_length()) if 1 << bit <= n}), dtype=np.int64)


def linked(tilings: Tilings, index: int, sides: Sides, after: Chain | None, *, joins: bool, ahead: float) -> Chain:
    """Return a layer in tiles before a chain; `joins`: on the chip of the layer after it, where that one stays on a chip."""
    joins = joins and after is not None and after.group is not None
    capacity = tilings.room[:4]
    atoms, cost = tilings.into(after.pieces if after else (), near=joins)
    following, beyond = (tilings.layers[index + 1], after.sides) if after else (None, (1, 1, 1))
    sent = destinations(tilings.layers[index], following, beyond, atoms)
    pieces = tuple(tilings.pieces(index, sides, sent, cost))
    tiles = sum(piece.times for piece in pieces)
    own = sum(
        piece.times * max(used / room for used, room in zip(piece.use, capacity, strict=False)) for piece in pieces
    )
    group = after.group if joins and after else index if tiles <= tilings.per_chip else None
    cores = own + WASTE * (tiles - own) + (after.cores if after else 0.0)
    beside = after.group_tiles if joins and after else 0
    return Chain(sides, pieces, group, tiles + beside, cores, ahead, after)


def _extended(choices: _Choices, index: int, after: Chain | None, wanted: int, *, joins: bool) -> list[Chain]:
    """The best tilings of a layer before a chain."""
    tilings, most = choices.tilings, choices.sent(after)
    _, cost = tilings.into(after.pieces if after else (), near=joins)
    beside = after.group_tiles if after and joins else 0
    room = (most * cost <= tilings.capacity[3]) & ((choices.tiles + beside <= tilings.per_chip) | (not joins))
    possible = np.flatnonzero(room)
    order = possible[np.lexsort((choices.heard[possible], choices.rank[possible]))]
    good = (choice for choice in order.tolist() if choices.fits(choice))
    return [
        linked(tilings, index, choices.sides(choice), after, joins=joins, ahead=float(choices.ahead[choice]))
        for choice in islice(good, wanted)
    ]


def search(
    tilings: Tilings, *, keep: int, deep: bool, time_limit: TimeLimit | None = None
) -> tuple[list[Chain], int | None]:
    """Return the best chains, fewest cores first, and None; or none and the layer of which no tiling fits a core."""
    like = [-1, *tilings.first_like, -1]
    known: dict[tuple[int, ...], _Choices] = {}
    chains: list[Chain] = []
    for index in reversed(range(len(tilings.layers))):
        (time_limit or TimeLimit()).report("tiles", len(tilings.layers) - 1 - index, len(tilings.layers))
        shapes = tuple(like[index : index + 3])
        choices = known[shapes] = known.get(shapes) or _Choices(tilings, index)
        afters: list[Chain | None] = list(chains) if index + 1 < len(tilings.layers) else [None]
        made: list[Chain] = []
        for after in afters:
            for joins in (True, False) if after is not None and after.group is not None else (False,):
                made += _extended(choices, index, after, keep * DEEP_AS, joins=joins)
        made.sort(key=lambda item: (item.cores + item.ahead, item.sides))
        chains = _diverse(made, keep, deep=deep)
        if not chains:
            return [], index
    return chains, None


def _diverse(chains: list[Chain], keep: int, *, deep: bool) -> list[Chain]:
    """The best chain of every tile of the first layer, or (deep) of every two tiles of the first two, as far as they go."""
    best: dict[Any, Chain] = {}
    for item in chains:
        fresh, following = item.group == item.pieces[0].layer, item.after.sides if deep and item.after else None
        best.setdefault((item.sides, fresh, following), item)
    return list(best.values())[:keep]
