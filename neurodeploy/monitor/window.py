"""A window of counts against those of a calibration: means, distribution functions, and distance."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.monitor.design import likeness
from neurodeploy.monitor.nouns import Drift, MonitorOptions, PopulationDrift
from neurodeploy.program.activity import Activity, SpikeCounts

__all__ = ["LEAST_SAMPLES", "drift"]

Ints = NDArray[np.int64]
LEAST_SAMPLES = 20
"""Least samples of a window."""
TESTS = 2
"""Tests of a population that have a p: of means, and of distribution functions."""
MOST_EXACT = 5000
"""Spikes up to which the Poisson test adds up probabilities; beyond, the statistic is normal."""


def drift(
    activity: Activity,
    counts: Mapping[str, Ints],
    options: MonitorOptions | None = None,
    *,
    first_sample: int = 0,
    windows: int = 1,
) -> Drift:
    """Return how `counts`, input or population -> (n,) spikes of each sample of a window, differ from an `activity`.

    `options`: their level decides. `first_sample`: number of the window's first sample. `windows`: how many are looked at, for
    which p is corrected, as it is for the numbers of populations and of tests (Bonferroni).

    Raises DiagnosticError: ND948 (fewer than 20 samples, or counts of none of the populations), ND952 (scipy is not installed).
    """
    _stats()
    level = (options or MonitorOptions()).level
    mine = [item for item in activity.counts if item.name in counts]
    n = min((len(counts[item.name]) for item in mine), default=0)
    if n < LEAST_SAMPLES:
        message = f"has {n:,} samples of populations that were calibrated; a comparison needs {LEAST_SAMPLES}"
        raise DiagnosticError("monitor", (finding("ND948", about("recording"), message),))
    looks = TESTS * len(mine) * windows
    rows = tuple(_population(item, np.asarray(counts[item.name]), looks, level) for item in mine)
    return Drift(first_sample=first_sample, n_samples=n, populations=rows)


def _stats() -> Any:
    """The module scipy.stats, which has no types. Raises DiagnosticError: ND952."""
    try:
        return import_module("scipy.stats")
    except ImportError:
        message, fix = "needs the Python package scipy, which is not installed", "pip install 'neurodeploy[serve]'"
        raise DiagnosticError(
            "monitor", (finding("ND952", about("function", "monitor"), message, fixes=[fix]),)
        ) from None


def _population(usual: SpikeCounts, counts: Ints, looks: int, level: float) -> PopulationDrift:
    apart, ks_p = _distribution(usual, counts)
    dispersion = (usual.fano or 0.0) * likeness(usual)
    poisson_p = _means(usual, counts, max(dispersion, 1.0))
    p = min(1.0, looks * min(poisson_p, ks_p))
    return PopulationDrift(
        name=usual.name,
        kind=usual.kind,
        expected=usual.mean,
        found=float(counts.mean()),
        dispersion=dispersion,
        poisson_p=poisson_p,
        ks=apart,
        ks_p=ks_p,
        wasserstein=float(_stats().wasserstein_distance(counts, usual.values, None, usual.samples)),
        p=p,
        drifted=p < level,
    )


def _means(usual: SpikeCounts, counts: Ints, dispersion: float) -> float:
    """p of equal means: counts over their dispersion vary as Poisson counts do."""
    n, before = counts.size, int(usual.samples.sum())
    now, then = float(counts.sum()) / dispersion, usual.mean * before / dispersion
    if now + then <= MOST_EXACT:
        return float(_stats().poisson_means_test(round(now), n, round(then), before).pvalue)
    rate = (now + then) / (n + before)
    return float(2 * _stats().norm.sf(abs(now / n - then / before) / np.sqrt(rate * (1 / n + 1 / before))))


def _distribution(usual: SpikeCounts, counts: Ints) -> tuple[float, float]:
    """The largest difference of the distribution functions, and its p, with fewer samples where neighbours resemble each other."""
    before = int(usual.samples.sum())
    found = _stats().ks_2samp(counts, np.repeat(usual.values, usual.samples), method="asymp")
    alike = likeness(usual)
    if alike == 1:
        return float(found.statistic), float(found.pvalue)
    size = counts.size * before / (counts.size + before) / alike
    return float(found.statistic), float(_stats().kstwobign.sf(np.sqrt(size) * found.statistic))
