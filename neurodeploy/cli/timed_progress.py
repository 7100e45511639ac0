"""Progress of long work, with an estimate of the time left, where there is a terminal and where there is none."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager

from neurodeploy.cli.output import progress_bar, say
from neurodeploy.report.sweep_tables import seconds_words
from neurodeploy.signals import Progress

__all__ = ["time_left_s", "timed_progress"]

BETWEEN_S = 60.0
"""Seconds between two lines on progress where standard error is not a terminal, such as the log of a cluster's job."""


def time_left_s(done: int, total: int, known: int, elapsed_s: float) -> float | None:
    """Return the estimated seconds until work ends, at the mean rate so far; None before its first part.

    `done`, `total`: parts. `known`: parts that were done before it began, which took no time. `elapsed_s`: since then.
    """
    return None if done <= known else elapsed_s * (total - done) / (done - known)


@contextmanager
def timed_progress(
    label: str, total: int, *, quiet: bool, between_s: float = BETWEEN_S
) -> Generator[Progress | None, None, None]:
    """Yield a callback that draws a bar with the time left on a terminal, and prints a line now and then elsewhere.

    The first call tells what was done before.

    `label`: what is counted, such as "points". `total`: how many. `quiet`: nothing is shown, and None is yielded. `between_s`:
    least seconds between two lines.
    """
    began, last, known = time.monotonic(), [time.monotonic()], list[int]()
    with progress_bar(label, total, quiet=quiet, left=True) as bar:

        def step(done: int, total: int) -> None:
            known.append(done) if not known else None
            now = time.monotonic()
            if bar is not None:
                bar(done, total)
            elif now - last[0] >= between_s:
                last[0] = now
                left = time_left_s(done, total, known[0], now - began)
                say(f"{done:,} of {total:,} {label}{f', about {seconds_words(left)} left' if left is not None else ''}")

        yield None if quiet else step
