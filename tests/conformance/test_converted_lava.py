"""Converted networks for Loihi 2 on lava's own sigma-delta processes: the values of the emulator and of the integer model."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

import neurodeploy as nd
from neurodeploy.convert.calibrate import Samples
from neurodeploy.convert.convert import convert_trained
from neurodeploy.convert.options import ConvertOptions
from neurodeploy.hardware import load_target
from neurodeploy.simulate import compare_findings
from neurodeploy.trained.network import Node, Read, TrainedInput, TrainedNetwork
from neurodeploy.trained.operations import (
    Activate,
    Add,
    AveragePool,
    Convolution,
    FullyConnected,
)

BACKENDS = ("lava",)


def same(program, samples, vendor):
    """The recording of the emulator, which lava repeats: every value that is sent, and the voltages that are read."""
    ours, theirs = (nd.run(program, samples, backend=name) for name in ("emulator", vendor))
    assert not compare_findings(ours, theirs, program)
    assert all(np.array_equal(ours.payloads[name], theirs.payloads[name]) for name in ours.payloads)
    assert all(np.array_equal(ours.states[name], theirs.states[name]) for name in ours.states)
    return ours


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_digits(vendor):
    x, y = load_digits(return_X_y=True)
    model = MLPClassifier((64, 32), max_iter=60, random_state=0).fit(x[:1400] / 16, y[:1400])
    made = nd.convert(model, calibration=x[:300] / 16, target="loihi2")
    assert made.scheme == "sigma_delta"
    program = nd.compile(made, "loihi2")
    recording = same(program, x[1400:1440] / 16, vendor)
    assert len(recording.payloads["dense_1"]) > 1000
    assert (nd.answers(program, recording) == model.predict(x[1400:1440] / 16)).mean() > 0.9


def test_convolutions_pools_and_a_residual_sum(vendor):
    """Paths of several lengths, whose synapses have delays, and a limit, which takes a second population."""
    rng = np.random.default_rng(0)
    geometry = {"stride": (1, 1), "begin": (1, 1), "end": (1, 1), "dilation": (1, 1)}
    pool = AveragePool(kernel=(2, 2), stride=(2, 2), begin=(0, 0), end=(0, 0))

    def conv(out, channels, groups=1):
        weights = rng.normal(size=(out, channels // groups, 3, 3)) / 3
        return Convolution(weights=weights, bias=rng.normal(size=out) * 0.2, groups=groups, **geometry)

    nodes = (
        ("a", conv(3, 2), ("x",), (3, 6, 6)),
        ("ra", Activate(function="relu"), ("a",), (3, 6, 6)),
        ("b", conv(3, 3, groups=3), ("ra",), (3, 6, 6)),
        ("sum", Add(), ("b", "ra"), (3, 6, 6)),
        ("rb", Activate(function="relu", high=1.0), ("sum",), (3, 6, 6)),
        ("pool", pool, ("rb",), (3, 3, 3)),
        ("c", FullyConnected(weights=rng.normal(size=(4, 27)) / 5, bias=rng.normal(size=4)), ("pool",), (4,)),
    )
    network = TrainedNetwork(
        name="net",
        source="onnx",
        inputs=(TrainedInput(name="x", shape=(2, 6, 6)),),
        nodes=tuple(Node(name=n, operation=o, inputs=i, shape=s) for n, o, i, s in nodes),
    )
    samples = rng.normal(size=(30, 2, 6, 6)).astype(np.float32)
    made = _converted(network, samples)
    assert [len(item.populations) for item in made.layers] == [1, 2, 1]
    recording = same(nd.compile(made, "loihi2"), samples[:6], vendor)
    assert all(len(recording.payloads[name]) > 50 for name in ("a", "b", "b.over"))


def _converted(network, samples):
    given = Samples({"x": samples.reshape(len(samples), -1)}, None)
    return convert_trained(Read(network=network), given, load_target("loihi2"), ConvertOptions())
