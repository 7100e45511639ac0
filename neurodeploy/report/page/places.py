"""Places of cores on a drawing of the occupied chips, and what lies on each."""

from __future__ import annotations

from math import ceil, sqrt
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.profile import ResourceUse
from neurodeploy.program import Program

__all__ = ["MANY", "Board", "Part", "board", "fullest", "held", "parts"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
MANY = 1024
"""Largest number of cores, and then of tiles, that are drawn one by one."""
WIDTH = 880.0
"""Pixels of the drawing; more chips than fit side by side continue below."""
GAP, TILE_GAP = 26.0, 3.0
"""Pixels between chips, and between tiles."""


class Board(NamedTuple):
    """A drawing of the occupied chips: pixels of its cells, and the place of every core."""

    chip: Ints
    """(n_cores,) chip of each core."""
    tile: Ints
    """(n_cores,) tile on its chip."""
    slot: Ints
    """(n_cores,) core on its chip."""
    chips: Ints
    """Occupied chips, ascending."""
    per_tile: int
    """Cores of a tile."""
    side: int
    """Cores of a tile side by side."""
    columns: int
    rows: int
    cell: float
    """Pixels of a core."""
    across: int
    """Chips side by side."""

    @property
    def tile_px(self) -> float:
        """Pixels of a tile."""
        return self.side * self.cell

    @property
    def chip_px(self) -> tuple[float, float]:
        """Width and height of a chip in pixels."""
        step = self.tile_px + TILE_GAP
        return self.columns * step + 2 * TILE_GAP, self.rows * step + 2 * TILE_GAP

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the drawing in pixels."""
        width, height = self.chip_px
        down = -(-self.chips.size // self.across)
        return min(self.across, self.chips.size) * (width + GAP) - GAP + 2, down * (height + GAP) + 2

    def corner(self, chip: int) -> tuple[float, float]:
        """Return the upper left corner of a chip in pixels. `chip`: its number on the board."""
        at = int(np.searchsorted(self.chips, chip))
        width, height = self.chip_px
        return 1 + (at % self.across) * (width + GAP), 1 + (at // self.across) * (height + GAP) + GAP - 6

    def tile_corner(self, chip: int, tile: int) -> tuple[float, float]:
        """Return the upper left corner of a tile in pixels. `tile`: its number on the chip `chip`."""
        x, y = self.corner(chip)
        row, column = divmod(tile, self.columns)
        step = self.tile_px + TILE_GAP
        return x + 1.5 * TILE_GAP + column * step, y + 1.5 * TILE_GAP + row * step

    def core_corner(self, chip: int, slot: int) -> tuple[float, float]:
        """Return the upper left corner of a core in pixels. `slot`: its number on the chip `chip`."""
        tile, inside = divmod(slot, self.per_tile)
        x, y = self.tile_corner(chip, tile)
        return x + (inside % self.side) * self.cell, y + (inside // self.side) * self.cell


def board(program: Program) -> Board:
    """Return the drawing of the chips that `program` occupies; the cells shrink with their number."""
    chip_of, tables = program.target.chip, program.tables
    per_tile, columns = int(chip_of.cores_per_tile.value), int(chip_of.mesh_columns.value)
    chip, slot = np.divmod(tables.core_id.astype(np.int64), int(chip_of.cores.value))
    chips = np.unique(chip)
    side = ceil(sqrt(per_tile))
    cell = 36.0 if chips.size == 1 else 14.0 if chips.size <= 4 else 9.0 if chips.size <= 32 else 4.0
    cell = min(cell, max((WIDTH / columns - TILE_GAP) / side, 4.0))
    width = columns * (side * cell + TILE_GAP) + 2 * TILE_GAP
    across = max(1, int((WIDTH + GAP) // (width + GAP)))
    return Board(
        chip, slot // per_tile, slot, chips, per_tile, side, columns, int(chip_of.mesh_rows.value), cell, across
    )


class Part(NamedTuple):
    """One mark of the map: a core, or all cores of a tile or of a chip where there are too many."""

    kind: Literal["core", "tile", "chip"]
    cores: Ints
    """Logical cores."""
    x: float
    y: float
    width: float
    height: float


def parts(on: Board) -> list[Part]:
    """Return the marks of the map in the order of chips and cores. `on`: the drawing."""
    tiles = on.chip * (int(on.tile.max(initial=0)) + 1) + on.tile
    if on.chip.size <= MANY:
        order = np.lexsort((on.slot, on.chip))
        places = [on.core_corner(int(on.chip[c]), int(on.slot[c])) for c in order]
        size = on.cell - 1
        return [Part("core", np.array([c]), x, y, size, size) for c, (x, y) in zip(order, places, strict=True)]
    if np.unique(tiles).size <= MANY:
        groups = [np.flatnonzero(tiles == key) for key in np.unique(tiles)]
        places = [on.tile_corner(int(on.chip[g[0]]), int(on.tile[g[0]])) for g in groups]
        size = on.tile_px - 1
        return [Part("tile", g, x, y, size, size) for g, (x, y) in zip(groups, places, strict=True)]
    groups = [np.flatnonzero(on.chip == key) for key in on.chips]
    places = [on.corner(int(key)) for key in on.chips]
    return [Part("chip", g, x, y, *on.chip_px) for g, (x, y) in zip(groups, places, strict=True)]


def fullest(resources: tuple[ResourceUse, ...], n_cores: int) -> tuple[Floats, list[str]]:
    """Return the share of the fullest resource of each core, from 0 to 1, and the name of each resource in order.

    `resources`: use of every limited resource by the `n_cores` cores; those without a limit are left out.
    """
    limited = [item for item in resources if item.limit]
    shares = np.array([np.array(item.per_core) / (item.limit or 1) for item in limited]).reshape(len(limited), n_cores)
    return shares, [item.name.replace("_", " ") for item in limited]


def held(program: Program) -> Ints:
    """Return the (n_cores, populations) numbers of neurons of each population on each core. `program`: their tables."""
    tables, n = program.tables, len(program.populations)
    core = np.repeat(np.arange(tables.n_cores), np.diff(tables.compartment_ptr))
    flat = np.bincount(core * n + tables.population, minlength=tables.n_cores * n)
    return flat.reshape(tables.n_cores, n)
