"""Nouns: what a network is shown. Samples are independent: each starts from the cleared state."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from neurodeploy.base.noun import FloatArray, IntArray, Name, Noun, NumberArray
from neurodeploy.diagnostics import Diagnostic

__all__ = ["SampleValues", "Stimulus"]


class SampleValues(Noun):
    """Samples as they stand in a stimulus file, before the network's encoders made spikes of them."""

    values: dict[Name, NumberArray]
    """Input -> (samples, *shape) values for an encoder; (samples, steps, *shape) spikes or currents over time; or rows of
    events: (sample, step, line) for the encoder "spikes", (sample, and the encoder's columns) for "events"."""
    labels: IntArray | None = None
    """(samples,)."""
    n_samples: int | None = Field(default=None, gt=0)
    """How many there are, where rows of events are all there is: they do not tell of an empty last one."""


class Stimulus(Noun):
    """Encoded samples: exactly what every backend is given."""

    n_samples: int = Field(gt=0)
    """Samples, at least 1."""
    n_steps: int = Field(gt=0)
    """Steps in which the stimulus acts, per sample."""
    spikes: dict[Name, IntArray] = Field(default_factory=dict)
    """Input -> (n, 3) int32 rows (sample, step, line), sorted; step 1..n_steps is when the line fires; it arrives one
    step and the projection's delay later."""
    rasters: dict[Name, IntArray] = Field(default_factory=dict)
    """Input -> (n_samples, n_steps, lines) uint8, 1 where the line fires: the same as rows, for inputs that fire often."""
    currents: dict[Name, FloatArray] = Field(default_factory=dict)
    """Input with the current encoder -> (n_samples, n_steps, lines): acts one step and the delay later, like a spike."""
    labels: IntArray | None = None
    """(n_samples,) the right answers; None: unknown."""
    seed: int = 0
    """That the encoders drew with."""
    first_sample: int = Field(default=0, ge=0)
    """Number of the first sample among all that are run, a batch at a time: random draws depend on it."""
    findings: tuple[Diagnostic, ...] = ()
    """What of the samples is not shown as it was given: cut off, merged, or too small for a spike."""

    def rows(self, name: str) -> IntArray:
        """Return (n, 3) int32 rows (sample, step, line) of an input of spikes, however it is held."""
        if name not in self.rasters:
            return self.spikes.get(name, np.zeros((0, 3), dtype=np.int32))
        return np.argwhere(self.rasters[name]).astype(np.int32) + np.array([0, 1, 0], dtype=np.int32)
