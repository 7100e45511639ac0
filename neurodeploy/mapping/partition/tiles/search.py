"""Beam search for the tiles of every layer that together need fewest cores, from the last layer to the first.

The output axons of a layer depend on the tiles of the next one, so layers are cut from the back: for each tiling that was
kept of the next layer, the tilings with fewest tiles are tried, and the best few of all are kept. A spike to another chip may
take one output axon more, but cores are not placed yet: layers that fit on one chip together form a group, which stays on one
chip, and every other spike between layers is assumed to leave its chip.
"""

from __future__ import annotations

from functools import cached_property
from itertools import islice, product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.mapping.partition.tiles.tilings import (
    AxisDestinations,
    Sides,
    TileClass,
    Tilings,
    compartments_of,
    destinations,
)
from neurodeploy.mapping.time_limit import TimeLimit
from neurodeploy.resources.axons import Kind, output_axons_of
from neurodeploy.resources.synapse_memory import delay_bits_for, dense_words
from neurodeploy.resources.tile import Tile
from neurodeploy.resources.tile_usage import fewest_weights

__all__ = ["Chain", "linked", "search"]

Ints = NDArray[np.int64]
WASTE = 0.1
"""Share of the free room of cores that is assumed to stay free after packing."""
DEEP_AS = 2
"""Tilings tried for each one kept."""


class Chain(NamedTuple):
    """Tiles of a layer and of all after it."""

    sides: Sides
    """Sides of the layer's tiles."""
    classes: tuple[TileClass, ...]
    """The layer's tiles."""
    group: int | None
    """Chip group of the layer, numbered by its last layer; None: any chip."""
    group_tiles: int
    """Tiles of the group so far."""
    cores: float
    """Estimated cores of this layer and all after it, from the most used resource of each tile."""
    ahead: float
    """Estimated cores that the layer before will need for its output axons, beyond those for its compartments."""
    after: Chain | None
    """Tiles of the next layer; None: this is the last."""

    @property
    def joins(self) -> bool:
        """Whether the layer lies on the chip of the next one."""
        return self.after is not None and self.after.group is not None and self.after.group == self.group

    def layers(self) -> list[Chain]:
        """Chains of this layer and of each one after it."""
        return [self, *(self.after.layers() if self.after else [])]


class _Choices:
    """All tilings of a layer whose tiles may fit a core; layers with equal shapes and neighbours share them."""

    def __init__(self, tilings: Tilings, index: int) -> None:
        self.tilings, self.index, self.layer = tilings, index, tilings.layers[index]
        sides = [_even(n) for n in self.layer.shape]
        if not self.layer.shares:
            sides[0] = self._word_steps()
        most = int(tilings.capacity[0]) // compartments_of(tilings.target, self.layer)
        sides = [axis[axis <= max(most, int(axis[0]))] for axis in sides]  # a wider tile fits no core
        self.axes: tuple[Ints, Ints, Ints] = (sides[0], sides[1], sides[2])
        grid: Any = np.stack(np.meshgrid(*[np.arange(axis.size) for axis in sides], indexing="ij"), axis=-1)
        picked = grid.reshape(-1, 3)
        volume = np.prod([self.axes[i][picked[:, i]] for i in range(3)], axis=0)
        along = [self._along(i) for i in range(3)]
        axons, source_outputs, most_inputs, stored = (
            np.prod([along[i][k][picked[:, i]] for i in range(3)], axis=0) for k in range(4)
        )
        room = dict(zip(("compartments", "words", "axons"), tilings.capacity[:3].tolist(), strict=True))
        fits = volume * compartments_of(tilings.target, self.layer) <= room["compartments"]
        if self._kind != "discrete" or not (fits & (most_inputs <= room["axons"])).any():
            most_inputs = axons  # population axons save output axons, or nothing else fits
        fits &= most_inputs <= room["axons"]
        fits &= stored * self.layer.weight_bits <= room["words"] * float(tilings.target.counting.word.value)
        self.picked, self.source_outputs = picked[fits], source_outputs[fits]
        counts = [-(-self.layer.shape[i] // self.axes[i])[self.picked[:, i]] for i in range(3)]
        self.tiles: Ints = np.prod(counts, axis=0)
        even = np.prod([(self.layer.shape[i] / self.axes[i])[self.picked[:, i]] for i in range(3)], axis=0)
        self.rank: NDArray[np.float64] = (self.tiles + even) / 2 + self.ahead
        self._own: dict[int, bool] = {}
        self._sent: dict[tuple[Sides, int], Ints] = {}
        self._worst: dict[tuple[int, AxisDestinations], Ints] = {}

    def _along(self, i: int) -> tuple[Ints, Ints, Ints, Ints]:
        """Needs by the sides of axis `i`; those of a tiling are the product over three axes.

        (input axons of a tile, output axons of the sources to all tiles, sources of a tile, fewest weights stored for a tile)
        """
        if self._kind == "convolution":
            return self._along_kernel(i)
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

    def _along_kernel(self, i: int) -> tuple[Ints, Ints, Ints, Ints]:
        """As `_along`, if all sources share an axon and a position shares its output axons."""
        positions, sources, stored = np.zeros((3, self.axes[i].size), dtype=np.int64)
        deep = self.layer.source[0] // self.layer.groups
        for k, side in enumerate(self.axes[i].tolist()):
            uses = self.tilings.uses(self.index, i, side)
            sources[k] = max(use.sources for use in uses)
            positions[k] = len(uses) if i == 0 else sum(use.sources for use in uses)
            stored[k] = min(side, self.layer.shape[0]) * deep if i == 0 else self.layer.kernel[i - 1]
        return np.ones_like(positions), positions, sources, stored

    @cached_property
    def ahead(self) -> NDArray[np.float64]:
        """(tilings,) cores that the layer before needs for its output axons, beyond those for its compartments."""
        if self.index == 0:
            return np.zeros(len(self.picked))
        before, capacity = self.tilings.layers[self.index - 1], self.tilings.capacity
        own_cores = before.neurons * compartments_of(self.tilings.target, before) / float(capacity[0])
        same_chip = self.tiles + own_cores <= self.tilings.per_chip
        cost = [output_axons_of(self.tilings.target, self._kind, other_chip=there) for there in (True, False)]
        return np.maximum(
            self.source_outputs * np.where(same_chip, cost[1], cost[0]) / float(capacity[3]) - own_cores, 0.0
        )

    @property
    def _kind(self) -> Kind:
        """Kind of input axon that takes fewest output axons of the layer before."""
        if self.tilings.target.counting.convolution is not None and self.layer.shares:
            return "convolution"
        shared = self.tilings.target.counting.shared_output_axons and self.layer.shares and self.tilings.atoms
        return "pop32" if shared else "discrete"

    def _word_steps(self) -> Ints:
        """Widths of a dense layer's tiles that fill their last word of memory."""
        layer, target = self.layer, self.tilings.target
        width: Any = np.arange(1, layer.shape[0] + 2)
        words = dense_words(target.counting, width, layer.weight_bits, delay_bits_for(target, layer.delay_steps), 0)
        return np.union1d(np.flatnonzero(np.diff(words)) + 1, [layer.shape[0]])

    def sides(self, choice: int) -> Sides:
        """Sides of a tiling."""
        a, b, c = (int(self.axes[i][self.picked[choice, i]]) for i in range(3))
        return a, b, c

    def fits(self, choice: int) -> bool:
        """Whether every tile of a tiling fits a core, apart from output axons; an inner tile is tried first."""
        if choice not in self._own:
            uses = [self.tilings.uses(self.index, i, side) for i, side in enumerate(self.sides(choice))]
            inner = Tile(*(axis[(len(axis) - 1) // 2] for axis in uses))
            kinds = product(*(dict.fromkeys(axis) for axis in uses))
            self._own[choice] = self._holds(inner) and all(self._holds(Tile(*kind)) for kind in kinds)
        return self._own[choice]

    def _holds(self, tile: Tile) -> bool:
        """Whether an empty core holds a tile without output axons."""
        return self.tilings.fits(self.tilings.tile_class(self.index, tile))

    def sent(self, after: Chain | None) -> Ints:
        """(tilings,) most destinations of a tile, before a chain."""
        layers, sides = self.tilings.layers, after.sides if after else (1, 1, 1)
        following = layers[self.index + 1] if after else None
        atoms, _ = self.tilings.axons_into(after.classes if after else (), same_chip=True)
        if (sides, atoms) in self._sent:
            return self._sent[sides, atoms]
        most: Ints = np.ones(len(self.picked), dtype=np.int64)
        for i, axis in enumerate(destinations(self.layer, following, sides, atoms)):
            if (i, axis) not in self._worst:
                self._worst[i, axis] = np.array(
                    [max(axis.output_axons(side)) for side in self.axes[i].tolist()], dtype=np.int64
                )
            most = most * self._worst[i, axis][self.picked[:, i]]
        self._sent[sides, atoms] = most
        return most


def _even(n: int) -> Ints:
    """Sides to try for an axis of length `n`: those that cut it evenly into any number of tiles, and powers of two."""
    even = {-(-n // count) for count in range(1, n + 1)}
    return np.array(sorted(even | {1 << bit for bit in range(n.bit_length()) if 1 << bit <= n}), dtype=np.int64)


def linked(tilings: Tilings, index: int, sides: Sides, after: Chain | None, *, joins: bool, ahead: float) -> Chain:
    """Return the chain of a layer in tiles and `after`; `joins`: on the chip of the next layer, if that has a chip group."""
    joins = joins and after is not None and after.group is not None
    atoms, cost = tilings.axons_into(after.classes if after else (), same_chip=joins)
    following, beyond = (tilings.layers[index + 1], after.sides) if after else (None, (1, 1, 1))
    sent = destinations(tilings.layers[index], following, beyond, atoms)
    classes, tiles, own = tilings.tile_set(index, sides, sent, cost)
    group = after.group if joins and after else index if tiles <= tilings.per_chip else None
    cores = own + WASTE * (tiles - own) + (after.cores if after else 0.0)
    group_tiles = after.group_tiles if joins and after else 0
    return Chain(sides, classes, group, tiles + group_tiles, cores, ahead, after)


def _extended(choices: _Choices, index: int, after: Chain | None, wanted: int, *, joins: bool) -> list[Chain]:
    """The `wanted` best tilings of a layer, each with the chain `after` it."""
    tilings, most = choices.tilings, choices.sent(after)
    _, cost = tilings.axons_into(after.classes if after else (), same_chip=joins)
    group_tiles = after.group_tiles if after and joins else 0
    room = (most * cost <= tilings.capacity[3]) & ((choices.tiles + group_tiles <= tilings.per_chip) | (not joins))
    possible = np.flatnonzero(room)
    order = possible[np.lexsort((choices.source_outputs[possible], choices.rank[possible]))]
    good = (choice for choice in order.tolist() if choices.fits(choice))
    return [
        linked(tilings, index, choices.sides(choice), after, joins=joins, ahead=float(choices.ahead[choice]))
        for choice in islice(good, wanted)
    ]


def search(
    tilings: Tilings, *, keep: int, deep: bool, time_limit: TimeLimit | None = None
) -> tuple[list[Chain], int | None]:
    """(best chains of all layers, fewest cores first; None), or ([], index of a layer of which no tiling fits a core).

    `keep`: chains kept after each layer; `deep`: keep one for each tiling of two layers instead of one.
    """
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
    """The best chains, one for each tiling of the first layer, or (deep) of the first two layers, `keep` at most."""
    best: dict[Any, Chain] = {}
    for item in chains:
        fresh, following = item.group == item.classes[0].layer, item.after.sides if deep and item.after else None
        best.setdefault((item.sides, fresh, following), item)
    return list(best.values())[:keep]
