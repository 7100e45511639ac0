"""Triggers of findings about encoders with a range, and about the coding of activations as rates."""

from __future__ import annotations

import numpy as np
from diagnostic_cases import net

import neurodeploy as nd
from neurodeploy.network import Poisson, Rate
from neurodeploy.network.validate import validate
from neurodeploy.simulate import SampleValues, encode


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


CASES = {
    "ND841": lambda _: [
        *encoded([[-3.0, 255.0], [300.0, 7.0]], Rate(one=255)),
        *encoded([[-3.0, 255.0], [300.0, 7.0]], Rate(one=[255.0, 300.0])),
    ],
    "ND844": lambda _: faulty_encoders(),
}
