"""Activity of a program on samples like those that it will see: what later activity is held against."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from neurodeploy.base.noun import Int64Column, Name, Noun, WholeNumber

__all__ = ["Activity", "SpikeCounts"]


class SpikeCounts(Noun):
    """How many spikes an input or a population has in a sample, over the samples of a calibration."""

    name: Name
    """Name of the input or population."""
    kind: Literal["input", "population"]
    """Which of the two."""
    size: WholeNumber = Field(gt=0)
    """Number of lines or neurons."""
    values: Int64Column
    """(k,) numbers of spikes in a sample that occurred, ascending."""
    samples: Int64Column
    """(k,) samples that had each of them."""
    neuron_spikes: Int64Column
    """(size,) spikes of each line or neuron over all samples."""
    autocorrelation: float = Field(ge=-1, le=1)
    """Correlation between the spikes of a sample and those of the next; 0 where no sample differs."""

    @property
    def mean(self) -> float:
        """Mean spikes of a sample."""
        return float(self.values.astype(np.float64) @ self.samples) / float(self.samples.sum())

    @property
    def variance(self) -> float:
        """Variance of the spikes of a sample, unbiased."""
        total = float(self.samples.sum())
        return float(self.samples @ (self.values - self.mean) ** 2) / max(total - 1, 1.0)

    @property
    def fano(self) -> float | None:
        """Variance over mean, which is 1 for Poisson counts; None without spikes."""
        return self.variance / self.mean if self.mean else None


class Activity(Noun):
    """Spikes per sample of each input and each population that spikes, over the samples of a calibration."""

    n_samples: WholeNumber = Field(gt=0)
    """Number of samples."""
    n_steps: WholeNumber = Field(gt=0)
    """Steps that each sample ran, drain included."""
    seed: int = Field(default=0, ge=-(2**63), lt=2**63)
    """Seed of encoders and noise."""
    counts: tuple[SpikeCounts, ...]
    """Of each input and population, inputs first."""
