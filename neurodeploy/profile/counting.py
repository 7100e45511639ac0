"""Verb: what a recording's counters and spikes amount to, by sample, step and core. Knows no energy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program.program import Program
from neurodeploy.runtime.recording import Recording

__all__ = ["Hops", "occupied_tiles", "population_rows", "travelled"]

Ints = NDArray[np.int64]


class Hops(NamedTuple):
    """Tile hops of all spikes of a recording."""

    horizontal: float
    vertical: float
    between_chips: float
    """Messages that leave their chip; their way is not counted in hops."""


def _tiles(program: Program) -> tuple[Ints, Ints, Ints]:
    """(chip, tile column, tile row) of each core."""
    chip_of = program.target.chip
    chip, core = np.divmod(program.tables.core_id, int(chip_of.cores.value))
    tile = core // int(chip_of.cores_per_tile.value)
    row, column = np.divmod(tile, int(chip_of.mesh_columns.value))
    return chip, column, row


def occupied_tiles(program: Program) -> dict[int, int]:
    """Return occupied tiles by chip."""
    chip, column, row = _tiles(program)
    tiles = np.unique(np.stack([chip, column, row], axis=1), axis=0)
    chips, counts = np.unique(tiles[:, 0], return_counts=True)
    return {int(c): int(n) for c, n in zip(chips, counts, strict=True)}


def population_rows(program: Program) -> Ints:
    """Return compartments occupied on each core; a neuron of two compartments counts twice."""
    tables = program.tables
    per_neuron = np.array([item.compartments_per_neuron for item in program.populations], dtype=np.int64)
    core = np.repeat(np.arange(tables.n_cores), np.diff(tables.compartment_ptr))
    return np.bincount(core, per_neuron[tables.population], tables.n_cores).astype(np.int64)


def _spikes_by_row(program: Program, recording: Recording) -> Ints:
    tables = program.tables
    first = np.r_[0, np.cumsum([item.size for item in program.populations])]
    counts = np.concatenate(
        [np.bincount(recording.spikes[item.name][:, 2], minlength=item.size) for item in program.populations]
    )
    return counts[first[tables.population] + tables.neuron]


def travelled(program: Program, recording: Recording) -> Hops:
    """Return the hops of all messages between cores, X first then Y; cores of one tile are 0 hops apart."""
    tables = program.tables
    chip, column, row = _tiles(program)
    core = np.repeat(np.arange(tables.n_cores), np.diff(tables.compartment_ptr))
    per_row = np.diff(tables.out_axon_ptr)
    source, spikes = np.repeat(core, per_row), np.repeat(_spikes_by_row(program, recording), per_row)
    same = chip[source] == chip[tables.out_core]
    horizontal = np.abs(column[source] - column[tables.out_core]) * same
    vertical = np.abs(row[source] - row[tables.out_core]) * same
    return Hops(float(horizontal @ spikes), float(vertical @ spikes), float(spikes[~same].sum()))
