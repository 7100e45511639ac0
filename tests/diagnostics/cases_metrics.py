"""Triggers of findings about metrics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from factories import pair_network

import neurodeploy as nd
from neurodeploy.metrics import metrics

SPIKES = {"lines": np.ones((2, 3, 2), dtype=np.uint8)}


def measured(**options):
    program = nd.compile(pair_network(steps_per_sample=3), "tiny")
    return metrics(program, nd.run(program, SPIKES), **options).findings


def wrong_function():
    Path("own.py").write_text("def latency(answers):\n    return 1\n", encoding="utf-8")
    measured(functions=["own.py:latencyy"])


def failing_function():
    Path("own.py").write_text("def latency(answers):\n    return answers[99]\n", encoding="utf-8")
    measured(functions=["own.py:latency"])


CASES = {
    "ND630": lambda _: wrong_function(),
    "ND631": lambda _: failing_function(),
    "ND632": lambda _: measured(targets={"answr": np.zeros((2, 2))}),
    "ND633": lambda _: measured(labels=np.array([0, 0])),
}
