"""Population axons of a tile, counted from shapes alone; the counts equal those of `population_axons` from synapses."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Any

import numpy as np

from neurodeploy.hardware.target import Target
from neurodeploy.network.layer_shapes import Geometry
from neurodeploy.resources.population_axons import PopulationAxonFormat
from neurodeploy.resources.synapse_memory import delay_bits_for, index_bits_for, segment_words
from neurodeploy.resources.tile import AxisUse, AxonGroup, Tile

__all__ = ["axon_groups", "population_axon_words"]


@lru_cache(maxsize=1 << 16)
def axon_groups(
    span: tuple[int, int, int, int], first: int, deep: int, atoms: int
) -> tuple[tuple[AxonGroup, int], ...]:
    """Return the distinct groups of `atoms` source channels that reach a span of target channels, and the number of each.

    `span`: (groups of the window in the span, target channels of a group, channels of the first and of the last group in
    the span). Each group of the window has `deep` source channels, the very first of which is channel `first`; only its
    atom matters.
    """
    n, wide, *ends = span
    found, stop = Counter[AxonGroup](), first + deep * n
    if n == 1:  # every channel reaches the whole span
        into = first % atoms
        head = min(into + deep, atoms)  # stored lists begin with atom 0
        inner, tail = divmod(into + deep - head, atoms)
        found[AxonGroup(head, ends[0])] += 1
        found[AxonGroup(atoms, ends[0])] += inner
        found[AxonGroup(tail, ends[0])] += min(tail, 1)
        return tuple((group, times) for group, times in found.items() if times)
    for start in range(first - first % atoms, stop, atoms):
        low, high = max(start, first), min(start + atoms, stop)
        a, b = (low - first) // deep, (high - 1 - first) // deep
        reach = [ends[0]] if a == 0 else []
        reach += [ends[1]] if b == n - 1 else []
        reach += [wide] if max(a, 1) <= min(b, n - 2) else []
        found[AxonGroup(high - start, max(reach))] += 1
    return tuple(found.items())


def population_axon_words(
    target: Target, axon_format: PopulationAxonFormat, layer: Geometry, tile: Tile, first_row: int
) -> tuple[int, int, int]:
    """Return (words, words of the longest list, index bits) of a tile with population axons.

    `first_row`: row of the core that holds the first neuron of the tile.
    """
    lengths, beyond = _distinct_lists(axon_format, tile.rows, tile.columns, layer.equal_weights)
    spread = (tile.channels.length - 1) * tile.rows.length * tile.columns.length + beyond + 1
    index_bits = index_bits_for(target, first_row + spread)
    delay_bits, words, longest = delay_bits_for(target, layer.delay_steps), 0, 0
    for group, times in tile.channels.groups:
        each = segment_words(target.counting, lengths * group.reach, layer.weight_bits, delay_bits, index_bits)
        words, longest = words + times * group.atoms * int(each.sum()), max(longest, int(each.max()))
    return words, longest, index_bits


@lru_cache(maxsize=1 << 12)
def _distinct_lists(
    axon_format: PopulationAxonFormat, across: AxisUse, along: AxisUse, alike: bool
) -> tuple[Any, int]:  # to be cached
    """(target positions in a channel of each distinct list of a source channel, furthest such position from its base)."""
    rows, columns = (np.array(axis.positions, dtype=np.int64).T for axis in (across, along))
    place = rows[2][:, None] * along.length + columns[2]
    offset = place - axon_format.base(place - place.min())
    beyond = (rows[1][:, None] - 1) * along.length + columns[1] - 1
    column = 1 if alike else 0  # lists of a pool differ only in their reach
    side = int(max(rows[:2].max(), columns[:2].max())) + 1
    taps = [axis[column] * side + axis[1] for axis in (rows, columns)]
    key = (offset * side**2 + taps[0][:, None]) * side**2 + taps[1]
    first = np.unique(key, return_index=True)[1]
    return (rows[1][:, None] * columns[1]).ravel()[first], int((offset + beyond).max())
