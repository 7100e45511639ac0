"""A tile of a layer, as the sources that reach it on each of its three axes. Counts no words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["AxisUse", "AxonGroup", "Box", "ChannelUse", "ReachCounts", "SourcePosition", "Span", "Tile"]

Span = tuple[int, int]
Box = tuple[Span, Span, Span]
"""[start, stop) of channels, rows and columns."""
ReachCounts = tuple[tuple[int, int], ...]
"""Pairs of (targets that a source reaches on an axis, number of such sources or lists)."""


class SourcePosition(NamedTuple):
    """A source row or column that reaches a span of targets."""

    tap: int
    """Kernel tap at its first target."""
    reach: int
    """Number of targets in the span."""
    place: int
    """First target, from the start of the span."""


class AxonGroup(NamedTuple):
    """Source channels that share an axon."""

    atoms: int
    """Lists that are stored: those of the atoms up to the last channel that reaches the tile."""
    reach: int
    """Largest number of target channels that one of the channels reaches."""


@dataclass(frozen=True, eq=False, slots=True)
class AxisUse:
    """Sources that reach a span of rows or columns. Equal uses are one object, so they are compared by identity."""

    length: int
    """Rows or columns of the span."""
    sources: int
    """Source rows or columns that reach it."""
    reach: ReachCounts
    """Sources by the targets that they reach."""
    lists: ReachCounts
    """As `reach`, for sources that meet different taps."""
    uniform_lists: ReachCounts
    """As `lists`, if all taps hold the same number."""
    base: int
    """Furthest first target, from the start of the span."""
    positions: tuple[SourcePosition, ...]
    """Every source."""


@dataclass(frozen=True, eq=False, slots=True)
class ChannelUse:
    """Source channels that reach a span of channels. Equal uses are one object, as with `AxisUse`."""

    length: int
    """Channels of the span."""
    sources: int
    """Source channels that reach it."""
    reach: ReachCounts
    """Source channels by the target channels that they reach."""
    base: int
    """Furthest first target, from the start of the span."""
    groups: tuple[tuple[AxonGroup, int], ...]
    """(source channels that share a population axon, number of such groups); empty if the target has no such axons."""
    axons: int
    """Population axons of one source position."""


class Tile(NamedTuple):
    """The use of a tile by its three axes; equal for all tiles that take the same resources."""

    channels: ChannelUse
    """Its channels."""
    rows: AxisUse
    """Its rows."""
    columns: AxisUse
    """Its columns."""

    @property
    def neurons(self) -> int:
        """Number of neurons."""
        return self.channels.length * self.rows.length * self.columns.length

    @property
    def input_axons(self) -> int:
        """Source neurons that reach the tile: its discrete input axons."""
        return self.channels.sources * self.rows.sources * self.columns.sources

    @property
    def population_axons(self) -> int:
        """Input axons if the channels of a source position share them."""
        return self.channels.axons * self.rows.sources * self.columns.sources
