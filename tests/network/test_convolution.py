"""Convolutions, pools and chains against a loop over all positions, other implementations, and a real network."""

from __future__ import annotations

import json

import numpy as np
import pytest
from factories import examples, network_of
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.hardware import load_target
from neurodeploy.importers import ImportOptions, load
from neurodeploy.mapping import emit_program, partition, place
from neurodeploy.network import AvgPool2d, Chain, Conv1d, Conv2d, Dense, OneToOne, SumPool2d, WeightFormat
from neurodeploy.network.connectivity import synapses_of
from neurodeploy.network.coordinates import coordinates_of, target_size
from neurodeploy.quantize import quantize
from neurodeploy.simulate import RunOptions, Stimulus, accuracy, answers

pytestmark = pytest.mark.usefixtures("engine")


def by_loop(x, weights, stride, padding, dilation, groups):
    """(out channels, height, width) of one source (channels, height, width), place by place."""
    out, per_group, ky, kx = weights.shape
    padded = np.pad(x, ((0, 0), (padding[0],) * 2, (padding[1],) * 2))
    sizes = [
        (n - d * (k - 1) - 1) // s + 1 for n, d, k, s in zip(padded.shape[1:], dilation, (ky, kx), stride, strict=True)
    ]
    found = np.zeros((out, *sizes))
    for o in range(out):
        group = o // (out // groups)
        for i in range(sizes[0]):
            for j in range(sizes[1]):
                for c in range(per_group):
                    for k in range(ky):
                        for m in range(kx):
                            y, z = i * stride[0] + k * dilation[0], j * stride[1] + m * dilation[1]
                            found[o, i, j] += weights[o, c, k, m] * padded[group * per_group + c, y, z]
    return found


def through(operation, x):
    columns = coordinates_of(operation, x.size)
    return np.bincount(columns.post, columns.weights * x.ravel()[columns.pre], target_size(operation, x.size))


pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


@settings(max_examples=examples(80), deadline=None)
@given(st.data())
def test_a_convolution_is_the_sum_over_all_places(data):
    groups = data.draw(st.integers(1, 2))
    shape = (groups * data.draw(st.integers(1, 2)), data.draw(st.integers(3, 7)), data.draw(st.integers(3, 7)))
    kernel, stride, dilation = (
        data.draw(pairs),
        data.draw(pairs),
        data.draw(st.tuples(st.integers(1, 2), st.integers(1, 2))),
    )
    padding = (data.draw(st.integers(0, 2)), data.draw(st.integers(0, 2)))
    if any(n + 2 * p < d * (k - 1) + 1 for n, p, d, k in zip(shape[1:], padding, dilation, kernel, strict=True)):
        return
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    weights = rng.integers(-4, 5, (groups * 2, shape[0] // groups, *kernel))
    x = rng.integers(-3, 4, shape)
    operation = Conv2d(
        input_shape=shape, weights=weights, stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    expected = by_loop(x, weights, stride, padding, dilation, groups)
    assert np.array_equal(through(operation, x), expected.ravel())
    if shape[1] == 3:  # one axis alone
        line = Conv1d(
            input_shape=(shape[0], shape[2]),
            weights=weights[:, :, 0],
            stride=stride[1],
            padding=padding[1],
            dilation=dilation[1],
            groups=groups,
        )
        row = by_loop(x[:, :1], weights[:, :, :1], (1, stride[1]), (0, padding[1]), (1, dilation[1]), groups)
        assert np.array_equal(through(line, x[:, 0]), row.ravel())


@settings(max_examples=examples(40), deadline=None)
@given(seed=st.integers(0, 2**32), overlap=st.booleans())
def test_a_chain_is_one_operation_after_the_other(seed, overlap):
    rng = np.random.default_rng(seed)
    x = rng.integers(-3, 4, (2, 6, 6)).astype(float)
    stride = (1, 2) if overlap else (2, 2)
    pool = SumPool2d(input_shape=(2, 6, 6), kernel=(2, 2), stride=stride)
    shape = (2, 5, 3) if overlap else (2, 3, 3)
    conv = Conv2d(input_shape=shape, weights=rng.integers(-3, 4, (3, 2, 2, 2)), padding=(1, 0))
    mid = through(conv, through(pool, x))
    last = Dense(weights=rng.integers(-3, 4, (4, mid.size)))
    chain = Chain(operations=(pool, conv, OneToOne(weights=np.array(2)), last))
    assert np.array_equal(through(chain, x), last.weights @ (2 * mid))
    columns = coordinates_of(chain, x.size)
    key = columns.post * x.size + columns.pre
    assert np.unique(key).size == key.size, "equal pairs are one synapse"
    average = AvgPool2d(input_shape=(2, 6, 6), kernel=(2, 2), stride=stride)
    assert np.allclose(through(average, x) * 4, through(pool, x))


@pytest.mark.parametrize("name", ["gt_conv_paris_0", "gt_conv_paris_3"])
def test_convolutions_recorded_from_lava(reference_data, name):
    case = np.load(reference_data / f"real_inputs/lava_conv/{name}.npz")
    x = case["input"].transpose(2, 0, 1)  # (width, height, channels) there
    weights = case["weights"].transpose(0, 3, 1, 2)[:, :, ::-1, ::-1]  # a true convolution turns its kernel
    operation = Conv2d(
        input_shape=x.shape,
        weights=weights,
        groups=int(case["groups"]),
        **{key: tuple(int(n) for n in case[key]) for key in ("stride", "padding", "dilation")},
    )
    expected = case["out_gt"].transpose(2, 0, 1)
    assert np.allclose(through(operation, x).reshape(expected.shape), expected, rtol=0, atol=1e-3)


def test_lavas_fixed_point_convolution_step_by_step(reference_data):
    case = json.loads((reference_data / "golden/lava_models.json").read_text())["cases"]["conv"]
    p = case["params"]
    kernel = np.array(p["kernel"]).transpose(0, 3, 1, 2)[:, :, ::-1, ::-1]
    shown, expected = np.array(case["s_in"]), np.array(case["a_out"])  # (x, y, channels, steps)
    steps, shape = shown.shape[3], expected.transpose(2, 0, 1, 3).shape[:3]
    cells = nd.LoihiCuba(du=4095, dv=4095, vth_mant=100_000)
    networks = []
    for sign in ("excitatory", "inhibitory"):  # odd weights are stored with one sign only
        part = np.maximum(kernel, 0) if sign == "excitatory" else np.minimum(kernel, 0)
        operation = Conv2d(input_shape=(1, 6, 6), weights=part, stride=tuple(p["stride"]), padding=tuple(p["padding"]))
        style = WeightFormat(weight_bits=8, sign_mode=sign)
        networks.append(nd.Projection(name=sign, source="in", target="out", operation=operation, weight_format=style))
    network = network_of(
        (nd.Population(name="out", shape=shape, neuron=cells),),
        tuple(networks),
        inputs=(1, 6, 6),
        name="n",
        probes=(nd.Probe(name="u", target="out", variable="u"),),
    )
    step, line = np.nonzero(shown.transpose(3, 2, 0, 1).reshape(steps, -1))
    rows = np.stack([np.zeros(step.size), step + 1, line], axis=1).astype(np.int32)
    chip = load_target("loihi2")
    program = emit_program(place(partition(quantize(network, chip), chip)))
    recording = nd.run(program, Stimulus(n_samples=1, n_steps=steps, spikes={"in": rows}), until=steps + 1)
    got = recording.states["u"][0].T.reshape(*shape, steps + 1)
    assert np.array_equal(got >> 6, expected.transpose(2, 0, 1, 3))


def test_a_convolution_has_no_synapse_of_weight_0():
    operation = Conv2d(input_shape=(1, 3, 3), weights=np.array([[[[1.0, 0.0], [0.0, 2.0]]]]))
    synapses = synapses_of(nd.Projection(name="p", source="a", target="b", operation=operation), 9)
    assert sorted(synapses.weights) == [1] * 4 + [2] * 4
    assert (np.diff(synapses.pre * 4 + synapses.post) > 0).all()


def test_shared_patterns_give_the_bits_of_rows_written_out():
    """The engine stores convolutions as patterns; the same network as a list of synapses must give equal results."""
    rng = np.random.default_rng(1)
    conv = Conv2d(input_shape=(2, 9, 8), weights=rng.integers(-20, 30, (5, 2, 3, 3)) * 2, stride=(2, 1), padding=(1, 1))
    size = target_size(conv, 144)
    columns = coordinates_of(conv, 144)
    written_out = nd.network.Sparse(shape=(size, 144), post=columns.post, pre=columns.pre, weights=columns.weights)
    style = WeightFormat(weight_bits=8, sign_mode="mixed")
    rows = np.argwhere(rng.random((2, 40, 144)) < 0.1).astype(np.int32) + np.array([0, 1, 0], dtype=np.int32)
    stimulus = Stimulus(n_samples=2, n_steps=40, spikes={"in": rows})
    found = []
    for operation in (conv, written_out):
        network = network_of(
            (nd.Population(name="out", shape=(5, 5, 8), neuron=nd.LoihiCuba(du=1000, dv=100, vth_mant=300)),),
            (nd.Projection(name="p", source="in", target="out", operation=operation, weight_format=style),),
            inputs=(2, 9, 8),
            name="n",
            probes=(nd.Probe(name="v", target="out", variable="v"),),
        )
        chip = load_target("loihi1")
        program = emit_program(place(partition(quantize(network, chip), chip)))
        for options in (RunOptions(), RunOptions(overflow=False), RunOptions(overflow=False, threads=2)):
            found.append(nd.run(program, stimulus, options=options))
    assert len(found[0].spikes["out"]) > 100
    for other in found[1:]:
        assert np.array_equal(found[0].spikes["out"], other.spikes["out"])
        assert np.array_equal(found[0].states["v"], other.states["v"])


def nmnist(folder, samples):
    """Events in steps of 1 ms; several of one pixel and polarity in a step are one spike."""
    file = np.load(folder / "real_inputs/nmnist/test20_events.npz")
    rows = []
    for sample in range(samples):
        here = slice(int(file["offsets"][sample]), int(file["offsets"][sample + 1]))
        line = (file["p"][here].astype(int) * 34 + file["y"][here]) * 34 + file["x"][here]
        step = file["t_us"][here] // 1000 + 1
        rows.append(np.unique(np.stack([np.full(line.size, sample), step, line], axis=1), axis=0))
    rows = np.concatenate(rows).astype(np.int32)
    return Stimulus(
        n_samples=samples, n_steps=int(rows[:, 1].max()), spikes={"input": rows}, labels=file["labels"][:samples]
    )


@pytest.mark.slow
def test_the_nmnist_network_reads_every_digit_in_either_reset_mode(reference_data):
    stimulus, spikes = nmnist(reference_data, 20), {}
    for reset in ("zero", "subtract"):
        options = ImportOptions(dt_s=1e-3, reset=reset)
        imported = load(reference_data / "real_inputs/nir_paper/02_cnn/cnn_sinabs.nir", options)
        line = next(line for line in imported.ledger if line.quantity == "reset")
        assert line.got == reset
        program = nd.compile(imported.network, "loihi1", board="nahuku8")
        recording = nd.run(program, stimulus)
        assert accuracy(answers(imported.network, recording), stimulus.labels) == 1.0
        spikes[reset] = {name: len(rows) for name, rows in recording.spikes.items()}
    assert sum(spikes["subtract"].values()) > 1.5 * sum(spikes["zero"].values())
