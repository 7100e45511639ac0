"""Plastic projections in integers: mantissas that rules act on, sign modes, bounds and ledger."""

from __future__ import annotations

import numpy as np
import pytest
from factories import network_of

import neurodeploy as nd
from neurodeploy.hardware import load_dialect, load_target
from neurodeploy.network import Dense, OneToOne, Pes, Sparse, SumOfProducts, WeightFormat
from neurodeploy.network.prune import prune, prune_sources
from neurodeploy.quantize import quantize
from neurodeploy.quantize.plastic import reachable_weights

RULE = SumOfProducts(dw="2^-2*x1*y0")
FLOATS = nd.If(v_threshold=1.0)
INTEGERS = nd.LoihiCuba(du=4095, dv=0, vth_mant=100)


def net(operation, rule=RULE, neuron=INTEGERS, style=None, size=2, inputs=2):
    wire = nd.Projection(name="p", source="in", target="b", operation=operation, weight_format=style, plasticity=rule)
    lines = (nd.Input(name="in", shape=inputs), nd.Input(name="error", shape=1))
    return network_of([nd.Population(name="b", shape=size, neuron=neuron)], [wire], inputs=lines)


def stored(network):
    result = quantize(network, load_target("loihi1"))
    return result, result.projections[0]


@pytest.mark.parametrize("rule", [RULE, Pes(error="error")])
def test_the_rule_and_every_synapse_pass_through(rule):
    for operation, n in (
        (Dense(weights=[[4, 0], [0, 8]]), 4),
        (Sparse(shape=(2, 2), pre=[0, 1], post=[0, 0], weights=[0, 8]), 2),
        (OneToOne(weights=np.array([0, 8])), 2),
    ):
        _, item = stored(net(operation, rule, style=WeightFormat(weight_bits=8)))
        assert item.plasticity == rule
        assert item.connectivity.n_synapses == n
    assert stored(net(Dense(weights=[[4, 0], [0, 8]]), None))[1].plasticity is None


@pytest.mark.parametrize(("values", "mode"), [([4, -3], "mixed"), ([3, 5], "mixed"), ([3, 5], "excitatory")])
def test_mantissas_of_a_plastic_projection_are_not_shifted(values, mode):
    """Fixed odd weights of both signs move to another exponent; those of a rule lose the bit once, as in lava."""
    style = WeightFormat(weight_bits=8, exponent=1, sign_mode=mode)
    operation = Dense(weights=[values, values])
    fixed, learns = (stored(net(operation, rule, style=style)) for rule in (None, RULE))
    assert (learns[1].weight_format.exponent, learns[1].weight_format.sign_mode) == (1, mode)
    expected = values if mode == "excitatory" else [2 * int(np.trunc(value / 2)) for value in values]
    assert learns[1].connectivity.weights.tolist() == np.repeat(expected, 2).tolist()
    assert [item.code for item in learns[0].findings] == ([] if mode == "excitatory" else ["ND226"])
    assert "ND226" not in {item.code for item in fixed[0].findings}
    if mode == "mixed":
        assert (fixed[1].weight_format.exponent, fixed[1].weight_format.sign_mode) != (1, "mixed")


def test_weights_beyond_the_format_are_refused():
    with pytest.raises(nd.DiagnosticError) as told:
        stored(net(Dense(weights=[[400, 4], [4, 4]]), style=WeightFormat(weight_bits=8, sign_mode="excitatory")))
    assert [item.code for item in told.value.diagnostics if item.severity == "error"] == ["ND209"]


@pytest.mark.parametrize(
    ("weights", "rule", "style", "mode"),
    [
        ([0.1, 0.2], RULE, None, "excitatory"),
        ([-0.1, -0.2], RULE, None, "inhibitory"),
        ([-0.1, 0.2], RULE, None, "mixed"),
        ([0.1, 0.2], RULE, "mixed", "mixed"),
        ([-0.1, 0.2], RULE, "excitatory", "mixed"),
        ([0.0, 0.0], RULE, "inhibitory", "inhibitory"),
        ([0.1, 0.2], Pes(error="error"), None, "mixed"),
        ([0.1, 0.2], None, "mixed", "excitatory"),
    ],
)
def test_sign_modes_of_floats(weights, rule, style, mode):
    style = None if style is None else WeightFormat(weight_bits=8, sign_mode=style)
    _, item = stored(net(Dense(weights=[weights, weights]), rule, FLOATS, style))
    assert item.weight_format.sign_mode == mode


def test_the_ledger_says_what_a_mantissa_is_in_the_networks_weights():
    result, item = stored(net(Dense(weights=[[0.5, 0.25], [0.125, 0.5]]), neuron=FLOATS))
    line = next(line for line in result.ledger if line.quantity == "weights that learn")
    one = float(line.got.rpartition(" ")[2])
    assert np.allclose(item.connectivity.weights * one, [0.5, 0.125, 0.25, 0.5])
    assert line.got.startswith("mantissas 0 to 255, each step ")
    assert "at 0 a rule stops" in line.note
    fixed, _ = stored(net(Dense(weights=[[0.5, 0.25], [0.125, 0.5]]), None, FLOATS))
    assert "weights that learn" not in {line.quantity for line in fixed.ledger}


def test_overflow_is_judged_by_what_a_rule_can_reach():
    """200 weights of which one is large: their sum fits the accumulator, and 200 large ones do not."""
    weights = np.zeros((1, 200))
    weights[0, 0] = 1.0
    for rule, codes in ((None, False), (RULE, True)):
        result, _ = stored(net(Dense(weights=weights), rule, FLOATS, size=1, inputs=200))
        assert ("ND206" in {item.code for item in result.findings}) == codes


def test_pruning_leaves_what_can_grow():
    network = net(Dense(weights=[[4, 0], [2, 8]]))
    assert prune(network, {"*": 0.5}) == prune_sources(network, {"*": 0.5}) == network
    assert prune(network, {"p": 0.5}) != network
    fixed = net(Dense(weights=[[4, 0], [2, 8]]), None)
    assert prune(fixed, {"*": 0.5}) != fixed


@pytest.mark.parametrize(
    ("dialect", "mode", "expected"),
    [
        ("loihi1", "mixed", (-256, 255)),
        ("loihi2", "inhibitory", (-255, 0)),
        ("brian2loihi", "mixed", (-256, 254)),
        ("brian2loihi", "excitatory", (0, 255)),
        ("brian2loihi", "inhibitory", (-256, 0)),
    ],
)
def test_the_reach_of_sums_of_products(dialect, mode, expected):
    assert reachable_weights(RULE, mode, load_dialect(dialect)) == expected


def test_pes_reaches_both_signs_whatever_the_mode():
    for mode in ("mixed", "excitatory"):
        assert reachable_weights(Pes(error="error"), mode, load_dialect("nengo")) == (-256, 254)
