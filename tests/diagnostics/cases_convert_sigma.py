"""Triggers of findings about schemes and about the scheme sigma_delta."""

from __future__ import annotations

import numpy as np

from neurodeploy.convert.calibrate import Samples
from neurodeploy.convert.convert import convert_trained
from neurodeploy.convert.options import ConvertOptions
from neurodeploy.convert.schemes import convertible_target
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware import load_target
from neurodeploy.trained.network import Node, Quantization, Read, TrainedInput, TrainedNetwork
from neurodeploy.trained.operations import Activate, Affine, FullyConnected


def trained(*nodes, shape=(4,)):
    return TrainedNetwork(name="net", source="onnx", inputs=(TrainedInput(name="x", shape=shape),), nodes=nodes)


def dense(name, source, out, n, scale=1.0):
    weights = scale * np.random.default_rng(0).normal(size=(out, n))
    return Node(name=name, operation=FullyConnected(weights=weights), inputs=(source,), shape=(out,))


def active(name, source, function, n, stored=None):
    return Node(name=name, operation=Activate(function=function), inputs=(source,), shape=(n,), stored=stored)


def converted(network, target="loihi2", **options):
    values = np.random.default_rng(1).random((50, *network.inputs[0].shape)).reshape(50, -1).astype(np.float32)
    samples = Samples({"x": values}, None)
    return convert_trained(Read(network=network), samples, load_target(target), ConvertOptions(**options))


def gathered(*calls):
    """The findings of several conversions that fail."""
    found = []
    for call in calls:
        try:
            call()
        except DiagnosticError as error:
            found += error.diagnostics
    return found


def no_scheme():
    plain = trained(dense("a", "x", 3, 4), active("r", "a", "relu", 3), dense("b", "r", 2, 3))
    target = load_target("loihi2")
    bare = target.model_copy(update={"neurons": target.neurons.model_copy(update={"kinds": ("lif", "sigma")})})
    samples = Samples({"x": np.ones((2, 4), dtype=np.float32)}, None)
    return gathered(
        lambda: convertible_target("xylo_audio2"),
        lambda: convertible_target("spinnaker2"),
        lambda: converted(plain, "loihi1", scheme="sigma_delta"),
        lambda: convert_trained(Read(network=plain), samples, bare, ConvertOptions()),
    )


def activations():
    nodes = (
        dense("a", "x", 3, 4),
        active("gate", "a", "sigmoid", 3),
        dense("b", "gate", 3, 3),
        active("bend", "b", "tanh", 3),
        dense("c", "bend", 2, 3),
    )
    return gathered(lambda: converted(trained(*nodes)))


def sums():
    coarse = Quantization(scale=2.0**-7, low=0, high=255)
    fine = Quantization(scale=2.0**-24, low=-(2**31), high=2**31 - 1)
    inputs = Node(name="stored", operation=Affine(), inputs=("x",), shape=(4,), stored=coarse)
    nodes = (inputs, dense("a", "stored", 3, 4), active("r", "a", "relu", 3, fine), dense("b", "r", 2, 3))
    return gathered(lambda: converted(trained(*nodes)))


def changed():
    layers = [dense("a", "x", 20, 4), active("ra", "a", "relu", 20)]
    for number in "bcd":
        layers += [dense(number, layers[-1].name, 20, 20), active(f"r{number}", number, "relu", 20)]
    return converted(trained(*layers, dense("e", "rd", 10, 20)), activation_bits=2).findings


CASES = {
    "ND850": lambda _: no_scheme(),
    "ND860": lambda _: sums(),
    "ND861": lambda _: activations(),
    "ND862": lambda _: changed(),
}
