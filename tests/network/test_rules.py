"""Ready-made learning rules: their equations, their rates, and their names in Python and in files."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.network import SumOfProducts, ThirdFactor, Trace, equation_text
from neurodeploy.network.equations import equation_of
from neurodeploy.network.files import load_network, save_network

NEEDED = {"reward_modulated_stdp": {"reward": "r"}, "delta_rule": {"error": "e"}}
EQUATIONS = {
    "pair_stdp": ("-2^-2*x0*y1 + 2^-2*y0*x1", ""),
    "triplet_stdp": ("2^-3*y0*x1 + 2^-1*y0*x1*(y2-16) - 2^-2*x0*y1", ""),
    "reward_modulated_stdp": ("u0*t*y2", "-x0*y1 + y0*x1 - 2^-3*u0*t"),
    "hebbian": ("2^-2*y0*x1", ""),
    "oja": ("2^-2*y0*x1 - 2^-2*y0*y1*w", ""),
    "delta_rule": ("2^-2*u0*x1*y2", ""),
}


def messages(call):
    with pytest.raises(DiagnosticError) as caught:
        call()
    return [(item.code, item.message, *(fix.text for fix in item.fixes)) for item in caught.value.diagnostics]


@pytest.mark.parametrize("name", nd.rules.RULES)
def test_a_rule_has_its_equation(name):
    rule = nd.rules.named(name, **NEEDED.get(name, {}))
    assert (equation_text(rule.dw), equation_text(rule.dt)) == EQUATIONS[name]
    assert rule == getattr(nd.rules, name)(**NEEDED.get(name, {}))


def test_parameters_are_those_of_the_equation():
    rule = nd.rules.pair_stdp(
        learning_rate=0.5, a_plus=3, a_minus=-1, tau_plus_steps=20, tau_minus_steps=40, impulse_plus=8.5,
        impulse_minus=4, epoch_steps=4, seed=7, rounding="none",
    )  # fmt: skip
    assert rule == SumOfProducts(
        dw="-2^-1*x0*y1 + 3*2^-1*y0*x1", x1=Trace(impulse=8.5, tau_steps=20), y1=Trace(impulse=4, tau_steps=40),
        epoch_steps=4, seed=7, rounding="none",
    )  # fmt: skip
    rule = nd.rules.triplet_stdp(
        a2_plus=1, a2_minus=2, a3_plus=4, a3_minus=0.5, impulse=20, tau_x_steps=5, tau_y_steps=6
    )
    assert equation_text(rule.dw) == "y0*x1 + 4*y0*x1*(y2-20) - 2*x0*y1 - 2^-1*x0*y1*(x2-20)"
    assert [(item.impulse, item.tau_steps) for item in (rule.x1, rule.x2, rule.y1, rule.y2)] == [
        (20, 17), (20, 5), (20, 34), (20, 6)
    ]  # fmt: skip
    rule = nd.rules.hebbian(weight_decay=2**-7)
    assert equation_text(rule.dw) == "2^-2*y0*x1 - 2^-7*u0*w"


def test_third_factors_are_those_named():
    reward = nd.rules.reward_modulated_stdp(reward="dopamine", reward_weight=5)
    assert reward.third_factors == (ThirdFactor(source="dopamine", trace="y2", weight=5),)
    delta = nd.rules.delta_rule(error="teacher", error_weight=-1)
    assert delta.third_factors == (ThirdFactor(source="teacher", trace="y2", weight=-1),)


EXPRESSIBLE = sorted({mantissa * 2.0**exponent for mantissa in range(-8, 8) for exponent in range(-7, 9)})


@given(st.sampled_from(EXPRESSIBLE), st.sampled_from([1, -1, 0.5, 2]))
def test_a_rate_is_expressed_exactly_or_refused(rate, factor):
    """What the products say is the product of the rates, in any split into parameters."""
    total = rate * factor
    try:
        rule = nd.rules.pair_stdp(learning_rate=rate, a_plus=factor, a_minus=1)
    except DiagnosticError as error:
        assert [item.code for item in error.diagnostics] == ["ND132" if rate else "ND002"]  # noqa: PT017
        assert total not in EXPRESSIBLE or not rate  # noqa: PT017
        return
    assert total in EXPRESSIBLE
    scales = [item.mantissa * 2.0**item.exponent for item in rule.dw]
    assert scales == [item for item in (rate, total) if item]


@given(st.floats(-4000, 4000))
def test_the_nearest_rate_is_one_that_a_product_expresses(rate):
    near = nd.rules.nearest_rate(rate)
    assert (near == 0) == (rate == 0)
    assert near * rate >= 0
    assert all(abs(near - rate) <= abs(known - rate) for known in EXPRESSIBLE if known * rate > 0)
    if near:
        (product,) = nd.rules.hebbian(learning_rate=near).dw
        assert product.mantissa * 2.0**product.exponent == near


def test_a_rate_that_no_product_expresses_is_a_finding_with_the_nearest():
    needs = "needs an integer from -8 to 7 times a power of 2 from 2^-7 to 2^8, such as"
    fix = "choose a rate that the message lists, or give nd.rules.nearest_rate(rate)"
    assert messages(lambda: nd.rules.hebbian(learning_rate=0.3)) == [
        ("ND132", f"learning_rate is 0.3; {needs} 0.25 or 0.3125", fix)
    ]
    assert messages(lambda: nd.rules.pair_stdp(learning_rate=5, a_plus=3)) == [
        ("ND132", f"learning_rate * a_plus is 15; {needs} 14 or 16", fix)
    ]
    assert messages(lambda: nd.rules.oja(forgetting_rate=-1e6))[0][1].endswith("such as -1792")
    for wrong in ("a", None, True, float("nan"), [1]):
        assert messages(lambda wrong=wrong: nd.rules.oja(learning_rate=wrong))[0][1].endswith("needs a finite number")
    for wrong in (1.5, -1, 128, 1e300, 10**5000, "a", float("inf")):
        assert messages(lambda wrong=wrong: nd.rules.triplet_stdp(impulse=wrong))[0][0] == "ND132"
    for wrong in (1e300, 10**5000, -1e-300, 5e-324, complex(1, 2)):
        assert messages(lambda wrong=wrong: nd.rules.pair_stdp(learning_rate=wrong, a_plus=wrong))[0][0] == "ND132"
    for wrong in (float("inf"), float("nan"), "a", 10**400):
        assert messages(lambda wrong=wrong: nd.rules.nearest_rate(wrong))[0][1].endswith("needs a finite number")
    assert nd.rules.hebbian(learning_rate=np.float32(0.5)) == nd.rules.hebbian(learning_rate=0.5)


def test_faults_of_traces_name_the_trace():
    assert messages(lambda: nd.rules.oja(tau_target_steps=-1)) == [
        ("ND002", "field 'y1.tau_steps': needs to be at least 0 (given: -1)")
    ]


def test_unknown_names_and_parameters_are_findings():
    assert messages(lambda: nd.rules.named("pair_sdtp"))[0] == (
        "ND133",
        "no learning rule is named 'pair_sdtp'; known are pair_stdp, triplet_stdp, reward_modulated_stdp, hebbian, oja, delta_rule",
        "did you mean 'pair_stdp'?",
    )
    assert messages(lambda: nd.rules.named("hebbian", learningrate=1, tua=2))[0][1:] == (
        "rule 'hebbian' has no parameter 'learningrate', only learning_rate, weight_decay, tau_steps, impulse, epoch_steps, rounding, seed, delay, tag",
        "did you mean 'learning_rate'?",
    )
    assert messages(lambda: nd.rules.named("delta_rule")) == [("ND133", "rule 'delta_rule' needs parameter 'error'")]
    assert messages(lambda: nd.rules.named(["oja"]))[0][0] == "ND133"


def plastic(plasticity):
    return nd.dense("in", "cells", np.ones((2, 3)), plasticity=plasticity)


def test_a_projection_takes_a_rule_in_every_form(tmp_path):
    rule = nd.rules.pair_stdp(learning_rate=0.5, seed=3)
    assert plastic({"rule": "pair_stdp", "learning_rate": 0.5, "seed": 3}).plasticity == rule
    assert plastic(rule).plasticity == rule
    assert plastic("oja").plasticity == nd.rules.oja()
    assert plastic("x1*y0").plasticity == SumOfProducts(dw=equation_of("x1*y0"))
    network = nd.Network(
        name="net",
        time=nd.Time(dt_s=0.001),
        inputs=(nd.Input(name="in", shape=3),),
        populations=(nd.Population(name="cells", shape=2, neuron=nd.Lif(tau_m_s=0.02, v_threshold=1.0)),),
        projections=(plastic(rule),),
    )
    path = tmp_path / "net.nd.json"
    save_network(network, path)
    text = path.read_text()
    written = text[text.index('"plasticity": {') :]
    short = written[: written.index('"source"')].rstrip().rstrip(",")
    path.write_text(text.replace(short, '"plasticity": {"rule": "pair_stdp", "learning_rate": 0.5, "seed": 3}'))
    assert load_network(path).projections == network.projections


def test_a_projection_reports_what_its_rule_refuses():
    field = "field 'plasticity': "
    assert messages(lambda: plastic("pair_sdtp"))[0][1].startswith(
        f"{field}no learning rule is named 'pair_sdtp'; known are "
    )
    assert messages(lambda: plastic({"rule": "oja", "learning_rate": 0.3}))[0][1].startswith(
        f"{field}learning_rate is 0.3; needs an integer from -8 to 7"
    )
    assert messages(lambda: plastic({"rule": "oja", "tau_source_steps": -2}))[0][1].startswith(
        f"{field}field 'x1.tau_steps': needs to be at least 0"
    )
    assert (
        messages(lambda: plastic({"rule": "delta_rule"}))[0][1] == f"{field}rule 'delta_rule' needs parameter 'error'"
    )
