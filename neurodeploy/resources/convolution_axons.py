"""Convolution axons: one axon for all sources of a window into a core, which stores the kernel once.

A spike names its position and channel, from which the core computes the first target and the taps that meet it. A core holds
a tile of the layer, a box of channels x rows x columns, and stores of the kernel one list for each tap and source channel that
reaches the tile: the weights into the target channels of the tile, in order, without indices. Zeros are stored, and every tap
counts, although a tile at the edge meets fewer. Source: figures and fit in `[rules.*.convolution]` of the target.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import RuleSet, Target
from neurodeploy.resources.population_axons import population_axon_formats
from neurodeploy.resources.synapse_memory import segment_words
from neurodeploy.resources.tile import Box, ReachCounts

__all__ = ["ATOMS", "box_of", "convolution_axons", "holds_tile", "kernel_words", "most_atoms", "source_addresses"]

Ints = NDArray[np.int64]
ATOMS = 1 << 15
"""Sources that rows of one axon can distinguish in the tables of a program; no property of a chip."""


def convolution_axons(target: Target, sources: int) -> int:
    """Return the input axons of a core for the `sources` of one window; 0 if the target has no convolution axons."""
    given = target.counting.convolution
    return 0 if given is None else int(given.input_axons.value) * -(-sources // ATOMS)


def most_atoms(target: Target) -> int:
    """Return the most sources of a window that can share an input axon; 1 if none do."""
    if target.counting.convolution is not None:
        return ATOMS
    return max((item.atoms for item in population_axon_formats(target)), default=1)


def source_addresses(n: int) -> dict[str, Ints]:
    """Return the columns `axon` and `atom` of `n` sources that share convolution axons."""
    number: Any = np.arange(n)
    return {"axon": number // ATOMS, "atom": number % ATOMS}


def holds_tile(target: Target, channels: int, rows: int, columns: int) -> bool:
    """Return whether convolution axons can address a tile of a core: as wide as the next legal number of columns, it fits."""
    given, most = target.counting.convolution, target.limits.compartments
    if given is None:
        return False
    width = next((int(value) for value in given.tile_columns.values if value >= columns), None)
    return width is not None and (most is None or channels * rows * width <= most.value)


def kernel_words(rules: RuleSet, reach: ReachCounts, taps: int, weight_bits: int, delay_bits: int) -> tuple[int, int]:
    """Return (words of a kernel in a core, words of its longest list).

    `reach`: (target channels of the tile that a source channel reaches, number of such source channels); `taps`: of one
    channel.
    """
    length, times = np.array(reach, dtype=np.int64).reshape(-1, 2).T
    words = segment_words(rules, length, weight_bits, delay_bits, 0)
    return taps * int(words @ times), int(words.max(initial=0))


def box_of(shape: tuple[int, int, int], neurons: Ints) -> Box | None:
    """Return the box of `shape` (channels, rows, columns) that `neurons` (ascending) are; None if they are no box."""
    if not neurons.size:
        return None
    places = np.unravel_index(neurons, shape)
    (a, b), (c, d), (e, f) = ((int(axis.min()), int(axis.max()) + 1) for axis in places)
    return ((a, b), (c, d), (e, f)) if (b - a) * (d - c) * (f - e) == neurons.size else None
