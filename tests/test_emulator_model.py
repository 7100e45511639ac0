"""The emulator against a slow model written from the equations alone, and against itself under other mappings."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from neurodeploy_backends.emulator import blocks, job

import neurodeploy as nd
from neurodeploy.mapping import Cut, partition, place
from neurodeploy.network import Sparse, WeightFormat
from neurodeploy.program.archive import table_faults
from neurodeploy.quantize import quantize
from neurodeploy.runtime import RunOptions, Stimulus, run_program
from neurodeploy.target import load_target

STEPS = 25
EXAMPLES = int(os.environ.get("NEURODEPLOY_EXAMPLES", "60"))
SLOW = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


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
        exponent = draw(st.integers(0, 7))
        delays = (
            rng.integers(0, draw(st.integers(1, 9)), post.size)
            if draw(st.booleans())
            else np.full(post.size, draw(st.integers(0, 4)))
        )
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
    population = network.populations[0]
    spikes, u, v = SlowModel(population.neuron, population.size, synapses, dialect).run(events.tolist())
    # counting overflows takes the wide engine unless they are impossible; without, it is narrow wherever that is exact
    half = RunOptions(overflow=False, activity=False, keep_state=True)
    middle = run_program(program, stimulus_of(events), steps=STEPS // 2, options=half).final_state
    for options in (RunOptions(), RunOptions(overflow=False), RunOptions(resume=middle)):
        recording = run_program(program, stimulus_of(events), steps=STEPS, options=options)
        first = recording.first_step
        assert [tuple(row[1:]) for row in recording.spikes["cells"].tolist()] == [s for s in spikes if s[0] >= first]
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


def large(post, pre, weights, delay_steps, size, lines):
    neuron = nd.LoihiCuba(du=2000, dv=300, vth_mant=900, bias_mant=np.arange(size) % 7, bias_exp=4, refractory_steps=1)
    operation = Sparse(shape=(size, lines), post=post, pre=pre, weights=weights)
    style = WeightFormat(weight_bits=8, exponent=2, sign_mode="mixed")
    again = Sparse(shape=(size, size), post=(pre * 7 + post) % size, pre=post, weights=weights)
    return nd.Network(
        name="large",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=lines),),
        populations=(nd.Population(name="cells", shape=size, neuron=neuron),),
        projections=(
            nd.Projection(
                name="p", source="in", target="cells", operation=operation, weight_format=style, delay_steps=delay_steps
            ),
            nd.Projection(name="r", source="cells", target="cells", operation=again, weight_format=style),
        ),
        probes=(nd.Probe(name="v", target="cells", variable="v"),),
    )


@pytest.mark.parametrize("form", ["rows", "lists", "tiles"])
def test_every_form_of_a_block_and_every_number_of_threads_gives_the_same_bits(form, monkeypatch):
    """Rows for all targets, lists of synapses, lists sorted by tile; one thread, and three that share a sample."""
    rng = np.random.default_rng(3)
    size, lines = 2100, 60
    pairs = rng.choice(size * lines, 9000, replace=False)
    weights = rng.integers(-60, 110, pairs.size) * 2
    network = large(pairs % size, pairs // size, weights, 2, size, lines)
    keys = network.projections[1].operation
    _, first = np.unique(keys.post.astype(np.int64) * size + keys.pre, return_index=True)
    kept = Sparse(shape=keys.shape, post=keys.post[first], pre=keys.pre[first], weights=keys.weights[first])
    network = network.model_copy(
        update={"projections": (network.projections[0], network.projections[1].model_copy(update={"operation": kept}))}
    )
    target = load_target("loihi1")
    program = place(partition(quantize(network, target), target), target)
    rows = np.argwhere(rng.random((1, 60, lines)) < 0.2).astype(np.int32) + np.array([0, 1, 0], dtype=np.int32)
    stimulus = Stimulus(n_samples=1, n_steps=60, spikes={"in": rows})
    expected = run_program(program, stimulus, steps=60)
    monkeypatch.setattr(blocks, "DENSE_FROM", 0.0 if form == "rows" else 2.0)
    monkeypatch.setattr(blocks, "TILED_FROM", 10 if form == "tiles" else 1 << 16)
    monkeypatch.setattr(job, "PAYS_FROM", 0)
    for options in (
        RunOptions(threads=1, overflow=False),
        RunOptions(threads=3, overflow=False),
        RunOptions(threads=3),
    ):
        job._LOWERED.clear()
        found = run_program(program, stimulus, steps=60, options=options)
        assert np.array_equal(found.spikes["cells"], expected.spikes["cells"])
        assert np.array_equal(found.states["v"], expected.states["v"])
        assert np.array_equal(found.active_updates, expected.active_updates)
    assert len(expected.spikes["cells"]) > 1000
