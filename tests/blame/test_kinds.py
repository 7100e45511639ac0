"""Layers of every kind: the simulation of the chip is the emulator, and exact layers are the trained network's."""

from __future__ import annotations

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.blame.inputs import levels, rasters, samples_for, stimulus_of
from neurodeploy.blame.passes import clock_signals, layer_pass
from neurodeploy.blame.stages import staged
from neurodeploy.convert.convert import convert_trained
from neurodeploy.convert.notes import read_notes
from neurodeploy.convert.options import ConvertOptions
from neurodeploy.convert.samples import calibration_samples
from neurodeploy.hardware import load_target
from neurodeploy.quantize import quantize
from neurodeploy.trained.forward import forward
from neurodeploy.trained.network import Node, Read, TrainedInput, TrainedNetwork
from neurodeploy.trained.operations import Activate, Add, Convolution, FullyConnected, MaxPool

RNG = np.random.default_rng(11)


def dense(name, reads, n_in, n_out):
    weights = RNG.normal(0, (2 / n_in) ** 0.5, (n_out, n_in))
    return Node(
        name=name,
        operation=FullyConnected(weights=weights, bias=RNG.normal(0, 0.1, n_out)),
        inputs=(reads,),
        shape=(n_out,),
    )


def network(*nodes, shape):
    return TrainedNetwork(name="made", source="onnx", inputs=(TrainedInput(name="x", shape=shape),), nodes=nodes)


def activation(**fields):
    return network(
        dense("a", "x", 8, 12), Node(name="f", operation=Activate(**fields), inputs=("a",), shape=(12,)),
        dense("b", "f", 12, 10), Node(name="g", operation=Activate(**fields), inputs=("b",), shape=(10,)),
        dense("c", "g", 10, 3), shape=(8,),
    )  # fmt: skip


def pooled():
    kernel = Convolution(
        weights=RNG.normal(0, 0.4, (3, 1, 3, 3)), bias=RNG.normal(0, 0.1, 3), stride=(1, 1), begin=(1, 1), end=(1, 1),
        dilation=(1, 1),
    )  # fmt: skip
    pool = MaxPool(kernel=(2, 2), stride=(2, 2), begin=(0, 0), end=(0, 0))
    return network(
        Node(name="a", operation=kernel, inputs=("x",), shape=(3, 6, 6)),
        Node(name="f", operation=Activate(function="relu"), inputs=("a",), shape=(3, 6, 6)),
        Node(name="pool", operation=pool, inputs=("f",), shape=(3, 3, 3)),
        dense("b", "pool", 27, 3), shape=(1, 6, 6),
    )  # fmt: skip


def residual():
    return network(
        dense("a", "x", 8, 10), Node(name="f", operation=Activate(function="relu"), inputs=("a",), shape=(10,)),
        dense("b", "f", 10, 10), Node(name="sum", operation=Add(), inputs=("b", "f"), shape=(10,)),
        Node(name="g", operation=Activate(function="relu"), inputs=("sum",), shape=(10,)), dense("c", "g", 10, 3),
        shape=(8,),
    )  # fmt: skip


MADE = {
    "relu": (activation(function="relu"), {}),
    "signed": (activation(function="relu"), {}),
    "hard": (activation(function="relu"), {"scheme": "hard"}),
    "channels": (activation(function="relu"), {"ranges": "channel"}),
    "relu6": (activation(function="relu", high=0.5), {}),
    "leaky_relu": (activation(function="leaky_relu", slope=0.1), {}),
    "sigmoid": (activation(function="sigmoid"), {}),
    "tanh": (activation(function="tanh"), {}),
    "pool": (pooled(), {"max_pool": "or"}),
    "residual": (residual(), {}),
}


@pytest.mark.parametrize("name", MADE)
def test_both_ends_of_blame_are_right(name):
    trained, options = MADE[name]
    x = RNG.random((40, *trained.inputs[0].shape)).astype(np.float32) - (0.5 if name == "signed" else 0)
    target, fields = load_target("loihi1"), {"steps": 6, "percentile": 99.0, "ranges": "layer", **options}
    made = convert_trained(Read(network=trained), calibration_samples(trained, x), target, ConvertOptions(**fields))
    notes, quantized = read_notes(made.network), quantize(made.network, target)
    form, given = staged(made.network, quantized, target.dialect, notes), samples_for(made.network, notes, x)
    stimulus, work = stimulus_of(made.network, given, 6), clock_signals(form, 6)
    chip, exact = dict(rasters(made.network, stimulus, work.total)), dict(levels(made.network, given))
    for layer in form.layers.values():
        chip |= layer_pass(work, layer, "chip", chip)
        exact |= layer_pass(work, layer, "exact", exact)
    recording = nd.run(nd.compile(made.network, "loihi1"), stimulus)
    for layer in notes.layers[:-1]:
        for unit in layer.units:
            raster = np.zeros_like(chip[unit.population])
            sample, step, neuron = recording.spikes[unit.population].T
            raster[step - 1, sample, neuron] = 1
            assert np.array_equal(raster, chip[unit.population]), unit.population
    wanted = forward(trained, {"x": x.astype(np.float64)})[trained.nodes[-1].name]
    assert np.allclose(exact[notes.layers[-1].units[0].population], wanted, rtol=1e-4, atol=1e-4)
    blamed = nd.blame(made, x)
    assert sum(row.share for row in blamed.layers) == pytest.approx(1)
    assert blamed.layers[0].layer == "x"
