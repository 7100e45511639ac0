"""Verb: lists that several sources share: the same synapses, counted from another first target. Counts nothing.

Loihi's axons name a list and a base, and a target of the list counts from the base: so the weights of a convolution are
stored once for all places of its source. Source: nengo-loihi 1.1.0 block.py (axon_to_weight_map, compartment base).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import places_of
from neurodeploy.quantize.wiring import Part

__all__ = ["BySource", "Patterns", "alike", "by_source", "patterns_of"]

Ints = NDArray[np.int64]


class Patterns(NamedTuple):
    """The lists of a part's sources, each once."""

    source: Ints
    """(n,) sources that have a synapse, ascending."""
    pattern: Ints
    """(n,) which list each has."""
    base: Ints
    """(n,) what the targets of each are counted from: at most the first one."""
    length: Ints
    """(n,) synapses of each."""
    first: Ints
    """(lists,) a source, by its place in `source`, that has the list."""
    entry: Ints
    """(synapses,) the part's synapses by source and target."""
    row: Ints
    """(synapses,) the target of each."""

    @property
    def reach(self) -> Ints:
        """(n,) the last target of each source, counted from its base."""
        return self.row[np.cumsum(self.length) - 1] - self.base

    @property
    def entries(self) -> Ints:
        """Places in `entry` and `row` of all lists, each once, one after the other."""
        start = np.cumsum(self.length) - self.length
        return places_of(start[self.first], self.length[self.first])

    @property
    def targets(self) -> Ints:
        """Targets of these entries, counted from the base of their source."""
        return self.row[self.entries] - np.repeat(self.base[self.first], self.length[self.first])

    def based(self, base: Ints) -> Patterns:
        """Return the lists if targets are counted from (n,) other bases, which are at most those of now."""
        further = self.base - base
        key = self.pattern * (int(further.max(initial=0)) + 1) + further
        _, first, pattern = np.unique(key, return_index=True, return_inverse=True)
        return self._replace(pattern=pattern, base=base, first=first)


class BySource(NamedTuple):
    """The synapses of a part, list after list."""

    source: Ints
    """(n,) sources that have a synapse, ascending."""
    starts: Ints
    """(n,) where the list of each begins."""
    length: Ints
    """(n,)."""
    entry: Ints
    """(synapses,) the part's synapses by source and target."""
    row: Ints
    """(synapses,) the target of each."""
    value: Ints
    """(synapses,) mantissa and delay of each, in 24 bits."""


def by_source(part: Part) -> BySource:
    """Return the synapses of a part by source and target."""
    entry = _order(part.source)
    source = part.source[entry].astype(np.int64)
    starts = np.flatnonzero(np.diff(source, prepend=-1))
    value = ((part.mantissas[entry].astype(np.int64) & 0xFFFF) << 8) | part.delay_steps[entry]
    length = np.diff(np.r_[starts, source.size])
    return BySource(source[starts], starts, length, entry, part.rows[entry], value)


def _order(source: NDArray[Any]) -> Ints:
    """Places of the sources in ascending order, stable; numpy sorts numbers of 16 bits by their digits."""
    near = source - source.min() if source.size else source
    return np.argsort(near.astype(np.uint16) if near.max(initial=0) < 1 << 16 else source, kind="stable")


def patterns_of(lists: BySource) -> Patterns:
    """Return which sources of a part have the same list, counted from their first targets."""
    base = lists.row[lists.starts].astype(np.int64)
    offset = lists.row - np.repeat(base, lists.length)
    first, pattern = alike((offset << 24) | lists.value, lists.starts, lists.length)
    return Patterns(lists.source, pattern, base, lists.length, first, lists.entry, lists.row)


def alike(held: Ints, starts: Ints, length: Ints) -> tuple[Ints, Ints]:
    """Return (a list of each kind, kind of each list), found by a hash and then compared number by number."""
    if not starts.size:
        return starts, starts
    _, first, kind = np.unique(
        np.add.reduceat(_mixed(held), starts) + _mixed(length), return_index=True, return_inverse=True
    )
    same = places_of(starts[first[kind]], length)
    # two lists with one hash: then no list is shared
    if not (np.array_equal(length[first[kind]], length) and np.array_equal(held[same], held)):
        return np.arange(starts.size), np.arange(starts.size)
    return first.astype(np.int64), kind.astype(np.int64)


def _mixed(numbers: Ints) -> NDArray[np.uint64]:
    """Numbers whose bits depend on all bits of the given ones (the finaliser of splitmix64, Steele et al. 2014)."""
    x = numbers.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
