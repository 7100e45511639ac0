"""Differences of two networks, programs, recordings or profiles: what moved, by how much, and why."""

from neurodeploy.diff.nouns import Difference, Differences, Reason, difference, moved_figures

__all__ = ["Difference", "Differences", "Reason", "difference", "moved_figures"]
