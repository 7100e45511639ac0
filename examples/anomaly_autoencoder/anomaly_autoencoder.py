"""An autoencoder on a chip: anomalies of a time series, with ROC and AUC.

    python examples/anomaly_autoencoder/anomaly_autoencoder.py

Needs onnx (`pip install neurodeploy[onnx]`). `train.py` made the network in this folder with PyTorch: it squeezes windows of a
series without anomalies through 8 values and returns them. Windows that it cannot return are anomalous. The series is made
here: a beat with a drifting height, with noise, and stretches in which it is stuck, reversed, weak or noisy.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neurodeploy as nd
from neurodeploy.trained.forward import forward

WINDOW, STEPS = 32, 32
TRAINING_SEED, TEST_SEED = 1, 2


def series(n: int, seed: int, *, anomalies: bool) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return a series (n,) in [0, 1], and where it is anomalous."""
    rng, t = np.random.default_rng(seed), np.arange(n)
    height = 0.2 + 0.04 * np.sin(2 * np.pi * t / 700 + rng.uniform(0, 6))
    phase = 2 * np.pi * t / 24 + 0.6 * np.sin(2 * np.pi * t / 900)
    values = 0.5 + height * (np.sin(phase) + 0.4 * np.sin(2 * phase + 1)) + rng.normal(0, 0.02, n)
    wrong = np.zeros(n, dtype=bool)
    for start in range(100, n - 100, 120) if anomalies else ():
        first, length = start + rng.integers(0, 60), rng.integers(8, 20)
        own = values[first : first + length].copy()
        noisy = own + rng.normal(0, 0.12, length)
        kinds = (np.full(length, own[0]), own[::-1], 0.5 + 0.4 * (own - 0.5), noisy)
        values[first : first + length], wrong[first : first + length] = kinds[rng.integers(0, 4)], True
    return np.clip(values, 0, 1), wrong


def windows(values: NDArray[Any]) -> NDArray[Any]:
    """Return the windows (n - 31, 32) of a series (n,)."""
    return np.lib.stride_tricks.sliding_window_view(values, WINDOW)


def roc(wrong: NDArray[np.bool_], score: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return shares of false and of true alarms for thresholds from the highest score down; scores differ."""
    order = np.argsort(-score)
    false, true = np.cumsum(~wrong[order]) / np.sum(~wrong), np.cumsum(wrong[order]) / np.sum(wrong)
    return np.append(0, false), np.append(0, true)


def main() -> None:
    training = windows(series(8000, TRAINING_SEED, anomalies=False)[0])[::16].astype(np.float32)
    values, where = series(4000, TEST_SEED, anomalies=True)
    shown, wrong = windows(values)[::2].astype(np.float32), windows(where)[::2].any(axis=1)
    model = Path(__file__).with_name("anomaly_autoencoder.onnx")
    conversion = nd.convert(model, calibration=training, target="loihi1", steps=STEPS)
    assert conversion.trained is not None
    ann = forward(conversion.trained, {"window": shown})[conversion.trained.nodes[-1].name]

    program = nd.compile(conversion, "loihi1")
    recording = nd.run(program, {"window": np.concatenate([training, shown])})
    (states,) = recording.states.values()
    v, known = states[:, -1].astype(float), states[: len(training), -1].astype(float)
    v *= (known * training).sum() / np.square(known).sum()  # the unit of v: windows of the training are returned

    curves = [roc(wrong, np.square(made - shown).mean(axis=1)) for made in (ann, v[len(training) :])]
    areas = [float(np.sum(np.diff(false) * (true[1:] + true[:-1]) / 2)) for false, true in curves]
    print("false alarms   anomalies found\n                 ANN    chip")
    for share in (0.01, 0.02, 0.05, 0.1, 0.2):
        found = [float(true[false <= share].max()) for false, true in curves]
        print(f"{share:12.0%} {found[0]:7.1%} {found[1]:7.1%}")
    cost = nd.profile(program, recording)
    assert cost.energy_per_inference is not None
    print(f"AUC: ANN {areas[0]:.4f}, chip {areas[1]:.4f} in {STEPS} steps")
    print(f"{cost.cores} core; a window takes {cost.energy_per_inference.value * 1e6:.2f} uJ (modelled)")
    assert areas[1] >= areas[0] - 0.01


if __name__ == "__main__":
    main()
