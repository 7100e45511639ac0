"""Worker: Brian2, C++ standalone or cython, with the integer map of Loihi's compartment written in floats.

Exact: all values are integers below 2**53, and k / 4096 is a power of two times an integer, so that sign * floor(abs)
of double numbers is the truncation of the chip. The chip's wraps and limits are left out (nothing reaches them in these
networks), which spares Brian2 work.
"""

from __future__ import annotations

import atexit
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from _worker import Case, serve

UPDATE = """
u = sign(u) * floor(abs(u) * keep_u) + 64 * arrived
v = sign(v) * floor(abs(v) * keep_v) + u{bias}
arrived = 0
"""


def _network(b2: Any, case: Case) -> tuple[Any, dict[str, Any]]:
    """Schedule of Brian2: update, threshold, synapses, reset: what is sent in step t is in `arrived` in step t + 1."""
    clock = b2.ms
    b2.defaultclock.dt = clock
    names = {"keep_u": (4095 - case.du) / 4096, "keep_v": (4096 - case.dv) / 4096}
    parts: list[Any] = []
    groups: dict[str, Any] = {}
    monitors: dict[str, Any] = {}
    for name, size in case.inputs.items():
        rows = case.events[name]
        groups[name] = b2.SpikeGeneratorGroup(size, rows[:, 1], (rows[:, 0] - 1) * clock, sorted=True)
        parts.append(groups[name])
    for layer in case.layers:
        has_bias = layer.bias is not None
        model = "u : 1\nv : 1\narrived : integer\n" + ("bias : 1 (constant)" if has_bias else "")
        group = b2.NeuronGroup(
            layer.size,
            model,
            threshold="v > limit",
            reset="v = 0",
            method="euler",
            namespace={**names, "limit": layer.vth * 64},
        )
        if has_bias:
            group.bias = layer.bias
        group.run_regularly(UPDATE.format(bias=" + bias" if has_bias else ""), dt=clock, when="groups")
        groups[layer.name] = group
        monitors[layer.name] = b2.SpikeMonitor(group)
        parts += [group, monitors[layer.name]]
    for item in case.synapses:
        pre, post, weights = item.pairs()
        synapses = b2.Synapses(
            groups[item.source], groups[item.target], "w : integer (constant)", on_pre="arrived_post += w"
        )
        synapses.connect(i=pre, j=post)
        synapses.w = weights
        parts.append(synapses)
    return b2.Network(parts), monitors


def prepare(case: Case, mode: str) -> Any:
    """`mode`: cpp_standalone or cython."""
    import brian2 as b2

    b2.BrianLogger.log_level_error()
    versions = {"brian2": b2.__version__}
    if mode == "cpp_standalone":
        return _standalone(b2, case), versions
    b2.prefs.codegen.target = mode
    network, monitors = _network(b2, case)
    network.store()
    network.run(b2.ms)  # the first run generates and compiles code

    def run() -> tuple[float, dict[str, Any]]:
        network.restore()
        start = time.perf_counter()
        network.run(case.steps * b2.ms)
        return time.perf_counter() - start, {name: np.asarray(item.count) for name, item in monitors.items()}

    return run, versions


def _standalone(b2: Any, case: Case) -> Any:
    """Compile once; each run starts the binary, whose own timer covers the steps and nothing else."""
    folder = Path(tempfile.mkdtemp(prefix="brian2-", dir=case.folder))
    b2.set_device("cpp_standalone", build_on_run=False)
    network, monitors = _network(b2, case)
    network.run(case.steps * b2.ms)
    b2.device.build(directory=str(folder), compile=True, run=False, with_output=False)

    def run() -> tuple[float, dict[str, Any]]:
        b2.device.run(str(folder), with_output=False, run_args=[])
        seconds = float((folder / "results" / "last_run_info.txt").read_text().split()[0])
        return seconds, {name: np.asarray(item.count[:]) for name, item in monitors.items()}

    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    run.peak_bytes = _peak_bytes(folder)  # type: ignore[attr-defined]
    return run


def _peak_bytes(folder: Path) -> int:
    """Return the peak resident size of the binary, read while it runs."""
    peak = 0
    with subprocess.Popen(["./main"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            status = Path(f"/proc/{process.pid}/status").read_text()
            if "VmHWM:" in status:
                peak = max(peak, int(status.split("VmHWM:")[1].split()[0]) * 1024)
            time.sleep(0.005)
    return peak


if __name__ == "__main__":
    serve(prepare)
