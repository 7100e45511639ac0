"""Learning rules that do not fit their projection are findings with a fix."""

from __future__ import annotations

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.network import Conv2d, OneToOne, Pes, Sigma, Sparse, SumOfProducts, ThirdFactor
from neurodeploy.network.validate import require_valid, validate

TRACE = {"impulse": 16, "tau_steps": 10}
CELLS = nd.Lif(tau_m_s=0.02, v_threshold=1.0)
OPERATIONS = {
    "dense": nd.dense("in", "cells", np.ones((4, 3))).operation,
    "sparse": Sparse(shape=(4, 3), post=[0, 1], pre=[2, 2], weights=[1.0, 2.0]),
}


def network(plasticity, operation="dense", neuron=CELLS, encoder="spikes", source="in", more=()):
    own = OPERATIONS[operation] if isinstance(operation, str) else operation
    n_in = 4 if isinstance(own, OneToOne) else 3
    return nd.Network(
        name="net",
        time=nd.Time(dt_s=0.001),
        inputs=(nd.Input(name="in", shape=n_in, encoder=encoder), nd.Input(name="two", shape=2)),
        populations=(
            nd.Population(name="cells", shape=4, neuron=neuron),
            nd.Population(name="sums", shape=3, neuron=Sigma()),
            nd.Population(name="odd", shape=3, neuron=CELLS),
            *more,
        ),
        projections=(
            nd.Projection(name="p", source=source, target="cells", operation=own, plasticity=plasticity),
            nd.dense("in", "odd", np.ones((3, n_in))),
            nd.dense("in", "sums", np.ones((3, n_in))),
        ),
        outputs=(nd.Output(name="out", source="cells", decoder="membrane"),),
    )


def told(made):
    return [(item.code, item.message, *(fix.text for fix in item.fixes)) for item in validate(made)]


def stdp(**fields):
    return SumOfProducts(**{"dw": "x1*y0 - y1*x0", "x1": TRACE, "y1": TRACE, **fields})


@pytest.mark.parametrize("operation", ["dense", "sparse", OneToOne(weights=1.0)])
def test_rules_that_fit_are_valid(operation):
    for rule in (
        stdp(),
        stdp(tag=-257, delay=255),
        nd.rules.reward_modulated_stdp(reward="cells"),
        nd.rules.delta_rule(error="cells", error_weight=[1, 2, 3, 4]),
        Pes(error="two"),
        Pes(error="cells"),
    ):
        assert told(network(rule, operation)) == []


def test_convolutions_do_not_learn():
    convolution = Conv2d(input_shape=(1, 1, 3), weights=np.ones((4, 1, 1, 3)))
    (found,) = told(network(stdp(), convolution))
    assert found == (
        "ND125",
        "is plastic, but synapses of a conv2d share weights or are products of others",
        "operation = sparse, with a synapse for each pair of neurons",
    )


def test_senders_of_signals_exist_and_have_a_fitting_size():
    assert told(network(nd.rules.delta_rule(error="cell"))) == [
        ("ND101", "the source 'cell' of its third factor does not exist", "did you mean 'cells'?")
    ]
    assert told(network(nd.rules.delta_rule(error="odd"))) == [
        ("ND126", "the source 'odd' of its third factor has 3 lines; needs 1 or 4 for the 4 targets")
    ]
    assert told(network(Pes(error="sum"))) == [
        ("ND101", "the source 'sum' of its error does not exist", "did you mean 'sums'?")
    ]
    assert told(network(Pes(error="odd"))) == [
        ("ND126", "the source 'odd' of its error has 3 lines; needs 2 or 4 for the 4 targets")
    ]
    made = network(None)
    odd = made.projections[1].model_copy(update={"plasticity": Pes(error="two")})
    found = told(made.model_copy(update={"projections": (made.projections[0], odd, made.projections[2])}))
    assert found == [
        (
            "ND126",
            "learns by PES, whose targets are pairs, but population 'odd' has 3 neurons",
            "an even number of target neurons",
        )
    ]


def test_tags_delays_and_weights_of_third_factors_fit_the_synapses():
    (found,) = told(network(stdp(tag=np.zeros((3, 4), dtype=int))))
    assert found == ("ND127", "'tag' of its plasticity has shape [3, 4]; needs one number or shape [4, 3]")
    (found,) = told(network(stdp(delay=[1, 2, 3]), "sparse"))
    assert found[1] == "'delay' of its plasticity has shape [3]; needs one number or shape [2]"
    assert told(network(stdp(delay=[1, 2, 3, 4]), OneToOne(weights=1.0))) == []
    assert [item[1] for item in told(network(stdp(delay=-1, tag=[[300] * 3, [-258] * 3, [0] * 3, [0] * 3])))] == [
        "'delay' of its plasticity is -1; needs 0 to 255",
        "'tag' of its plasticity is -258 to 300; needs -257 to 255",
    ]
    factor = ThirdFactor(source="cells", weight=[1, 2])
    (found,) = told(network(stdp(third_factors=(factor,))))
    assert found[1] == "weight of its third factor 'cells' has shape [2]; needs one number or shape [4]"
    twice = (
        ThirdFactor(source="cells"),
        ThirdFactor(source="two", trace="y2"),
        ThirdFactor(source="cells", trace="y3"),
    )
    assert "y2 is set by several third factors" in [item[1] for item in told(network(stdp(third_factors=twice)))]


@pytest.mark.parametrize("mode", ["overwrite", "add_saturating", "add_overflowing"])
def test_graded_traces_need_graded_spikes(mode):
    rule = stdp(graded=mode)
    assert told(network(rule)) == [
        ("ND128", f"its rule takes graded spikes ('{mode}'), but 'in' sends spikes without values", "graded = none")
    ]
    assert [item[0] for item in told(network(rule, source="odd"))] == ["ND128"]
    assert told(network(rule, source="sums")) == []
    assert told(network(rule, encoder="current")) == []


def test_all_u_of_a_rule_have_one_k():
    (found,) = told(network(stdp(dw="u1*w - x0*y1", dt="u2*t + u1*t", dd="u9*d")))
    assert found == ("ND129", "its products have u1 and u2 and u9; a rule has one k for all of dw, dd and dt")
    assert told(network(stdp(dw="u3*w + u3*x1", dt="u3*y1"))) == []


def test_a_trace_that_nothing_sets_is_a_warning():
    made = network(stdp(y1={"impulse": 0, "tau_steps": 10}, dt="x0*(y3 + 1)"))
    assert told(made) == [
        (
            "ND130",
            "its products read y1 and y3, always 0: no impulse, and nothing else sets it",
            "y1 = {impulse = 16, tau_steps = 10}",
        )
    ]
    require_valid(made)
    assert told(network("x1*y0"))[0][0] == "ND130"
    third = (ThirdFactor(source="cells", trace="y3"),)
    assert told(network(stdp(dt="x0*y3", third_factors=third))) == []
    assert told(network(stdp(x1={}, graded="overwrite"), source="sums")) == []
    assert told(network(stdp(x2={}))) == []  # no product reads it


def test_a_target_that_never_spikes_is_a_warning():
    (found,) = told(network(stdp(), neuron=nd.Li(tau_m_s=0.02)))
    assert found == ("ND131", "its products have y0 and y1, always 0, as target 'cells' (li) never spikes")
    assert told(network(nd.rules.delta_rule(error="odd"), neuron=nd.Li(tau_m_s=0.02)))[0][0] == "ND126"
    assert told(network(nd.rules.delta_rule(error="two"), neuron=nd.Li(tau_m_s=0.02)))[0][0] == "ND126"
    assert told(network(Pes(error="two"), neuron=nd.Li(tau_m_s=0.02))) == []


def test_faults_of_weights_and_of_plasticity_are_reported_together():
    made = network(stdp(tag=300))
    wrong = made.projections[0].model_copy(update={"operation": nd.dense("in", "cells", np.ones((3, 3))).operation})
    codes = {item[0] for item in told(made.model_copy(update={"projections": (wrong, *made.projections[1:])}))}
    assert codes == {"ND102", "ND127"}
