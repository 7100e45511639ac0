"""Where the cores of a program lie in the picture of its chips, what they hold, and what they send each other."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program import Program
from neurodeploy.signals import Recording

__all__ = ["Layout", "Sent", "layout_of", "messages_between", "population_shares"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
TILE, CHIP = 0.3, 1.6
"""Space between two tiles and between two chips; a core has the side 1."""


class Layout(NamedTuple):
    """Positions in the picture, the first row at the top."""

    chips: Ints
    """(n,) numbers of the chips that the program uses."""
    corners: Floats
    """(n, 2): lower left corner of each of these chips."""
    size: tuple[float, float]
    """Width and height of a chip."""
    cores: Floats
    """(n_cores, 2): lower left corner of each core of the program."""
    slots: Floats
    """(n, 2): lower left corner of every core of these chips, used or not."""
    tiles: Floats
    """(n, 2): lower left corner of every tile of these chips."""
    tile_size: tuple[float, float]


def layout_of(program: Program) -> Layout:
    """Return the layout of the chips that a program uses, side by side in about a square."""
    chip = program.target.chip
    in_chip, in_tile, columns = int(chip.cores.value), int(chip.cores_per_tile.value), int(chip.mesh_columns.value)
    across = math.ceil(math.sqrt(in_tile))
    tile_size = float(across), float(math.ceil(in_tile / across))
    used, which = np.unique(program.tables.core_id // in_chip, return_inverse=True)
    pitch_x, pitch_y = tile_size[0] + TILE, tile_size[1] + TILE
    n_tiles = math.ceil(in_chip / in_tile)
    size = columns * pitch_x - TILE, math.ceil(n_tiles / columns) * pitch_y - TILE
    per_row = math.ceil(math.sqrt(used.size * size[1] / size[0])) if used.size > 1 else 1
    place = np.arange(used.size)
    corners = np.stack([(place % per_row) * (size[0] + CHIP), -(place // per_row) * (size[1] + CHIP)], axis=1)

    def tile_at(tile: Ints) -> Floats:
        row, column = np.divmod(tile, columns)
        return np.stack([column * pitch_x, size[1] - tile_size[1] - row * pitch_y], axis=1)

    def core_at(core: Ints) -> Floats:
        row, column = np.divmod(core % in_tile, across)
        return tile_at(core // in_tile) + np.stack([column, tile_size[1] - 1 - row], axis=1)

    slots, tiles = core_at(np.arange(in_chip)), tile_at(np.arange(n_tiles))
    return Layout(
        chips=used.astype(np.int64),
        corners=corners.astype(np.float64),
        size=size,
        cores=corners[which.ravel()] + core_at(program.tables.core_id.astype(np.int64) % in_chip),
        slots=(corners[:, None] + slots[None]).reshape(-1, 2),
        tiles=(corners[:, None] + tiles[None]).reshape(-1, 2),
        tile_size=tile_size,
    )


def population_shares(program: Program) -> Floats:
    """Return (n_cores, n_populations): the share of each population in the compartments of each core."""
    tables, n = program.tables, len(program.populations)
    core = np.repeat(np.arange(tables.n_cores), np.diff(tables.compartment_ptr))
    taken = np.array([item.compartments_per_neuron for item in program.populations], dtype=np.float64)
    flat = np.bincount(core * n + tables.population, taken[tables.population], tables.n_cores * n)
    counts: Floats = flat.reshape(tables.n_cores, n)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


class Sent(NamedTuple):
    """Messages from one core to another, by sender and receiver."""

    sender: Ints
    receiver: Ints
    messages: Floats


def messages_between(program: Program, recording: Recording | None) -> Sent:
    """Return the messages between different cores, the heaviest first; those of inputs come from outside and are left out.

    `recording`: one whose spikes are counted, over all samples; None: every neuron spikes once.
    """
    tables, n = program.tables, program.tables.n_cores
    core = np.repeat(np.arange(n), np.diff(tables.compartment_ptr))
    spikes = np.ones(tables.n_rows)
    if recording is not None:
        for item in program.populations:
            counts = np.bincount(recording.spikes[item.name][:, 2], minlength=item.size)
            spikes[program.table_rows[item.name]] = counts
    axons = np.diff(tables.out_axon_ptr)
    source, weight = np.repeat(core, axons), np.repeat(spikes, axons)
    keys, place = np.unique(source * n + tables.out_core.astype(np.int64), return_inverse=True)
    total = np.bincount(place.ravel(), weight, keys.size)
    sender, receiver = np.divmod(keys, max(n, 1))
    apart = (sender != receiver) & (total > 0)
    order = np.argsort(-total[apart], kind="stable")
    return Sent(sender[apart][order], receiver[apart][order], total[apart][order])
