"""The dialect prover: what it proves equal is equal for every stimulus tried, and its bounds hold and are sometimes reached."""

from __future__ import annotations

import numpy as np
import pytest
from factories import examples, network_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.check import dialect_verdict, state_bounds
from neurodeploy.hardware import dialect_names, load_dialect, load_target
from neurodeploy.mapping import emit_program, partition, place
from neurodeploy.network import Sparse, WeightFormat
from neurodeploy.quantize import quantize
from neurodeploy.simulate import RunOptions, Stimulus

pytestmark = pytest.mark.usefixtures("engine")

STEPS = 30
SLOW = settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def program_of(network, dialect="loihi1"):
    chip = load_target("loihi1").model_copy(update={"dialect": load_dialect(dialect)})
    return emit_program(place(partition(quantize(network, chip), chip)))


def net(neuron, size, projections):
    probes = tuple(nd.Probe(name=name, target="cells", variable=name) for name in ("u", "v"))
    cells = nd.Population(name="cells", shape=size, neuron=neuron)
    return network_of([cells], projections, inputs=size, name="n", probes=probes)


@st.composite
def networks(draw):
    size = draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    large, odd = draw(st.booleans()), draw(st.booleans())
    neuron = nd.LoihiCuba(
        du=rng.integers(0, 4096, size),
        dv=rng.integers(0, 4096, size),
        vth_mant=rng.integers(1, 131071 if large else 300, size),
        bias_mant=rng.integers(-20, 20, size) * draw(st.integers(0, 1)),
        bias_exp=int(draw(st.integers(0, 7))),
        refractory_steps=draw(st.sampled_from([0, 0, 2])),
        vmin_exp=draw(st.sampled_from([23, 12])),
    )
    projections = []
    for number, source in enumerate(("in", "cells")):
        pairs = np.argwhere(rng.random((size, size)) < 0.7)
        weights = rng.integers(-127, 127, len(pairs)) * 2
        style = WeightFormat(weight_bits=8, exponent=draw(st.sampled_from([0, 7] if large else [0, 0, -1])))
        if odd and number == 0:
            weights, style = np.abs(weights) + 1, style.model_copy(update={"sign_mode": "excitatory"})
        operation = Sparse(shape=(size, size), post=pairs[:, 0], pre=pairs[:, 1], weights=weights)
        delay = draw(st.integers(0, 2))
        projections.append(
            nd.Projection(
                name=f"p{number}",
                source=source,
                target="cells",
                operation=operation,
                weight_format=style,
                delay_steps=delay,
            )
        )
    return net(neuron, size, tuple(projections)), rng


@SLOW
@given(networks())
def test_what_is_proven_equal_is_equal_and_no_bound_is_left(made):
    network, rng = made
    program = program_of(network)
    size = network.populations[0].size
    verdict = dialect_verdict(program, [load_dialect(name) for name in dialect_names()], STEPS)
    assert set(verdict.partings) == set(dialect_names()) - {"loihi1"}
    (bounds,) = state_bounds(program, steps=STEPS)
    for density in (0.3, 1.0):
        rows = np.argwhere(rng.random((1, STEPS, size)) < density).astype(np.int32) + np.array([0, 1, 0], np.int32)
        stimulus = Stimulus(n_samples=1, n_steps=STEPS, spikes={"in": rows})
        own = nd.run(program, stimulus, until=STEPS)
        inside = (bounds.u_low >= -(2**23)) & (bounds.u_high < 2**23)
        u, v = own.states["u"][0], own.states["v"][0]
        assert ((u >= bounds.u_low) & (u <= bounds.u_high))[:, inside].all()
        limited = (v >= np.minimum(bounds.v_low, 0)) & (v <= np.maximum(bounds.v_high, 0))
        assert limited.all()
        for name in verdict.proven:
            other = nd.run(program_of(network, name), stimulus, until=STEPS)
            for variable in ("u", "v"):
                assert np.array_equal(own.states[variable], other.states[variable]), name
            assert np.array_equal(own.spikes["cells"], other.spikes["cells"])
        # what was proven before the run is not seen in it
        narrow = nd.run(program, stimulus, until=STEPS, options=RunOptions(overflow=False))
        assert np.array_equal(own.states["v"], narrow.states["v"])


def steady(weight, exponent=0, **registers):
    style = WeightFormat(weight_bits=8, exponent=exponent, sign_mode="excitatory")
    neuron = nd.LoihiCuba(**{"du": 4095, "dv": 4095, "vth_mant": 131071, **registers})
    return program_of(net(neuron, 1, (nd.dense("in", "cells", [[weight]], weight_format=style),)))


def every_step(program):
    rows = np.array([[0, step, 0] for step in range(1, 200)], dtype=np.int32)
    return nd.run(program, Stimulus(n_samples=1, n_steps=200, spikes={"in": rows}), until=200)


def test_bounds_are_met_by_an_input_that_never_stops():
    program = steady(100, du=1000, dv=500)
    (bounds,) = state_bounds(program)
    recording = every_step(program)
    assert bounds.q_high.tolist() == [6400]
    reached = recording.states["u"].max()
    assert reached <= bounds.u_high[0] <= reached * 1.001 + 5
    assert recording.states["v"].max() <= bounds.v_high[0] <= recording.states["v"].max() * 1.01 + 50


def test_overflows_are_counted_where_they_happen_and_zero_where_they_cannot():
    quiet = every_step(steady(100, du=1000))
    assert quiet.overflows["cells"].tolist() == [[0], [0], [0]]
    loud = every_step(steady(255, exponent=7, du=0, dv=0))
    wraps, currents, _ = loud.overflows["cells"][:, 0].tolist()
    assert wraps == 0  # 255 << 13 stays below 2**21
    assert currents > 0
    verdict = dialect_verdict(steady(255, exponent=7, du=0), [load_dialect("loihi2"), load_dialect("nengo")])
    assert "u can leave +-2**23" in verdict.partings["loihi2"][0].reason
    assert verdict.proven == ("nengo",)


def test_each_lack_of_a_dialect_is_named():
    def reasons(program, name):
        return {item.reason for item in dialect_verdict(program, [load_dialect(name)]).partings[name]}

    assert reasons(steady(10, bias_mant=3), "brian2loihi") == {"the other has no bias"}
    assert reasons(steady(10, bias_mant=3), "loihi2") == set()
    assert reasons(steady(10, refractory_steps=3), "loihi2") == {"its dead steps do not fit the other's register"}
    assert reasons(steady(11, exponent=-1), "loihi2") == {"mantissas are rounded, shifted or clipped to other weights"}
    assert reasons(steady(12, exponent=-1), "loihi2") == set()


def test_sixteen_value_synapses_are_no_bound():
    """16 * 2**60 is 0 in 64 bits: a bound that was added up would prove what does not hold."""
    for count in (1, 8, 16, 32):
        network = nd.Network(
            name="n",
            time=nd.Time(dt_s=1e-3),
            inputs=(nd.Input(name="in", shape=count, encoder=nd.network.coding.Current()),),
            populations=(nd.Population(name="cells", shape=1, neuron=nd.LoihiCuba(du=4095, dv=0, vth_mant=9)),),
            projections=(nd.dense("in", "cells", np.full((1, count), 2), weight_format=WeightFormat(weight_bits=8)),),
        )
        bounds = state_bounds(program_of(network))[0]
        assert bounds.q_low[0] == -(2**60)
        assert bounds.q_high[0] == 2**60
