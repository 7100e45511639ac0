"""Streams of spike counts for `drift.py`: drawn, and of the digits network on the digits of scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from sklearn.datasets import load_digits

import neurodeploy as nd
from neurodeploy.monitor.counts import sample_counts

__all__ = ["Case", "drawn_cases", "following_cases", "digits_case"]

Counts = dict[str, NDArray[np.int64]]
Rng = np.random.Generator
POPULATIONS = ("a", "b", "c")
MEAN = 80.0
"""Mean spikes of a sample of a drawn population."""


class Case(NamedTuple):
    """A source of counts without drift, and the changes of its population `moved`."""

    name: str
    calibration: Callable[[Rng, int], Counts]
    """Counts of so many samples for a calibration."""
    later: Callable[[Rng, int], Counts]
    """Counts of so many further samples."""
    changed: dict[str, Callable[[Rng, int], Counts]]
    """Name of a change -> counts of so many samples after it."""
    moved: str


def _many(draw: Callable[[Rng, int], Any]) -> Callable[[Rng, int], Counts]:
    return lambda rng, n: {name: np.asarray(draw(rng, n), dtype=np.int64) for name in POPULATIONS}


def _negative_binomial(fano: float, mean: float = MEAN) -> Callable[[Rng, int], Any]:
    return lambda rng, n: rng.negative_binomial(mean / (fano - 1), 1 / fano, n)


def _together(rng: Rng, n: int) -> Counts:
    """Poisson counts whose rates follow one gamma variable, so that they rise and fall together."""
    common = rng.gamma(12.0, 1 / 12.0, n)
    return {name: rng.poisson(MEAN * common) for name in POPULATIONS}


def _mixture(rng: Rng, n: int) -> Any:
    return rng.poisson(np.where(rng.random(n) < 0.3, 1.5 * MEAN, MEAN * 0.55 / 0.7))


def _heavy(rng: Rng, n: int) -> Any:
    return np.rint(np.minimum(rng.lognormal(np.log(MEAN) - 0.125, 0.5, n), 50 * MEAN))


def drawn_cases() -> list[Case]:
    """Return the cases that are drawn: Poisson and other dispersions, skewed, sparse, of two kinds, together."""
    draws = {
        "Poisson, mean 80": _many(lambda rng, n: rng.poisson(MEAN, n)),
        "Poisson, mean 2": _many(lambda rng, n: rng.poisson(2.0, n)),
        "under-dispersed, Fano 0.2": _many(lambda rng, n: rng.binomial(100, 0.8, n)),
        "over-dispersed, Fano 4": _many(_negative_binomial(4)),
        "over-dispersed, Fano 8": _many(_negative_binomial(8)),
        "over-dispersed, Fano 20": _many(_negative_binomial(20)),
        "skewed, log-normal": _many(_heavy),
        "two kinds of samples": _many(_mixture),
        "correlated populations": _together,
    }
    return [Case(name, draw, draw, _scaled(draw, "a"), "a") for name, draw in draws.items()]


def _scaled(draw: Callable[[Rng, int], Counts], moved: str) -> dict[str, Callable[[Rng, int], Counts]]:
    """The population with 20 % more and 20 % fewer spikes: copied, or left out, each spike by itself."""

    def more(rng: Rng, n: int) -> Counts:
        counts = draw(rng, n)
        return {**counts, moved: counts[moved] + rng.binomial(counts[moved], 0.2)}

    def fewer(rng: Rng, n: int) -> Counts:
        counts = draw(rng, n)
        return {**counts, moved: rng.binomial(counts[moved], 0.8)}

    return {"+20 %": more, "-20 %": fewer}


def following_cases() -> list[Case]:
    """Return cases in which a sample resembles the one before it, by correlation of neighbours. Calibrated in that order."""
    return [
        Case(f"{name}, correlation {rho:g}", _following(rho, shuffled), _following(rho, shuffled=False), {}, "a")
        for name, shuffled in (("in order", False), ("calibrated shuffled", True))
        for rho in (0.05, 0.1, 0.2, 0.5)
    ]


def _following(rho: float, shuffled: bool) -> Callable[[Rng, int], Counts]:
    def draw(rng: Rng, n: int) -> Counts:
        found = Counts()
        for name in POPULATIONS:
            fresh = np.sqrt(1 - rho**2) * rng.normal(size=n)
            fresh[0] = rng.normal()
            values = lfilter([1.0], [1.0, -rho], fresh)
            found[name] = np.maximum(np.rint(MEAN + 25 * values), 0).astype(np.int64)
            if shuffled:
                rng.shuffle(found[name])
        return found

    return draw


def digits_case(folder: str) -> Case:
    """Return the digits network of a folder, on the digits of scikit-learn: some calibrate, others are drawn, with replacement."""
    program = nd.compile(nd.load(f"{folder}/digits.nd.json"), "loihi1")
    images = (load_digits().data / 16).astype(np.float32)
    recording = nd.run(program, {"pixels": images})
    usual = sample_counts(recording)
    hidden = recording.spike_counts("hidden", program.network.population_by_name["hidden"].size).astype(np.int64)
    order = np.random.default_rng(0).permutation(len(images))
    used = np.zeros(1, dtype=np.int64)

    def calibration(rng: Rng, n: int) -> Counts:
        rng.shuffle(order)
        used[0] = n
        return {name: values[order[:n]] for name, values in usual.items()}

    def held_back(rng: Rng, n: int) -> Any:
        return rng.choice(order[used[0] :], n)

    def of(counts: Counts) -> Callable[[Rng, int], Counts]:
        def draw(rng: Rng, n: int) -> Counts:
            chosen = held_back(rng, n)
            return {name: values[chosen] for name, values in counts.items()}

        return draw

    later = of(usual)
    silenced = np.random.default_rng(1).permutation(hidden.shape[1])
    removed = [hidden[:, silenced[: int(len(silenced) * part)]].sum(axis=1) for part in (0.8, 0.7)]
    changed = _scaled(later, "hidden") | {
        "20 % of the neurons silent": of({**usual, "hidden": removed[0]}),
        "30 % of the neurons silent": of({**usual, "hidden": removed[1]}),
        "input 20 % darker": of(sample_counts(nd.run(program, {"pixels": images * np.float32(0.8)}))),
    }
    return Case("digits", calibration, later, changed, "hidden")
