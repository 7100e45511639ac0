"""Triggers of findings about studies and blame of conversions, and options of models of another kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from diagnostic_cases import net
from small_conversions import make

import neurodeploy as nd
from neurodeploy.cli.studying import refuse_options
from neurodeploy.network.graded import Sigma


def of_values():
    made = make(n=4)
    populations = [
        item.model_copy(update={"neuron": Sigma()}) if item.name == "a" else item for item in made.network.populations
    ]
    return nd.blame(made.network.model_copy(update={"populations": tuple(populations)}), made.x)


def blamed(n, steps, **factors):
    made = make(seed=1, n=n, steps=steps, factors=factors)
    return nd.blame(made.network, made.x, made.y).findings


CASES = {
    "ND865": lambda _: nd.study(net(), np.zeros((1, 2))),
    "ND866": lambda _: of_values(),
    "ND867": lambda _: blamed(12, 32),
    "ND868": lambda _: blamed(200, 16, b=0.05),
    "ND869": lambda _: refuse_options(Path("net.onnx"), {"--lossy": ["reset"], "--dt": None}, trained=True),
}
