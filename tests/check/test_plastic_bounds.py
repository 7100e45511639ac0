"""Bounds of states where synapses learn: rules can reach the ends of their range, whatever the first weights are."""

from __future__ import annotations

import numpy as np
import pytest
from factories import network_of

import neurodeploy as nd
from neurodeploy.check.state_bounds import never_overflows, state_bounds
from neurodeploy.network.operations import Dense
from neurodeploy.network.plasticity import SumOfProducts

RULE = SumOfProducts(dw="2^-2*x1*y0")


def program_of(weights, *, exponent=0, sign_mode="mixed", rule=RULE):
    weights = np.asarray(weights)
    return nd.compile(
        network_of(
            [nd.Population(name="b", shape=len(weights), neuron=nd.LoihiCuba(du=4095, dv=4095, vth_mant=100))],
            [
                nd.Projection(
                    name="p",
                    source="in",
                    target="b",
                    operation=Dense(weights=weights),
                    weight_format={"weight_bits": 8, "exponent": exponent, "sign_mode": sign_mode},
                    plasticity=rule,
                )
            ],
            inputs=weights.shape[1],
        ),
        "loihi1",
    )


@pytest.mark.parametrize(("exponent", "unit"), [(0, 64), (3, 512), (-2, 16)])
def test_a_plastic_synapse_counts_with_the_range_of_its_rule(exponent, unit):
    weights = np.array([[4, -4, 0], [8, 0, 4]])
    fixed = state_bounds(program_of(weights, exponent=exponent, rule=None))[0]
    learns = state_bounds(program_of(weights, exponent=exponent))[0]
    assert fixed.q_high.tolist() == [4 * unit, 12 * unit]
    # zeros of a dense projection learn too
    assert learns.q_low.tolist() == [3 * -256 * unit] * 2
    assert learns.q_high.tolist() == [3 * (255 * unit // 64 * 64)] * 2


def test_an_excitatory_projection_stays_excitatory():
    bounds = state_bounds(program_of(np.full((2, 3), 4), sign_mode="excitatory"))[0]
    assert bounds.q_low.tolist() == [0, 0]
    assert bounds.q_high.tolist() == [3 * 255 * 64] * 2


def test_a_rule_can_lead_sums_out_of_the_accumulator():
    """Small weights prove that nothing overflows; with the rule, the same weights do not."""
    weights = np.full((1, 200), 2)
    kept = program_of(weights, exponent=0, sign_mode="excitatory", rule=None)
    learns = program_of(weights, exponent=0, sign_mode="excitatory")
    assert never_overflows(state_bounds(kept)[0], kept.target.dialect)
    assert not never_overflows(state_bounds(learns)[0], learns.target.dialect)
