"""Verb: lists that several sources share: the same synapses, counted from another first target. Counts nothing.

Loihi's axons name a list and a base, and a target of the list counts from the base: so the weights of a convolution are
stored once for all places of its source. Source: nengo-loihi 1.1.0 block.py (axon_to_weight_map, compartment base).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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
    """(n,) first target of each, or what it is counted from."""
    length: Ints
    """(n,) synapses of each."""
    first: Ints
    """(lists,) a source, by its place in `source`, that has the list."""
    entry: Ints
    """(synapses,) the part's synapses by source and target."""
    offset: Ints
    """(synapses,) their targets, counted from the base of their source."""

    def entries_of(self, place: Ints) -> Ints:
        """Return the places in `entry` of all synapses of some sources."""
        start, length = (np.cumsum(self.length) - self.length)[place], self.length[place]
        return np.repeat(start - np.cumsum(length) + length, length) + np.arange(int(length.sum()))


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
    entry = np.argsort(part.source, kind="stable")
    source = part.source[entry]
    starts = np.flatnonzero(np.r_[True, source[1:] != source[:-1]]) if source.size else np.zeros(0, dtype=np.int64)
    value = ((part.mantissas[entry].astype(np.int64) & 0xFFFF) << 8) | part.delay_steps[entry]
    length = np.diff(np.r_[starts, source.size])
    return BySource(source[starts].astype(np.int64), starts, length, entry, part.rows[entry], value)


def patterns_of(lists: BySource, based: Callable[[Ints, Ints], Ints] | None = None) -> Patterns:
    """Return which sources of a part have the same list; `based`: (sources, first target of each) -> base of each, if others."""
    first_row = lists.row[lists.starts]
    base = first_row if based is None else based(lists.source, first_row)
    offset = lists.row - np.repeat(base, lists.length)
    first, pattern = alike((offset << 24) | lists.value, lists.starts, lists.length)
    return Patterns(lists.source, pattern, base, lists.length, first, lists.entry, offset)


def alike(held: Ints, starts: Ints, length: Ints) -> tuple[Ints, Ints]:
    """Return (a list of each kind, kind of each list), found by a hash and then compared number by number."""
    if not starts.size:
        return starts, starts
    _, first, kind = np.unique(
        np.add.reduceat(_mixed(held), starts) + _mixed(length), return_index=True, return_inverse=True
    )
    same = np.repeat(starts[first[kind]] - np.cumsum(length) + length, length) + np.arange(held.size)
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
