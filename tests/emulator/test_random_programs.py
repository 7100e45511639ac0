"""Random programs on both engines, and what they brought to light: every neuron kind, dialect, layout and way to run."""

from __future__ import annotations

import numpy as np
import pytest
from engines import Choice, assert_engines_agree
from factories import examples, network_of, one_layer, ones_conv
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from random_programs import drawn, race

import neurodeploy as nd
from neurodeploy.hardware import load_target
from neurodeploy.network import Current, Noise, Sigma, WeightFormat
from neurodeploy.simulate import Stimulus
from neurodeploy.simulate.probes import probes_named

STYLE = WeightFormat(weight_bits=8, exponent=0, sign_mode="mixed")
STEPS = 12


@settings(
    max_examples=examples(2_000, quick=200),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
@given(st.randoms(use_true_random=False))
def test_random_programs_give_the_same_bits_on_both_engines(dice):
    case = drawn(dice)
    assume(case is not None)
    race(case)


def spiking(network, seed=1, samples=1):
    """Every input line spikes, or holds a value, in every other step or so."""
    rng, spikes, currents = np.random.default_rng(seed), {}, {}
    for item in network.inputs:
        here = rng.random((samples, STEPS, item.size)) < 0.5
        if isinstance(item.encoder, Current):
            currents[item.name] = here * 1.0
        else:
            spikes[item.name] = (np.argwhere(here) + [0, 1, 0]).astype(np.int32)
    return Stimulus(n_samples=samples, n_steps=STEPS, spikes=spikes, currents=currents)


def probed(program):
    names = [f"{item.name}.{state}" for item in program.populations for state in ("u", "v")]
    return probes_named(program.network, names)


def test_given_draws_reach_their_neurons_in_maps_of_a_convolution():
    """The engine holds maps channel last; the draws are in the order of the neurons."""
    neuron = nd.LoihiCuba(du=4095, dv=4095, vth_mant=1000, noise=Noise(at="current", exponent=7))
    cells = nd.Population(name="cells", shape=(4, 6, 6), neuron=neuron)
    conv = nd.Projection(
        name="see",
        source="in",
        target="cells",
        operation=ones_conv(),
        weight_format=STYLE.model_copy(update={"sign_mode": "excitatory"}),
    )
    program = nd.compile(network_of([cells], [conv], inputs=(2, 8, 8)), "loihi1")
    draws = np.random.default_rng(2).integers(-127, 128, (1, STEPS, cells.size))
    nothing = Stimulus(n_samples=1, n_steps=STEPS)
    for pieces in (1, 3):
        found = assert_engines_agree(
            program, nothing, STEPS, Choice(pieces=pieces), noise={"cells": draws}, probes=probed(program)
        )
        assert np.array_equal(found.states["cells.u"], draws)


@pytest.mark.parametrize("encoder", ["spikes", Current()])
def test_values_are_delivered_before_they_are_replaced(encoder):
    """With several threads on one sample, the one that is ahead must not replace values that another still delivers."""
    cells = [nd.Population(name=name, shape=200, neuron=Sigma()) for name in ("a", "b")]
    weights = np.random.default_rng(3).integers(-60, 60, (200, 200)) * 2
    links = [nd.dense("in", "a", weights, weight_format=STYLE), nd.dense("a", "b", weights, weight_format=STYLE)]
    network = network_of(cells, links, inputs=(nd.Input(name="in", shape=200, encoder=encoder),))
    program = nd.compile(network, "loihi2")
    for seed in range(5):
        found = assert_engines_agree(program, spiking(network, seed), STEPS, Choice(pieces=3), probes=probed(program))
    assert np.ptp(found.payloads["b"]) > 1000


def test_a_voltage_without_limits_leaves_32_bits():
    """Current and drive wrap, and nothing bounds v."""
    target = load_target("loihi1")
    dialect = target.dialect.model_copy(update={"voltage_limit": "none"})
    style = WeightFormat(weight_bits=8, exponent=7, sign_mode="inhibitory")
    network = one_layer(nd.LoihiCuba(du=0, dv=0, vth_mant=9), np.array([[-254]]), weight_format=style)
    program = nd.compile(network, target.model_copy(update={"dialect": dialect}))
    twice = Stimulus(n_samples=1, n_steps=2, spikes={"in": np.array([[0, 1, 0], [0, 2, 0]], dtype=np.int32)})
    found = assert_engines_agree(program, twice, 700, probes=probed(program), overflow=False)
    assert found.states["cells.v"].min() < -(2**31)


def test_a_state_that_grows_without_bound_is_kept_and_resumed():
    """A sum that feeds itself doubles in every step: 64 bits wrap, a value beyond 2**62 stays there, on every engine."""
    cells = nd.Population(name="cells", shape=2, neuron=Sigma())
    links = [
        nd.dense("in", "cells", np.array([[200, -64], [2, -200]]), weight_format=STYLE),
        nd.dense("cells", "cells", np.array([[252, 64], [-128, 252]]), weight_format=STYLE),
    ]
    network = network_of([cells], links)
    program = nd.compile(network, "loihi2")
    for cut in (None, 3, 60, 150):
        found = assert_engines_agree(program, spiking(network), 200, Choice(cut=cut), probes=probed(program))
    assert np.abs(found.payloads["cells"]).max() == 1 << 62
