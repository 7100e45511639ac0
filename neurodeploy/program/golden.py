"""Noun: an input and the output it gives, sealed in a program. Holds no program and runs nothing."""

from __future__ import annotations

from pydantic import Field

from neurodeploy.base.noun import FloatArray, IntArray, Name, Noun

__all__ = ["Golden"]


class Golden(Noun):
    """Samples from the cleared state, and every spike that the program gives on them."""

    n_samples: int = Field(gt=0)
    """Samples, at least 1."""
    n_steps: int = Field(gt=0)
    """Steps in which the stimulus acts."""
    steps: int = Field(gt=0)
    """Steps that were run."""
    seed: int = 0
    """Of encoders and noise."""
    inputs: dict[Name, IntArray] = Field(default_factory=dict)
    """Input -> (n, 3) int32 rows (sample, step, line)."""
    currents: dict[Name, FloatArray] = Field(default_factory=dict)
    """Input of values -> (n_samples, n_steps, lines)."""
    spikes: dict[Name, IntArray]
    """Population -> (n, 3) int32 rows (sample, step, neuron), sorted."""
    payloads: dict[Name, IntArray] = Field(default_factory=dict)
    """Population of graded spikes -> (n,) values, row for row."""
