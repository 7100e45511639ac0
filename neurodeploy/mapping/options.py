"""Noun: what the user may choose of a mapping."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from neurodeploy.base.noun import FloatArray, Noun

__all__ = ["Level", "MappingOptions", "Start"]

Level = Literal[0, 1, 2, 3]
Start = Literal["metis", "mtkahypar"]
"""Partitioners of other packages, pymetis and mtkahypar, that a search can begin with."""


class MappingOptions(Noun):
    """Choices of partition and place. Equal options give equal programs, unless a time limit cuts the search short."""

    level: Level = 1
    """0: first fit, row by row, at once. 1: first fit, cores placed by their traffic. 2: neurons move too, from several
    starts, until no core can be emptied. 3: as 2, and uphill moves are tried for longer."""
    seed: int = 0
    time_limit_s: float | None = Field(default=None, gt=0)
    """The search of levels 2 and 3 stops after this time with the best it has; None: it ends by itself."""
    avoid_cores: tuple[int, ...] = ()
    """Physical cores of the board that hold nothing: chip * cores of a chip + core on the chip."""
    pins: dict[str, tuple[int, ...]] = Field(default_factory=dict[str, tuple[int, ...]])
    """Population -> the physical cores it may lie on. It shares cores only with populations that have the same ones."""
    rates: dict[str, FloatArray] = Field(default_factory=dict[str, FloatArray])
    """Population -> (size,) spikes of each neuron, in any unit, by which traffic is weighed; absent: all alike."""
    positions: dict[str, FloatArray] = Field(default_factory=dict[str, FloatArray])
    """Population -> (size, coordinates) of each neuron in any unit, alike for all: above level 0 neurons that lie together
    fill cores together, where all synapses are written out. Populations without follow in the order of the network."""
    starts: tuple[Start, ...] = ()
    """Partitioners whose blocks the search of levels 2 and 3 begins with too; the best of all its starts counts."""
