"""Races of networks that learn: against lava-nc, against Brian2, and against this package before it could learn."""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import workloads
from environments import home, python_of
from learning_networks import LAVA, MILLION, LearningCase, program, save
from measure import Ours, digest, our_worker
from neurodeploy_backends.lava.environment import LAVA as LAVA_ENVIRONMENT
from peers import PEERS
from worker import Worker, WorkerError

from neurodeploy.program import save_program
from neurodeploy.worker import interpreter_of

__all__ = ["BEFORE", "Raced", "race_before", "race_brian2", "race_lava"]

HERE = Path(__file__).parent
ROOT = HERE.parent
BEFORE = "99403d5"
"""The last commit without plasticity."""
FIXED = {"w1": 300_000, "w3": 8_000, "tiny": 1_000_000}
"""Workloads without plasticity, and the steps of a run."""
SHORT = 4
"""Rounds of those for one of the others: a difference of 1 % needs many."""
MODES = {"network": "in lava's run", "model": "its model alone, without neurons and processes"}
"""What of lava is timed."""
Say = Callable[[str], None]


class Raced(NamedTuple):
    """The figures of one race: medians over its rounds."""

    title: str
    goal: str
    ratio: float | None
    """How many times faster ours was in the same round; None if the other did not run."""
    low: float = 0.0
    """Smallest and largest ratio of a round."""
    high: float = 0.0
    ours_us: float = 0.0
    """Microseconds of a step."""
    theirs_us: float = 0.0
    note: str = ""
    """What was compared, or why nothing was."""


def _compiled(case: LearningCase, say: Say) -> Path:
    path = home() / "programs" / f"learning-{case.key}-{digest('learning_networks.py')}.ndp"
    if not path.is_file():
        say(f"{case.key}: compiling")
        path.parent.mkdir(parents=True, exist_ok=True)
        save_program(program(case), path)
    return path


def _race(case: LearningCase, steps: tuple[int, int], command: list[str], rounds: int, limit_s: float, say: Say) -> Any:
    """(ours, theirs) seconds per step of each round, and a note on what agrees. `steps`: ours, theirs."""
    folder = home() / "cases" / f"learning-{case.key}"
    save(case, folder, max(steps))
    workers = [our_worker(_compiled(case, say), folder)]
    try:
        workers[0].answer(limit_s)
        ours, found = Ours(workers[0], limit_s), list[tuple[float, float]]()
        workers[0].ask(json.dumps({"steps": steps[1], "keep": True}), limit_s)
        say(f"{case.key}: {Path(command[1]).stem} builds its network")
        workers.append(Worker([*command[:2], str(folder), str(steps[1]), *command[2:]], folder / "peer.log"))
        workers[1].answer(limit_s)
        answer: dict[str, Any] = {}
        for number in range(rounds):
            say(f"{case.key}: round {number + 1} of {rounds}")
            mine = ours.seconds(steps[0])["per_step"]
            answer = workers[1].ask("run", limit_s)
            found.append((mine, answer["seconds"] / steps[1]))
        return found, _agreement(case, folder, answer["counts"])
    finally:
        for item in workers:
            item.kill()


def _agreement(case: LearningCase, folder: Path, path: str) -> str:
    theirs, rows = np.load(path), np.load(folder / "spikes.npz")["cells"]
    counts = np.bincount(rows[:, 1], minlength=case.n_target)
    weights = np.load(folder / "learned.npz")["learns.w"]
    apart = int((counts != theirs["cells"]).sum())
    other = theirs["weights"].T.ravel() if theirs["weights"].ndim == 2 else theirs["weights"]
    moved = int((weights != case.weights()).sum())
    return (
        f"{counts.sum():,} target spikes, {apart:,} of {counts.size:,} counts differ; {moved:,} of {weights.size:,} weights "
        f"changed, mean {weights.mean():.1f} here and {other.mean():.1f} there, {int((weights != other).sum()):,} differ"
    )


def _raced(title: str, goal: str, found: list[tuple[float, float]], note: str) -> Raced:
    ratios = [theirs / ours for ours, theirs in found]
    ours, theirs = (1e6 * statistics.median(times) for times in zip(*found, strict=True))
    return Raced(title, goal, statistics.median(ratios), min(ratios), max(ratios), ours, theirs, note)


def race_lava(rounds: int, quick: bool, limit_s: float, say: Say) -> Iterator[Raced]:
    """Yield the race against lava's LearningDense: its whole run, and the model of the connection alone."""
    interpreter = interpreter_of(LAVA_ENVIRONMENT)
    for case, (mode, words) in itertools.product(LAVA, MODES.items()):
        title, goal = f"lava LearningDense {case.title}, {words}", "200x" if mode == "network" else ""
        if interpreter is None:
            yield Raced(title, goal, None, note="lava is missing: neurodeploy backends install lava")
            continue
        steps = (case.steps // (10 if quick else 1), 100 if quick else 300)
        command = [str(interpreter.path), str(HERE / "peers" / "learning_lava_peer.py"), mode]
        try:
            yield _raced(title, goal, *_race(case, steps, command, rounds, limit_s, say))
        except WorkerError as error:
            yield Raced(title, goal, None, note=str(error))


def race_brian2(rounds: int, quick: bool, limit_s: float, say: Say) -> Iterator[Raced]:
    """Yield the races on a million plastic synapses against Brian2's C++ standalone mode."""
    environment = next(peer.environment for peer in PEERS if peer.key == "brian2-cpp")
    python = python_of(environment)
    for case in MILLION:
        title = f"Brian2 C++ STDP, {case.title}"
        if python is None:
            yield Raced(title, "3x", None, note="Brian2 is missing: python benchmarks/race.py install")
            continue
        steps = case.steps // (4 if quick else 1)
        command = [str(python), str(HERE / "peers" / "learning_brian2_peer.py")]
        try:
            yield _raced(title, "3x", *_race(case, (steps, steps), command, rounds, limit_s, say))
        except WorkerError as error:
            yield Raced(title, "3x", None, note=str(error))


# --- before plasticity


def race_before(rounds: int, quick: bool, limit_s: float, say: Say) -> Iterator[Raced]:
    """Yield our speed without plasticity against that of the commit before it, the same networks in both."""
    try:
        roots = [ROOT, _checkout(say)]
    except (OSError, subprocess.CalledProcessError) as error:
        yield Raced(f"without plasticity, commit {BEFORE}", "0.99x", None, note=f"no checkout: {error}")
        return
    for key, whole in FIXED.items():
        case, steps = workloads.build(key), whole // (4 if quick else 1)
        folder = home() / "cases" / key
        case.save(folder, steps)
        workers = [_worker(root, _program_of(root, key, say), folder) for root in roots]
        try:
            for item in workers:
                item.answer(limit_s)
                _processor_s(item, 2, limit_s)
            found = list[tuple[float, float]]()
            for number in range(SHORT * rounds):
                say(f"{key}: round {number + 1} of {SHORT * rounds}")
                times = dict[int, float]()
                for side in (0, 1) if number % 2 else (1, 0):
                    one = _processor_s(workers[side], 1, limit_s)
                    times[side] = (_processor_s(workers[side], steps, limit_s) - one) / (steps - 1)
                found.append((times[0], times[1]))
            yield _raced(f"without plasticity, commit {BEFORE}, {case.title}", "0.99x", found, "processor time")
        finally:
            for item in workers:
                item.kill()


def _processor_s(worker: Worker, steps: int, limit_s: float) -> float:
    """Processor time of a run, over all threads of the worker: other processes do not count as they do in wall time."""
    before = worker.processor_s()
    worker.ask(json.dumps({"steps": steps}), limit_s)
    return worker.processor_s() - before


def _checkout(say: Say) -> Path:
    """A checkout of the commit before plasticity, with its kernels."""
    folder = home() / f"before-{BEFORE}"
    if not (folder / "built").is_file():
        say(f"commit {BEFORE}: checking out and building")
        if not folder.is_dir():
            subprocess.run(
                ["git", "worktree", "add", "--detach", str(folder), BEFORE], cwd=ROOT, check=True, capture_output=True
            )
        command = [sys.executable, "-m", "neurodeploy.native.build"]
        subprocess.run(command, cwd=folder, env=_environment(folder), check=True, capture_output=True)
        (folder / "built").touch()
    return folder


def _environment(root: Path) -> dict[str, str]:
    paths = os.pathsep.join(str(root / part) for part in (".", "backends", "targets", "benchmarks"))
    return {**os.environ, "PYTHONPATH": paths}


def _program_of(root: Path, key: str, say: Say) -> Path:
    """The program of a workload as one checkout compiles it."""
    path = home() / "programs" / f"{key}-{'before' if root != ROOT else digest('networks.py')}.ndp"
    if not path.is_file():
        say(f"{key}: compiling")
        path.parent.mkdir(parents=True, exist_ok=True)
        code = f"import networks, workloads; networks.save_program(networks.program(workloads.build({key!r})), {str(path)!r})"
        command = [sys.executable, "-c", code]
        subprocess.run(command, cwd=root / "benchmarks", env=_environment(root), check=True, capture_output=True)
    return path


def _worker(root: Path, path: Path, folder: Path) -> Worker:
    log = folder / f"ours-{root.name}.log"
    command = [sys.executable, str(root / "benchmarks" / "ours.py"), str(path), str(folder)]
    return Worker(command, log, {"PYTHONPATH": _environment(root)["PYTHONPATH"]})
