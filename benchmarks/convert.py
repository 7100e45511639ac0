"""Accuracy of converted networks by steps, against the trained network and against another converter.

    python benchmarks/convert.py                       # every figure: digits and MNIST, eight seeds, steps 4 to 64
    python benchmarks/convert.py --networks digits --steps 8,16,32
    python benchmarks/convert.py install               # SpikingJelly, into an environment of its own

Networks are trained by scikit-learn when they are first needed, and kept in the benchmark's cache.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from convert_cases import CASES, Case, trained
from convert_more import early_lines, example_lines, integer_lines, lenet_lines, vendor_lines
from environments import home, install, python_of
from peers import HERE, Environment

import neurodeploy as nd

SPIKINGJELLY = Environment(
    "spikingjelly", "3.11", ("spikingjelly==0.0.0.0.14", "torch==2.13.0", "numpy==2.4.6", "requests", "torchvision")
)
STEPS = (4, 8, 16, 32, 64)


class Row(NamedTuple):
    """One network, seed and number of steps."""

    case: str
    seed: int
    steps: int
    trained: float
    """Accuracy of the trained network, in percent."""
    floats: float
    """Accuracy of the spiking network in floats, in percent."""
    chip: float
    """Accuracy of the chip's integers, in percent."""
    seconds: float
    """Time of the conversion, with its calibration."""
    processor_s: float
    """Processor time of it, all threads."""
    cores: int
    microjoules: float
    """Energy of cores and mesh for one answer, modelled."""
    milliseconds: float
    """Time of one answer, modelled."""


def measure(case: Case, seed: int, steps: int) -> Row:
    """Convert for so many steps, and run the test samples on the emulator of loihi1."""
    model, data = trained(case, seed)
    began, spent = time.perf_counter(), time.process_time()
    made = nd.convert(model, calibration=data.calibration, labels=data.labels, target="loihi1", steps=steps)
    seconds, spent = time.perf_counter() - began, time.process_time() - spent
    program = nd.compile(made, target="loihi1")
    shown = {made.network.inputs[0].name: data.x}
    recording = nd.run(program, shown)
    floats = nd.accuracy(program, nd.run(program, shown, backend="reference"), data.y)
    chip = nd.accuracy(program, recording, data.y)
    profile = nd.profile(program, recording)
    energy, clock = profile.energy_per_inference, profile.time_per_inference
    return Row(
        case.key,
        seed,
        steps,
        100 * float(model.score(data.x, data.y)),
        100 * floats,
        100 * chip,
        seconds,
        spent,
        profile.cores,
        1e6 * energy.value if energy else float("nan"),
        1e3 * clock.value if clock else float("nan"),
    )


def peer(case: Case, seed: int, steps: tuple[int, ...], python: Path | None) -> dict[str, Any] | None:
    """What SpikingJelly reaches with the same network; None if it is not installed."""
    python = python or python_of(SPIKINGJELLY)
    if python is None:
        return None
    model, data = trained(case, seed)
    path, result = home() / "peer.npz", home() / "peer.json"
    weights = {f"w{k}": w.astype(np.float32) for k, w in enumerate(model.coefs_)}
    biases = {f"b{k}": b.astype(np.float32) for k, b in enumerate(model.intercepts_)}
    np.savez(path, **weights, **biases, calibration=data.calibration, x=data.x, labels=data.y, steps=np.array(steps))
    done = subprocess.run(
        [python, HERE / "spikingjelly_peer.py", path, result], capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(f"SpikingJelly: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
        return None
    return json.loads(result.read_text())


HEAD = ("network", "steps", "trained", "floats", "chip", "lost", "+-", "mark", "s", "cpu", "cores", "uJ", "ms")
WIDTHS = (7, 5, 7, 6, 6, 5, 4, 15, 5, 5, 5, 6, 6)


def line(cells: tuple[str, ...]) -> str:
    """Return a line of the table, in 80 columns and a few."""
    return " ".join(f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS, strict=True))


def means_of(case: Case, rows: list[Row]) -> str:
    """Return the line of the seeds of a network and a number of steps."""
    means = {name: float(np.mean([getattr(row, name) for row in rows])) for name in Row._fields[3:]}
    each, steps = [row.trained - row.chip for row in rows], rows[0].steps
    lost, error = (
        float(np.mean(each)),
        float(np.std(each, ddof=1) / len(each) ** 0.5) if len(each) > 1 else float("nan"),
    )
    return line(
        (
            case.key,
            str(steps),
            *(f"{means[name]:.2f}" for name in ("trained", "floats", "chip")),
            f"{lost:.2f}",
            f"{error:.2f}",
            case.judged(steps, means["chip"], lost),
            *(f"{means[name]:.1f}" for name in ("seconds", "processor_s", "cores")),
            f"{means['microjoules']:.2f}",
            f"{means['milliseconds']:.3f}",
        )
    )


def raced(cases: list[Case], options: argparse.Namespace) -> tuple[list[str], dict[str, Any]]:
    """Return lines on SpikingJelly, and its figures."""
    lines, found = list[str](), dict[str, Any]()
    for case in cases:
        results = [peer(case, seed, options.steps, options.peer_python) for seed in range(options.seeds)]
        if not all(results):
            return ["SpikingJelly: not installed; python benchmarks/convert.py install"], {}
        found[case.key] = results
        for mode in results[0]["modes"]:
            means = [100 * np.mean([r["modes"][mode]["accuracy"][str(t)] for r in results]) for t in options.steps]
            shown = ", ".join(f"{t}: {mean:.2f}" for t, mean in zip(options.steps, means, strict=True))
            lines.append(f"SpikingJelly {results[0]['version']}, floats, {mode:6} {case.key:7} {shown}")
    return lines, found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="?", choices=("run", "install"), default="run")
    parser.add_argument("--networks", default=",".join(CASES))
    parser.add_argument("--steps", default=STEPS, type=lambda text: tuple(map(int, text.split(","))))
    parser.add_argument("--seeds", default=8, type=int)
    parser.add_argument("--peer-python", type=Path, help="an interpreter that has SpikingJelly")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.command == "install":
        sys.exit("\n".join(f"{name}: {fault}" for name, fault in install([SPIKINGJELLY]).items()) or 0)
    warnings.simplefilter("ignore")
    home().mkdir(parents=True, exist_ok=True)
    cases = [CASES[name] for name in options.networks.split(",")]
    rows = list[Row]()
    print(line(HEAD), flush=True)
    for case in cases:
        for steps in options.steps:
            made = [measure(case, seed, steps) for seed in range(options.seeds)]
            print(means_of(case, made), flush=True)
            rows += made
    more = (integer_lines(cases, options.seeds), early_lines(cases, options.seeds), lenet_lines(), vendor_lines(cases))
    for lines in (*more, example_lines()):
        for text in lines:
            print(text, flush=True)
    told, found = raced(cases, options)
    print("\n".join(told))
    if options.json:
        options.json.write_text(json.dumps({"rows": [row._asdict() for row in rows], "spikingjelly": found}, indent=1))


if __name__ == "__main__":
    main()
