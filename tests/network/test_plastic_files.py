"""Networks with plasticity in files: round trips, bytes of networks without it, and the JSON Schema."""

from __future__ import annotations

import json

import numpy as np
import pytest
from factories import examples, network_of
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.network import Factor, Pes, RuleProduct, SumOfProducts, ThirdFactor, Trace
from neurodeploy.network.files import load_network, save_network

VARIABLES = ("x0", "y0", "x1", "x2", "y1", "y2", "y3", "w", "d", "t")
SHAPE = (2, 3)


def arrays(low, high):
    numbers = st.integers(low, high)
    grid = st.lists(numbers, min_size=6, max_size=6).map(lambda items: np.array(items).reshape(SHAPE))
    return numbers | grid


@st.composite
def products(draw):
    dependency = draw(st.sampled_from(("x0", "y0", "u")))
    sign = draw(st.booleans())
    variable = draw(st.sampled_from(("w", "d", "t") if sign else VARIABLES))
    factor = Factor(variable=variable, constant=draw(st.integers(-300, 300)), sign=sign)
    return RuleProduct(
        dependency=dependency,
        decimation=draw(st.integers(0, 9)) if dependency == "u" else None,
        mantissa=draw(st.integers(-8, 7)),
        exponent=draw(st.integers(-7, 8)),
        factors=(factor,) * draw(st.integers(0, 3)),
    )


TRACES = st.builds(Trace, impulse=st.floats(0, 127.9), tau_steps=st.floats(0, 1e6))
THIRDS = st.builds(
    ThirdFactor,
    source=st.sampled_from(["in", "cells"]),
    trace=st.sampled_from(["y1", "y2", "y3"]),
    weight=st.integers(-9, 9) | st.just(np.array([1, -2])),
)
SUMS = st.builds(
    SumOfProducts,
    dw=st.lists(products(), min_size=1, max_size=3),
    dd=st.lists(products(), max_size=2),
    dt=st.lists(products(), max_size=2),
    **dict.fromkeys(("x1", "x2", "y1", "y2", "y3"), TRACES),
    epoch_steps=st.integers(1, 99),
    rounding=st.sampled_from(["stochastic", "none"]),
    seed=st.integers(0, 2**31 - 5),
    graded=st.sampled_from(["none", "overwrite", "add_saturating", "add_overflowing"]),
    third_factors=st.lists(THIRDS, max_size=2),
    delay=arrays(0, 255),
    tag=arrays(-257, 255),
)
RULES = SUMS | st.builds(
    Pes,
    error=st.just("in"),
    error_scale=st.floats(0.1, 1e5),
    mantissa=st.integers(-8, 7),
    exponent=st.integers(-7, 8),
    trace=TRACES,
    seed=st.integers(0, 2**32 - 1),
)


def network(plasticity):
    return network_of(
        (nd.Population(name="cells", shape=2, neuron=nd.Lif(tau_m_s=0.02, v_threshold=1.0)),),
        (nd.dense("in", "cells", np.arange(6.0).reshape(SHAPE), plasticity=plasticity),),
        inputs=3,
        outputs="cells",
        name="random",
    )


@settings(max_examples=examples(60), deadline=None)
@given(RULES)
def test_a_rule_survives_its_file_and_equal_networks_give_equal_bytes(tmp_path_factory, rule):
    folder = tmp_path_factory.mktemp("net")
    save_network(network(rule), folder / "a.nd.json")
    again = load_network(folder / "a.nd.json")
    assert again == network(rule)
    first = [(folder / f"a.nd.{end}").read_bytes() for end in ("json", "npz")]
    save_network(again, folder / "a.nd.json")
    assert [(folder / f"a.nd.{end}").read_bytes() for end in ("json", "npz")] == first


def test_files_without_plasticity_do_not_name_it(tmp_path):
    save_network(network(None), tmp_path / "a.nd.json")
    text = (tmp_path / "a.nd.json").read_text()
    assert "plasticity" not in text
    assert load_network(tmp_path / "a.nd.json") == network(None)


def written(tmp_path, plasticity):
    """A network file whose plasticity is written by hand."""
    path = tmp_path / "hand.nd.json"
    save_network(network(None), path)
    document = json.loads(path.read_text())
    document["projections"][0]["plasticity"] = plasticity
    path.write_text(json.dumps(document))
    return path


def test_a_rule_may_be_written_by_hand(tmp_path):
    rule = SumOfProducts(dw="2^-2*x1*y0", dt="u0*t", x1=Trace(impulse=16, tau_steps=10), tag=[[1, 2, 3], [4, 5, 6]])
    fields = {"kind": "sum_of_products", "dw": "2^-2*x1*y0", "dt": "u0*t", "x1": {"impulse": 16, "tau_steps": 10}}
    for short in (
        {**fields, "tag": [[1, 2, 3], [4, 5, 6]]},
        {
            **fields,
            "dt": [{"dependency": "u", "decimation": 0, "factors": [{"variable": "t"}]}],
            "tag": rule.tag.tolist(),
        },
    ):
        assert load_network(written(tmp_path, short)) == network(rule)
    assert load_network(written(tmp_path, "oja")) == network(nd.rules.oja())
    assert load_network(written(tmp_path, "x0")) == network(SumOfProducts(dw="x0"))


@pytest.mark.parametrize(
    ("plasticity", "message"),
    [
        ("x1*q", ".plasticity': 'q' is no factor"),
        ("stdp", "': no learning rule is named 'stdp'"),
        ({"rule": "oja", "rate": 1}, "': rule 'oja' has no parameter 'rate'"),
        ({"kind": "stdp"}, "sum_of_products"),
        ({"kind": "sum_of_products"}, "': has no products: give dw, dd or dt"),
        ({"kind": "pes"}, ".error' is missing"),
        ({"rule": 5}, ""),
        (5, ""),
        ([], ""),
    ],
)
def test_what_a_file_says_wrong_is_one_finding_with_the_field(tmp_path, plasticity, message):
    with pytest.raises(nd.DiagnosticError) as caught:
        load_network(written(tmp_path, plasticity))
    (found,) = caught.value.diagnostics
    assert found.code == "ND002"
    assert found.message.startswith("field 'projections[in_to_cells].plasticity")
    assert message in found.message


def test_the_schema_has_the_fields_of_rules(tmp_path):
    save_network(
        network(nd.rules.reward_modulated_stdp(reward="in", tag=np.ones(SHAPE, dtype=int))), tmp_path / "a.nd.json"
    )
    document, schema = json.loads((tmp_path / "a.nd.json").read_text()), nd.schema()
    rule = document["projections"][0]["plasticity"]
    assert rule["tag"] == {"tensor": "projections/in_to_cells/plasticity/tag"}
    for name, part in (("SumOfProducts", rule), ("Trace", rule["x1"]), ("ThirdFactor", rule["third_factors"][0]),
                       ("RuleProduct", rule["dt"][0]), ("Factor", rule["dt"][0]["factors"][0])):  # fmt: skip
        assert set(part) <= set(schema["$defs"][name]["properties"]), name


def test_rules_are_shown_as_equations():
    rule = nd.rules.reward_modulated_stdp(reward="in")
    assert rule.text == "dw = u0*t*y2; dt = -x0*y1 + y0*x1 - 2^-3*u0*t"
    assert "dw='u0*t*y2', dt='-x0*y1 + y0*x1 - 2^-3*u0*t'" in repr(rule)
    assert Pes(error="e").text == "PES of error 'e', rate 2^-7"
    assert Pes(error="e", mantissa=-3, exponent=2).text == "PES of error 'e', rate -3*2^2"
    shown = network(rule)._repr_html_()
    assert "plasticity" in shown
    assert "dw = u0*t*y2; dt = -x0*y1" in shown
    assert "plasticity" not in network(None)._repr_html_()
