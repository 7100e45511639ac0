"""The compiled engine against the definition on random networks, and against itself under other mappings and layouts."""

from __future__ import annotations

import os

import numpy as np
import pytest
from engines import assert_engines_agree
from factories import examples, network_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from neurodeploy_backends.emulator.engine import job, run
from neurodeploy_backends.emulator.lowering import blocks
from neurodeploy_backends.emulator.lowering.lower import lower
from neurodeploy_backends.emulator.spec_tables import machine_of, synapses_of

import neurodeploy as nd
from neurodeploy.hardware import load_dialect, load_target
from neurodeploy.mapping import Mapping, emit_program, partition, place
from neurodeploy.network import Conv1d, Conv2d, Dense, OneToOne, Sparse, SumPool2d, WeightFormat
from neurodeploy.program.validate import program_faults
from neurodeploy.quantize import quantize
from neurodeploy.simulate import RunOptions, Stimulus
from neurodeploy.simulate.probes import probes_named
from neurodeploy.simulate.run_warnings import run_findings

STEPS = 25
EXAMPLES = int(os.environ.get("NEURODEPLOY_EXAMPLES", examples(60)))
DIALECTS = ("loihi1", "nengo", "loihi2", "brian2loihi")
SLOW = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def window_synapses(shape, weights, stride, padding, dilation, groups):
    """Synapses (pre, post, mantissa) of a convolution, written as a loop, and the shape of its output."""
    (_, height, width), (out, per_group, rows, columns) = shape, weights.shape
    high = (height + 2 * padding[0] - dilation[0] * (rows - 1) - 1) // stride[0] + 1
    wide = (width + 2 * padding[1] - dilation[1] * (columns - 1) - 1) // stride[1] + 1
    found = []
    for o, i, j, c, a, b in np.ndindex(out, max(high, 0), max(wide, 0), per_group, rows, columns):
        y, x = i * stride[0] - padding[0] + a * dilation[0], j * stride[1] - padding[1] + b * dilation[1]
        channel = o // (out // groups) * per_group + c
        if 0 <= y < height and 0 <= x < width and weights[o, c, a, b]:
            found.append(((channel * height + y) * width + x, (o * high + i) * wide + j, int(weights[o, c, a, b])))
    return found, (out, high, wide)


def mantissas(rng, shape):
    return rng.integers(-127, 128, shape) * 2


@st.composite
def windows(draw, rng):
    """(operation, shape of its source, shape of its target, synapses) of a convolution or a pool."""
    pair = lambda low, high: (draw(st.integers(low, high)), draw(st.integers(low, high)))  # noqa: E731
    kind, groups = draw(st.sampled_from(["conv2d", "conv1d", "pool"])), draw(st.integers(1, 2))
    shape = (groups * draw(st.integers(1, 2)), *pair(3, 5))
    if kind == "pool":
        kernel = pair(1, 2)
        ones = np.ones((shape[0], 1, *kernel), dtype=int)
        found, out = window_synapses(shape, ones, kernel, (0, 0), (1, 1), shape[0])
        return SumPool2d(input_shape=shape, kernel=kernel, stride=kernel), shape, out, found
    stride, padding, dilation = pair(1, 2), pair(0, 1), pair(1, 2)
    weights = mantissas(rng, (groups * draw(st.integers(1, 2)), shape[0] // groups, *pair(1, 2)))
    if kind == "conv2d":
        found, out = window_synapses(shape, weights, stride, padding, dilation, groups)
        given = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        return Conv2d(input_shape=shape, weights=weights, **given), shape, out, found
    line = weights[:, :, :1]
    found, out = window_synapses(
        (shape[0], 1, shape[2]), line, (1, stride[1]), (0, padding[1]), (1, dilation[1]), groups
    )
    given = {"stride": stride[1], "padding": padding[1], "dilation": dilation[1], "groups": groups}
    operation = Conv1d(input_shape=(shape[0], shape[2]), weights=line[:, :, 0], **given)
    return operation, (shape[0], shape[2]), (out[0], out[2]), found


def written(draw, rng, kind, size, width):
    """(operation, synapses) between two populations without a shape."""
    if kind == "one_to_one":
        weights = mantissas(rng, size)
        return OneToOne(weights=weights), [(i, i, int(w)) for i, w in enumerate(weights)]
    mask = rng.random((size, width)) < draw(st.floats(0.1, 1.0))
    if kind == "dense":
        weights = mantissas(rng, (size, width)) * mask
        return Dense(weights=weights), [(j, i, int(weights[i, j])) for i, j in np.argwhere(weights).tolist()]
    post, pre = np.nonzero(mask)
    weights = mantissas(rng, post.size)
    synapses = list(zip(pre.tolist(), post.tolist(), weights.tolist(), strict=True))
    return Sparse(shape=(size, width), post=post, pre=pre, weights=weights), synapses


def registers(draw, rng, size, dialect):
    lava = dialect == "loihi2"
    register = lambda low, high: rng.integers(low, high, size)  # noqa: E731
    return nd.LoihiCuba(
        du=register(0, 4096),
        dv=register(0, 4096),
        vth_mant=register(1, draw(st.sampled_from([40, 400, 40000]))),
        bias_mant=register(-300, 300) * draw(st.integers(0, int(dialect != "brian2loihi"))),
        bias_exp=draw(st.integers(0, 4)),
        refractory_steps=0 if lava else register(0, 5),
        vmin_exp=23 if lava else draw(st.sampled_from([0, 12, 23])),
        vmax_exp=7 if lava else draw(st.sampled_from([3, 7])),
        reset="zero" if lava else draw(st.sampled_from(["zero", "subtract"])),
    )


@st.composite
def cases(draw, dialect="loihi1"):
    """(network, events, synapses (source, pre, post, mantissa, delay, exponent, projection)): every operation, delays, recurrence."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    first = draw(windows(rng)) if draw(st.integers(0, 2)) == 0 else None
    in_shape = first[1] if first else (draw(st.integers(1, 4)),)
    shape = first[2] if first and 0 not in first[2] else (draw(st.integers(1, 7)),)
    lines, size = int(np.prod(in_shape)), int(np.prod(shape))
    projections, synapses = [], []
    for number, source in enumerate(["in", "cells", "in"][: draw(st.integers(1, 3))]):
        width = lines if source == "in" else size
        kinds = ["sparse", "dense", *(["one_to_one"] if width == size else [])]
        operation, found = (
            (first[0], first[3])
            if first and number == 0 and shape == first[2]
            else written(draw, rng, draw(st.sampled_from(kinds)), size, width)
        )
        low = {"nengo": 0, "loihi1": -4, "brian2loihi": -4, "loihi2": -4}[dialect]
        exponent = draw(st.integers(low, 7))
        delay, axis = draw(st.integers(0, 0 if dialect == "nengo" else 4)), "projection"
        delays = [delay] * len(found)
        if isinstance(operation, Sparse) and dialect != "nengo" and draw(st.booleans()):
            axis, delays = "synapse", rng.integers(0, draw(st.integers(1, 9)), len(found)).tolist()
        projections.append(
            nd.Projection(
                name=f"p{number}",
                source=source,
                target="cells",
                operation=operation,
                delay_steps=np.array(delays, dtype=int) if axis == "synapse" else delay,
                delay_axis=axis,
                weight_format=WeightFormat(
                    weight_bits=8,
                    exponent=exponent,
                    sign_mode="excitatory" if isinstance(operation, SumPool2d) else "mixed",
                ),
            )
        )
        synapses += [
            (source, pre, post, mantissa, late, exponent, number)
            for (pre, post, mantissa), late in zip(found, delays, strict=True)
        ]
    network = network_of(
        (nd.Population(name="cells", shape=shape, neuron=registers(draw, rng, size, dialect)),),
        tuple(projections),
        inputs=in_shape,
        name="random",
        probes=tuple(nd.Probe(name=name, target="cells", variable=name) for name in ("u", "v")),
    )
    events = np.argwhere(rng.random((STEPS, lines)) < min(0.4, 3 / lines)) + [1, 0]
    return network, events, synapses


def stimulus_of(events):
    rows = np.insert(events, 0, 0, axis=1).astype(np.int32)
    return Stimulus(n_samples=1, n_steps=STEPS, spikes={"in": rows})


def built(network, dialect):
    target = load_target("loihi2", rules="lava-loihi") if dialect == "loihi2" else load_target("loihi1")
    target = target.model_copy(update={"dialect": load_dialect(dialect)})
    program = emit_program(place(partition(quantize(network, target), target)))
    assert program_faults(program) == []
    return program


def stored_synapses(program):
    """Synapses (source, pre, post, mantissa, delay, exponent, projection) in the core tables, sorted."""
    tables, routes, found = program.tables, machine_of(program).routes, []
    style = np.repeat(tables.segment_format, np.diff(tables.entry_ptr))
    number = {item.name: k for k, item in enumerate(program.network.projections)}
    for source, own in routes.items():
        core, axon, pre = own.follow(np.arange(own.start.size))
        row, entry, touched = synapses_of(tables, core, axon)
        for k, at, line in zip(entry.tolist(), row.tolist(), pre[touched].tolist(), strict=True):
            used, mantissa = program.formats[style[k]], int(tables.entry_mantissa[k])
            post, delay = int(tables.neuron[at]), int(tables.entry_delay[k])
            found.append((source, line, post, mantissa, delay, used.exponent, number[used.projection]))
    return sorted(item for item in found if item[3])


def assert_same_bits(recording, defined):
    """Spikes and probed states, of the steps that were run."""
    rows, first = defined.spikes["cells"], recording.first_step
    assert np.array_equal(recording.spikes["cells"], rows[rows[:, 1] >= first])
    for name in ("u", "v"):
        assert np.array_equal(recording.states[name], defined.states[name][:, first - 1 :]), name


def assert_equals_definition(program, stimulus, steps=STEPS):
    defined = nd.run(program, stimulus, until=steps, options=RunOptions(engine="spec"))
    # counting overflows takes the wide engine unless they are impossible; without, it is narrow wherever that is exact
    for options in (RunOptions(), RunOptions(overflow=False)):
        assert_same_bits(nd.run(program, stimulus, until=steps, options=options), defined)
    kept = RunOptions(overflow=False, activity=False, keep_state=True)
    middle = nd.run(program, stimulus, until=steps // 2, options=kept).final_state
    assert_same_bits(nd.run(program, stimulus, until=steps, options=RunOptions(resume=middle)), defined)
    return defined


@pytest.mark.property
@pytest.mark.parametrize("dialect", DIALECTS)
def test_random_networks_equal_the_definition(dialect):
    @SLOW
    @given(cases(dialect))
    def equal(case):
        network, events, synapses = case
        program = built(network, dialect)
        assert stored_synapses(program) == sorted(item for item in synapses if item[3])
        assert_equals_definition(program, stimulus_of(events))

    equal()


@SLOW
@given(cases("loihi1"), st.integers(1, 2**16), st.data())
def test_mapping_seed_and_threads_do_not_change_spikes(case, seed, data):
    network, events, _ = case
    target = load_target("loihi1")
    quantized = quantize(network, target)
    size = network.populations[0].size
    cores = np.array(data.draw(st.lists(st.integers(0, 4), min_size=size, max_size=size)), dtype=np.int32)
    used, cores = np.unique(cores, return_inverse=True)
    cut = Mapping(quantized=quantized, target=target, n_cores=used.size, core_of={"cells": cores.astype(np.int32)})
    rows = np.concatenate([np.insert(events, 0, sample, axis=1) for sample in range(3)]).astype(np.int32)
    stimulus = Stimulus(n_samples=3, n_steps=STEPS, spikes={"in": rows})
    one = nd.run(
        emit_program(place(partition(quantized, target))), stimulus, until=STEPS, options=RunOptions(threads=1)
    )
    other = nd.run(emit_program(place(cut, seed=seed)), stimulus, until=STEPS, options=RunOptions(threads=3))
    assert np.array_equal(one.spikes["cells"], other.spikes["cells"])
    assert np.array_equal(one.states["v"], other.states["v"])
    assert one.active_updates.sum() == other.active_updates.sum()


def large(post, pre, weights, delay_steps, size, lines):
    neuron = nd.LoihiCuba(du=2000, dv=300, vth_mant=900, bias_mant=np.arange(size) % 7, bias_exp=4, refractory_steps=1)
    operation = Sparse(shape=(size, lines), post=post, pre=pre, weights=weights)
    style = WeightFormat(weight_bits=8, exponent=2, sign_mode="mixed")
    again = Sparse(shape=(size, size), post=(pre * 7 + post) % size, pre=post, weights=weights)
    return network_of(
        (nd.Population(name="cells", shape=size, neuron=neuron),),
        (
            nd.Projection(
                name="p", source="in", target="cells", operation=operation, weight_format=style, delay_steps=delay_steps
            ),
            nd.Projection(name="r", source="cells", target="cells", operation=again, weight_format=style),
        ),
        inputs=lines,
        name="large",
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
    program = emit_program(place(partition(quantize(network, target), target)))
    rows = np.argwhere(rng.random((1, 60, lines)) < 0.2).astype(np.int32) + np.array([0, 1, 0], dtype=np.int32)
    stimulus = Stimulus(n_samples=1, n_steps=60, spikes={"in": rows})
    expected = nd.run(program, stimulus, until=60)
    monkeypatch.setattr(blocks, "DENSE_FROM", 0.0 if form == "rows" else 2.0)
    monkeypatch.setattr(blocks, "TILED_FROM", 10 if form == "tiles" else 1 << 16)
    monkeypatch.setattr(run, "PAYS_FROM", 0)
    for options in (
        RunOptions(threads=1, overflow=False),
        RunOptions(threads=3, overflow=False),
        RunOptions(threads=3),
    ):
        job._LOWERED.clear()
        found = nd.run(program, stimulus, until=60, options=options)
        assert np.array_equal(found.spikes["cells"], expected.spikes["cells"])
        assert np.array_equal(found.states["v"], expected.states["v"])
        assert np.array_equal(found.active_updates, expected.active_updates)
    assert len(expected.spikes["cells"]) > 1000


@pytest.mark.parametrize("registers", ["shared", "own bias", "own"])
@pytest.mark.parametrize(
    ("proven", "du", "dv", "exponent"), [(2, 2000, 2000, 0), (1, 2000, 0, 0), (0, 0, 2000, 7)], ids=str
)
def test_omitting_impossible_overflows_never_changes_results(registers, proven, du, dv, exponent):
    """Nothing overflows and v meets no limit; v is not bounded; u is not bounded, and does overflow here."""
    rng, size, lines = np.random.default_rng(8), 40, 30
    neuron = nd.LoihiCuba(
        du=du,
        dv=dv,
        vth_mant=np.arange(size) + 300 if registers == "own" else 300,
        bias_mant=0 if registers == "shared" else np.arange(size) - 20,
        bias_exp=4,
    )
    weights = rng.integers(-100, 120, (size, lines)) * 2
    projection = nd.Projection(
        name="p",
        source="in",
        target="cells",
        operation=Dense(weights=weights),
        weight_format=WeightFormat(weight_bits=8, exponent=exponent, sign_mode="mixed"),
    )
    network = network_of(
        (nd.Population(name="cells", shape=size, neuron=neuron),),
        (projection,),
        inputs=lines,
        name="proven",
        probes=tuple(nd.Probe(name=name, target="cells", variable=name) for name in ("u", "v")),
    )
    target = load_target("loihi1")
    program = emit_program(place(partition(quantize(network, target), target)))
    assert lower(program).layout.populations["proven"][0] == proven
    events = np.argwhere(rng.random((STEPS, lines)) < 0.4) + [1, 0]
    assert len(assert_equals_definition(program, stimulus_of(events)).spikes["cells"]) > 50
    watched = nd.run(program, stimulus_of(events), until=STEPS)
    overflowed = [item.code for item in run_findings(program, watched) if item.code == "ND530"]
    assert bool(overflowed) == (proven == 0)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_negative_exponent_rounds_the_sum_of_one_projection_step_and_delay(monkeypatch, threads):
    """lava shifts the sum of a step before it is added to the sums of other steps, and never in parts."""
    monkeypatch.setattr(run, "PAYS_FROM", 0)
    rng = np.random.default_rng(5)
    size = 200
    post, pre = np.nonzero(rng.random((size, size)) < 0.1)
    weights, delays = rng.integers(-60, 70, post.size) * 2, rng.integers(0, 3, post.size)
    style = WeightFormat(weight_bits=8, exponent=-5, sign_mode="mixed")
    neuron = nd.LoihiCuba(du=1000, dv=200, vth_mant=1)
    network = network_of(
        (nd.Population(name="cells", shape=size, neuron=neuron),),
        tuple(
            nd.Projection(
                name=source,
                source=source,
                target="cells",
                operation=Sparse(shape=(size, size), post=post, pre=pre, weights=weights),
                delay_steps=delays,
                delay_axis="synapse",
                weight_format=style,
            )
            for source in ("in", "cells")
        ),
        inputs=size,
        name="shifted",
    )
    target = load_target("loihi2")
    program = emit_program(place(partition(quantize(network, target), target)))
    events = np.argwhere(rng.random((STEPS, size)) < 0.1) + [1, 0]
    defined = nd.run(program, stimulus_of(events), until=STEPS, options=RunOptions(engine="spec"))
    assert len(defined.spikes["cells"]) > 100
    job._LOWERED.clear()
    for overflow in (False, True):
        options = RunOptions(threads=threads, overflow=overflow)
        found = nd.run(program, stimulus_of(events), until=STEPS, options=options)
        assert np.array_equal(found.spikes["cells"], defined.spikes["cells"])


def dense_program(weights, target, du=0):
    """Lines of spikes onto neurons that never fire, `weights` (lines, neurons) as they are stored."""
    cells = nd.Population(name="cells", shape=(weights.shape[1],), neuron=nd.LoihiCuba(du=du, dv=0, vth_mant=131071))
    style = WeightFormat(weight_bits=8, exponent=0, sign_mode="mixed")
    path = nd.Projection(
        name="path", source="in", target="cells", operation=Dense(weights=weights.T.astype(float)), weight_format=style
    )
    network = network_of([cells], [path], inputs=weights.shape[0])
    return nd.compile(network, target=target)


def all_at_once(lines, *steps):
    """The first `lines[k]` lines fire in step `steps[k]`."""
    rows = [(0, step, line) for step, some in zip(steps, lines, strict=True) for line in some]
    return Stimulus(n_samples=1, n_steps=4, spikes={"in": np.array(rows, dtype=np.int32)})


NARROW = {"overflow": False}
"""Counts of overflows need the wide layout, where they are possible."""


def test_more_rows_of_extreme_weights_than_sixteen_bits_hold():
    program = dense_program(np.tile([[-256, 254]], (300, 1)), "loihi2", du=4095)
    recording = assert_engines_agree(
        program, all_at_once([range(300)], 1), 4, **NARROW, probes=probes_named(program.network, ["cells.u"])
    )
    assert recording.states["cells.u"][0, 1].tolist() == [-300 * 256 * 64, 300 * 254 * 64]


def test_a_current_that_reaches_the_lowest_number_folds():
    """Step 2 brings u to -2**22; step 3 keeps 4095 parts of 4096, rounded toward zero, and falls to -2**23 exactly."""
    half = 256  # lines of -256 << 6 that make -2**22
    program = dense_program(np.array([[-256]] * half + [[-16]] + [[2]] * 8), "loihi2")
    stimulus = all_at_once([range(half), range(half + 1)], 1, 2)
    recording = assert_engines_agree(program, stimulus, 4, **NARROW, probes=probes_named(program.network, ["cells.u"]))
    assert recording.states["cells.u"][0, :3, 0].tolist() == [0, -(2**22), 2**23]
