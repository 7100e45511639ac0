"""Rules that the dialect of Brian2Loihi does not model: all but those of the weight in every step."""

from __future__ import annotations

import pytest
from learners import learner

import neurodeploy as nd
from neurodeploy.hardware import load_dialect, load_target
from neurodeploy.quantize.learning_limits import learning_findings

IN_STEPS = load_target("loihi1").model_copy(update={"dialect": load_dialect("brian2loihi")})


def messages(network):
    found = [item for item in learning_findings(network, IN_STEPS) if item.code == "ND313"]
    assert all("brian2-loihi 0.5.2" in str(item.limit_source) for item in found)
    return [item.message.split(",")[0] for item in found]


def test_a_rule_of_the_weight_in_every_step_is_modelled():
    assert messages(learner()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dt": "u0*x1"}, "learns with t"),
        ({"dw": "u0*d*t"}, "learns with d and t"),
        ({"epoch_steps": 4}, "learns once in 4 steps"),
        ({"third_factors": (nd.ThirdFactor(source="in"),)}, "learns from third factors"),
        ({"graded": "overwrite"}, "learns from values of spikes"),
    ],
)
def test_what_it_does_not_model_is_refused(change, message):
    assert messages(learner(**change)) == [message]


def test_delayed_spikes_are_refused():
    network = learner()
    late = network.projections[0].model_copy(update={"delay_steps": 2})
    assert messages(network.model_copy(update={"projections": (late,)})) == ["learns with delayed spikes"]
