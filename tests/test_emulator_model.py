"""The emulator against a slow model written from the equations alone, and against itself under other mappings."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.mapping import Cut, partition, place
from neurodeploy.network import Sparse, WeightFormat
from neurodeploy.program.archive import table_faults
from neurodeploy.quantize import quantize
from neurodeploy.runtime import RunOptions, Stimulus, run_program
from neurodeploy.target import load_target

STEPS = 25
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def toward_zero(x, k):
    return int(np.sign(x)) * (abs(x) * k // 4096)


def wrap(x, bits):
    return (x + 2**bits) % 2 ** (bits + 1) - 2**bits


class SlowModel:
    """One population in plain Python integers, dialect loihi1 or loihi2."""

    def __init__(self, neuron, size, synapses, dialect):
        full = lambda value: np.broadcast_to(value, (size,)).astype(int).tolist()  # noqa: E731
        self.du, self.dv, self.vth = full(neuron.du), full(neuron.dv), full(neuron.vth_mant)
        self.bias = [m * 2**e for m, e in zip(full(neuron.bias_mant), full(neuron.bias_exp), strict=True)]
        self.dead_steps, self.subtract = full(neuron.refractory_steps), neuron.reset == "subtract"
        self.vmin, self.vmax = -(2**neuron.vmin_exp) + 1, 2 ** (9 + 2 * neuron.vmax_exp) - 1
        self.size, self.synapses, self.lava = size, synapses, dialect == "loihi2"

    def run(self, events):
        """Spikes as sorted (step, neuron); events are (step, line)."""
        u, v, dead = [0] * self.size, [0] * self.size, [0] * self.size
        arriving = {}
        spikes = []

        def send(kind, index, t):
            for source, pre, post, weight, delay in self.synapses:
                if (source, pre) == (kind, index):
                    key = (t + 1 + delay, post)
                    arriving[key] = arriving.get(key, 0) + weight

        for t in range(1, STEPS + 1):
            fired = [self.step(i, u, v, dead, arriving.get((t, i), 0)) for i in range(self.size)]
            for i in np.flatnonzero(fired):
                spikes.append((t, int(i)))
                send("cells", int(i), t)
            for step, line in events:
                if step == t:
                    send("in", line, t)
        return spikes, u, v

    def step(self, i, u, v, dead, q):
        q = q if self.lava else wrap(q, 21)
        current = toward_zero(u[i], 4096 - self.du[i] - 1) + q
        if self.lava:
            current = current - 2**24 if current > 2**23 else current + 2**24 if current <= -(2**23) else current
            drive = current + self.bias[i]
            low, high = -(2**23) + 1, 2**23 - 1
        else:
            current = wrap(current, 23)
            drive = wrap(current + self.bias[i], 23)
            low, high = self.vmin, self.vmax
        voltage = min(max(toward_zero(v[i], 4096 - self.dv[i]) + drive, low), high)
        voltage = 0 if dead[i] else voltage
        fired = voltage > self.vth[i] * 64
        dead[i] = self.dead_steps[i] if fired else max(dead[i] - 1, 0)
        if fired:
            voltage = voltage - self.vth[i] * 64 if self.subtract else 0
        u[i], v[i] = current, voltage
        return fired


@st.composite
def cases(draw, dialect="loihi1"):
    """(network, events, synapses as the slow model takes them)."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size, lines = draw(st.integers(1, 7)), draw(st.integers(1, 4))
    register = lambda low, high: rng.integers(low, high, size)  # noqa: E731
    lava = dialect == "loihi2"
    neuron = nd.LoihiCuba(
        du=register(0, 4096),
        dv=register(0, 4096),
        vth_mant=register(1, draw(st.sampled_from([40, 400, 40000]))),
        bias_mant=register(-300, 300) * draw(st.integers(0, 1)),
        bias_exp=draw(st.integers(0, 4)),
        refractory_steps=0 if lava else register(0, 5),
        vmin_exp=23 if lava else draw(st.sampled_from([0, 12, 23])),
        vmax_exp=7 if lava else draw(st.sampled_from([3, 7])),
        reset="zero" if lava else draw(st.sampled_from(["zero", "subtract"])),
    )
    projections, synapses = [], []
    for number, source in enumerate(["in", "cells", "in"][: draw(st.integers(1, 3))]):
        width = lines if source == "in" else size
        mask = rng.random((size, width)) < draw(st.floats(0.1, 1.0))
        post, pre = np.nonzero(mask)
        mantissas = rng.integers(-127, 128, post.size) * 2
        exponent, delays = draw(st.integers(0, 7)), rng.integers(0, draw(st.integers(1, 9)), post.size)
        projections.append(
            nd.Projection(
                name=f"p{number}",
                source=source,
                target="cells",
                operation=Sparse(shape=(size, width), post=post, pre=pre, weights=mantissas),
                delay_steps=delays,
                delay_axis="synapse",
                weight_format=WeightFormat(weight_bits=8, exponent=exponent, sign_mode="mixed"),
            )
        )
        weights = mantissas * 2**exponent * 64
        synapses += zip(
            [source] * post.size, pre.tolist(), post.tolist(), weights.tolist(), delays.tolist(), strict=True
        )
    network = nd.Network(
        name="random",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=lines),),
        populations=(nd.Population(name="cells", shape=size, neuron=neuron),),
        projections=tuple(projections),
        probes=tuple(nd.Probe(name=name, target="cells", variable=name) for name in ("u", "v")),
    )
    events = np.argwhere(rng.random((STEPS, lines)) < 0.4) + [1, 0]
    return network, events, synapses


def stimulus_of(events):
    rows = np.insert(events, 0, 0, axis=1).astype(np.int32)
    return Stimulus(n_samples=1, n_steps=STEPS, spikes={"in": rows})


def assert_equals_slow_model(case, dialect):
    network, events, synapses = case
    target = load_target(dialect)
    program = place(partition(quantize(network, target), target), target)
    assert table_faults(program) == []
    recording = run_program(program, stimulus_of(events), steps=STEPS)
    population = network.populations[0]
    spikes, u, v = SlowModel(population.neuron, population.size, synapses, dialect).run(events.tolist())
    assert [tuple(row[1:]) for row in recording.spikes["cells"].tolist()] == spikes
    assert recording.states["u"][0, -1].tolist() == u
    assert recording.states["v"][0, -1].tolist() == v


@SLOW
@given(cases("loihi1"))
def test_random_networks_equal_the_slow_model_loihi1(case):
    assert_equals_slow_model(case, "loihi1")


@SLOW
@given(cases("loihi2"))
def test_random_networks_equal_the_slow_model_loihi2(case):
    assert_equals_slow_model(case, "loihi2")


@SLOW
@given(cases("loihi1"), st.integers(1, 2**16), st.data())
def test_mapping_seed_and_threads_change_no_spike(case, seed, data):
    network, events, _ = case
    target = load_target("loihi1")
    quantized = quantize(network, target)
    size = network.populations[0].size
    cores = np.array(data.draw(st.lists(st.integers(0, 4), min_size=size, max_size=size)), dtype=np.int32)
    used, cores = np.unique(cores, return_inverse=True)
    cut = Cut(quantized=quantized, n_cores=used.size, core_of={"cells": cores.astype(np.int32)})
    rows = np.concatenate([np.insert(events, 0, sample, axis=1) for sample in range(3)]).astype(np.int32)
    stimulus = Stimulus(n_samples=3, n_steps=STEPS, spikes={"in": rows})
    one = run_program(place(partition(quantized, target), target), stimulus, steps=STEPS, options=RunOptions(threads=1))
    other = run_program(place(cut, target, seed=seed), stimulus, steps=STEPS, options=RunOptions(threads=3))
    assert np.array_equal(one.spikes["cells"], other.spikes["cells"])
    assert np.array_equal(one.states["v"], other.states["v"])
    assert one.active_updates.sum() == other.active_updates.sum()
