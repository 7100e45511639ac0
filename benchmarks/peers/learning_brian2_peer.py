"""Worker: pair STDP in Brian2's C++ standalone mode, with event-driven exponential traces in every synapse.

The rule is Brian2's usual one: a spike of a side raises its trace and moves the weight by the trace of the other side. Floats of
64 bits, no rounding; targets spike when their teacher does. Code is generated and compiled before; the timer is that of the binary.
"""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from _worker import Case, serve

MODEL = """
w : 1
dapre/dt = -apre / tau : 1 (event-driven)
dapost/dt = -apost / tau : 1 (event-driven)
"""
ON_PRE = """
arrived_post += w
apre += impulse
w = clip(w - rate * apost, 0, top)
"""
ON_POST = """
apost += impulse
w = clip(w + rate * apre, 0, top)
"""
TEACHER = 1e6
"""Above the sum of all plastic weights."""


def _network(b2: Any, case: Case) -> tuple[Any, Any, Any]:
    rule = json.loads((case.folder / "case.json").read_text())["rule"]
    b2.defaultclock.dt = b2.ms
    groups = {
        name: b2.SpikeGeneratorGroup(size, case.events[name][:, 1], (case.events[name][:, 0] - 1) * b2.ms, sorted=True)
        for name, size in case.inputs.items()
    }
    cells = b2.NeuronGroup(
        case.layers[0].size,
        "v : 1\narrived : 1",
        threshold="v > limit",
        reset="v = 0",
        namespace={"limit": TEACHER / 2},
    )
    cells.run_regularly("v = arrived\narrived = 0", dt=b2.ms, when="groups")
    names = {"impulse": rule["impulse"], "tau": rule["tau_steps"] * b2.ms, "top": 255.0, "rate": 0.25}
    learns = b2.Synapses(groups["input"], cells, MODEL, on_pre=ON_PRE, on_post=ON_POST, namespace=names)
    pre, post, weights = case.synapses[0].pairs()
    learns.connect(i=pre, j=post)
    learns.w = weights.astype(float)
    teaches = b2.Synapses(groups["teacher"], cells, on_pre=f"arrived_post += {TEACHER}")
    teaches.connect(j="i")
    monitor = b2.SpikeMonitor(cells)
    return b2.Network(*groups.values(), cells, learns, teaches, monitor), monitor, learns


def prepare(case: Case) -> Any:
    """Compile once; each run starts the binary, whose own timer covers the steps and nothing else."""
    import brian2 as b2

    b2.BrianLogger.log_level_error()
    folder = Path(tempfile.mkdtemp(prefix="brian2-", dir=case.folder))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    b2.set_device("cpp_standalone", build_on_run=False)
    network, monitor, learns = _network(b2, case)
    network.run(case.steps * b2.ms)
    b2.device.build(directory=str(folder), compile=True, run=False, with_output=False)

    def run() -> tuple[float, dict[str, Any]]:
        b2.device.run(str(folder), with_output=False, run_args=[])
        seconds = float((folder / "results" / "last_run_info.txt").read_text().split()[0])
        return seconds, {"cells": np.asarray(monitor.count[:]), "weights": np.rint(np.asarray(learns.w[:]))}

    return run, {"brian2": b2.__version__}


if __name__ == "__main__":
    serve(prepare)
