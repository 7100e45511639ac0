"""Sweeps: a space of points, an objective at each, workers on one machine or many, and results that survive a kill."""

from neurodeploy.sweep.nouns import Outcome, Sweep
from neurodeploy.sweep.space import Range, Space
from neurodeploy.sweep.sweep import sweep_space

__all__ = ["Outcome", "Range", "Space", "Sweep", "sweep_space"]
