"""Measures W7: the full-density microcircuit, compiled in one process and run in others. No peer and no bare loop: the same
network takes several times the memory there."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

from environments import home
from measure import Say, Settings, digest, sources
from worker import Worker

__all__ = ["ANCHOR", "QUICK_SCALE", "microcircuit"]

WORKER = Path(__file__).with_name("microcircuit_worker.py")
QUICK_SCALE = 0.1
"""Share of the neurons, and of the synapses of each, in a quick race."""
STEPS, QUICK_STEPS = 2_000, 500
COMPILE_S = 3600.0
"""Least time that compiling may take."""
ANCHOR = (
    "NEST, 2x AMD EPYC 7702, 128 cores: real-time factor 0.67, about 1.5 G events/s, 12 M per core "
    "(INM-6/microcircuit-PD14-model, performance_data_raw.yaml; delays distributed, Poisson background)"
)
"""Published for the model itself; another machine, so no ratio of ours."""


def microcircuit(settings: Settings, say: Say) -> dict[str, Any]:
    """Return the figures of compiling and running; rates and times are those behind the burst of the start."""
    scale = QUICK_SCALE if settings.quick else 1.0
    folder = home() / "cases" / "w7"
    folder.mkdir(parents=True, exist_ok=True)
    path, about = _compiled(scale, folder, settings, say)
    steps = QUICK_STEPS if settings.quick else STEPS
    result: dict[str, Any] = {"title": f"cortical microcircuit at {scale:.0%}", "scale": scale, "steps": steps, **about}
    for threads in dict.fromkeys((1, settings.threads)):
        result[f"threads_{threads}"] = _run(path, folder, threads, steps, settings, say)
    result["n_threads"] = settings.threads
    peaks = [result["peak_bytes"], *(item["peak_bytes"] for item in result.values() if isinstance(item, dict))]
    return {**result, "largest_peak_bytes": max(peaks), "anchor": ANCHOR}


def _compiled(scale: float, folder: Path, settings: Settings, say: Say) -> tuple[Path, dict[str, Any]]:
    """The program's file and the figures of its compilation, once for each state of the package."""
    own = ("microcircuit.py", "microcircuit_worker.py", "emulation.toml")
    programs = home() / "programs"
    path = programs / f"w7-{scale:g}-{digest(*own)}.ndp"
    about = path.with_suffix(".json")
    if not about.is_file():
        programs.mkdir(parents=True, exist_ok=True)
        for old in programs.glob(f"w7-{scale:g}-*"):  # each takes gigabytes
            old.unlink()
        say("w7: compiling")
        command = [sys.executable, str(WORKER), "compile", str(scale), str(path)]
        worker = Worker(command, folder / "compile.log", sources())
        try:
            found = worker.answer(max(COMPILE_S, settings.timeout_s))
        finally:
            worker.kill()
        about.write_text(json.dumps(found))
    return path, json.loads(about.read_text())


def _run(path: Path, folder: Path, threads: int, steps: int, settings: Settings, say: Say) -> dict[str, Any]:
    say(f"w7: {threads} threads")
    command = [sys.executable, str(WORKER), "run", str(path), str(threads)]
    worker = Worker(command, folder / f"run-{threads}.log", sources())
    try:
        ready = worker.answer(max(COMPILE_S, settings.timeout_s))
        request = json.dumps({"steps": steps})
        answers = [worker.ask(request, settings.timeout_s) for _ in range(settings.repeats)]
    finally:
        worker.kill()
    seconds, processor = (statistics.median(item[name] for item in answers) for name in ("wall_s", "processor_s"))
    last = answers[-1]
    return {
        "stages": ready["stages"],
        "seconds": [item["wall_s"] for item in answers],
        "steps_per_s": steps / seconds,
        "events_per_s": last["events"] / seconds,
        "events_per_s_core": last["events"] / seconds / threads,
        "events_per_processor_s": last["events"] / processor,
        "real_time_factor": seconds / last["biological_s"],
        "events_per_biological_s": last["events"] / last["biological_s"],
        "rate_hz": last["rate_hz"],
        "rates_hz": last["rates_hz"],
        "peak_bytes": max(item["peak_bytes"] for item in answers),
    }
