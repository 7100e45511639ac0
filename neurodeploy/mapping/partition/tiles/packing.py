"""Verb: tiles of several layers into cores: vector bin packing. Cuts nothing.

Tiles go in order of the share of a core that they take in their most used resource, each into the core that is open and
whose room is most like what the tile needs; or into the first one that holds it. Two tiles of one layer share no core:
lists that sources share are kept once for one tile only. A tile with shared lists that lies too far behind the first row
of its core is counted without them, or with population axons and the widest indices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.mapping.partition.tiles.tilings import TileClass, Tilings

__all__ = ["Packed", "Rule", "pack"]

Ints = NDArray[np.int64]
Rule = Literal["alike", "first"]


class Packed(NamedTuple):
    """Cores and what they hold."""

    core_of: list[tuple[TileClass, int]]
    """Every single tile, as it is stored, and its core."""
    use: Ints
    """(cores, resources by ADDED_UP)."""
    group: Ints
    """(cores,) which chip a core is to share with others; -1: any."""

    @property
    def cores(self) -> int:
        """Cores that hold a tile."""
        return len(self.use)


class _Cores:
    """Cores as they fill."""

    def __init__(self, tilings: Tilings, n_layers: int, most: int) -> None:
        self.capacity, self.longest = tilings.capacity, tilings.longest
        self.furthest = tilings.furthest
        self.use: Ints = np.zeros((most, self.capacity.size), dtype=np.int64)
        self.rows: Ints = np.zeros(most, dtype=np.int64)
        self.group: Ints = np.full(most, -1, dtype=np.int64)
        self.layers: NDArray[np.bool_] = np.zeros((most, n_layers), dtype=bool)
        self.n = 0
        self.open: Ints = np.zeros(0, dtype=np.int64)

    def holding(self, piece: TileClass, group: int, rule: Rule) -> list[tuple[int, TileClass]]:
        """Return the open cores that hold a tile, best first, and how it is stored there; one tile of a layer to a core."""
        cores = self.open[~self.layers[self.open, piece.layer]]
        cores = cores[(self.group[cores] < 0) | (self.group[cores] == group) | (group < 0)]
        needs = [np.array(item.use, dtype=np.int64) for item in (piece, piece.alone())]
        apart = (
            self.rows[cores] + piece.base > self.furthest
            if (needs[0] != needs[1]).any()
            else np.zeros(cores.size, bool)
        )
        room = self.capacity - self.use[cores]
        holds = (room >= np.where(apart[:, None], needs[1], needs[0])).all(axis=1)
        holds &= ~apart | (piece.alone_longest <= self.longest)
        able = np.flatnonzero(holds)
        if rule == "alike":
            share = room[able, :4] / self.capacity[:4]
            like = share @ (needs[0][:4] / self.capacity[:4]) / np.linalg.norm(share, axis=1).clip(1e-9)
            able = able[np.argsort(-like, kind="stable")]
        alone = piece.alone()
        return [(int(cores[k]), alone if apart[k] else piece) for k in able]

    def add(self, core: int, piece: TileClass, group: int) -> None:
        """Put a tile into a core that is open."""
        self.use[core] += np.array(piece.use, dtype=np.int64)
        self.rows[core] += piece.tile.neurons
        self.layers[core, piece.layer] = True
        self.group[core] = max(int(self.group[core]), group)

    def add_alone(self, piece: TileClass, times: int, group: int) -> list[tuple[TileClass, int]]:
        """Put equal tiles into a new core each; return which is where."""
        new = np.arange(self.n, self.n + times)
        self.use[new], self.rows[new], self.layers[new, piece.layer] = piece.use, piece.tile.neurons, True
        self.group[new] = group
        self.n, self.open = self.n + times, np.append(self.open, new)
        return [(piece, core) for core in new.tolist()]

    def close(self, least: Ints) -> None:
        """Forget the cores that have no room for any tile that is left."""
        self.open = self.open[(self.capacity - self.use[self.open] >= least).all(axis=1)]


def pack(tilings: Tilings, pieces: list[TileClass], group_of: Callable[[int], int], rule: Rule) -> Packed:
    """Return the cores that hold some pieces; `group_of`: a layer's chip group, or -1."""
    capacity: Any = tilings.capacity.astype(np.float64)
    share = [float((np.array(piece.use) / capacity).max()) for piece in pieces]
    order = sorted(range(len(pieces)), key=lambda k: (-share[k], pieces[k].layer, pieces[k].use))
    least = np.minimum.accumulate(np.array([pieces[k].use for k in order][::-1], dtype=np.int64))[::-1]
    cores = _Cores(tilings, len(tilings.layers), sum(piece.times for piece in pieces))
    placed: list[tuple[TileClass, int]] = []
    for step, k in enumerate(order):
        cores.close(least[step])
        group = group_of(pieces[k].layer)
        beside = cores.holding(pieces[k], group, rule)[: pieces[k].times]
        for core, stored in beside:
            cores.add(core, stored, group)
            placed.append((stored._replace(times=1), core))
        placed += cores.add_alone(pieces[k]._replace(times=1), pieces[k].times - len(beside), group)
    return Packed(placed, cores.use[: cores.n], cores.group[: cores.n])
