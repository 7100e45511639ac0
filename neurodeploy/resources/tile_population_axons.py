"""Verb: the population axons of a tile, counted from shapes alone as `populations` counts them on synapses. Chooses nothing."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from neurodeploy.hardware.target import Target
from neurodeploy.network.layer_shapes import Geometry
from neurodeploy.resources.population_axons import PopulationAxonFormat
from neurodeploy.resources.synapse_memory import delay_bits_for, index_bits_for, segment_words

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


@lru_cache(maxsize=1 << 16)
def group_uses(met: tuple[int, int, int, int], first: int, deep: int, atoms: int) -> tuple[tuple[GroupUse, int], ...]:
    """Return the groups of `atoms` source channels that reach a span of channels, and how many there are of each.

    `met`: groups of the window that it meets, channels of each, and how many of the first and of the last it has. Each has
    `deep` source channels, the first of all being channel `first`, of which only the atom matters.
    """
    n, wide, *ends = met
    found, stop = Counter[GroupUse](), first + deep * n
    if n == 1:  # each reaches the whole span
        into = first % atoms
        head = min(into + deep, atoms)  # lists begin with that of atom 0
        inner, tail = divmod(into + deep - head, atoms)
        found[GroupUse(head, ends[0])] += 1
        found[GroupUse(atoms, ends[0])] += inner
        found[GroupUse(tail, ends[0])] += min(tail, 1)
        return tuple((group, times) for group, times in found.items() if times)
    for start in range(first - first % atoms, stop, atoms):
        low, high = max(start, first), min(start + atoms, stop)
        a, b = (low - first) // deep, (high - 1 - first) // deep
        reach = [ends[0]] if a == 0 else []
        reach += [ends[1]] if b == n - 1 else []
        reach += [wide] if max(a, 1) <= min(b, n - 2) else []
        found[GroupUse(high - start, max(reach))] += 1
    return tuple(found.items())


def grouped_words(
    target: Target, reach: PopulationAxonFormat, layer: Geometry, tile: Any, first_row: int
) -> tuple[int, int, int]:
    """Return (words, words of the longest list, index bits) of a tile whose first neuron is row `first_row` of its core."""
    lengths, beyond = _kinds_of_list(reach, tile.rows, tile.columns, layer.alike)
    spread = (tile.channels.length - 1) * tile.rows.length * tile.columns.length + beyond + 1
    index_bits = index_bits_for(target, first_row + spread)
    delay_bits, words, longest = delay_bits_for(target, layer.delay_steps), 0, 0
    for group, times in tile.channels.groups:
        each = segment_words(target.counting, lengths * group.reach, layer.weight_bits, delay_bits, index_bits)
        words, longest = words + times * group.atoms * int(each.sum()), max(longest, int(each.max()))
    return words, longest, index_bits


@lru_cache(maxsize=1 << 12)
def _kinds_of_list(
    reach: PopulationAxonFormat, across: Any, along: Any, alike: bool
) -> tuple[Any, int]:  # to be cached
    """(places of the target that each distinct list of a source channel reaches, furthest row from its base in a channel)."""
    rows, columns = (np.array(axis.met, dtype=np.int64).T for axis in (across, along))
    place = rows[2][:, None] * along.length + columns[2]
    offset = place - reach.base(place - place.min())
    beyond = (rows[1][:, None] - 1) * along.length + columns[1] - 1
    told = 1 if alike else 0  # lists of a pool differ by their reach alone
    side = int(max(rows[:2].max(), columns[:2].max())) + 1
    meets = [axis[told] * side + axis[1] for axis in (rows, columns)]
    key = (offset * side**2 + meets[0][:, None]) * side**2 + meets[1]
    first = np.unique(key, return_index=True)[1]
    return (rows[1][:, None] * columns[1]).ravel()[first], int((offset + beyond).max())
