"""Compile options that make the integers of a spiking network agree better with its floats, found on samples."""

from neurodeploy.tuning.tuning import TUNED, Tuned, tune

__all__ = ["TUNED", "Tuned", "tune"]
