"""Nouns: what a network is shown. Samples are independent: each starts from the cleared state."""

from __future__ import annotations

from pydantic import Field

from neurodeploy._noun import FloatArray, IntArray, Name, Noun, NumberArray

__all__ = ["SampleValues", "Stimulus"]


class SampleValues(Noun):
    """Samples as they stand in a stimulus file, before the network's encoders made spikes of them."""

    values: dict[Name, NumberArray]
    """Input -> (samples, *shape) values for an encoder, or (samples, steps, *shape) spikes or currents over time."""
    labels: IntArray | None = None
    """(samples,)."""


class Stimulus(Noun):
    """Encoded samples: exactly what every backend is given."""

    n_samples: int = Field(gt=0)
    n_steps: int = Field(gt=0)
    """Steps in which the stimulus acts, per sample."""
    spikes: dict[Name, IntArray] = Field(default_factory=dict)
    """Input -> (n, 3) int32 rows (sample, step, line), sorted; step 1..n_steps is when the line fires; it arrives one
    step and the projection's delay later."""
    currents: dict[Name, FloatArray] = Field(default_factory=dict)
    """Input with the current encoder -> (n_samples, n_steps, lines): acts one step and the delay later, like a spike."""
    labels: IntArray | None = None
    seed: int = 0
