"""Population axons: sources of a window that share an input axon, grouped and counted.

One population axon serves the channels of one source position that reach a core, as many as its atoms can distinguish; more
channels take further axons. Channel c is atom c % atoms of group c // atoms at every destination, because a neuron has one
atom only. An axon has one base: the first target of its group at that position, minus the first target of the group at any
position, rounded down to a multiple of the kind's step. A base beyond the furthest one wraps to 0, and the remainder moves
into the lists. The lists of atoms 0 to the last one in use are stored one after the other, each as long as the longest, and
positions with the same lists share them. Source: nengo-loihi 1.1.0 conv.py and hardware/builder.py (synapseMap: pointer,
length of a list, number of atoms), which counts the synapse memory of all atoms as that of one list, which is never more.

The kind of axon that a projection uses into a core follows from its shares of three limits of the core: synapse memory,
input axons, and the output axons that it takes of all senders together. Among the kinds whose synapse memory and input
axons stay within their limits, the one with the least largest share is chosen, then the one with the least sum of shares.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import Target
from neurodeploy.network.connectivity import WindowConnectivity
from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.resources.axons import AddressSpace, Kind, address_space_of, output_axons_of
from neurodeploy.resources.shared_lists import SharedLists, equal_lists

__all__ = [
    "GroupedLists",
    "PopulationAxonFormat",
    "SourceGroups",
    "grouped_lists",
    "limit_shares",
    "population_axon_formats",
    "source_groups",
]

Ints = NDArray[np.int64]


class PopulationAxonFormat(NamedTuple):
    """The address space of population axons of one kind."""

    kind: Kind
    """Kind of the axons, pop16 or pop32."""
    numbers: int
    """Input axons of the kind that a core can have."""
    atoms: int
    """Channels of a group; the same for all kinds of a target."""
    step: int
    """Bases are multiples of it."""
    bases: int
    """Bases are below it."""

    def base(self, target: Ints) -> Ints:
        """Return the base for a first target, counted from the first target of its group."""
        return (target - target % self.step) % self.bases


class SourceGroups(NamedTuple):
    """The sources of a window by the input axon that they share, which is the same for every kind of axon."""

    lists: SharedLists
    """The lists of the sources, counted from their first targets."""
    axon: Ints
    """(n,) axon of each source of `lists`, from 0."""
    atom: Ints
    """(n,) atom of each source."""
    order: Ints
    """(n,) sources by axon and atom."""
    starts: Ints
    """(n_axons,) first index of each axon in `order`."""
    first: Ints
    """(n_axons,) first target of each axon, minus that of its group of channels."""


class GroupedLists(NamedTuple):
    """The lists of grouped sources, counted from the bases that axons of one kind can have."""

    groups: SourceGroups
    """The sources by axon."""
    lists: SharedLists
    """The lists of the sources."""
    blocks: Ints
    """(n_blocks,) one axon for each distinct sequence of lists, atom by atom."""

    @property
    def axons(self) -> int:
        """Number of axons."""
        return int(self.groups.starts.size)

    def words(self, of_source: Ints) -> int:
        """Return the words of all lists; `of_source` (n,): words of each source's list."""
        order, starts = self.groups.order, self.groups.starts
        longest = np.maximum.reduceat(of_source[order], starts)[self.blocks]
        atoms = np.maximum.reduceat(self.groups.atom[order], starts)[self.blocks] + 1
        return int(longest @ atoms)


def population_axon_formats(target: Target) -> tuple[PopulationAxonFormat, ...]:
    """Return the population axons of a target by kind; empty if it has none or shares no lists."""
    furthest = target.precision.shared_base
    if target.axons is None or furthest is None:
        return ()
    kinds: tuple[Kind, ...] = ("pop16", "pop32")
    spaces: list[tuple[Kind, AddressSpace]] = [
        (kind, space) for kind in kinds if (space := address_space_of(target.axons, kind)) is not None
    ]
    atoms, bases = min((space.atoms for _, space in spaces), default=0), int(furthest.high) + 1
    return tuple(
        PopulationAxonFormat(kind, space.numbers, atoms, space.step, bases - bases % space.step)
        for kind, space in spaces
        if bases >= space.step
    )


def limit_shares(target: Target, kind: Kind, words: int, axons: int, sources: int) -> tuple[float, float, float]:
    """Return the sort key by which kinds of axon are compared, the least is best (see the module).

    The key is (share beyond a limit, largest share, sum of shares) of one projection into one core; an unknown limit has
    share 0. `words`: synapse memory; `axons`: input axons; `sources`: source neurons that reach the core, or of convolution axons
    their positions.
    """
    limits = target.limits
    alone = kind in ("discrete", "convolution") or not target.counting.shared_output_axons
    sent = (sources if alone else axons) * output_axons_of(target, kind, other_chip=False)
    words_share, axons_share, sent_share = (
        used / max(limit.value, 1) if limit is not None else 0.0
        for used, limit in ((words, limits.synapse_memory), (axons, limits.input_axons), (sent, limits.output_axons))
    )
    input_share = max(words_share, axons_share)
    return max(input_share, 1.0), max(input_share, sent_share), words_share + axons_share + sent_share


def source_groups(atoms: int, projection: QuantizedProjection, lists: SharedLists) -> SourceGroups | None:
    """Return the sources of a window by axon; None if it has no channels that could share one."""
    window = projection.connectivity
    if not isinstance(window, WindowConnectivity) or window.input_shape[0] == 1 or not lists.source.size:
        return None
    plane = window.input_shape[1] * window.input_shape[2]
    channel = lists.source // plane
    group, atom = channel // atoms, channel % atoms
    number = group * plane + lists.source % plane  # among all axons that there could be
    order = np.lexsort((atom, number))
    begins = np.diff(number[order], prepend=-1) > 0
    starts, axon = np.flatnonzero(begins), np.empty(order.size, dtype=np.int64)
    axon[order] = np.cumsum(begins) - 1
    first, group_of_axon = np.minimum.reduceat(lists.base[order], starts), group[order][starts]
    group_starts = np.flatnonzero(np.diff(group_of_axon, prepend=-1))
    sizes = np.diff(np.r_[group_starts, group_of_axon.size])
    least = np.repeat(np.minimum.reduceat(first, group_starts), sizes)
    return SourceGroups(lists, axon, atom, order, starts, first - least)


def grouped_lists(axon_format: PopulationAxonFormat, groups: SourceGroups) -> GroupedLists:
    """Return the lists of grouped sources as axons of one kind address them."""
    lists = groups.lists.rebased(axon_format.base(groups.first)[groups.axon])
    order, starts = groups.order, groups.starts
    sequence = (lists.list_of * axon_format.atoms + groups.atom)[order]
    return GroupedLists(groups, lists, equal_lists(sequence, starts, np.diff(np.r_[starts, order.size]))[0])
