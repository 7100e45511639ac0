"""Triggers of findings about encoders with a range, and about the coding of activations as rates."""

from __future__ import annotations

import numpy as np
from diagnostic_cases import net

import neurodeploy as nd
from neurodeploy.convert.calibrate import Samples
from neurodeploy.convert.convert import convert_trained
from neurodeploy.convert.options import ConvertOptions
from neurodeploy.convert.samples import calibration_samples, sample_notes
from neurodeploy.hardware import load_target
from neurodeploy.network import Poisson, Rate
from neurodeploy.network.validate import validate
from neurodeploy.simulate import SampleValues, encode
from neurodeploy.trained.network import Node, Read, TrainedInput, TrainedNetwork
from neurodeploy.trained.operations import Activate, FullyConnected, MaxPool


def encoded(values, encoder):
    return encode(net(encoder=encoder), SampleValues(values={"in": np.array(values)}), steps=4).findings


def faulty_encoders():
    inputs = (
        nd.Input(name="flat", shape=2, encoder=Rate(signed=True)),
        nd.Input(name="axes", shape=(3, 4, 5), sample_axes=(2, 0), encoder=Rate(one=np.ones((4, 5, 3)))),
        nd.Input(name="image", shape=(3, 4, 5), sample_axes=(2, 0, 1), encoder=Rate(one=np.full((3, 4, 5), 9.0))),
        nd.Input(name="pair", shape=(2, 3), encoder=Poisson(signed=True, zero=[0.0, 1.0, 0.0], one=[1.0, 1.0, 0.0])),
        nd.Input(name="plain", shape=4, encoder=Rate(zero=2, one=2)),
    )
    network = net()
    return validate(network.model_copy(update={"inputs": (*network.inputs, *inputs)}))


def pooled(**options):
    """A network of one feature and two classes, whose maxima read the input or a leaky relu."""
    window = MaxPool(kernel=(2, 2), stride=(2, 2), begin=(0, 0), end=(0, 0))
    nodes = (
        Node(name="leaky", operation=Activate(function="leaky_relu", slope=0.1), inputs=("image",), shape=(1, 4, 4)),
        Node(name="pool1", operation=window, inputs=("image" if not options else "leaky",), shape=(1, 2, 2)),
        Node(name="pool2", operation=window, inputs=("pool1",), shape=(1, 1, 1)),
        Node(
            name="scores",
            operation=FullyConnected(weights=[[1.0], [-1.0]], bias=[-0.8, 0.8]),
            inputs=("pool2",),
            shape=(2,),
        ),
    )
    images = TrainedInput(name="image", shape=(1, 4, 4))
    model = TrainedNetwork(name="brightest", source="onnx", inputs=(images,), nodes=nodes if options else nodes[1:])
    values = np.linspace(0, 1, 20, dtype=np.float32)[:, None] * np.linspace(0, 1, 16, dtype=np.float32)
    samples = Samples({"image": values}, (values.max(axis=1) < 0.8).astype(int))
    convert_trained(Read(network=model), samples, load_target("loihi1"), ConvertOptions(steps=8, **options))


def two_inputs():
    inputs = (TrainedInput(name="image", shape=(3, 8, 9)), TrainedInput(name="place", shape=(2,)))
    node = Node(name="scores", operation=FullyConnected(weights=np.ones((3, 2))), inputs=("place",), shape=(3,))
    return TrainedNetwork(name="both", source="onnx", inputs=inputs, nodes=(node,))


def calibrated(image=(60, 3, 8, 9), place=(60, 2), labels=None):
    """`image` and `place`: arrays, or shapes of ones."""
    given = {"image": image, "place": place}
    arrays = {name: np.ones(item) if isinstance(item, tuple) else item for name, item in given.items()}
    return calibration_samples(two_inputs(), arrays, labels)


def wrong_samples():
    broken = np.ones((60, 2))
    broken[7, 1] = np.nan
    calls = (
        {"image": (60, 8, 9, 3), "place": (2,), "labels": np.arange(60)},
        {"image": (3, 8, 9), "place": (2, 60)},
        {"image": (8, 9), "place": (120,), "labels": np.eye(60)},
        {"place": (50, 2)},
        {"place": broken, "image": np.full((60, 3, 8, 9), "a")},
        {"place": (0, 2)},
        {"labels": 1 + np.arange(60) % 3},
        {"labels": np.eye(3)[np.arange(60) % 3]},
    )
    found = []
    for call in calls:
        try:
            calibrated(**call)
        except nd.DiagnosticError as error:
            found += error.diagnostics
    return found


CASES = {
    "ND840": lambda _: wrong_samples(),
    "ND845": lambda _: sample_notes(two_inputs(), calibrated((20, 3, 8, 9), (20, 2))),
    "ND846": lambda _: sample_notes(two_inputs(), calibrated()),
    "ND842": lambda _: pooled(max_pool="or"),
    "ND843": lambda _: pooled(),
    "ND841": lambda _: [
        *encoded([[-3.0, 255.0], [300.0, 7.0]], Rate(one=255)),
        *encoded([[-3.0, 255.0], [300.0, 7.0]], Rate(one=[255.0, 300.0])),
    ],
    "ND844": lambda _: faulty_encoders(),
}
