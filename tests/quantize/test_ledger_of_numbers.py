"""Ledger lines of weights, thresholds, biases, floors and decays against the resulting registers."""

from __future__ import annotations

import numpy as np
from factories import examples, network_of
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware import load_target
from neurodeploy.hardware.arithmetic import effective_weights
from neurodeploy.network.neurons import Explicit
from neurodeploy.quantize import quantize
from neurodeploy.quantize.fold import fold

TARGETS = {name: load_target(name) for name in ("loihi1", "loihi2")}
NEAR = 1e-11


def numbers(draw, size, low, high):
    """Small whole numbers, or any, of one unit."""
    unit = draw(st.sampled_from([1.0, 0.1, 1 / 3, 1e-3]))
    seed = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if draw(st.booleans()):
        return seed.integers(int(low), int(high), size=size, endpoint=True) * unit, unit
    return seed.uniform(low, high, size=size) * unit, unit


@st.composite
def networks(draw):
    size = draw(st.integers(1, 4))
    weights, unit = numbers(draw, (size, 3), -9, 9)
    kind = draw(st.sampled_from(["if", "lif", "cuba_lif", "explicit", "li"]))
    per = draw(st.booleans())
    fields = {
        "v_threshold": numbers(draw, size if per else (), 1, 12)[0],
        "comparison": draw(st.sampled_from([">", ">="])),
        "bias": draw(st.sampled_from([0.0, 1.0, 0.37])) * unit,
        "v_floor": draw(st.sampled_from([None, 0.0, -4.0, -3.3])),
    }
    fields["v_floor"] = None if fields["v_floor"] is None else fields["v_floor"] * unit
    tau = draw(st.sampled_from([2e-3, 0.02, 0.0313]))
    neuron = {
        "if": lambda: nd.If(**fields),
        "lif": lambda: nd.Lif(tau_m_s=tau, v_leak=draw(st.sampled_from([0.0, 0.2])), **fields),
        "cuba_lif": lambda: nd.CubaLif(tau_m_s=tau, tau_syn_s=0.004, **fields),
        "explicit": lambda: nd.Lif(tau_m_s=tau, discretization=Explicit(keep_v=0.0, gain_v=1.0), **fields),
        "li": lambda: nd.Li(tau_m_s=tau, bias=fields["bias"]),
    }[kind]()
    return network_of(
        (nd.Population(name="c", shape=size, neuron=neuron),),
        (nd.dense("x", "c", weights),),
        inputs=(nd.Input(name="x", shape=3),),
        name="told",
    )


def worst(asked, got):
    asked, got = np.broadcast_arrays(np.asarray(asked, float), np.asarray(got, float))
    size = np.maximum(np.abs(asked), np.abs(asked).max(initial=0) * 1e-6)
    return float(np.max(np.abs(got - asked)[size > 0] / size[size > 0], initial=0.0))


def check_line(lines, quantity, asked, got):
    """Check that a line is exact where the value is, and states its error otherwise."""
    line, error = lines[quantity], worst(asked, got)
    if line.level == "exact" and "no v lies between" not in line.note:
        assert error <= NEAR, line
    elif line.level == "rounded":
        assert error > NEAR or line.relative_error <= NEAR
        assert line.relative_error == np.float64(error) or abs(line.relative_error - error) <= 1e-6 * error, line


@settings(max_examples=examples(200), deadline=None)
@given(network=networks(), target=st.sampled_from(sorted(TARGETS)))
def test_every_ledger_line_states_the_stored_value(network, target):
    chip = TARGETS[target]
    try:
        result = quantize(network, chip)
    except DiagnosticError as error:
        assert {item.code for item in error.diagnostics if item.severity == "error"} == {"ND202"}, "all weights vanish"
        return
    registers, projection, dialect = result.populations[0], result.projections[0], chip.dialect
    folded = fold(network.populations[0], network.time.dt_s)
    lines = {line.quantity: line for line in result.ledger}
    style, one = projection.weight_format, 1 << dialect.decay_bits
    made = effective_weights(
        dialect, projection.connectivity.weights.astype(np.int64), style.weight_bits, style.exponent, style.sign_mode
    ).astype(float)
    if style.exponent < 0 and dialect.exponent_stage == "sum":
        made *= 2.0 ** (style.exponent + dialect.weight_shift_bits)
    table = network.projections[0].operation.weights
    post, pre = np.nonzero(table)
    order = np.lexsort((post, pre))
    asked = (table * folded.weight_gain[:, None])[post, pre][order]
    off = made / registers.scale - asked
    rms = float(np.sqrt(np.mean(off**2)) / np.sqrt(np.mean(asked**2))) if asked.size else 0.0
    assert (lines["weights"].level == "exact") == (rms <= NEAR)
    assert abs(lines["weights"].relative_error - rms) <= 1e-9
    check_line(lines, "voltage decay", 1 - folded.keep_v, registers.dv / one)
    if "current decay" in lines:
        check_line(lines, "current decay", 1 - folded.keep_i, (registers.du + dialect.current_decay_offset) / one)
    else:
        assert (registers.du + dialect.current_decay_offset == one).all()
    shift = dialect.threshold_shift_bits
    if folded.threshold is not None:
        check_line(
            lines, "v_threshold", folded.threshold, registers.vth_mant.astype(float) * 2**shift / registers.scale
        )
    if np.any(folded.bias):
        bias = registers.bias_mant.astype(float) * 2.0**registers.bias_exp
        check_line(lines, "bias per step", folded.bias, bias / registers.scale)
    if folded.floor is not None:
        check_line(lines, "v_floor", folded.floor, (1 - 2.0**registers.vmin_exp) / registers.scale)
    assert f"{registers.scale:.6g} integer units" == lines["scale"].got


def test_a_growing_voltage_is_not_mistaken_for_a_constant_one():
    neuron = nd.Lif(tau_m_s=0.02, v_threshold=1.0, discretization=Explicit(keep_v=1.01, gain_v=1.0))
    network = network_of(
        (nd.Population(name="c", shape=1, neuron=neuron),),
        (nd.dense("x", "c", [[0.3]]),),
        inputs=(nd.Input(name="x", shape=1),),
        name="grows",
    )
    found = compile_network(network, TARGETS["loihi1"], CompileOptions(fixes=False)).findings
    assert "ND205" in {item.code for item in found}
