"""The effort of a search, by level and size of the network."""

from __future__ import annotations

from typing import NamedTuple

from neurodeploy.mapping.time_limit import TimeLimit

__all__ = ["Effort", "effort_of"]

LARGE = 30_000_000
"""Synapses above which a network gets fewer sweeps."""


class Effort(NamedTuple):
    """Bounds of a search."""

    sweeps: int
    """Sweeps over all neurons from each start."""
    most_squeezed: int
    """Most cores that one squeeze tries to empty."""
    heat: float
    """Pairs by which a move may raise the cost when annealing begins."""
    annealings: int
    """Attempts to reduce cores by annealing."""
    time_limit: TimeLimit

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self.time_limit.stops("the search")


def effort_of(level: int, n_synapses: int, time_limit: TimeLimit) -> Effort:
    """Return the effort of a level; networks of more than LARGE synapses get less."""
    large, deep = n_synapses > LARGE, level == 3
    return Effort(
        sweeps={2: 2 if large else 6, 3: 4 if large else 15}.get(level, 1),
        most_squeezed=200 if large else 1 << 30,
        heat=40.0 if deep else 0.0,
        annealings=6 if deep else 0,
        time_limit=time_limit,
    )
