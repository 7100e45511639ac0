"""Worker: our emulator on a compiled program, in a separate process, with the protocol of the peers' workers.

Started as `python ours.py PROGRAM.ndp CASE_FOLDER`. A request is one line of JSON:
{"steps", "samples", "threads", "record"}; the answer holds the seconds of the whole call `nd.run`.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

START = time.perf_counter()
WRITTEN_OUT = "BENCHMARK_WRITTEN_OUT"
"""If set, every source gets separate synapses (u16 targets and int8 weights), even where positions share a list."""


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _peak_bytes() -> int:
    # not getrusage, which starts at the size of the parent process
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024


class Runner:
    """A loaded program and its events."""

    def __init__(self, program: Path, folder: Path) -> None:
        import numpy as np

        from neurodeploy.program import load_program

        self.program, self.folder = load_program(program), folder
        arrays = np.load(folder / "case.npz")
        self.events = {item.name: arrays["input." + item.name] for item in self.program.inputs}

    def stimulus(self, steps: int, samples: int) -> Any:
        """Every sample gets the same events."""
        import numpy as np

        import neurodeploy as nd

        spikes = {}
        for name, rows in self.events.items():
            shown = rows[: np.searchsorted(rows[:, 0], steps, side="right")]
            # filled in place: copies on the way would count as memory of the run
            all_rows = np.empty((samples, len(shown), 3), dtype=np.int32)
            all_rows[..., 0] = np.arange(samples)[:, None]
            all_rows[..., 1:] = shown
            spikes[name] = all_rows.reshape(-1, 3)
        return nd.Stimulus(n_samples=samples, n_steps=steps, spikes=spikes)

    def run(self, request: dict[str, Any]) -> tuple[float, Any, int]:
        """Return the seconds of one whole call, its recording, and the bytes of all rows of input and recorded spikes."""
        import neurodeploy as nd
        from neurodeploy.simulate import RunOptions

        record = None if request.get("record", True) else ()
        threads = request.get("threads", 1)
        options = RunOptions(engine="native", threads=threads, record=record, activity=False, overflow=False)
        stimulus = self.stimulus(request["steps"], request.get("samples", 1))
        start = time.perf_counter()
        recording = nd.run(self.program, stimulus, until=request["steps"], options=options)
        seconds = time.perf_counter() - start
        kept = (self.events, stimulus.spikes, recording.spikes, recording.input_spikes)
        arrays = [rows for part in kept for rows in part.values()]
        # a recording may share the rows of its stimulus
        distinct = {rows.__array_interface__["data"][0]: rows.nbytes for rows in arrays}
        return seconds, recording, sum(distinct.values())

    def spikes(self, recording: Any) -> Path:
        """Write the rows (step, neuron) of sample 0 for the comparison; the last worker overwrites earlier ones."""
        import numpy as np

        path = self.folder / "spikes.npz"
        kept = {name: rows[rows[:, 0] == 0][:, 1:] for name, rows in recording.spikes.items()}
        np.savez(path, **kept)
        if recording.learned is not None:
            np.savez(self.folder / "learned.npz", **{name: x[0] for name, x in recording.learned.synapses.items()})
        return path


def _about(runner: Runner) -> dict[str, Any]:
    tables = runner.program.tables
    entries = (tables.entry_target, tables.entry_mantissa, tables.entry_delay)
    return {
        "cores": tables.n_cores,
        "entry_bytes": int(sum(item.nbytes for item in entries)),
        "table_bytes": int(sum(getattr(item, "nbytes", 0) for _, item in tables)),
    }


def main() -> None:
    """Answer requests until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    try:
        runner = Runner(Path(sys.argv[1]), Path(sys.argv[2]))
        if os.environ.get(WRITTEN_OUT):
            from neurodeploy_backends.emulator.lowering import blocks

            blocks.SHARES = False
        loaded = _resident_bytes()
        seconds = time.perf_counter() - START
        print(json.dumps({"ready": seconds, "loaded_bytes": loaded, **_about(runner)}), file=answers)
        for line in sys.stdin:
            request = json.loads(line)
            seconds, recording, rows = runner.run(request)
            found = {"seconds": seconds, "peak_bytes": _peak_bytes(), "rows_bytes": rows}
            if request.get("keep"):
                found["spikes"] = str(runner.spikes(recording))
            print(json.dumps(found), file=answers)
    except Exception as error:
        import traceback

        traceback.print_exc()
        print(json.dumps({"failed": f"{type(error).__name__}: {error}".splitlines()[0][:300]}), file=answers)
        sys.exit(1)


if __name__ == "__main__":
    main()
