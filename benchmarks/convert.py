"""Accuracy of converted networks by steps, against the trained network and against another converter.

    python benchmarks/convert.py                       # the marks: digits and MNIST, three seeds, steps 4 to 64
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
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from convert_cases import CASES, Case, trained
from environments import home, install, python_of
from peers import HERE, Environment

import neurodeploy as nd
from neurodeploy.convert.calibrate import Goal, calibrate
from neurodeploy.convert.convert import candidates_of
from neurodeploy.convert.options import ConvertOptions
from neurodeploy.convert.rates import simulate
from neurodeploy.convert.samples import calibration_samples
from neurodeploy.hardware import load_target
from neurodeploy.importers.trained import read_trained
from neurodeploy.trained.layers import layers_of

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
    recording = nd.run(program, {made.network.inputs[0].name: data.x})
    chip = nd.accuracy(program, recording, data.y)
    shown = nd.profile(program, recording)
    energy, clock = shown.energy_per_inference, shown.time_per_inference
    return Row(
        case.key,
        seed,
        steps,
        100 * float(model.score(data.x, data.y)),
        100 * floats_of(model, data, steps),
        100 * chip,
        seconds,
        spent,
        shown.cores,
        1e6 * energy.value if energy else float("nan"),
        1e3 * clock.value if clock else float("nan"),
    )


def floats_of(model: Any, data: Any, steps: int) -> float:
    """Accuracy of the same conversion with weights of floats."""
    network = read_trained(model).network
    samples = calibration_samples(network, data.calibration, data.labels)
    goal = Goal(steps, load_target("loihi1"))
    plan = calibrate(layers_of(network), samples, goal, candidates_of(ConvertOptions(steps=steps))).plan
    name = network.inputs[0].name
    return float((simulate(plan, {name: data.x}, steps).read[:, -1].argmax(axis=1) == data.y).mean())


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


def table(rows: list[Row], cases: list[Case], steps: tuple[int, ...]) -> Iterator[str]:
    """Yield the lines of the report."""
    yield f"{'network':10} {'steps':>5} {'trained':>8} {'floats':>8} {'chip':>8} {'lost':>7} {'mark':>16}  {'s':>5} {'cpu':>5} {'cores':>5} {'uJ':>7} {'ms':>6}"
    for case in cases:
        for step in steps:
            own = [row for row in rows if (row.case, row.steps) == (case.key, step)]
            means = {name: float(np.mean([getattr(row, name) for row in own])) for name in Row._fields[3:]}
            lost = means["trained"] - means["chip"]
            yield (
                f"{case.key:10} {step:5} {means['trained']:8.2f} {means['floats']:8.2f} {means['chip']:8.2f} {lost:7.2f} "
                f"{case.judged(step, means['chip'], lost):>16}  {means['seconds']:5.1f} {means['processor_s']:5.1f} {means['cores']:5.1f} "
                f"{means['microjoules']:7.2f} {means['milliseconds']:6.3f}"
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
    parser.add_argument("--seeds", default=3, type=int)
    parser.add_argument("--peer-python", type=Path, help="an interpreter that has SpikingJelly")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.command == "install":
        sys.exit("\n".join(f"{name}: {fault}" for name, fault in install([SPIKINGJELLY]).items()) or 0)
    warnings.simplefilter("ignore")
    home().mkdir(parents=True, exist_ok=True)
    cases = [CASES[name] for name in options.networks.split(",")]
    rows = [measure(case, seed, steps) for case in cases for steps in options.steps for seed in range(options.seeds)]
    print("\n".join(table(rows, cases, options.steps)))
    lines, found = raced(cases, options)
    print("\n".join(lines))
    if options.json:
        options.json.write_text(json.dumps({"rows": [row._asdict() for row in rows], "spikingjelly": found}, indent=1))


if __name__ == "__main__":
    main()
