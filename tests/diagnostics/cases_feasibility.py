"""Triggers of findings about chips that are judged, not compiled for."""

from __future__ import annotations

import itertools

import numpy as np
from diagnostic_cases import cells, net

import neurodeploy as nd
from neurodeploy.feasibility import judge
from neurodeploy.hardware import Target, load_feasibility_target, read_target, target_names
from neurodeploy.network import Conv2d


def judged(network, target):
    others = [read_target(name) for name in target_names()]
    return judge(
        network, load_feasibility_target(target), others=[item for item in others if not isinstance(item, Target)]
    ).findings


def layered(channels, stride):
    """One convolution of a map of 64 x 64."""
    operation = Conv2d(
        input_shape=(2, 64, 64), weights=np.ones((channels, 2, 3, 3)), stride=(stride, stride), padding=(1, 1)
    )
    side = (64 - 1) // stride + 1
    wires = nd.Projection(name="wires", source="in", target="cells", operation=operation)
    cells = nd.Population(name="cells", shape=(channels, side, side), neuron=nd.If(v_threshold=1.0))
    return net((2, 64, 64), populations=(cells,), projections=(wires,), outputs=())


def ten_layers():
    names = ["in", *(f"layer{k}" for k in range(10))]
    wires = tuple(nd.one_to_one(a, b, 1.0) for a, b in itertools.pairwise(names))
    populations = tuple(nd.Population(name=name, shape=2, neuron=nd.If(v_threshold=1.0)) for name in names[1:])
    return net(populations=populations, projections=wires, outputs=())


def recurrent(size, fan_out):
    neuron = nd.Lif(tau_m_s=0.02, v_threshold=1.0, reset="subtract")
    populations = tuple(nd.Population(name=n, shape=s, neuron=neuron) for n, s in (("cells", size), ("answer", 2)))
    ring = np.zeros((size, size))
    for k in range(fan_out):
        ring[(np.arange(size) + k) % size, np.arange(size)] = 1 + k
    wires = (
        nd.dense("in", "cells", np.ones((size, 2))),
        nd.dense("cells", "cells", ring),
        nd.dense("cells", "answer", np.ones((2, size))),
    )
    return net(populations=populations, projections=wires, outputs=(nd.Output(name="out", source="answer"),))


CASES = {
    "ND340": lambda _: judged(net(), "xylo_audio2"),
    "ND341": lambda _: judged(net(projections=(nd.dense("in", "cells", np.ones((2, 2)), delay_steps=3),)), "odin"),
    "ND342": lambda _: judged(net(), "xylo_audio2"),
    "ND343": lambda _: judged(layered(3, 3), "speck2f"),
    "ND344": lambda _: judged(layered(64, 1), "speck2f"),
    "ND345": lambda _: judged(ten_layers(), "speck2f"),
    "ND346": lambda _: judged(net(20), "xylo_imu"),
    "ND347": lambda _: judged(
        net(
            1,
            populations=(cells("one", 1), cells("cells", 257)),
            projections=(nd.dense("in", "one", [[1.0]]), nd.dense("one", "cells", np.ones((257, 1)))),
        ),
        "truenorth",
    ),
    "ND348": lambda _: judged(net(300, 1), "truenorth"),
    "ND349": lambda _: judged(net(5, 1, weights=[[1.0, 2.0, 3.0, 4.0, 5.0]]), "truenorth"),
    "ND350": lambda _: judged(recurrent(256, 256), "xylo_audio2"),
    "ND351": lambda _: judged(net(), "spinnaker2"),
}
