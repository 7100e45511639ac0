"""Sweeps: speed on two workers, overhead of a task, memory over ten thousand tasks, and test sets in parts.

    python benchmarks/sweeps.py

Prints wall-clock and processor time, and the load of the machine while it measured: ratios of wall-clock time mean something
only where both processors are free.
"""

from __future__ import annotations

import os
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import neurodeploy as nd

ROOT = Path(__file__).parents[1]
RUNS, TASKS, MARKS = 200, 10_000, (1_000, 10_000)


def work(seed: int) -> dict[str, float]:
    """About 0.2 s of one processor, as a run of a small network takes."""
    rng, total = np.random.default_rng(seed), 0.0
    end = time.process_time() + 0.2
    while time.process_time() < end:
        total += float(np.sort(rng.random(10_000))[0])
    return {"least": total}


def nothing(k: int) -> dict[str, int]:
    return {"k": k}


def resident_mib() -> float:
    """Memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


@contextmanager
def timed(found: dict[str, float]) -> Iterator[None]:
    began = time.monotonic()
    yield
    found["seconds"] = time.monotonic() - began


def load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} processors"


def speed() -> None:
    """Runs of the digits network with 1 and 2 workers; start-up of workers is left out by a task for each before."""
    network = nd.load(ROOT / "examples/digits/digits.nd.json")
    samples = nd.load(ROOT / "examples/digits/digits.stimulus.npz")
    digits = nd.Deployment(network=network, samples=samples)
    for name, objective, axis in (
        ("runs of the digits network", digits, "seed"),
        ("0.2 s of processor time", work, "seed"),
    ):
        seconds = {}
        for workers in (1, 2):
            arrived: list[float] = []
            nd.sweep(
                {axis: range(RUNS)},
                objective,
                workers=workers,
                progress=lambda done, total, seen=arrived: seen.append(time.monotonic()),
            )
            skipped = 2 * workers + 1  # the first call says what is known; then each worker warms up
            seconds[workers] = (arrived[-1] - arrived[skipped]) / (len(arrived) - 1 - skipped)
        ratio = seconds[1] / seconds[2]
        print(
            f"{RUNS} points, {name}: {seconds[1]:.4f} s a point on 1 worker, {seconds[2]:.4f} s on 2: {ratio:.2f}x ({load()})"
        )


def overhead() -> None:
    """Time between results of tasks that do nothing, on one worker and with a store on the disk, and the memory meanwhile."""
    marks: dict[int, float] = {}
    arrived: list[float] = []

    def step(done: int, total: int) -> None:
        arrived.append(time.monotonic())
        if done in MARKS:
            marks[done] = resident_mib()

    cpu = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        nd.sweep({"k": range(TASKS)}, nothing, workers=2, store=Path(folder, "store"), progress=step)
    cpu = time.process_time() - cpu
    gaps = np.diff(arrived[10:]) * 1e3
    print(
        f"{TASKS:,} tasks of nothing: {gaps.mean():.2f} ms a task in the mean, {statistics.median(gaps):.2f} ms in the median, "
        f"{cpu / TASKS * 1e3:.2f} ms of processor time ({load()})"
    )
    grown = marks[MARKS[1]] - marks[MARKS[0]]
    print(
        f"memory: {marks[MARKS[0]]:.1f} MiB after {MARKS[0]:,} tasks, {marks[MARKS[1]]:.1f} MiB after {MARKS[1]:,}: {grown:+.1f} MiB"
    )


def parts() -> None:
    """A test set in parts against one run."""
    network = nd.load(ROOT / "examples/digits/digits.nd.json")
    samples = nd.load(ROOT / "examples/digits/digits.stimulus.npz")
    program, values = nd.compile(network), np.tile(samples.values["inputs"], (10, 1))
    one, several = dict[str, float](), dict[str, float]()
    with timed(one):
        whole = nd.run(program, values, threads=1, seed=5)
    with timed(several):
        made = nd.evaluate(program, values, workers=2, threads=1, seed=5)
    same = made.recording.model_copy(update={"findings": ()}) == whole.model_copy(update={"findings": ()})
    print(
        f"{len(values):,} samples: {one['seconds']:.1f} s in one run, {several['seconds']:.1f} s in {made.parts} parts on 2 workers "
        f"with their start; recordings equal: {same} ({load()})"
    )


if __name__ == "__main__":
    speed()
    overhead()
    parts()
