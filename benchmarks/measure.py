"""Runs one workload: ours, the bare loop and the peers in turn, several times; then memory, threads, and the comparison of spikes."""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import workloads
from environments import BARE, home, python_of
from numpy.typing import NDArray
from peers import Peer
from worker import Worker, WorkerError
from workloads import Case

__all__ = ["Ours", "Settings", "compiled", "digest", "our_worker", "race", "sources"]

HERE = Path(__file__).parent
ROOT = HERE.parent
Say = Callable[[str], None]


class Settings:
    """Options from the command line."""

    def __init__(self, repeats: int, quick: bool, threads: int, timeout_s: float) -> None:
        self.repeats, self.quick, self.threads, self.timeout_s = repeats, quick, threads, timeout_s

    def steps(self, case: Case) -> int:
        """Return the steps of our own run."""
        return max(20, case.steps // 4) if self.quick else case.steps

    def peer_steps(self, case: Case, peer: Peer) -> int:
        """Return the steps of a peer's run, never more than ours."""
        wanted = peer.steps[case.key]
        return min(self.steps(case), max(20, wanted // 4) if self.quick else wanted)


def digest(*own: str) -> str:
    """Return a digest of everything that a compiled program depends on: the package, the targets, `own` files here."""
    folders, kinds = [ROOT / "neurodeploy", ROOT / "targets" / "neurodeploy_targets"], (".py", ".toml", ".c", ".h")
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix in kinds]
    found = hashlib.sha256()
    for path in [*files, *(HERE / name for name in ("workloads.py", *own))]:
        found.update(path.read_bytes())
    return found.hexdigest()[:12]


def compiled(case: Case, say: Say) -> tuple[Path, dict[str, Any]]:
    """Return the program's file and the time of compiling; compiled once for each state of the package."""
    path = home() / "programs" / f"{case.key}-{digest('networks.py')}.ndp"
    about = path.with_suffix(".json")
    if not about.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        say(f"{case.key}: compiling")
        import networks

        start = time.perf_counter()
        program = networks.program(case)
        seconds = time.perf_counter() - start
        networks.save_program(program, path)
        about.write_text(json.dumps({"compile_seconds": seconds, "cores": program.tables.n_cores}))
    return path, json.loads(about.read_text())


def sources() -> dict[str, str]:
    """Return the variable by which a process imports from this checkout only."""
    return {"PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in (".", "backends", "targets"))}


def our_worker(program: Path, folder: Path, **environment: str) -> Worker:
    """Start our worker on a program."""
    command = [sys.executable, str(HERE / "ours.py"), str(program), str(folder)]
    return Worker(command, folder / "ours.log", {**sources(), **environment})


class Ours:
    """Timed requests to our worker; a run of one step is subtracted, so that figures are per step, as the peers' are."""

    def __init__(self, worker: Worker, timeout_s: float) -> None:
        self.worker, self.timeout_s = worker, timeout_s
        self.warm: set[str] = set()

    def seconds(self, steps: int, **request: Any) -> dict[str, float]:
        """Return `whole` seconds of the call, and those `per_step`, less those of a run of one step."""
        form = json.dumps({**request, "steps": 0})
        if form not in self.warm:  # another number of threads has another layout, built on its first run
            self._ask(steps=2, **request)
            self.warm.add(form)
        one = self._ask(steps=1, **request)["seconds"]
        whole = self._ask(steps=steps, **request)["seconds"]
        return {"whole": whole, "one_step": one, "per_step": max(whole - one, whole / 10) / (steps - 1)}

    def _ask(self, **request: Any) -> dict[str, Any]:
        return self.worker.ask(json.dumps(request), self.timeout_s)


def _events(case: Case, spikes: dict[str, Any], steps: int) -> int:
    """Return the synaptic events of the first steps: a weight that is not 0, added. Those of the last step come later."""
    total = 0
    for link in case.links:
        degree = np.diff(link.as_csr().indptr) if link.conv is None else _conv_degree(link.conv)
        rows = spikes[link.source]
        sent = rows[: np.searchsorted(rows[:, 0], steps), 1]
        total += int(degree[sent].sum())
    return total


def _bytes(case: Case, spikes: dict[str, Any], steps: int) -> int:
    """Return the weight and index bytes that delivery has to read at least: 1 per dense or shared weight, 3 per sparse."""
    total = 0
    for link in case.links:
        rows = spikes[link.source]
        sent = rows[: np.searchsorted(rows[:, 0], steps), 1]
        if link.dense is not None:
            total += sent.size * link.dense.shape[1]
            continue
        degree = np.diff(link.as_csr().indptr) if link.conv is None else _conv_degree(link.conv)
        total += int(degree[sent].sum()) * (1 if link.conv is not None else 3)
    return total


def _conv_degree(conv: workloads.Conv) -> NDArray[Any]:
    return np.diff(workloads.expand(conv).indptr)


def _counts(case: Case, spikes: dict[str, Any], steps: int) -> dict[str, NDArray[Any]]:
    found = {}
    for layer in case.layers:
        rows = spikes[layer.name]
        rows = rows[: np.searchsorted(rows[:, 0], steps, side="right")]
        found[layer.name] = np.bincount(rows[:, 1], minlength=layer.size)
    return found


def _agreement(case: Case, spikes: dict[str, Any], steps: int, path: str) -> dict[str, Any]:
    """Compare a peer's counts per neuron with ours over the steps that it ran."""
    mine, theirs = _counts(case, spikes, steps), np.load(path)
    differ = sum(int((mine[name] != theirs[name]).sum()) for name in mine)
    spikes_of = {"ours": sum(int(item.sum()) for item in mine.values())}
    spikes_of["theirs"] = sum(int(theirs[name].sum()) for name in mine)
    return {"identical": differ == 0, "neurons_that_differ": differ, **spikes_of}


def race(case: Case, peers: list[Peer], settings: Settings, say: Say) -> dict[str, Any]:
    """Return all measurements of one workload."""
    folder, steps = home() / "cases" / case.key, settings.steps(case)
    path, about = compiled(case, say)
    say(f"{case.key}: writing the case")
    case.save(folder, steps)
    result: dict[str, Any] = {
        "title": case.title,
        "target": case.target + (f" {case.board}" if case.board else ""),
        "neurons": case.neurons,
        "synapses": sum(link.synapses for link in case.links),
        "steps": steps,
        **about,
    }
    say(f"{case.key}: first run")
    worker = our_worker(path, folder)
    workers: dict[str, Worker] = {"ours": worker}
    try:
        result["ours"] = worker.answer(settings.timeout_s)
        kept = worker.ask(json.dumps({"steps": steps, "keep": True}), settings.timeout_s)
        arrays, rows = np.load(folder / "case.npz"), np.load(kept["spikes"])
        spikes = {name: arrays[f"input.{name}"] for name in case.inputs} | {name: rows[name] for name in rows.files}
        result["events_per_step"] = _events(case, spikes, steps) / steps
        result["bytes_per_step"] = _bytes(case, spikes, steps) / steps
        result["spikes_per_neuron_step"] = sum(len(rows[name]) for name in rows.files) / case.neurons / steps
        result["peers"] = _start_peers(case, peers, settings, folder, workers, say)
        result["bare"] = _start_bare(case, folder, steps, settings, workers, say)
        ours = Ours(worker, settings.timeout_s)
        _repeat(case, peers, settings, ours, workers, result, spikes, say)
        _threads(case, settings, ours, result)
    finally:
        for item in workers.values():
            item.kill()
    result["memory"] = _memory(case, path, folder, steps, settings)
    if any(link.conv is not None for link in case.links) and not settings.quick:
        result["expanded"] = _expanded(case, folder, settings, result, say)
    return result


def _expanded(case: Case, folder: Path, settings: Settings, result: dict[str, Any], say: Say) -> dict[str, Any]:
    """Our own run of the same program with its convolutions written out in the engine, in turn with the first."""
    path, _ = compiled(case, say)
    workers = [our_worker(path, folder), our_worker(path, folder, BENCHMARK_WRITTEN_OUT="1")]
    steps, pairs = result["steps"], []
    try:
        for worker in workers:
            worker.answer(settings.timeout_s)
        runs = [Ours(worker, settings.timeout_s) for worker in workers]
        for run in runs:
            run.seconds(2)
        for _ in range(settings.repeats):
            pairs.append([run.seconds(steps)["per_step"] for run in runs])
    finally:
        for worker in workers:
            worker.kill()
    slow = statistics.median(item[1] for item in pairs)
    ratio = statistics.median(item[1] / item[0] for item in pairs)
    return {"steps_per_s": 1 / slow, "ratio": ratio}


def _start_peers(
    case: Case, peers: list[Peer], settings: Settings, folder: Path, workers: dict[str, Worker], say: Say
) -> dict[str, dict[str, Any]]:
    """Start the workers one after another; return peer -> its line, with the reason where there is no worker."""
    lines: dict[str, dict[str, Any]] = {}
    for peer in peers:
        line: dict[str, Any] = {"title": peer.title, "exact": peer.exact, "note": peer.note}
        lines[peer.key] = line
        python = python_of(peer.environment)
        if case.key not in peer.steps:
            line["reason"] = peer.refused.get(case.key, "not tried")
            continue
        if python is None:
            line["reason"] = "not installed: race.py install"
            continue
        line["steps"] = settings.peer_steps(case, peer)
        say(f"{case.key}: {peer.title} builds its network")
        command = [str(python), str(peer.path), str(folder), str(line["steps"]), *peer.options]
        workers[peer.key] = Worker(command, folder / f"{peer.key}.log")
        try:
            line |= workers[peer.key].answer(settings.timeout_s)
        except WorkerError as error:
            line["reason"] = str(error)
            del workers[peer.key]
    return lines


def _start_bare(
    case: Case, folder: Path, steps: int, settings: Settings, workers: dict[str, Worker], say: Say
) -> dict[str, Any]:
    """Start the bare loops in their own environment; return its versions, or the reason why there are none."""
    python = python_of(BARE)
    if python is None:
        return {"reason": "not installed: race.py install"}
    say(f"{case.key}: the bare loop")
    worker = Worker([str(python), str(HERE / "bare_worker.py"), str(folder), case.key, str(steps)], folder / "bare.log")
    try:
        ready = worker.answer(settings.timeout_s)
    except WorkerError as error:
        return {"reason": str(error)}
    workers["bare"] = worker
    return {"versions": ready["versions"]}


def _repeat(
    case: Case,
    peers: list[Peer],
    settings: Settings,
    ours: Ours,
    workers: dict[str, Worker],
    result: dict[str, Any],
    spikes: dict[str, Any],
    say: Say,
) -> None:
    """Alternate: ours, ours without recording, the bare loop, each peer; then once more."""
    steps, samples = result["steps"], {"on": [], "off": [], "bare": []}
    per_peer: dict[str, list[Any]] = {}
    matched: dict[str, list[float]] = {}
    for number in range(settings.repeats):
        say(f"{case.key}: repeat {number + 1} of {settings.repeats}")
        samples["on"].append(ours.seconds(steps))
        samples["off"].append(ours.seconds(steps, record=False))
        if "bare" in workers:
            samples["bare"].append(workers["bare"].ask("run", settings.timeout_s))
        for peer in peers:
            if peer.key not in workers:
                continue
            line = result["peers"][peer.key]
            try:
                answer = workers[peer.key].ask("run", settings.timeout_s)
            except WorkerError as error:
                line["reason"] = str(error)
                del workers[peer.key]
                continue
            per_peer.setdefault(peer.key, []).append(answer["seconds"] / line["steps"])
            line["agreement"] = _agreement(case, spikes, line["steps"], answer["counts"])
            # a network that starts from rest does less in its first steps: then only equal steps compare
            same = line["steps"] if not case.stationary else steps
            again = ours.seconds(same)["per_step"] if same != steps else samples["on"][-1]["per_step"]
            matched.setdefault(peer.key, []).append(again)
    for key, times in per_peer.items():
        line = result["peers"][key]
        line["seconds_per_step"] = times
        line["steps_per_s"] = 1 / statistics.median(times)
        line["ratio"] = statistics.median(their / our for their, our in zip(times, matched[key], strict=True))
        line.setdefault("peak_bytes", workers[key].peak_bytes() if key in workers else None)
    result["seconds"] = samples
    per_step = statistics.median(item["per_step"] for item in samples["on"])
    events = result["events_per_step"]
    result["steps_per_s"] = 1 / per_step
    result["whole_call_steps_per_s"] = steps / statistics.median(item["whole"] for item in samples["on"])
    result["one_step_run_s"] = statistics.median(item["one_step"] for item in samples["on"])
    result["recording_off_steps_per_s"] = 1 / statistics.median(item["per_step"] for item in samples["off"])
    result["events_per_s"] = events / per_step
    result["ns_per_event"] = 1e9 * per_step / events if events else None
    if samples["bare"]:
        result["bare"] |= _bare_figures(result, samples["bare"], per_step)


def _bare_figures(result: dict[str, Any], answers: list[dict[str, Any]], per_step: float) -> dict[str, Any]:
    steps = result["steps"]

    def median(name: str, part: str = "seconds") -> float:
        return statistics.median(item[name][part] for item in answers) / steps

    bare = median("bare")
    copy = statistics.median(item["copy_bytes_per_s"] for item in answers)
    found = {
        "steps_per_s": 1 / bare,
        "events_per_s": result["events_per_step"] / bare,
        "share": bare / per_step,
        "plain_share": median("bare", "plain_seconds") / per_step if "plain_seconds" in answers[0]["bare"] else None,
        "loops": answers[-1]["bare"]["loops"],
        "copy_bytes_per_s": copy,
        "copy_share": result["bytes_per_step"] / per_step / copy,
    }
    if "expanded" in answers[0]:
        found["expanded_steps_per_s"] = 1 / median("expanded")
    return found


def _threads(case: Case, settings: Settings, ours: Ours, result: dict[str, Any]) -> None:
    """Two samples on one thread against two on two; and one sample on two threads."""
    steps, n = result["steps"], settings.threads
    batch, within = [], []
    for _ in range(settings.repeats):
        one = ours.seconds(steps, samples=n, threads=1)["per_step"]
        batch.append(one / ours.seconds(steps, samples=n, threads=n)["per_step"])
        one = ours.seconds(steps)["per_step"]
        within.append(one / ours.seconds(steps, threads=n)["per_step"])
    result["threads"] = {"n": n, "batch": statistics.median(batch), "within": statistics.median(within)}


def _memory(case: Case, path: Path, folder: Path, steps: int, settings: Settings) -> dict[str, Any]:
    """Peak of a process that loads the program and runs it once, above one that does so with a single neuron."""
    single = workloads.single()
    single_path, _ = compiled(single, lambda _: None)
    single_folder = home() / "cases" / single.key
    single.save(single_folder, 100)
    few = min(steps, 200 if case.neurons > 50_000 else 1_000)
    base = _peak(single_path, single_folder, 100, settings)
    mine = _peak(path, folder, few, settings)
    growth = mine["peak_bytes"] - base["peak_bytes"]
    extra = mine["rows_bytes"]
    return {
        "peak_bytes": mine["peak_bytes"],
        "base_bytes": base["peak_bytes"],
        "growth_bytes": growth,
        "run_growth_bytes": mine["peak_bytes"] - mine["loaded_bytes"],
        "entry_bytes": mine["entry_bytes"],
        "rows_bytes": extra,
        "ratio": (growth - extra) / mine["entry_bytes"],
        "table_bytes": mine["table_bytes"],
        "table_ratio": (growth - extra) / mine["table_bytes"],
        "steps": few,
    }


def _peak(path: Path, folder: Path, steps: int, settings: Settings) -> dict[str, Any]:
    worker = our_worker(path, folder)
    try:
        ready = worker.answer(settings.timeout_s)
        return {**ready, **worker.ask(json.dumps({"steps": steps}), settings.timeout_s)}
    finally:
        worker.kill()
