"""Learning in every step against states that Brian2Loihi computed, and by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from factories import network_of
from neurodeploy_backends.emulator.spec_learning import Synapses, cleared_epoch
from neurodeploy_backends.emulator.spec_learning_steps import faded, learn_in_step, with_events

import neurodeploy as nd
from neurodeploy.hardware import load_dialect, load_target
from neurodeploy.mapping import emit_program, partition, place
from neurodeploy.network import WeightFormat
from neurodeploy.network.plasticity import SumOfProducts, Trace
from neurodeploy.quantize import quantize
from neurodeploy.simulate import Stimulus
from neurodeploy.simulate.learning_draws import EpochDraws

RANDOM = ("learning_trace_tau10", "learning_trace_tau2")
START = 40


def learning_case(reference_data, name):
    return json.loads((reference_data / "golden/brian2loihi_models.json").read_text())["cases"][name]


def rule_of(case):
    given = case["rule"]
    traces = {name: Trace(impulse=given[f"imp_{name}"], tau_steps=given[f"tau_{name}"]) for name in ("x1", "y1")}
    return SumOfProducts(dw=given["dw"], **traces)


def one_synapse(sign_mode="mixed", w=START, samples=1):
    synapses = Synapses(np.array([0]), np.array([0]), 1, 1, sign_mode)
    zero = np.array([0])
    return synapses, cleared_epoch(synapses, np.array([w]), zero, zero, samples)


def draws_of(x, y, w):
    """The same draws, (samples, 1) each, in every step."""
    endless = {name: np.broadcast_to(value, (100, *value.shape)) for name, value in (("x", x), ("y", y), ("w", w))}
    return EpochDraws(endless["x"], endless["x"], endless["y"], endless["y"], endless["y"], endless["w"])


def program_of(network, dialect="brian2loihi"):
    target = load_target("loihi1").model_copy(update={"dialect": load_dialect(dialect)})
    return emit_program(place(partition(quantize(network, target), target)))


def golden_network(case):
    style = WeightFormat(weight_bits=8, exponent=0, sign_mode="mixed")
    link = nd.dense("pre", "cell", [[START]], weight_format=style).model_copy(update={"plasticity": rule_of(case)})
    probes = [("u", "cell", "u"), *((name, link.name, name) for name in ("w", "x1", "y1"))]
    return network_of(
        (nd.Population(name="cell", shape=1, neuron=nd.LoihiCuba(du=4095, dv=4095, vth_mant=100)),),
        (link, nd.dense("drive", "cell", [[120]], weight_format=style)),
        inputs=(nd.Input(name="pre", shape=1), nd.Input(name="drive", shape=1)),
        name="learning",
        probes=tuple(nd.Probe(name=name, target=target, variable=variable) for name, target, variable in probes),
    )


def test_rule_without_chance_is_exact(reference_data):
    """Brian's state at time b is shown by its monitors after the spikes that act in b; step b + 1 ends with what follows."""
    case = learning_case(reference_data, "learning_trace_tau1_exact")
    rows = {name: np.array([[0, t, 0] for t in case[f"{name}_t"]], dtype=np.int32) for name in ("pre", "drive")}
    steps = len(case["w"])
    recording = nd.run(program_of(golden_network(case)), Stimulus(n_samples=1, n_steps=steps, spikes=rows), until=steps)
    assert (recording.spikes["cell"][:, 1] - 1).tolist() == case["post_t"]
    assert recording.states["w"][0, :, 0].tolist() == case["w"]
    assert recording.states["u"][0, :, 0].tolist() == case["I"]
    before = np.concatenate([[0], recording.states["x1"][0, :-1, 0]])
    spiked = np.isin(np.arange(steps), case["pre_t"])
    assert with_events(before, rule_of(case).x1, spiked).tolist() == case["x1"]
    assert np.concatenate([[0], recording.states["y1"][0, :-1, 0]]).tolist() == case["y1"]


@pytest.mark.parametrize("name", RANDOM)
def test_every_random_state_is_one_that_draws_can_give(reference_data, name):
    """From each state that the trace leaves possible, with fractions that round up and that do not."""
    case = learning_case(reference_data, name)
    rule, choices = rule_of(case), np.array(np.meshgrid([0.0, 1.0], [0.0, 1.0], [0.0, 1.0])).reshape(3, -1, 1)
    possible = {(START, 0, 0)}
    for b in range(len(case["w"])):
        kept = [
            row
            for row in possible
            if with_events(np.array(row[1]), rule.x1, np.array(b in case["pre_t"])) == case["x1"][b]
            and row[2] == case["y1"][b]
        ]
        assert kept, f"no draw gives the traces at time {b}"
        following = set()
        for w, x1, y1 in kept:
            synapses, epoch = one_synapse(w=w, samples=choices.shape[1])
            epoch.x1[:], epoch.y1[:] = x1, y1
            epoch.tx[:], epoch.ty[:] = b in case["pre_t"], b - 1 in case["post_t"]
            learn_in_step(rule, synapses, epoch, b + 1, draws_of(*choices), 2)
            following |= set(zip(*(getattr(epoch, k)[:, 0].tolist() for k in ("w", "x1", "y1")), strict=True))
        possible = {row for row in following if row[0] == case["w"][b]}
        assert possible, f"no draw gives the weight at time {b}"


def test_a_trace_decays_by_fifteen_digits():
    """Measured: 6 (1 - 1/6) is 4 in Brian2Loihi, and 12 (1 - 1/6) 9; the fraction, of full precision, is 0."""
    z = np.array([6, 12, 13])
    assert faded(z, Trace(tau_steps=6), z, np.zeros(1)).tolist() == [4, 9, 11]
    assert faded(z, Trace(tau_steps=6), z, np.ones(1)).tolist() == [4, 9, 10]
    assert faded(z, Trace(tau_steps=0), z, np.zeros(1)).tolist() == [0, 0, 0]


def test_fractions_round_by_the_trace_before_the_spike():
    """1 / 2 rounds up by chance, but a trace of 0 that a spike raises to 1 does not."""
    z = np.array([1, 1])
    assert faded(z, Trace(tau_steps=2), np.array([0, 1]), np.zeros(1)).tolist() == [0, 1]


def test_products_of_events_are_cut_to_the_precision():
    """3 with precision 2: from x0 it is 2, from u0 2 or 4."""
    up = draws_of(*np.zeros((3, 1, 1)))
    for text, expected in (("2^-1*x0*5", 2), ("2^-1*u0*5", 4)):
        rule = SumOfProducts(dw=text)
        synapses, epoch = one_synapse(w=0)
        epoch.tx[:] = 1
        learn_in_step(rule, synapses, epoch, 1, up, 2)
        assert epoch.w.tolist() == [[expected]]


def test_times_in_seconds_miss_a_multiple():
    """Measured: u1 holds in steps 1, 3, 5, ..., but not in step 2003, whose time is 2.002 s."""
    rule = SumOfProducts(dw="u1*1")
    synapses, epoch = one_synapse("excitatory", w=0)
    draws = EpochDraws(*(np.zeros((2100, 1, 1)) for _ in range(6)))
    seen = []
    for t in (1, 2, 3, 2003, 2005):
        before = epoch.w.copy()
        learn_in_step(rule, synapses, epoch, t, draws, 1)
        seen.append(int((epoch.w - before).item()))
    assert seen == [1, 0, 1, 0, 1]


@pytest.mark.parametrize(
    ("sign_mode", "low", "high"), [("mixed", -256, 254), ("excitatory", 0, 255), ("inhibitory", -256, 0)]
)
def test_weights_stay_in_the_range_of_their_sign(sign_mode, low, high):
    for text, bound in (("2^8*u0", high), ("-2^8*u0", low)):
        rule = SumOfProducts(dw=text)
        synapses, epoch = one_synapse(sign_mode, w=0)
        for t in (1, 2, 3):
            learn_in_step(rule, synapses, epoch, t, draws_of(*np.zeros((3, 1, 1))), 1)
        assert epoch.w.item() == bound
