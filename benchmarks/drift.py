"""False alarms and delays of a monitor: `python benchmarks/drift.py`.

Each case is calibrated many times on fresh samples. Every calibration then sees further samples without drift, which count
alarms, and changes of one population, which count the samples until its alarm. A false alarm costs a calibration many
others if its mean happens to be far off, so the interval is that of the mean over calibrations (bootstrap), not of alarms.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from drift_cases import Case, Counts, digits_case, drawn_cases, following_cases

from neurodeploy.monitor.counts import activity_of_counts
from neurodeploy.monitor.live import Monitor
from neurodeploy.program import Activity

__all__ = ["Quiet", "delays", "main", "quiet"]

ROOT = Path(__file__).parents[1]
BLOCK = 2000
PER = 10_000
WITHIN = 200
LONGEST = 2000
"""Samples after which a change counts as not detected."""


class Quiet(NamedTuple):
    """Alarms without drift."""

    per_10000: float
    """Mean over calibrations."""
    low: float
    high: float
    """95 % interval of the mean."""
    worse: float
    """Share of calibrations with more than one."""


def made(counts: Counts) -> Activity:
    """Return the activity of counts of populations."""
    return activity_of_counts(counts)


def quiet(case: Case, n: int, calibrations: int, samples: int, seed: int) -> Quiet:
    """Return the alarms of a case without drift. `n`: samples of a calibration, each of which then sees `samples`."""
    found = list[float]()
    for number in range(calibrations):
        rng = np.random.default_rng([seed, number])
        monitor = Monitor(made(case.calibration(rng, n)))
        for _ in range(samples // BLOCK):
            monitor.observe(case.later(rng, BLOCK))
        found.append(sum(monitor.alarms().values()) * PER / monitor.seen)
    values = np.array(found)
    draws = np.random.default_rng(seed).choice(values, (2000, values.size)).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975]).tolist()
    return Quiet(float(values.mean()), low, high, float((values > 1).mean()))


def delays(case: Case, n: int, calibrations: int, seed: int) -> Iterator[tuple[str, np.ndarray, float]]:
    """Yield change, (calibrations,) samples until the alarm of the population that moved, and the mean change of its spikes.

    The monitor has seen 500 samples without drift before.
    """
    for name, change in case.changed.items():
        waited, moved = list[int](), list[float]()
        for number in range(calibrations):
            rng = np.random.default_rng([seed, number])
            monitor = Monitor(made(case.calibration(rng, n)))
            monitor.observe(case.later(rng, 500))
            before = monitor.alarms()[case.moved]
            counts, at = change(rng, LONGEST), 0
            while at < LONGEST and monitor.alarms()[case.moved] == before:
                monitor.observe({key: values[at : at + 1] for key, values in counts.items()})
                at += 1
            waited.append(at if monitor.alarms()[case.moved] > before else LONGEST + 1)
            moved.append(counts[case.moved].mean() / case.later(rng, LONGEST)[case.moved].mean() - 1)
        yield name, np.array(waited), float(np.mean(moved))


def _print_quiet(cases: list[Case], sizes: list[int], arguments: argparse.Namespace) -> None:
    print(f"\nfalse alarms per {PER:,} samples, all populations; {arguments.calibrations} calibrations of each row")
    print(f"{'counts':<38}{'calibration':>12}{'mean':>8}{'95 % interval':>18}{'worse than 1':>14}")
    for case in cases:
        for n in sizes:
            found = quiet(case, n, arguments.calibrations, arguments.samples, arguments.seed)
            interval = f"{found.low:.2f} to {found.high:.2f}"
            print(f"{case.name:<38}{n:>12,}{found.per_10000:>8.2f}{interval:>18}{found.worse:>14.0%}", flush=True)


def _print_delays(cases: list[Case], sizes: list[int], arguments: argparse.Namespace) -> None:
    print(f"\n{arguments.changes} calibrations of each row: samples from the change of one population to its alarm")
    print(f"{'counts':<28}{'change':<28}{'calibration':>12}{'spikes':>8}{'median':>8}{'95 %':>8}{'in 200':>8}")
    for case in cases:
        for n in sizes:
            for name, waited, moved in delays(case, n, arguments.changes, arguments.seed):
                middle, late = (f"{q:,.0f}" if q <= LONGEST else "never" for q in np.quantile(waited, [0.5, 0.95]))
                row = f"{case.name:<28}{name:<28}{n:>12,}{moved:>+8.0%}{middle:>8}{late:>8}"
                print(f"{row}{(waited <= WITHIN).mean():>8.0%}", flush=True)


def main(words: list[str] | None = None) -> int:
    """Print the tables. `words`: of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calibrations", type=int, default=100)
    parser.add_argument("--changes", type=int, default=100, help="calibrations that see each change")
    parser.add_argument("--samples", type=int, default=100_000, help="samples without drift of each calibration")
    parser.add_argument("--sizes", default="180,360,1000", help="samples of a calibration")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(words)
    sizes = [int(word) for word in arguments.sizes.split(",")]
    cases = [digits_case(str(ROOT / "examples" / "digits")), *drawn_cases()]
    _print_quiet(cases, sizes, arguments)
    _print_delays(cases, sizes, arguments)
    print("\nsamples that resemble the one before: the rate of false alarms is then not kept")
    _print_quiet(following_cases(), sizes[1:2], arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
