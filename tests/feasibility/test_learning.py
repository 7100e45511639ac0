"""Rules on chips of other architectures: told, and not judged."""

from __future__ import annotations

import numpy as np
import pytest
from factories import one_layer

import neurodeploy as nd
from neurodeploy.feasibility import judge
from neurodeploy.hardware import load_feasibility_target
from neurodeploy.network import SumOfProducts


@pytest.mark.parametrize("name", ["odin", "spinnaker2", "truenorth"])
def test_a_rule_is_told_where_no_figure_says_what_a_chip_learns_by(name):
    neuron = nd.If(v_threshold=1.0, v_floor=0.0)
    target, weights = load_feasibility_target(name), np.ones((2, 2))
    told = {}
    for rule in (None, SumOfProducts(dw="x1*y0")):
        judged = judge(one_layer(neuron, weights, output="out", projection="p", plasticity=rule), target)
        told[rule is None] = [(item.severity, item.subject.name) for item in judged.findings if item.code == "ND312"]
    assert told == {True: [], False: [("warning", "p")]}
