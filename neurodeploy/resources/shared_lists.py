"""Lists that several sources share: equal synapses, with targets counted from each source's own base.

An axon of Loihi names a list and a base, and the targets of the list are relative to the base, so the weights of a
convolution are stored once for all positions of its source. Source: nengo-loihi 1.1.0 block.py (axon_to_weight_map,
compartment base).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import places_of
from neurodeploy.network.synapse_views import SynapsesBySource
from neurodeploy.resources.compiled_lists import distinct_keys, equal_classes

__all__ = ["SharedLists", "equal_lists", "shared_lists_of"]

Ints = NDArray[np.int64]


class SharedLists(NamedTuple):
    """The distinct lists of some synapses, and the list and base of every source."""

    synapses: SynapsesBySource
    """The synapses, list by list."""
    list_of: Ints
    """(n,) list of each source."""
    base: Ints
    """(n,) row that each source's targets are counted from; at most its first target."""
    example: Ints
    """(n_lists,) index of one source that has the list."""

    @property
    def source(self) -> Ints:
        """(n,) sources with at least one synapse, ascending."""
        return self.synapses.source

    @property
    def length(self) -> Ints:
        """(n,) synapses of each source."""
        return self.synapses.length

    @property
    def furthest(self) -> Ints:
        """(n,) last target of each source, relative to its base."""
        return self.synapses.row[self.synapses.starts + self.length - 1] - self.base

    @property
    def stored(self) -> Ints:
        """Indices of the synapses of all distinct lists, list by list."""
        return places_of(self.synapses.starts[self.example], self.length[self.example])

    @property
    def targets(self) -> Ints:
        """Targets of the synapses of all distinct lists, relative to their base."""
        return self.synapses.row[self.stored] - np.repeat(self.base[self.example], self.length[self.example])

    def rebased(self, base: Ints) -> SharedLists:
        """Return the lists with other bases (n,), none above the present ones."""
        shift = self.base - base
        key = self.list_of * (int(shift.max(initial=0)) + 1) + shift
        example, list_of = distinct_keys(key)
        return self._replace(list_of=list_of, base=base, example=example)


def shared_lists_of(synapses: SynapsesBySource) -> SharedLists:
    """Return the distinct lists of `synapses`, counted from the first target of each source."""
    base = synapses.row[synapses.starts].astype(np.int64)
    compiled = equal_classes(synapses)
    if compiled is not None:
        example, list_of = compiled
        return SharedLists(synapses, list_of, base, example)
    offset = synapses.row - np.repeat(base, synapses.length)
    mantissa = synapses.weights.astype(np.int64) & 0xFFFF
    example, list_of = equal_lists(
        (offset << 24) | (mantissa << 8) | synapses.delay_steps, synapses.starts, synapses.length
    )
    return SharedLists(synapses, list_of, base, example)


def equal_lists(values: Ints, starts: Ints, length: Ints) -> tuple[Ints, Ints]:
    """Return (index of one list of each class of equal lists, class of each list).

    List k is `values[starts[k] : starts[k] + length[k]]`. Lists are matched by a hash and then compared value by value.
    """
    if not starts.size:
        return starts, starts
    first, kind = distinct_keys(np.add.reduceat(_hashed(values), starts) + _hashed(length))
    same = places_of(starts[first[kind]], length)
    # two different lists with one hash: no list is shared then
    if not (np.array_equal(length[first[kind]], length) and np.array_equal(values[same], values)):
        return np.arange(starts.size), np.arange(starts.size)
    return first, kind


def _hashed(values: Ints) -> NDArray[np.uint64]:
    """A 64-bit hash of each value (finaliser of splitmix64, Steele et al. 2014)."""
    x = values.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
