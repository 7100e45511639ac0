"""Statistics of samples of faults: how many to draw, and the interval of a share.

Sources: sample size, R. Leveugle, A. Calvez, P. Maistri, P. Vanhauwaert, "Statistical fault injection: quantified error and
confidence", DATE 2009, equation 4. Interval of a share, E. B. Wilson, "Probable inference, the law of succession, and
statistical inference", JASA 22 (1927), 209-212. Variance of a share of strata and of a finite population, W. G. Cochran,
"Sampling Techniques", 3rd edition 1977, chapters 3 and 5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

from pydantic import Field

from neurodeploy.base.noun import Noun

__all__ = ["Counted", "Share", "joint_share", "quantile", "sample_size", "share_of"]


class Share(Noun):
    """A share of a population that was measured on a sample of it."""

    value: float = Field(ge=0, le=1)
    """Best estimate."""
    low: float = Field(ge=0, le=1)
    """Lower end of the interval."""
    high: float = Field(ge=0, le=1)
    """Upper end of the interval."""


class Counted(NamedTuple):
    """A stratum: what was counted in a sample of it."""

    hits: float
    """Drawn members that have the property."""
    drawn: int
    """Members that were drawn."""
    population: int
    """Members in all."""


def quantile(confidence: float) -> float:
    """Return the number of standard deviations on both sides of the mean that hold `confidence` of a normal distribution."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def sample_size(population: int, margin: float, confidence: float, share: float = 0.5) -> int:
    """Return the members to draw from a `population` so that a share is within +- `margin` with `confidence`.

    `share`: what it is expected to be; 0.5, the default, needs most. n = N / (1 + e^2 (N - 1) / (t^2 p (1 - p))).
    """
    if population < 1:
        return 0
    spread = quantile(confidence) ** 2 * share * (1 - share)
    return min(population, math.ceil(population / (1 + margin**2 * (population - 1) / spread)))


def share_of(hits: float, drawn: int, population: int, confidence: float) -> Share | None:
    """Return the share of a `population` with a property, of which `drawn` were drawn and `hits` have it; None if none was.

    The interval is that of Wilson at `confidence`, for as many independent draws as have the variance of these, which are
    without repetition: all drawn, the share is exact.
    """
    return joint_share([Counted(hits, drawn, population)], confidence)


def joint_share(strata: Sequence[Counted], confidence: float) -> Share | None:
    """Return the share of all `strata` together, each weighted by its population; None if a stratum with members has no draw.

    `confidence`: as for `share_of`.
    """
    known = [item for item in strata if item.population > 0]
    total = sum(item.population for item in known)
    if not total or any(item.drawn < 1 for item in known):
        return None
    value = math.fsum(item.population * item.hits / item.drawn for item in known) / total
    value = min(max(value, 0.0), 1.0)
    drawn = _effective(known, total, value)
    if drawn is None:
        return Share(value=value, low=value, high=value)
    low, high = _wilson(value, drawn, quantile(confidence))
    return Share(value=value, low=min(low, value), high=max(high, value))


def _effective(strata: Sequence[Counted], total: int, value: float) -> float | None:
    """Independent draws that have the variance of these; None for a variance of 0 because all members were drawn.

    A stratum in which all or none has the property says nothing of its variance, so it counts with the variance of one half
    of a hit more.
    """
    variance, largest = 0.0, 0.0
    for item in strata:
        left = 1 - item.drawn / item.population
        share = (item.hits + 0.5) / (item.drawn + 1) if item.hits in (0, item.drawn) else item.hits / item.drawn
        weight = (item.population / total) ** 2 * left / item.drawn
        variance += weight * share * (1 - share)
        largest += weight
    if largest <= 0:
        return None
    if value in (0.0, 1.0):
        return 1 / largest
    return max(value * (1 - value) / variance, 1.0) if variance > 0 else 1 / largest


def _wilson(value: float, drawn: float, t: float) -> tuple[float, float]:
    middle = (value + t * t / (2 * drawn)) / (1 + t * t / drawn)
    half = t / (1 + t * t / drawn) * math.sqrt(value * (1 - value) / drawn + t * t / (4 * drawn * drawn))
    return max(0.0, middle - half), min(1.0, middle + half)
