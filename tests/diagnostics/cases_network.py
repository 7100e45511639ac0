"""Triggers of findings about malformed networks."""

from __future__ import annotations

import numpy as np
from diagnostic_cases import cells, net
from factories import network_of

import neurodeploy as nd
from neurodeploy.network.validate import validate


def convolution():
    operation = nd.network.Conv2d(input_shape=(1, 2, 3), weights=np.ones((1, 1, 2, 2)))
    return nd.Projection(name="p", source="in", target="cells", operation=operation)


def sparse_of(post, pre):
    from neurodeploy.network import Sparse

    return nd.Projection(
        name="wires",
        source="in",
        target="cells",
        operation=Sparse(shape=(2, 2), post=post, pre=pre, weights=[1.0, 1.0]),
    )


CASES = {
    "ND101": lambda _: validate(net(projections=(nd.dense("in", "cell", np.ones((2, 2))),))),
    "ND102": lambda _: validate(net(3, 2, weights=np.ones((3, 2)))),
    "ND103": lambda _: validate(net(populations=(cells(), cells()))),
    "ND104": lambda _: validate(net(neuron=nd.Lif(tau_m_s=[0.01, 0.02, 0.03], v_threshold=1.0))),
    "ND105": lambda _: validate(net(projections=(sparse_of([0, 5], [0, 1]),))),
    "ND106": lambda _: validate(net(projections=(sparse_of([0, 0], [1, 1]),))),
    "ND107": lambda _: validate(net(projections=(nd.dense("in", "cells", np.ones((2, 2)), delay_steps=-1),))),
    "ND111": lambda _: validate(net(neuron=nd.Lif(tau_m_s=0.02, v_threshold=0.0))),
    "ND112": lambda _: validate(net(neuron=nd.Lif(tau_m_s=0.0005, v_threshold=1.0))),
    "ND113": lambda _: validate(network_of((), inputs=())),
    "ND114": lambda _: validate(net(neuron=nd.Li(tau_m_s=0.02))),
    "ND115": lambda _: validate(net(projections=())),
    "ND116": lambda _: validate(net(outputs=())),
    "ND117": lambda _: validate(net(projections=(convolution(),))),
    "ND118": lambda _: validate(net(neuron=nd.Lif(tau_m_s=0.01, v_threshold=1.0, v_floor=2.0))),
    "ND119": lambda _: validate(net(projections=(nd.dense("in", "cells", np.ones((2, 2)), port="b"),))),
    "ND120": lambda _: validate(net(probes=(nd.Probe(name="p", target="cells", variable="theta"),))),
}
