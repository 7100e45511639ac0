"""Verb: the population axons of a tile, counted from shapes alone as `populations` counts them on synapses. Chooses nothing."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from neurodeploy.check.populations import Reach
from neurodeploy.check.words import delay_bits_for, index_bits_for, segment_words
from neurodeploy.network.layer_shapes import Geometry
from neurodeploy.target.target import Target

__all__ = ["GroupUse", "Met", "group_uses", "grouped_words"]


class Met(NamedTuple):
    """A source row or column as the tile meets it."""

    tap: int
    """Of the kernel, at its first target."""
    reach: int
    """Targets."""
    place: int
    """First target, from the start of the span."""


class GroupUse(NamedTuple):
    """Source channels that share an axon."""

    atoms: int
    """Lists that are stored: up to the last channel that reaches the tile."""
    reach: int
    """Target channels of the channel that reaches most."""


def group_uses(overlap: list[int], first: int, deep: int, atoms: int) -> tuple[GroupUse, ...]:
    """Return the groups of `atoms` channels. `overlap`: target channels of each group of the window, of which each has `deep`
    source channels, the first of all being channel `first`."""
    found: list[GroupUse] = []
    stop = first + deep * len(overlap)
    for start in range(first - first % atoms, stop, atoms):
        low, high = max(start, first), min(start + atoms, stop)
        reach = max(overlap[(low - first) // deep : (high - 1 - first) // deep + 1])
        found.append(GroupUse(high - start, reach))
    return tuple(found)


def grouped_words(target: Target, reach: Reach, layer: Geometry, tile: Any, first_row: int) -> tuple[int, int, int]:
    """Return (words, words of the longest list, index bits) of a tile whose first neuron is row `first_row` of its core."""
    rows, columns = (np.array(axis.met, dtype=np.int64).T for axis in (tile.rows, tile.columns))
    width, area = tile.columns.length, tile.rows.length * tile.columns.length
    place = rows[2][:, None] * width + columns[2]
    base = reach.base(place - place.min())
    beyond = (rows[1][:, None] - 1) * width + columns[1] - 1
    spread = (tile.channels.length - 1) * area + int((place - base + beyond).max()) + 1
    index_bits = index_bits_for(target, first_row + spread)
    told = 1 if layer.alike else 0  # lists of a pool differ by their reach alone
    kinds = np.stack(
        [
            *np.broadcast_arrays(rows[told][:, None], columns[told]),
            place - base,
            *np.broadcast_arrays(rows[1][:, None], columns[1]),
        ],
        axis=-1,
    ).reshape(-1, 5)
    lengths = np.prod(np.unique(kinds, axis=0)[:, 3:], axis=1)
    delay_bits, words, longest = delay_bits_for(target, layer.delay_steps), 0, 0
    for group in tile.channels.groups:
        each = segment_words(target.counting, lengths * group.reach, layer.weight_bits, delay_bits, index_bits)
        words, longest = words + group.atoms * int(each.sum()), max(longest, int(each.max()))
    return words, longest, index_bits
