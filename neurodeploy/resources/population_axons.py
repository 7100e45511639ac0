"""Verb: the sources of a window in groups that share an input axon. Counts and groups; writes no list.

All channels of a place of the source reach a core by one population axon, as many as an atom of any kind tells apart; more
channels take further axons. Channel c is atom c % atoms of group c // atoms wherever its spikes go, as a neuron has one
atom only. An axon has one base: the first target of its group at that place, less the first target of the group at any
place, rounded down to a multiple of the kind's step; where that exceeds the furthest base it begins again at 0, and the
rest is in the lists. Lists of the atoms 0 to the last one that the core hears follow one another, each as long as the
longest, and places whose lists are all the same share them. Source: nengo-loihi 1.1.0 conv.py and hardware/builder.py
(synapseMap: pointer, length of a list, number of atoms); it counts the synapse memory of all atoms as of one list, which is
at most as much.

Which kind of axon a projection has into a core follows from shares of three limits of a core: its words, its input axons,
and the output axons that it takes of all senders together. The kind is taken whose words and input axons do not exceed
their limits, with the least largest share, then the least sum.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import Target
from neurodeploy.quantize.wiring import QuantizedProjection, WindowProjection
from neurodeploy.resources.axons import AddressSpace, Kind, output_axons_of, room_of
from neurodeploy.resources.shared_lists import Patterns, alike

__all__ = [
    "Grouping",
    "Groups",
    "PopulationAxonFormat",
    "grouping_of",
    "groups_of",
    "population_axon_formats",
    "shares_of",
]

Ints = NDArray[np.int64]


class PopulationAxonFormat(NamedTuple):
    """What the population axons of one kind can name."""

    kind: Kind
    numbers: int
    """Input axons of the kind in a core."""
    atoms: int
    """Channels of a group: the same for all kinds of a target."""
    step: int
    bases: int
    """Bases from 0."""

    def base(self, target: Ints) -> Ints:
        """Return the base for a first target, counted from the first of its group."""
        return (target - target % self.step) % self.bases


class Grouping(NamedTuple):
    """The sources of a part by the input axon that they share, which is the same for all kinds."""

    lists: Patterns
    """Counted from their first targets."""
    axon: Ints
    """(n,) axon of each source of `lists`, from 0."""
    atom: Ints
    """(n,)."""
    order: Ints
    """(n,) sources by axon and atom."""
    starts: Ints
    """(axons,) where each axon begins in `order`."""
    first: Ints
    """(axons,) first target of each, less the first of its group of channels."""


class Groups(NamedTuple):
    """The sources of a part, by axons of one kind."""

    by: Grouping
    lists: Patterns
    """Counted from the bases that axons of the kind can have."""
    first: Ints
    """(blocks,) an axon for each distinct row of lists, atom by atom."""

    @property
    def axons(self) -> int:
        """Number of axons."""
        return int(self.by.starts.size)

    def words(self, of_source: Ints) -> int:
        """Return the words of all lists; `of_source` (n,) the words of each source's."""
        order, starts = self.by.order, self.by.starts
        longest = np.maximum.reduceat(of_source[order], starts)[self.first]
        atoms = np.maximum.reduceat(self.by.atom[order], starts)[self.first] + 1
        return int(longest @ atoms)


def population_axon_formats(target: Target) -> tuple[PopulationAxonFormat, ...]:
    """Return what the population axons of a target can name, by kind; none: it has none, or its lists are not shared."""
    furthest = target.precision.shared_base
    if target.axons is None or furthest is None:
        return ()
    kinds: tuple[Kind, ...] = ("pop16", "pop32")
    rooms: list[tuple[Kind, AddressSpace]] = [
        (kind, room) for kind in kinds if (room := room_of(target.axons, kind)) is not None
    ]
    atoms, bases = min((room.atoms for _, room in rooms), default=0), int(furthest.high) + 1
    return tuple(
        PopulationAxonFormat(kind, room.numbers, atoms, room.step, bases - bases % room.step)
        for kind, room in rooms
        if bases >= room.step
    )


def shares_of(target: Target, kind: Kind, words: int, axons: int, sources: int) -> tuple[float, float, float]:
    """Return by how much a projection into a core exceeds it, its largest share, and the sum of its shares; see the module.

    A limit that is not known is never near.
    """
    limits, alone = target.limits, kind == "discrete" or not target.counting.shared_output_axons
    sent = (sources if alone else axons) * output_axons_of(target, kind, other_chip=False)
    words_part, axons_part, sent_part = (
        used / max(limit.value, 1) if limit is not None else 0.0
        for used, limit in ((words, limits.synapse_memory), (axons, limits.input_axons), (sent, limits.output_axons))
    )
    held = max(words_part, axons_part)
    return max(held, 1.0), max(held, sent_part), words_part + axons_part + sent_part


def grouping_of(atoms: int, projection: QuantizedProjection | WindowProjection, lists: Patterns) -> Grouping | None:
    """Return the sources of a window by axon; None: they have no channels that could share one."""
    if not isinstance(projection, WindowProjection) or projection.input_shape[0] == 1 or not lists.source.size:
        return None
    plane = projection.input_shape[1] * projection.input_shape[2]
    channel = lists.source // plane
    group, atom = channel // atoms, channel % atoms
    number = group * plane + lists.source % plane  # among all axons that there could be
    order = np.lexsort((atom, number))
    begins = np.diff(number[order], prepend=-1) > 0
    starts, axon = np.flatnonzero(begins), np.empty(order.size, dtype=np.int64)
    axon[order] = np.cumsum(begins) - 1
    first, of = np.minimum.reduceat(lists.base[order], starts), group[order][starts]
    groups = np.flatnonzero(np.diff(of, prepend=-1))
    least = np.repeat(np.minimum.reduceat(first, groups), np.diff(np.r_[groups, of.size]))
    return Grouping(lists, axon, atom, order, starts, first - least)


def groups_of(reach: PopulationAxonFormat, by: Grouping) -> Groups:
    """Return the sources by axons of a kind."""
    lists, order, starts = by.lists.based(reach.base(by.first)[by.axon]), by.order, by.starts
    held = (lists.pattern * reach.atoms + by.atom)[order]
    return Groups(by, lists, alike(held, starts, np.diff(np.r_[starts, order.size]))[0])
