"""A communication channel that learns on the chip alone: its error comes from a population of spiking neurons."""

from __future__ import annotations

import numpy as np
import pytest
from engines import ENGINES, assert_same
from neurodeploy_backends.emulator.spec_learning import Synapses
from neurodeploy_backends.emulator.spec_pes import cleared_pes, keep_sent, learn_pes

import neurodeploy as nd
from neurodeploy.network import (
    Dense,
    Input,
    LoihiCuba,
    Network,
    Output,
    Pes,
    Population,
    Projection,
    Time,
    Trace,
    WeightFormat,
)
from neurodeploy.simulate.pes_draws import pes_draws

STEPS, PERIOD, NEURONS, SEED = 2500, 500, 40, 3


def projection(name, source, target, weights, rule=None):
    operation = Dense(weights=np.asarray(weights, dtype=np.int16))
    style = WeightFormat(weight_bits=8, exponent=0, sign_mode="mixed")
    return Projection(
        name=name, source=source, target=target, operation=operation, weight_format=style, plasticity=rule
    )


def channel():
    """given (on, off) -> pre -> post (on, off); error (on, off) = post - given, from spikes of both signs."""
    rng = np.random.default_rng(1)
    gain = np.where(np.arange(NEURONS) % 2 == 0, 1, -1) * rng.integers(15, 30, NEURONS) * 2
    bias = rng.integers(-40, 200, NEURONS)
    tuned = LoihiCuba(du=400, dv=200, vth_mant=600, bias_mant=bias, bias_exp=3, vmin_exp=0, refractory_steps=1)
    smooth = LoihiCuba(du=400, dv=0, vth_mant=4000, vmin_exp=0)
    counts = LoihiCuba(du=4095, dv=0, vth_mant=254, vmin_exp=0)
    rule = Pes(error="error", error_scale=10.0, trace=Trace(impulse=20, tau_steps=20), seed=SEED)
    return Network(
        name="channel",
        time=Time(dt_s=0.001, steps_per_sample=STEPS),
        inputs=(Input(name="given", shape=2),),
        populations=(
            Population(name="pre", shape=NEURONS, neuron=tuned),
            Population(name="post", shape=2, neuron=smooth),
            Population(name="error", shape=2, neuron=counts),
        ),
        projections=(
            projection("drive", "given", "pre", np.stack([gain, -gain], axis=1)),
            projection("learned", "pre", "post", np.zeros((2, NEURONS)), rule),
            projection("actual", "post", "error", [[254, -254], [-254, 254]]),
            projection("wanted", "given", "error", [[-254, 254], [254, -254]]),
        ),
        outputs=(Output(name="value", source="post"),),
    )


def spikes_of(value):
    """(1, steps, 2) spikes of an on and an off line whose rates differ by the value."""
    total = np.floor(np.cumsum(np.stack([1 + value, 1 - value], axis=1) / 2, axis=0))
    return (np.diff(total, axis=0, prepend=0) > 0)[None]


def smoothed(spikes):
    """(steps,) difference of on and off, over 50 steps."""
    return np.convolve(spikes[:, 0].astype(float) - spikes[:, 1], np.exp(-np.arange(400) / 50) / 50)[: len(spikes)]


def raster(recording, name, size):
    rows, table = recording.spikes[name], np.zeros((recording.n_steps, size), dtype=np.int64)
    table[rows[:, 1] - 1, rows[:, 2]] = 1
    return table


@pytest.fixture(scope="module")
def program():
    return nd.compile(channel(), target="loihi1", dialect="nengo")


@pytest.fixture(scope="module")
def given():
    return {"given": spikes_of(0.8 * np.sin(2 * np.pi * np.arange(STEPS) / PERIOD))}


def missed(recording, given):
    """Mean distance between the value of post and that of given, in each period."""
    made = smoothed(raster(recording, "post", 2))[:STEPS]
    return np.abs(made - smoothed(given["given"][0])).reshape(-1, PERIOD).mean(axis=1)


@pytest.fixture(scope="module", params=ENGINES)
def engine(request):
    return request.param


@pytest.fixture(scope="module")
def learned(program, given, engine):
    return nd.run(program, given, probes=["learned.w", "learned.x1"], engine=engine)


def test_the_error_falls_and_stays_where_nothing_is_learned(program, given, learned, engine):
    found = missed(learned, given)
    assert found[-1] < 0.25
    assert found[-1] < 0.6 * found[0]
    off = missed(nd.run(program, given, learn="off", engine=engine), given)
    assert off.min() > 0.4


def test_weights_are_those_of_the_rule_for_the_spikes_that_were_recorded(learned):
    """On its own, from the spikes of pre and error alone: 80 weights and 40 traces in every step."""
    rule = channel().projections[1].plasticity
    number = np.arange(2 * NEURONS)
    synapses = Synapses(number // 2, number % 2, NEURONS, 2, "mixed")
    state = cleared_pes(synapses, np.zeros(2 * NEURONS, dtype=np.int64), 1)
    pre, error = raster(learned, "pre", NEURONS), raster(learned, "error", 2)
    for t in range(1, learned.n_steps + 1):
        learn_pes(rule, synapses, state, t, pes_draws(rule, range(1), t, NEURONS, 2 * NEURONS), 1)
        keep_sent(rule, synapses, state, pre[t - 1][None], error[t - 1][None])
        np.testing.assert_array_equal(state.w[0], learned.states["learned.w"][0, t - 1])
        np.testing.assert_array_equal(state.x[0], learned.states["learned.x1"][0, t - 1])


@pytest.mark.parametrize("cut", [1000, 1001])
def test_a_run_that_is_cut_anywhere_goes_on_bit_for_bit(program, given, learned, engine, cut):
    first = nd.run(program, given, until=cut, keep_state=True, engine=engine)
    second = nd.run(program, given, resume=first.final_state, probes=["learned.w", "learned.x1"], engine=engine)
    for name in ("learned.w", "learned.x1"):
        np.testing.assert_array_equal(second.states[name][0], learned.states[name][0, cut:])
    for name, rows in learned.spikes.items():
        np.testing.assert_array_equal(second.spikes[name], rows[rows[:, 1] > cut])
    np.testing.assert_array_equal(second.learned.synapses["learned.w"], learned.learned.synapses["learned.w"])


def test_a_state_is_that_of_either_engine(program, given):
    """It is kept in the middle of an epoch, and each engine goes on with that of the other."""
    kept = [nd.run(program, given, until=1001, keep_state=True, engine=engine).final_state for engine in ENGINES]
    assert kept[0] == kept[1]
    assert kept[0].learning["learned.spiked"].any()
    assert_same(*(nd.run(program, given, until=1100, resume=kept[0], engine=engine) for engine in ENGINES))
