"""Worker of W7: compiles the full-density microcircuit, or runs the program; each in a process of its own, so that its peak
of memory is that of its work.

    python microcircuit_worker.py compile SCALE PROGRAM.ndp    one answer: seconds and peak of memory of each stage
    python microcircuit_worker.py run PROGRAM.ndp THREADS      speaks JSON lines: {"steps": N} -> seconds, events, rates

Both print one line of JSON for an answer, as the peers' workers do.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from microcircuit import DT_S, SETTLE_STEPS, network
from numpy.typing import NDArray

import neurodeploy as nd
from neurodeploy.compiler import compile_network
from neurodeploy.signals.state import RunState

TARGET = Path(__file__).with_name("emulation.toml")
STAGES = ("validate", "quantize", "check", "partition", "place", "emit")


class Stages:
    """Seconds, processor seconds and peak of resident memory by stage."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def begin(self, name: str) -> None:
        """End the running stage and begin another."""
        self.end()
        with suppress(
            OSError
        ):  # forget the peak so far; without the right to do so, peaks are those of all stages so far
            Path("/proc/self/clear_refs").write_text("5")
        self.rows.append({"stage": name, "wall_s": -time.perf_counter(), "processor_s": -time.process_time()})

    def end(self) -> None:
        """End the running stage."""
        if self.rows and self.rows[-1]["wall_s"] < 0:
            row = self.rows[-1]
            row["wall_s"] += time.perf_counter()
            row["processor_s"] += time.process_time()
            row["peak_bytes"] = _peak_bytes()

    def note(self, activity: str, _done: float, _total: float) -> None:
        """Progress of a compilation."""
        if activity in STAGES and self.rows[-1]["stage"] != activity:
            self.begin(activity)


def _peak_bytes() -> int:
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024


def _degrees(program: nd.Program) -> dict[str, Any]:
    """Population -> (size,) synapses that a spike of each neuron reaches."""
    found = {item.name: np.zeros(item.size, dtype=np.int64) for item in program.populations}
    for item in program.network.projections:
        found[item.source] += np.bincount(item.operation.pre, minlength=found[item.source].size)
    return found


def _compile(scale: float, path: Path) -> dict[str, Any]:
    from neurodeploy.program import save_program

    stages = Stages()
    stages.begin("network")
    made = network(scale)
    target = nd.load_target(TARGET)
    program = compile_network(made, target, nd.CompileOptions(level=0, fixes=False), progress=stages.note).require()
    del made
    stages.begin("save")
    save_program(program, path)
    stages.end()
    np.savez(path.with_suffix(".npz"), **_degrees(program))
    return {
        "stages": stages.rows,
        "peak_bytes": max(row["peak_bytes"] for row in stages.rows),
        "file_bytes": path.stat().st_size,
        "neurons": program.tables.n_rows,
        "synapses": int(program.tables.entry_target.size),
        "cores": program.tables.n_cores,
    }


class Run:
    """A loaded program, and the state behind the burst of its start."""

    def __init__(self, path: Path, threads: int) -> None:
        from neurodeploy.program import load_program

        stages = Stages()
        stages.begin("load")
        self.program, self.threads = load_program(path), threads
        self.degrees = np.load(path.with_suffix(".npz"))
        stages.begin("lay out")
        self.state: RunState | None = None
        self._call(1)
        stages.begin("settle")
        self.state = self._call(SETTLE_STEPS, keep_state=True)[1].final_state
        stages.end()
        self.stages = stages

    def _call(self, until: int, **choices: Any) -> tuple[NDArray[np.float64], nd.Recording]:
        """Wall and processor seconds, and the recording."""
        start, used = time.perf_counter(), time.process_time()
        recording = nd.run(
            self.program,
            steps=1 << 20,
            until=until,
            resume=self.state,
            threads=self.threads,
            activity=False,
            overflow=False,
            **choices,
        )
        return np.array([time.perf_counter() - start, time.process_time() - used]), recording

    def timed(self, steps: int) -> dict[str, Any]:
        """Wall and processor seconds of so many steps, less those of one step; events and rates of the same steps."""
        one, _ = self._call(SETTLE_STEPS + 1)
        whole, recording = self._call(SETTLE_STEPS + steps)
        events, rates = 0, {}
        for item in self.program.populations:
            sent = recording.spikes[item.name][:, 2]
            events += int(self.degrees[item.name][sent].sum())
            rates[item.name] = sent.size / item.size / (steps * DT_S)
        spikes = sum(len(rows) for rows in recording.spikes.values())
        biological = steps * DT_S
        seconds = np.maximum(whole - one, whole / 10) * steps / (steps - 1)
        return {
            "wall_s": float(seconds[0]),
            "processor_s": float(seconds[1]),
            "whole_s": float(whole[0]),
            "one_step_s": float(one[0]),
            "events": events,
            "rate_hz": spikes / self.program.tables.n_rows / biological,
            "biological_s": biological,
            "rates_hz": rates,
            "peak_bytes": max(_peak_bytes(), *(row["peak_bytes"] for row in self.stages.rows)),
        }


def main() -> None:
    """Compile and end, or answer requests until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    try:
        if sys.argv[1] == "compile":
            print(json.dumps(_compile(float(sys.argv[2]), Path(sys.argv[3]))), file=answers)
            return
        run = Run(Path(sys.argv[2]), int(sys.argv[3]))
        print(json.dumps({"stages": run.stages.rows}), file=answers)
        for line in sys.stdin:
            print(json.dumps(run.timed(json.loads(line)["steps"])), file=answers)
    except Exception as error:
        traceback.print_exc()
        print(json.dumps({"failed": f"{type(error).__name__}: {error}".splitlines()[0][:300]}), file=answers)
        sys.exit(1)


if __name__ == "__main__":
    main()
