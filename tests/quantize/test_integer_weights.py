"""Integer weights are stored with exactly the given products, or refused with the reason."""

from __future__ import annotations

import numpy as np
import pytest
from factories import examples, one_layer
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.hardware import load_target
from neurodeploy.hardware.arithmetic import effective_weights
from neurodeploy.network import (
    AdaptiveLif,
    Delta,
    GradedRelu,
    Product,
    ResonateFire,
    Sigma,
    SigmaDelta,
    TernaryCuba,
    WeightFormat,
)
from neurodeploy.quantize.integers import given_format
from neurodeploy.simulate import Stimulus

pytestmark = pytest.mark.usefixtures("engine")

TARGETS = {"loihi1": load_target("loihi1"), "loihi2": load_target("loihi2", rules="lava-loihi")}
"""Targets whose rule sets store weights in the bits that they are given."""
CELL = {"du": 4095, "dv": 0, "vth_mant": 10}


def net(weights, style=None, neuron=None):
    neuron = neuron or nd.LoihiCuba(**CELL)
    names = {"source": "x", "target": "c", "output": "o", "name": "integers"}
    return one_layer(neuron, weights, weight_format=style, **names)


def compiled(network, target="loihi1", fixes=False):
    return compile_network(network, TARGETS[target], CompileOptions(fixes=fixes))


def products(result, target="loihi1"):
    """Increments of the accumulator by each synapse, in source order."""
    dialect, program = TARGETS[target].dialect, result.require()
    style, tables = program.formats[0], program.tables
    weights = tables.entry_mantissa.astype(np.int64)
    found = effective_weights(dialect, weights, style.weight_bits, style.exponent, style.sign_mode)
    if style.exponent < 0 and dialect.exponent_stage == "sum":
        return (found >> -style.exponent) << dialect.weight_shift_bits
    return found


def errors(result):
    return [item for item in result.findings if item.severity == "error"]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    ("weights", "style", "shift"),
    [
        ([1, -1], None, -1),
        ([3, -2, 127], None, -1),
        ([255, 1], WeightFormat(weight_bits=8), 0),  # odd, of one sign, asked for as mixed
        ([512, 1020], None, 2),
        ([-32512, 256], None, 7),
        ([1, 3, 7], WeightFormat(weight_bits=4, sign_mode="excitatory"), -4),
        ([6, -6], WeightFormat(weight_bits=8, exponent=3), 3),
        ([5, -3], WeightFormat(weight_bits=8, exponent=3), 2),
    ],
)
def test_products_are_kept_and_the_ledger_names_their_form(target, weights, style, shift):
    result = compiled(net([weights], style), target)
    given = style.exponent if style else 0
    assert products(result, target).tolist() == [w * 2**given * 64 for w in weights]
    stored = result.require().formats[0]
    assert stored.exponent == shift
    lines = [line for line in result.ledger if line.quantity == "weights"]
    assert bool(lines) == ((style is not None and stored.sign_mode != style.sign_mode) or shift != given)
    assert all(line.level == "exact" and f"2^{shift}" in line.got for line in lines)


@pytest.mark.parametrize(
    ("weights", "bits", "shift"),
    [
        ([1, -1], 2, -7),
        ([7, -6], 4, -5),
        ([-8, 7], 5, -4),  # 4 bits would hold them, but not the negative of -8
        ([62, -49], 8, -1),  # 7 bits would do; the compiler stored such weights of oxford with 8
        ([127, -1], 8, -1),
        ([512, 1020], 8, 2),
    ],
)
def test_integers_take_the_fewest_bits_of_the_rule_set(weights, bits, shift):
    target = load_target("loihi2")
    result = compile_network(net([weights]), target, CompileOptions(fixes=False))
    style = result.require().formats[0]
    assert (style.weight_bits, style.exponent) == (bits, shift)
    assert products(result, "loihi2").tolist() == [w * 64 for w in weights]
    chosen = CompileOptions(fixes=False, weight_bits={"*": 8})
    assert compile_network(net([weights]), target, chosen).require().formats[0].weight_bits == 8


@settings(max_examples=examples(100), deadline=None)
@given(
    weights=st.lists(st.integers(-300, 300).filter(bool), min_size=1, max_size=4),
    exponent=st.integers(-8, 7),
    bits=st.sampled_from([2, 4, 8]),
)
def test_the_fewest_bits_hold_the_same_products(weights, exponent, bits):
    network = net([weights], WeightFormat(weight_bits=bits, exponent=exponent))
    given, fewest = (
        compile_network(network, target, CompileOptions(fixes=False))
        for target in (TARGETS["loihi2"], load_target("loihi2"))
    )
    assert (given.program is None) == (fewest.program is None)
    if given.program is not None:
        assert products(given, "loihi2").tolist() == products(fewest, "loihi2").tolist()
        assert fewest.require().formats[0].weight_bits <= bits


@settings(max_examples=examples(200), deadline=None)
@given(
    weights=st.lists(st.integers(-40_000, 40_000).filter(bool), min_size=1, max_size=4),
    exponent=st.integers(-8, 7),
    bits=st.sampled_from([2, 4, 8]),
    mode=st.sampled_from(["mixed", "excitatory", "inhibitory"]),
    target=st.sampled_from(sorted(TARGETS)),
)
def test_any_integers_are_exact_or_refused(weights, exponent, bits, mode, target):
    result = compiled(net([weights], WeightFormat(weight_bits=bits, exponent=exponent, sign_mode=mode)), target)
    if result.program is None:
        assert {item.code for item in errors(result)} <= {"ND207", "ND209"}
        return
    up, down = max(exponent, 0), max(-exponent, 0)
    assert products(result, target).tolist() == [((w << up) >> down) * 64 for w in weights]


@pytest.mark.parametrize(
    ("weights", "style", "words"),
    [
        ([1, -1], WeightFormat(weight_bits=8, sign_mode="excitatory"), "below 0"),
        ([1, -1], WeightFormat(weight_bits=8, sign_mode="inhibitory"), "above 0"),
        ([201, -3], None, "not multiples of 2"),
        ([1001, -777], None, "beyond -256..254"),
        ([-(2**63), 1], None, "beyond -256..254"),
        (np.array([2**63 + 5, 1], dtype=np.uint64), None, "beyond 0..255"),
        ([1e30, 1.0], None, "beyond 0..255"),
        ([1.5, 1.0], None, "not all integers"),
    ],
)
def test_sign_bits_and_range_have_separate_findings(weights, style, words):
    found = errors(compiled(net([weights], style)))
    assert [item.code for item in found] == ["ND209"]
    assert words in found[0].message


@pytest.mark.parametrize("exponent", [8, 100, -9, 32_000])
def test_exponents_have_a_range(exponent):
    found = errors(compiled(net([2.0], WeightFormat(weight_bits=8, exponent=exponent))))
    assert [item.code for item in found] == ["ND208"]
    assert found[0].limit == (7 if exponent > 0 else -8)


def test_an_equal_form_is_offered_and_is_equal():
    result = compiled(net([[1000, 3], [1, 999]]), fixes=True)
    fix = errors(result)[0].fixes[0].text
    assert "as two" in fix
    assert "multiples of 4" in fix
    whole, low = np.array([[1000, 3], [1, 999]]), np.array([[0, 3], [1, 3]])
    network = net(whole - low)
    second = nd.dense("x", "c", low, name="x_to_c_2")
    result = compiled(network.model_copy(update={"projections": (*network.projections, second)}))
    raster = np.zeros((2, 3, 2), dtype=np.uint8)
    raster[0, 0, 0] = raster[1, 0, 1] = 1
    probes = (("c", "u"),)
    recording = result.require().run(Stimulus(n_samples=2, n_steps=3, rasters={"x": raster}), probes=probes)
    shown = next(iter(recording.states.values()))
    assert shown[:, 1].tolist() == (whole.T * 64).tolist()
    result = compiled(net([1.0, -1.0], WeightFormat(weight_bits=8, exponent=8)), fixes=True)
    assert (
        errors(result)[0].fixes[0].text.startswith("in projection 'x_to_c' write exponent = 7 and the weights times 2")
    )


HUGE = np.array([2**64 - 5], dtype=np.uint64)


@pytest.mark.parametrize("name", ["du", "dv", "vth_mant", "bias_mant", "bias_exp", "refractory_steps"])
@pytest.mark.parametrize("value", [HUGE, np.array([-(2**63)]), np.array([2**63 - 1]), -1 << 20, 1 << 40])
def test_registers_have_a_range_in_every_type(name, value):
    found = errors(compiled(net([2.0], neuron=nd.LoihiCuba(**{**CELL, name: value}))))
    assert [(item.code, item.message.split()[0]) for item in found] == [("ND208", name)]


@pytest.mark.parametrize("name", ["vmin_exp", "vmax_exp"])
def test_limits_of_v_have_a_range(name):
    assert [item.code for item in errors(compiled(net([2.0], neuron=nd.LoihiCuba(**CELL, **{name: 24}))))] == ["ND208"]


TERNARY = {"du": 0, "dv": 0, "v_upper_mant": 1, "v_lower_mant": -1}
ADAPTIVE = {"delta_i": 0.1, "delta_v": 0.1, "delta_theta": 0.1, "delta_r": 0.1, "theta_0": 5.0, "theta_step": 1.0}
RESONATE = {"sin_decay": 1, "cos_decay": 1, "threshold": 1}


@pytest.mark.parametrize(
    ("kind", "fields", "name", "value"),
    [
        (TernaryCuba, TERNARY, "v_upper_mant", 1 << 40),
        (TernaryCuba, TERNARY, "v_lower_mant", -(2**63)),
        (TernaryCuba, TERNARY, "bias_exp", 40),
        (SigmaDelta, {"threshold": 1}, "threshold", 1 << 62),
        (SigmaDelta, {"threshold": 1}, "spike_exp", 30),
        (SigmaDelta, {"threshold": 1}, "state_exp", 31),
        (SigmaDelta, {"threshold": 1}, "bias", HUGE),
        (Delta, {"threshold": 1}, "spike_exp", 24),
        (GradedRelu, {}, "threshold", 1 << 53),
        (Product, {}, "exponent", 63),
        (Product, {}, "threshold", -(2**63)),
        (ResonateFire, RESONATE, "sin_decay", 1 << 40),
        (ResonateFire, RESONATE, "threshold", 1 << 40),
        (ResonateFire, RESONATE, "state_exp", 30),
        (AdaptiveLif, ADAPTIVE, "delta_i", -3.0),
        (AdaptiveLif, ADAPTIVE, "delta_v", 7.0),
        (AdaptiveLif, ADAPTIVE, "theta_0", 1e30),
    ],
)
def test_parameters_of_every_integer_kind_have_a_range(kind, fields, name, value):
    found = errors(compiled(net([2], WeightFormat(weight_bits=8), kind(**{**fields, name: value})), "loihi2"))
    assert [(item.code, item.message.split()[0]) for item in found] == [("ND208", name)]


def test_all_faults_come_at_once():
    neuron = nd.LoihiCuba(du=-1, dv=5000, vth_mant=10)
    found = errors(compiled(net([1001, -777], WeightFormat(weight_bits=8, exponent=9), neuron)))
    assert [item.code for item in found] == ["ND208", "ND208", "ND208"]


def test_a_kind_without_parameters_compiles():
    assert compiled(net([2], WeightFormat(weight_bits=8), Sigma()), "loihi2").program is not None


def test_doubled_weights_spike_as_one_projection_for_each_sign_does():
    weights = np.array([[3, -1, 5], [-7, 9, 1]])
    raster = (np.random.default_rng(5).random((1, 60, 3)) < 0.5).astype(np.uint8)
    stimulus = Stimulus(n_samples=1, n_steps=60, rasters={"x": raster})
    mixed = net(weights)
    apart = mixed.model_copy(
        update={
            "projections": (
                nd.dense("x", "c", np.maximum(weights, 0), name="up"),
                nd.dense("x", "c", np.minimum(weights, 0), name="down"),
            )
        }
    )
    for target in TARGETS:
        one, other = (nd.run(compiled(n, target).require(), stimulus).spikes["c"] for n in (mixed, apart))
        assert len(one) > 5
        assert np.array_equal(one, other)


@st.composite
def registers(draw):
    """(target, network): cells of registers behind two projections of any format, one recurrent."""
    target, size = draw(st.sampled_from(sorted(TARGETS))), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    neuron = nd.LoihiCuba(
        du=draw(st.sampled_from([4095, 2047, 300])),
        dv=draw(st.sampled_from([0, 128, 4095])),
        vth_mant=draw(st.integers(1, 40)),
        bias_mant=draw(st.integers(-30, 30)),
        bias_exp=draw(st.integers(0, 3)),
        refractory_steps=draw(st.integers(0, 2)) if target == "loihi1" else 0,
    )
    network, projections = net(rng.integers(-120, 120, size=(size, 3)), neuron=neuron), []
    for name, source, width in (("first", "x", 3), ("second", "x", 3), ("back", "c", size)):
        style = WeightFormat(weight_bits=8, exponent=draw(st.integers(-5, 3)))
        table, delays = rng.integers(-120, 120, size=(size, width)), rng.integers(0, 4, size=(size, width))
        fields = {"delay_steps": delays, "delay_axis": "synapse", "weight_format": style}
        projections.append(nd.dense(source, "c", table, name=name, **fields))
    return target, network.model_copy(update={"projections": tuple(projections)})


@settings(max_examples=examples(60), deadline=None)
@given(case=registers(), seed=st.integers(0, 2**32 - 1))
def test_registers_follow_their_equations(case, seed):
    target, network = case
    result = compiled(network, target)
    if result.program is None:
        assert {item.code for item in errors(result)} == {"ND209"}
        return
    raster = (np.random.default_rng(seed).random((2, 40, 3)) < 0.4).astype(np.uint8)
    stimulus = Stimulus(n_samples=2, n_steps=40, rasters={"x": raster})
    got, wanted = (nd.run(result.program, stimulus, backend=name).spikes["c"] for name in ("emulator", "reference"))
    assert np.array_equal(got, wanted)


@pytest.mark.parametrize("mode", ["excitatory", "inhibitory"])
def test_weights_that_learn_by_pes_have_both_signs(mode):
    def learning(style, neuron=None):
        made = net(np.zeros((2, 3), dtype=np.int16), style, neuron)
        wrong = nd.Input(name="wrong", shape=1, encoder="current")
        learned = made.projections[0].model_copy(update={"plasticity": nd.Pes(error="wrong")})
        return made.model_copy(update={"inputs": (*made.inputs, wrong), "projections": (learned,)})

    found = errors(compiled(learning(WeightFormat(weight_bits=8, exponent=0, sign_mode=mode))))
    assert [item.code for item in found] == ["ND209"]
    assert f"weights of both signs, which sign mode '{mode}' does not store" in found[0].message
    mixed = compiled(learning(WeightFormat(weight_bits=8, exponent=0, sign_mode="mixed")))
    assert [item.sign_mode for item in mixed.require().formats] == ["mixed"]
    told = [item.message for item in mixed.findings if item.code == "ND215"]
    assert told == ["its values are signals of learning rules, which a host has to give in every step"]
    learned = learning(None, Sigma()).projections[0]
    assert given_format(learned, np.zeros(6), 8).sign_mode == "mixed"
