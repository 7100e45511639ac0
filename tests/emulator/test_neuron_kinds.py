"""Neuron kinds beyond CUBA against what lava-nc's fixed-point models computed, and noise against nengo-loihi's emulator.

A case gives what arrives in each step; here an input of values reaches every neuron through a weight of 1, one step
later, and the population's state is reset before step 2: so the case's step k is step k + 1 of the run.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
from factories import network_of

import neurodeploy as nd
from neurodeploy.hardware import load_dialect, load_target
from neurodeploy.mapping import emit_program, partition, place
from neurodeploy.network import (
    AdaptiveLif,
    Current,
    Delta,
    GradedRelu,
    Noise,
    OneToOne,
    Product,
    ResonateFire,
    ResonateZero,
    Sigma,
    SigmaDelta,
    Sparse,
    StateReset,
    TernaryCuba,
    WeightFormat,
)
from neurodeploy.quantize import quantize
from neurodeploy.simulate import RunOptions, Stimulus

pytestmark = pytest.mark.usefixtures("engine")

ONE = WeightFormat(weight_bits=8, sign_mode="excitatory")
LAST = 10_000


def program_of(network, target="loihi2", dialect=None):
    chip = load_target(target)
    if dialect:
        chip = chip.model_copy(update={"dialect": load_dialect(dialect)})
    return emit_program(place(partition(quantize(network, chip), chip)))


def run_case(neuron, arriving, probes=(), weights=None, style=ONE, state_reset=None, target="loihi2"):
    """(states by probe, values sent), each (steps, neurons); `arriving` is port -> (lines, steps)."""
    arrays = {port: np.array(rows, dtype=float) for port, rows in arriving.items()}
    lines, steps = arrays["a"].shape
    size = lines if weights is None else weights.shape[0]
    projections = []
    for port in arrays:
        operation = OneToOne(weights=np.array(1))
        if weights is not None:
            post, pre = np.nonzero(weights)
            operation = Sparse(shape=weights.shape, post=post, pre=pre, weights=weights[post, pre])
        projections.append(
            nd.Projection(
                name=f"to_{port}",
                source=f"in_{port}",
                target="cells",
                operation=operation,
                port=port,
                weight_format=style,
            )
        )
    network = network_of(
        (
            nd.Population(
                name="cells",
                shape=size,
                neuron=neuron,
                state_reset=state_reset or StateReset(interval_steps=LAST, offset_steps=2),
            ),
        ),
        tuple(projections),
        inputs=tuple(nd.Input(name=f"in_{port}", shape=lines, encoder=Current()) for port in arrays),
        name="case",
        probes=tuple(nd.Probe(name=name, target="cells", variable=name) for name in probes),
    )
    stimulus = Stimulus(
        n_samples=1, n_steps=steps, currents={f"in_{port}": rows.T[None] for port, rows in arrays.items()}
    )
    recording = nd.run(program_of(network, target), stimulus, until=steps + 1)
    sent = np.zeros((steps + 1, size), dtype=np.int64)
    rows = recording.spikes["cells"]
    sent[rows[:, 1] - 1, rows[:, 2]] = recording.payloads.get("cells", np.ones(len(rows), dtype=np.int64))
    return {name: recording.states[name][0, 1:] for name in probes}, sent[1:]


@pytest.fixture(scope="module")
def cases(reference_data):
    return json.loads((reference_data / "golden/lava_models.json").read_text())["cases"]


def check(case, states, sent, names):
    for name, key in names.items():
        assert np.array_equal(states[name], np.array(case[key])), name
    assert np.array_equal(sent, np.array(case["s"]))


def test_currents_at_the_edges_of_folding(cases):
    case = cases["lif_wrap_edge_direct_a_in"]
    neuron = nd.LoihiCuba(du=4095, dv=4095, vth_mant=131071)
    check(case, *run_case(neuron, {"a": case["a_in"]}, ("u", "v")), {"u": "u", "v": "v"})


def test_periodic_reset(cases):
    case = cases["lif_reset"]
    p = case["params"]
    schedule = StateReset(interval_steps=p["reset_interval"], offset_steps=p["reset_offset"] + 1)
    neuron = nd.LoihiCuba(du=p["du"], dv=p["dv"], vth_mant=p["vth"])
    states, sent = run_case(neuron, {"a": case["a_in"]}, ("u", "v"), state_reset=schedule)
    check(case, states, sent, {"u": "u", "v": "v"})


def test_ternary(cases):
    case = cases["ternary_lif"]
    p = case["params"]
    neuron = TernaryCuba(du=p["du"], dv=p["dv"], v_upper_mant=p["vth_hi"], v_lower_mant=p["vth_lo"])
    check(case, *run_case(neuron, {"a": case["a_in"]}, ("u", "v")), {"u": "u", "v": "v"})


@pytest.mark.parametrize("period", [1, 2, 3])
def test_refractory_steps_are_those_of_the_floating_point_model(cases, period):
    case = cases[f"lif_refractory_float_{period}"]
    neuron = nd.LoihiCuba(du=4095, dv=0, vth_mant=case["params"]["vth"], refractory_steps=period)
    states, sent = run_case(neuron, {"a": case["a_in"]}, ("u", "v"), target="loihi1")
    check(case, {name: values / 64 for name, values in states.items()}, sent, {"u": "u", "v": "v"})


@pytest.mark.parametrize("name", ["sigma_delta_relu", "sigma_delta_unit_cum_exp"])
def test_sigma_delta(cases, name):
    case = cases[name]
    p = case["params"]
    neuron = SigmaDelta(
        threshold=p["vth"],
        bias=p["bias"],
        activation=p["act_mode"].rsplit(".", 1)[1].lower(),
        cumulative_error=p["cum_error"],
        spike_exp=p["spike_exp"],
        state_exp=p["state_exp"],
    )
    names = {"u": "sigma", "v": "act", "residue": "residue", "error": "error"}
    check(case, *run_case(neuron, {"a": case["a_in"]}, tuple(names)), names)


def test_delta_and_sigma(cases):
    case = cases["delta"]
    p = case["params"]
    neuron = Delta(threshold=p["vth"], spike_exp=p["spike_exp"], state_exp=p["state_exp"])
    names = {"v": "act", "residue": "residue"}
    check(case, *run_case(neuron, {"a": case["a_in"]}, tuple(names)), names)
    case = cases["sigma"]
    check(case, *run_case(Sigma(), {"a": case["a_in"]}, ("u",)), {"u": "sigma"})


@pytest.mark.parametrize(("name", "reset"), [("rf", "none"), ("rf_iz", "izhikevich")])
def test_resonate_and_fire(cases, name, reset):
    case = cases[name]
    p = case["params"]
    given = {key: p[key] for key in ("sin_decay", "cos_decay", "decay_bits", "state_exp")}
    neuron = ResonateFire(**given, threshold=p["vth"], reset=reset)
    names = {"u": "real", "v": "imag"}
    check(case, *run_case(neuron, {"a": case["a_real"], "b": case["a_imag"]}, tuple(names)), names)


def test_resonate_with_values(cases):
    case = cases["rfzero"]
    p = case["params"]
    neuron = ResonateZero(sin_decay=np.array(p["lst"]), cos_decay=np.array(p["lct"]), threshold=p["uth"])
    check(case, *run_case(neuron, {"a": case["u_in"], "b": case["v_in"]}, ("u", "v")), {"u": "u", "v": "v"})


@pytest.mark.parametrize(
    ("name", "deltas", "theta"),
    [("atrlif_fixed_delta0", (0, 0, 0, 0), (5, 3)), ("atrlif_fixed_defaults", (0.4, 0.4, 0.2, 0.2), (5, 3.75))],
)
def test_adaptive_threshold_and_refraction(cases, name, deltas, theta):
    case = cases[name]
    keys = ("delta_i", "delta_v", "delta_theta", "delta_r")
    neuron = AdaptiveLif(**dict(zip(keys, deltas, strict=True)), theta_0=theta[0], theta_step=theta[1])
    names = {"u": "i", "v": "v", "theta": "theta", "r": "r"}
    check(case, *run_case(neuron, {"a": case["a_in"]}, tuple(names)), names)


@pytest.mark.parametrize(("name", "rectify"), [("GradedVec", False), ("GradedReluVec", True)])
def test_graded_values_pass_a_threshold(cases, name, rectify):
    case = cases["graded_vec"]
    neuron = GradedRelu(threshold=case["params"]["vth"], rectify=rectify)
    _, sent = run_case(neuron, {"a": case["a_in"]})
    assert np.array_equal(sent, np.array(case[name]["s"]))


def test_product_of_two_inputs(cases):
    case = cases["prodneuron"]
    p = case["params"]
    _, sent = run_case(Product(threshold=p["vth"], exponent=p["exp"]), {"a": case["a1"], "b": case["a2"]})
    assert np.array_equal(sent, np.array(case["s"]))


@pytest.mark.parametrize("exponent", [-3, 0, 2])
def test_values_times_weights_reach_a_lif(cases, exponent):
    case = cases["dense_graded_to_lif"]
    style = WeightFormat(weight_bits=case["params"]["num_weight_bits"], exponent=exponent, sign_mode="mixed")
    weights = np.array(case["params"]["W"])
    weights = (weights >> 3) << 3  # six bits of a mixed sign drop three, downwards
    neuron = nd.LoihiCuba(du=4095, dv=4095, vth_mant=100_000)
    states, _ = run_case(neuron, {"a": case["s_in"]}, ("u",), weights=weights, style=style)
    got, expected = states["u"], case[f"exp{exponent}"]
    assert np.array_equal(got[:-1], np.array(expected["u"])[1:])  # the dense process holds its sums for a step


def test_a_negative_exponent_belongs_to_the_sum(cases):
    case = cases["dense_negexp_shift_after_sum"]
    style = WeightFormat(weight_bits=8, exponent=-1, sign_mode="excitatory")
    neuron = nd.LoihiCuba(du=4095, dv=4095, vth_mant=100_000)
    states, _ = run_case(neuron, {"a": case["s_in"]}, ("u",), weights=np.array(case["W"]), style=style)
    assert np.array_equal(states["u"][:-1], np.array(case["u"])[1:])


def test_delays_of_single_synapses(cases):
    case = cases["delay_dense"]
    shown = np.array(case["s_in"])
    network = network_of(
        (nd.Population(name="cells", shape=1, neuron=nd.LoihiCuba(du=4095, dv=4095, vth_mant=100000)),),
        (
            nd.dense(
                "in",
                "cells",
                np.array(case["params"]["W"]),
                delay_steps=np.array(case["params"]["delays"]),
                delay_axis="synapse",
                weight_format=WeightFormat(weight_bits=8, sign_mode="mixed"),
            ),
        ),
        inputs=shown.shape[0],
        name="delays",
        probes=(nd.Probe(name="u", target="cells", variable="u"),),
    )
    line, column = np.nonzero(shown)
    rows = np.stack([np.zeros(line.size), column + 1, line], axis=1).astype(np.int32)
    steps = len(case["u"])
    recording = nd.run(program_of(network), Stimulus(n_samples=1, n_steps=steps, spikes={"in": rows}), until=steps)
    assert np.array_equal(recording.states["u"][0], np.array(case["u"]))


def test_noise_of_given_draws(reference_data):
    cases = json.loads((reference_data / "golden/nengo_noise.json").read_text())["cases"]
    assert len(cases) == 3
    for name, case in cases.items():
        u = np.array(case["u"])
        draws = np.random.RandomState(case["seed"]).randint(-127, 128, size=u.shape)
        noise = Noise(
            at="membrane" if case["noise_at_membrane"] else "current",
            exponent=case["noise_exp"],
            offset=case["noise_offset"],
        )
        cell = {key: case[key] for key in ("du", "dv", "vth_mant")}
        network = network_of(
            (
                nd.Population(name="on", shape=2, neuron=nd.LoihiCuba(**cell, noise=noise)),
                nd.Population(name="off", shape=1, neuron=nd.LoihiCuba(**cell)),
            ),
            inputs=(),
            name="noisy",
            probes=tuple(
                nd.Probe(name=f"{population}_{variable}", target=population, variable=variable)
                for population in ("on", "off")
                for variable in ("u", "v")
            ),
        )
        program = program_of(network, "loihi1", "nengo")
        steps = len(u)
        recording = nd.run(
            program,
            Stimulus(n_samples=1, n_steps=steps),
            until=steps,
            options=RunOptions(noise={"on": draws[None, :, :2]}),
        )
        for variable in ("u", "v"):
            got = np.concatenate(
                [recording.states[f"{population}_{variable}"][0] for population in ("on", "off")], axis=1
            )
            assert np.array_equal(got, np.array(case[variable])), f"{name}: {variable}"


def test_draws_are_uniform_and_depend_on_seed_sample_step_and_neuron_alone():
    neuron = nd.LoihiCuba(du=4095, dv=4095, vth_mant=100_000, noise=Noise(at="current", exponent=7))
    network = network_of(
        (nd.Population(name="cells", shape=100, neuron=neuron),),
        inputs=(),
        name="noisy",
        probes=(nd.Probe(name="u", target="cells", variable="u"),),
    )
    program = program_of(network, "loihi1")

    def drawn(seed, threads=1):
        options = RunOptions(seed=seed, threads=threads)
        return nd.run(program, Stimulus(n_samples=3, n_steps=200), options=options).states["u"]

    first = drawn(1)
    counts = np.bincount(first.ravel() + 127, minlength=255)
    assert counts.size == 255
    expected = first.size / 255
    assert ((counts - expected) ** 2 / expected).sum() < 350  # chi square of 254 degrees: 350 is beyond 1e-4
    assert np.array_equal(first, drawn(1, threads=2))
    assert not np.array_equal(first, drawn(2))
    assert abs(np.corrcoef(first[0].ravel(), first[1].ravel())[0, 1]) < 0.03
