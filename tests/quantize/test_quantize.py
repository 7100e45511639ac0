"""Quantization: cases worked out by hand, and properties of every conversion."""

from __future__ import annotations

import numpy as np
import pytest
from factories import examples, one_layer
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.hardware import load_target
from neurodeploy.hardware.arithmetic import effective_weights
from neurodeploy.quantize import QuantizeOptions, quantize

LOIHI1 = load_target("loihi1")


def integers(neuron, weights, target=LOIHI1, **options):
    result = quantize(one_layer(neuron, weights), target, QuantizeOptions(**options))
    return result.populations[0], result.projections[0], result


def effective(projection):
    style = projection.weight_format
    return effective_weights(
        LOIHI1.dialect, projection.connectivity.weights, style.weight_bits, style.exponent, style.sign_mode
    )


@pytest.mark.parametrize(("rule", "dv"), [("euler", 205), ("exact", 200)])  # 4096 * 0.05; 4096 * (1 - exp(-0.05))
def test_decay_registers(rule, dv):
    population, _, _ = integers(nd.Lif(tau_m_s=0.02, v_threshold=1.0, discretization=rule), [[1.0]])
    assert population.dv.tolist() == [dv]
    assert population.du.tolist() == [4095], "no synaptic filter: the current has no memory"


def test_a_synaptic_filter_has_its_own_register_one_less_than_the_decay():
    population, _, _ = integers(nd.CubaLif(tau_m_s=0.02, tau_syn_s=0.008, v_threshold=1.0), [[1.0]])
    assert population.du.tolist() == [511]  # 4096 * 0.125 = 512


def test_gains_are_folded_into_weights():
    population, projection, _ = integers(nd.Lif(tau_m_s=0.02, r=3.0, v_threshold=1.0), [[0.5]])
    assert effective(projection)[0] / population.scale == pytest.approx(0.05 * 3.0 * 0.5, rel=0.005)
    assert population.vth_mant[0] * 64 / population.scale == pytest.approx(1.0, rel=1e-4)


def test_leak_moves_the_frame_where_the_reset_goes_there_too_and_else_becomes_bias():
    at_leak = nd.Lif(tau_m_s=0.02, v_threshold=-50.0, v_leak=-65.0, reset={"mode": "value", "value": -65.0})
    population, _, _ = integers(at_leak, [[1.0]])
    assert population.v_frame.tolist() == [-65.0]
    assert population.bias_mant.tolist() == [0]
    assert population.vth_mant[0] * 64 / population.scale == pytest.approx(15.0, rel=1e-4)
    to_zero = nd.Lif(tau_m_s=0.02, v_threshold=1.0, v_leak=0.4)
    population, _, _ = integers(to_zero, [[1.0]])
    bias = int(population.bias_mant[0]) << int(population.bias_exp[0])
    assert bias / population.scale == pytest.approx(0.05 * 0.4, rel=0.01)


def test_a_bias_into_a_filtered_current_becomes_its_steady_state_with_a_ledger_line():
    neuron = nd.CubaLif(tau_m_s=0.02, tau_syn_s=0.01, w_in=2.0, bias=0.3, v_threshold=1.0)
    population, _, result = integers(neuron, [[1.0]])
    bias = int(population.bias_mant[0]) << int(population.bias_exp[0])
    assert bias / population.scale == pytest.approx(
        0.05 * 2.0 * 0.3, rel=0.01
    )  # gain_v * (gain_i w_in b / (1 - keep_i))
    assert [line.level for line in result.ledger if line.quantity == "bias"] == ["approximate"]


def test_a_weak_comparison_keeps_spiking_at_the_threshold():
    weak, _, _ = integers(nd.If(v_threshold=1.0, comparison=">="), [[1.0]])
    strict, _, _ = integers(nd.If(v_threshold=1.0), [[1.0]])
    assert weak.vth_mant[0] <= strict.vth_mant[0]


@settings(max_examples=examples(80), deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    bits=st.sampled_from([2, 4, 6, 8]),
    size=st.integers(1, 8),
    sign=st.sampled_from([-1, 0, 1]),
)
def test_every_weight_is_within_half_a_step_even_where_mixed_and_in_range(seed, bits, size, sign):
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(size, 5)) if sign == 0 else sign * np.abs(rng.normal(size=(size, 5)))
    population, projection, result = integers(nd.Lif(tau_m_s=0.02, v_threshold=1.0), weights, weight_bits={"*": bits})
    style, got = projection.weight_format, np.zeros(weights.shape)
    rows = np.repeat(np.arange(5), np.diff(projection.connectivity.indptr))
    got[projection.connectivity.targets, rows] = effective(projection)
    drop = 8 - bits + (style.sign_mode == "mixed")
    step = 2.0**drop * 64 * 2.0**style.exponent / population.scale
    assert np.abs(got / population.scale - 0.05 * weights).max() <= step / 2 * (1 + 1e-9)
    assert (projection.connectivity.weights % (1 << drop) == 0).all()
    assert np.abs(projection.connectivity.weights.astype(int)).max(initial=0) <= 256 - (1 << drop)
    assert 0 <= style.exponent <= 7
    assert result.ledger


@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 2**32 - 1), fan_in=st.integers(1, 300))
def test_the_scale_cannot_grow_without_clipping_or_overflow(seed, fan_in):
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(3, fan_in))
    population, projection, result = integers(nd.Lif(tau_m_s=0.02, v_threshold=rng.uniform(0.5, 2)), weights)
    worst = max(
        np.bincount(projection.connectivity.targets, np.maximum(sign * effective(projection), 0), 3).max()
        for sign in (-1, 1)
    )
    if any(item.code == "ND206" for item in result.findings):
        assert projection.weight_format.exponent == 0, "no room was left to halve"
    else:
        assert worst < 2**21 * 1.01
    largest = np.abs(effective(projection)).max()
    threshold = 64 * int(population.vth_mant.max())
    clips_if_doubled = 2 * largest > 254 * 64 * 128 or 2 * threshold > 131071 * 64
    down = np.bincount(projection.connectivity.targets, np.maximum(-effective(projection), 0), 3).max()
    needs_the_room_below = 2 * min(20 * down, 16 * threshold) >= 2**23 * 0.98  # tau is 20 steps
    assert clips_if_doubled or needs_the_room_below or 2 * worst >= 2**21 * 0.98


def test_integers_pass_unchanged():
    neuron = nd.LoihiCuba(du=[1, 2], dv=[3, 4], vth_mant=[5, 6], bias_mant=[-7, 8], bias_exp=2, refractory_steps=[0, 9])
    population, projection, _ = integers(neuron, np.array([[2, -4], [6, 8]]))
    assert population.du.tolist() == [1, 2]
    assert population.refract_delay.tolist() == [1, 10]
    assert projection.connectivity.weights.tolist() == [2, 6, -4, 8]


def test_float_and_integer_agree_on_a_long_run(neurodeploy_run):
    rng = np.random.default_rng(3)
    network = one_layer(nd.Lif(tau_m_s=0.02, v_threshold=0.5), rng.normal(0.3, 1, size=(40, 30)))
    raster = (rng.random((4, 200, 30)) < 0.1).astype(int)
    spikes = [
        len(neurodeploy_run(network, {"in": raster}, backend=name).recording.spikes["cells"])
        for name in ("emulator", "reference")
    ]
    assert spikes[1] > 1000
    assert abs(spikes[0] - spikes[1]) < 0.03 * spikes[1]


def test_inhibition_far_below_the_threshold_is_kept(neurodeploy_run):
    weights = [[0.7368, -0.7368 * 0.9713]]  # no common unit, so the range is filled
    network = one_layer(nd.If(v_threshold=1.0), weights)
    raster = np.zeros((1, 60, 2), dtype=int)
    raster[0, :20, 1] = raster[0, 20:, 0] = 1
    spikes = [
        neurodeploy_run(network, {"in": raster}, backend=name).recording.spikes["cells"][:, 1].tolist()
        for name in ("emulator", "reference")
    ]
    assert spikes[0] == spikes[1]
    assert len(spikes[1]) == 10


def test_currents_keep_their_fractions(neurodeploy_run):
    network = one_layer(nd.If(v_threshold=1.0), [[1.0]])
    network = network.model_copy(update={"inputs": (nd.Input(name="in", shape=1, encoder="current"),)})
    values = np.full((1, 400, 1), 0.013)
    spikes = [
        neurodeploy_run(network, {"in": values}, backend=name, strict=False).recording.spikes["cells"][:, 1]
        for name in ("emulator", "reference")
    ]
    assert spikes[0].tolist() == spikes[1].tolist()
    assert spikes[1][0] == 78  # 77 times 0.013 is more than 1
