"""Triggers of findings about learning rules."""

from __future__ import annotations

import numpy as np
from diagnostic_cases import cells, net

import neurodeploy as nd
from neurodeploy.network.validate import validate

STDP = {"rule": "pair_stdp"}


def plastic(plasticity=STDP, weights=((1.0, 1.0), (1.0, 1.0)), **fields):
    """A network with one plastic projection."""
    return net(projections=(nd.dense("in", "cells", np.array(weights), plasticity=plasticity),), **fields)


def rule(dw="x1*y0", **fields):
    return {"kind": "sum_of_products", "dw": dw, "x1": {"impulse": 16, "tau_steps": 10}, **fields}


def convolution():
    operation = nd.network.Conv2d(input_shape=(1, 1, 3), weights=np.ones((1, 1, 1, 2)))
    return nd.Projection(name="p", source="in", target="cells", operation=operation, plasticity=STDP)


CASES = {
    "ND125": lambda _: validate(net(3, projections=(convolution(),))),
    "ND126": lambda _: validate(
        plastic(
            {"rule": "delta_rule", "error": "teacher"},
            populations=(cells(), nd.Population(name="teacher", shape=3, neuron=nd.If(v_threshold=1.0))),
        )
    ),
    "ND127": lambda _: validate(plastic(rule(tag=300))),
    "ND128": lambda _: validate(plastic(rule(graded="overwrite"))),
    "ND129": lambda _: validate(plastic(rule("u1*w", dt="u2*t"))),
    "ND130": lambda _: validate(plastic("x1*y0")),
    "ND131": lambda _: validate(plastic(neuron=nd.Li(tau_m_s=0.02))),
    "ND132": lambda _: nd.rules.pair_stdp(learning_rate=0.3),
    "ND133": lambda _: nd.rules.named("stdp"),
}
