"""Golden input and output of a program."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from neurodeploy.base.noun import FloatArray, IntArray, Name, Noun

__all__ = ["Golden"]


class Golden(Noun):
    """Samples, run from the cleared state, and all spikes of the program on them."""

    later: ClassVar[tuple[str, ...]] = ("learned",)
    n_samples: int = Field(gt=0)
    """Number of samples."""
    n_steps: int = Field(gt=0)
    """Steps of input per sample."""
    steps: int = Field(gt=0)
    """Last step that was run."""
    seed: int = Field(default=0, ge=-(2**63), lt=2**63)
    """Seed of encoders and noise."""
    inputs: dict[Name, IntArray] = Field(default_factory=dict)
    """Input -> (n, 3) int32 rows (sample, step, line)."""
    currents: dict[Name, FloatArray] = Field(default_factory=dict)
    """Input with a current encoder -> (n_samples, n_steps, lines)."""
    spikes: dict[Name, IntArray]
    """Population -> (n, 3) int32 rows (sample, step, neuron), sorted."""
    payloads: dict[Name, IntArray] = Field(default_factory=dict)
    """Population with graded spikes -> (n,) values, one for each row of `spikes`."""
    learned: dict[str, IntArray] = Field(default_factory=dict)
    """"projection.variable" -> (n_samples, n_synapses) what plastic projections have learned, each sample apart."""
