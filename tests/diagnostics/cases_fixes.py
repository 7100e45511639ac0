"""Triggers of findings about time limits of mapping and fixes."""

from __future__ import annotations

import numpy as np
from diagnostic_cases import compiled, net
from factories import network_of

import neurodeploy as nd
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.hardware import load_target


def stopped():
    """A ring whose neurons reach far: first fit takes more cores than a bound, so that the search begins, and has no time."""
    size, rng = 600, np.random.default_rng(0)
    wires = np.where(rng.random((size, size)) < 0.02, 2, 0)
    style = nd.network.WeightFormat(weight_bits=8)
    cells = nd.LoihiCuba(du=4095, dv=64, vth_mant=200)
    base = load_target("loihi1")
    axons = base.limits.output_axons.model_copy(update={"value": 512})
    target = base.model_copy(update={"limits": base.limits.model_copy(update={"output_axons": axons})})
    network = network_of(
        (nd.Population(name="cells", shape=size, neuron=cells),),
        (nd.sparse("cells", "cells", wires, weight_format=style),),
        inputs=(),
        outputs="cells",
    )
    return compile_network(network, target, CompileOptions(level=2, time_limit_s=1e-6)).findings


CASES = {
    "ND406": lambda _: compiled(net(10, 60, weights=np.ones((60, 10))), "tiny", fix_time_s=0),
    "ND407": lambda _: stopped(),
}
