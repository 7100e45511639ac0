"""Options and results of monitoring."""

from __future__ import annotations

from typing import Literal, TypedDict

from pydantic import Field

from neurodeploy.base.noun import Name, Noun, WholeNumber
from neurodeploy.diagnostics import Diagnostic

__all__ = [
    "Calibration",
    "Drift",
    "MonitorChoices",
    "MonitorOptions",
    "Monitored",
    "PopulationDrift",
    "Power",
    "Watched",
]


class MonitorOptions(Noun):
    """What a monitor detects, and how often it may be wrong."""

    shift: float = Field(default=0.2, gt=0, le=0.9)
    """Relative change of a rate that is detected soonest: 0.2 is 20 %."""
    within: WholeNumber = Field(default=200, ge=10, le=100_000)
    """Samples within which it is to be detected."""
    false_alarms: float = Field(default=1e-4, ge=1e-7, le=0.01)
    """False alarms per sample, of all populations together."""
    window: WholeNumber = Field(default=200, ge=20, le=100_000)
    """Samples of a window, whose distribution is compared with that of the calibration."""
    level: float = Field(default=0.01, ge=1e-9, le=0.2)
    """Probability that a recording without drift has a window that is called drifted."""


class MonitorChoices(TypedDict, total=False):
    """Fields of MonitorOptions as keyword arguments."""

    shift: float
    within: int
    false_alarms: float
    window: int
    level: float


class PopulationDrift(Noun):
    """Counts of one input or population in a window, against those of the calibration."""

    name: Name
    """Of the input or population."""
    kind: Literal["input", "population"]
    """Which of the two."""
    expected: float
    """Mean spikes per sample of the calibration."""
    found: float
    """Mean spikes per sample of the window."""
    dispersion: float
    """Variance over mean of the calibration, by which the Poisson test divides all counts."""
    poisson_p: float
    """p of equal means of Poisson counts, after division by the dispersion where that is above 1."""
    ks: float
    """Largest difference of the two distribution functions (Kolmogorov-Smirnov)."""
    ks_p: float
    """p of equal distributions by that difference."""
    wasserstein: float
    """Distance of the two distributions, in spikes per sample."""
    p: float
    """The smaller p of the two tests, corrected for the number of populations, tests and windows."""
    drifted: bool
    """Whether that is below the level."""


class Drift(Noun):
    """A window of counts against those of the calibration."""

    first_sample: int
    """Number of its first sample, from 0."""
    n_samples: int
    """Samples of the window."""
    populations: tuple[PopulationDrift, ...]
    """Inputs and populations, each compared."""

    @property
    def drifted(self) -> bool:
        """Whether any population drifted."""
        return any(item.drifted for item in self.populations)


class Watched(Noun):
    """What a monitor has seen of one input or population."""

    name: Name
    """Of the input or population."""
    kind: Literal["input", "population"]
    """Which of the two."""
    expected: float
    """Mean spikes per sample of the calibration."""
    found: float | None
    """Mean spikes per sample of the last window, None before the first sample."""
    statistic: float
    """The larger of the two sums, as a fraction of its threshold: 1 raises an alarm."""
    alarms: int
    """Alarms since the monitor began."""
    drifting: bool
    """Whether there was an alarm within the last window."""
    since: int | None
    """Sample with which the drift began, as estimated at the first of its alarms; None without one."""
    alarm: int | None
    """Sample with which that alarm was raised."""
    direction: Literal["more", "fewer"] | None
    """Whether the last alarm was for more or for fewer spikes than expected."""


class Monitored(Noun):
    """A recording held against the activity of its program."""

    n_samples: int
    """Samples of the recording."""
    options: MonitorOptions
    """What was to be detected, and how often the monitor may be wrong."""
    watched: tuple[Watched, ...]
    """Inputs and populations, as the monitor saw them sample by sample."""
    windows: tuple[Drift, ...]
    """The same samples in windows."""
    findings: tuple[Diagnostic, ...] = ()
    """ND945 (drift), ND951 (neurons that fell silent)."""

    @property
    def drifted(self) -> bool:
        """Whether the activity of any input or population drifted."""
        return any(item.code == "ND945" for item in self.findings)


class Power(Noun):
    """What a monitor detects in one input or population."""

    name: Name
    """Of the input or population."""
    kind: Literal["input", "population"]
    """Which of the two."""
    mean: float
    """Mean spikes per sample of the calibration."""
    deviation: float
    """Standard deviation of the spikes per sample."""
    fano: float | None
    """Variance over mean: 1 for Poisson counts. None without spikes."""
    smallest_shift: float | None
    """Smallest relative change of the rate that is detected in time in 95 of 100 cases; None if none is."""


class Calibration(Noun):
    """What a monitor of a program's activity detects."""

    n_samples: int
    """Samples of the calibration."""
    n_steps: int
    """Steps that each sample ran, drain included."""
    options: MonitorOptions
    """What is to be detected, and how often the monitor may be wrong."""
    rows: tuple[Power, ...]
    """Inputs and populations."""
    findings: tuple[Diagnostic, ...] = ()
    """ND947 (few samples), ND949 (a shift is not seen in time), ND950 (samples that resemble each other)."""
