"""Differences of two networks, programs, recordings or profiles: what moved, by how much, and why."""

from neurodeploy.diff.networks import network_differences
from neurodeploy.diff.nouns import Difference, Differences, Reason, difference, moved_figures
from neurodeploy.diff.profiles import profile_differences
from neurodeploy.diff.programs import program_differences
from neurodeploy.diff.recordings import recording_differences

__all__ = [
    "Difference",
    "Differences",
    "Reason",
    "difference",
    "moved_figures",
    "network_differences",
    "profile_differences",
    "program_differences",
    "recording_differences",
]
