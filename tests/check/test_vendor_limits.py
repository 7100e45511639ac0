"""Every limit that nengo-loihi 1.1.0 checks has a finding that also names the place and a fix.

Its checks and messages as read and run in that package: validate.py, block.py, allocators.py.
"""

from __future__ import annotations

import numpy as np
import pytest
from factories import network_of, with_limits

import neurodeploy as nd
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.diagnostics import rules
from neurodeploy.hardware import load_target
from neurodeploy.network import WeightFormat
from neurodeploy.resources import core_limits

pytestmark = pytest.mark.usefixtures("engine")


def net(n_in=1, size=1, neuron=None, wires=None):
    cells = nd.Population(name="cells", shape=size, neuron=neuron or nd.Lif(tau_m_s=0.02, v_threshold=1.0))
    return network_of([cells], wires or [nd.dense("in", "cells", np.ones((size, n_in)))], inputs=n_in)


def integer(**fields):
    return nd.LoihiCuba(**{"du": 4095, "dv": 0, "vth_mant": 10, **fields})


def sends_to_three_cores():
    """One neuron with three targets, on cores of one neuron each: three output axons, or two at least beside its own."""
    return net(1, 3, wires=(nd.dense("in", "cells", np.ones((3, 1))), nd.dense("cells", "cells", np.ones((3, 3)))))


def formats(count):
    styles = [WeightFormat(weight_bits=8, exponent=k, sign_mode="excitatory") for k in range(count)]
    wires = (nd.dense("in", "cells", [[4]], name=f"p{k}", weight_format=style) for k, style in enumerate(styles))
    return net(1, 1, integer(), tuple(wires))


SUBTRACT = nd.LoihiCuba(du=4095, dv=205, vth_mant=10, reset="subtract")
CASES = {
    "Number of compartments (1025) exceeded max (1024)": ("ND301", net(neuron=SUBTRACT), {"compartments": 1}),
    "Input axons (4097) exceeded max (4096)": ("ND303", net(4097), {}),
    "Output axons (n) exceeded max (4096)": ("ND304", sends_to_three_cores(), {"compartments": 1, "output_axons": 2}),
    "Total synapse bits (1179648) exceeded max (1048576)": ("ND302", net(3), {"synapse_memory": 2}),
    "The network needs more chips than requested (1)": ("ND401", net(1, 129), {"compartments": 1}),
    "bare AssertionError: 32 sets of parameters": ("ND306", net(), {"parameter_sets": 0}),
    "bare AssertionError: 16 thresholds": ("ND307", net(), {"threshold_sets": 0}),
    "bare AssertionError: 16 synapse formats": ("ND308", formats(3), {"synapse_formats": 2}),
    "bare AssertionError: threshold": ("ND208", net(neuron=integer(vth_mant=131072)), {}),
    "bare AssertionError: du": ("ND208", net(neuron=integer(du=4096)), {}),
    "bare AssertionError: dv": ("ND208", net(neuron=integer(dv=4096)), {}),
    "bare AssertionError: refractory period": (
        "ND210",
        net(neuron=nd.Lif(tau_m_s=0.02, v_threshold=1.0, refractory_steps=63)),
        {},
    ),
}
"""What nengo-loihi says -> our code, the smallest network that has it, and the limits that are lowered for it.

Three presynaptic traces of learning in a core are ND311: tests/resources/test_learning.py.
"""
THEIRS = {
    "compartments": 1024,
    "input_axons": 4096,
    "output_axons": 4096,
    "synapse_memory": 16384,
    "parameter_sets": 32,
    "threshold_sets": 16,
    "synapse_formats": 16,
}


@pytest.mark.parametrize("theirs", CASES)
def test_each_limit_of_nengo_loihi_is_a_finding_with_place_numbers_source_and_remedy(theirs):
    code, network, lowered = CASES[theirs]
    result = compile_network(network, with_limits(load_target("loihi1"), **lowered), CompileOptions(fixes=False))
    assert result.program is None
    told = [item for item in result.findings if item.code == code]
    assert told, [item.code for item in result.findings]
    for item in told:
        assert "'" in str(item.subject)  # the user's own name
        assert item.found is not None
        assert item.limit is not None
        assert item.found > item.limit
        assert (item.unit, item.limit_source) != ("", "")
        assert rules()[code].fix


def test_the_numbers_are_those_of_nengo_loihi():
    limits, chip = core_limits(load_target("loihi1")), load_target("loihi1")
    assert {name: limits[name].value for name in THEIRS} == THEIRS
    assert limits["synapse_memory"].value * chip.counting.word.value == 1048576
    assert chip.cores == 128
    assert (chip.precision.threshold_mantissa.high, chip.precision.du.high, chip.precision.dv.high) == (
        131071,
        4095,
        4095,
    )
    assert chip.precision.refractory_delay.high == 63


@pytest.mark.parametrize(("size", "cores"), [(1024, 1), (1025, 2)])
def test_a_population_that_nengo_loihi_refuses_is_split(size, cores):
    assert compile_network(net(1, size), load_target("loihi1"), CompileOptions(fixes=False)).n_cores == cores
