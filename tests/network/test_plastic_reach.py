"""Projections whose weights begin at 0 drive their target once they have learned."""

from __future__ import annotations

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.network.validate import validate


@pytest.mark.parametrize(("rule", "codes"), [("x1*y0", []), (None, ["ND115"])])
def test_weights_of_0_drive_a_population_only_if_they_learn(rule, codes):
    fields = {} if rule is None else {"plasticity": nd.SumOfProducts(dw=rule, x1={"impulse": 16, "tau_steps": 10})}
    network = nd.Network(
        name="net",
        time=nd.Time(dt_s=0.001, steps_per_sample=10),
        inputs=[nd.Input(name="in", shape=3)],
        populations=[nd.Population(name="cells", shape=2, neuron=nd.Lif(tau_m_s=0.02, v_threshold=1))],
        projections=[nd.dense("in", "cells", np.zeros((2, 3)), **fields)],
        outputs=[nd.Output(name="out", source="cells")],
    )
    assert [item.code for item in validate(network) if item.code == "ND115"] == codes
