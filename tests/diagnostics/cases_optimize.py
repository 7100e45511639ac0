"""Triggers of findings about cores that are spent on time and energy."""

from __future__ import annotations

import numpy as np
from diagnostic_cases import net
from factories import network_of

import neurodeploy as nd
from neurodeploy.hardware import load_target
from neurodeploy.network import WeightFormat


def wide():
    """256 lines onto 400 neurons: two cores at least, and quickest on many."""
    weights = 2 * np.random.default_rng(0).integers(1, 60, (400, 256))
    cells = nd.Population(name="cells", shape=400, neuron=nd.LoihiCuba(du=4095, dv=256, vth_mant=512))
    wires = nd.dense("in", "cells", weights, weight_format=WeightFormat(weight_bits=8))
    lines = (nd.Input(name="in", shape=256, encoder="spikes"),)
    return network_of((cells,), (wires,), inputs=lines, outputs="cells")


CASES = {
    "ND408": lambda _: nd.check(wide(), "loihi1", optimize="latency", max_cores=4).findings,
    "ND409": lambda _: nd.check(net(), load_target("loihi2"), optimize="latency").findings,
}
