"""Triggers of findings about the calibration of converted networks."""

from __future__ import annotations

import numpy as np
from factories import one_layer

import neurodeploy as nd
from neurodeploy.api.fitting import with_fitting_scheme
from neurodeploy.convert.calibrate import Goal, Samples, calibrate
from neurodeploy.convert.convert import convert_trained
from neurodeploy.convert.lines import range_findings
from neurodeploy.convert.ranges import Candidate
from neurodeploy.hardware import load_target
from neurodeploy.trained.layers import layers_of
from neurodeploy.trained.network import Node, Read, TrainedInput, TrainedNetwork
from neurodeploy.trained.operations import Activate, FullyConnected

X = np.random.default_rng(0).random((20, 4), dtype=np.float32)


def trained():
    weights = np.random.default_rng(1).normal(size=(5, 4))
    nodes = (
        Node(name="dense", operation=FullyConnected(weights=weights), inputs=("x",), shape=(5,)),
        Node(name="relu", operation=Activate(function="relu"), inputs=("dense",), shape=(5,)),
        Node(name="scores", operation=FullyConnected(weights=weights.T), inputs=("relu",), shape=(4,)),
    )
    return TrainedNetwork(name="net", source="onnx", inputs=(TrainedInput(name="x", shape=(4,)),), nodes=nodes)


def beyond():
    """A calibration whose v went further than any that the search leaves."""
    made = calibrate(layers_of(trained()), Samples({"x": X}, None), Goal(8), [Candidate(99.0, per_channel=False)])
    held = made.stored._replace(room={"dense": 3.0})
    return range_findings(made._replace(stored=held, run=made.run._replace(reach={"dense": 4.25})))


def too_few():
    options = nd.ConvertOptions(steps=1, latency=0.0)
    return convert_trained(Read(network=trained()), Samples({"x": X}, None), load_target("loihi1"), options).findings


def no_lead():
    cells = one_layer(nd.If(v_threshold=0.5), np.eye(2), input_shape=2)
    out = nd.Output(name="counts", source="cells", decoder=nd.network.SpikeCount())
    program = nd.compile(cells.model_copy(update={"outputs": (out,)}), target="loihi1")
    return nd.early_stop(program, nd.run(program, {"in": np.ones((1, 4, 2), dtype=np.uint8)}), margin=-1.0)


def without_axons():
    """A neuron reads 4 inputs, a bias and a start; a synapse to itself would be the 7th axon of its core."""
    base, read = load_target("loihi1"), Read(network=narrow())
    axons = base.limits.input_axons.model_copy(update={"value": 6})
    target = base.model_copy(update={"limits": base.limits.model_copy(update={"input_axons": axons})})

    def again(options):
        return convert_trained(read, Samples({"x": X}, None), target, options)

    options = nd.ConvertOptions(steps=8)
    return with_fitting_scheme(again(options), target, options, again).findings


def narrow():
    whole = trained()
    weights = np.random.default_rng(1).normal(size=(3, 4))
    first = whole.nodes[0].model_copy(update={"operation": FullyConnected(weights=weights, bias=0.1), "shape": (3,)})
    last = whole.nodes[2].model_copy(update={"operation": FullyConnected(weights=weights.T, bias=0.1)})
    return whole.model_copy(update={"nodes": (first, whole.nodes[1].model_copy(update={"shape": (3,)}), last)})


CASES = {
    "ND854": lambda _: without_axons(),
    "ND851": lambda _: tuple(beyond()),
    "ND852": lambda _: too_few(),
    "ND853": lambda _: no_lead(),
}
