"""Options of a mapping, each declared here once: the API, the command line and the documentation derive from it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from neurodeploy.base.noun import FloatArray, Noun, WholeNumber

__all__ = ["Goal", "Level", "MappingOptions", "Partitioner"]

Level = Literal[0, 1, 2, 3]
Goal = Literal["cores", "latency", "energy"]
"""What cores are spent on."""
Partitioner = Literal["metis", "mtkahypar"]
"""Partitioners of the packages pymetis and mtkahypar, which a search can start from."""


class MappingOptions(Noun):
    """Options of partition and placement. Equal options give equal programs unless a time limit ends a search."""

    level: Level = 1
    """Effort: 0 first fit, row by row; 1 cores placed by their traffic; 2 neurons move too, for fewer cores; 3 as 2, for
    longer."""
    optimize: Goal = "cores"
    """cores: as few as the effort finds. latency: cores are spent until the modelled step is shortest. energy: until it takes
    the fewest joules."""
    max_cores: WholeNumber | None = Field(default=None, ge=1, le=2**31 - 1)
    """Most cores that latency and energy may take in all. Default: those of the board."""
    placement_seed: WholeNumber = Field(default=0, ge=0, le=2**63 - 1)
    """Seed of the mapping's random choices. At level 0, 0 places row by row and other seeds shuffle the cores."""
    time_limit_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Seconds for the search of levels 2 and 3 and for placement, which then end with the best mapping so far. Default: no
    limit."""
    avoid_cores: tuple[int, ...] = ()
    """Physical cores that stay empty: chip * cores of a chip + core on the chip."""
    pins: dict[str, tuple[int, ...]] = Field(default_factory=dict[str, tuple[int, ...]])
    """Population -> physical cores that it may use. Populations share cores only if they have the same ones."""
    rates: dict[str, FloatArray] = Field(default_factory=dict[str, FloatArray])
    """Population or input -> (size,) spikes of each neuron or line: the weight of its traffic, in any unit. For latency and
    energy they are spikes in a step, 0 to 1. Default: 1 each."""
    positions: dict[str, FloatArray] = Field(default_factory=dict[str, FloatArray])
    """Population -> (size, coordinates) of each neuron, in one unit for all populations: from level 1 on, close neurons
    fill cores together where synapses are stored one by one. Other populations follow in the order of the network."""
    partitioners: tuple[Partitioner, ...] = ()
    """Partitioners whose blocks are additional starts of the search of levels 2 and 3; the best result is kept."""
