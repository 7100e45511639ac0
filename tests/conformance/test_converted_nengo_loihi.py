"""A converted network for Loihi 1 on nengo-loihi's own emulator: the spikes of the emulator."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

import neurodeploy as nd
from neurodeploy.simulate import compare_findings

BACKENDS = ("nengo-loihi",)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_digits(vendor):
    x, y = load_digits(return_X_y=True)
    model = MLPClassifier((64, 32), max_iter=60, random_state=0).fit(x[:1400] / 16, y[:1400])
    made = nd.convert(model, calibration=x[:300] / 16, target="loihi1", steps=16)
    assert made.scheme == "soft"
    program = nd.compile(made, "loihi1")
    ours, theirs = (nd.run(program, x[1400:1420] / 16, backend=name) for name in ("emulator", vendor))
    assert not compare_findings(ours, theirs, program)
    assert all(np.array_equal(ours.spikes[name], theirs.spikes[name]) for name in ours.spikes)
    assert all(np.array_equal(ours.states[name], theirs.states[name]) for name in ours.states)
    assert len(ours.spikes["dense_1"]) > 1000
    assert "ND330" in [item.code for item in nd.check(made, "loihi1").findings]
