"""Adaptive and resonating neurons of netx files against slow models, and neurons that are refused."""

from __future__ import annotations

import numpy as np
import pytest
from netx_files import CUBA, OPTIONS, conv, dense, file_of, messages

import neurodeploy as nd
from neurodeploy.importers import load

RF = {"type": "RF_PHASE", "sinDecay": 800, "cosDecay": 3900, "vThMant": 5, "gradedSpike": False}
ALIF = {
    "type": "ALIF",
    "iDecay": 900,
    "vDecay": 300,
    "thDecay": 200,
    "refDecay": 500,
    "vThMant": 40,
    "vThStep": 11,
    "refDelay": 1,
    "gradedSpike": False,
}
STEPS = 80


def toward_zero(value):
    return np.sign(value) * (np.abs(value) >> 12)


def complex_layer(real, imag, **fields):
    layer = dense(real, neuron=RF, **fields)
    return {**layer, "weight": {"real": np.asarray(real, dtype=float), "imag": np.asarray(imag, dtype=float)}}


def trace(path, values, states):
    """(imported, states by name, raster) of the layer of a file; steps from 1."""
    imported = load(path, OPTIONS)
    probes = [("layer0", name) for name in states]
    recording = nd.run(nd.compile(imported.network, "loihi2"), {"input": values[None]}, probes=probes, until=STEPS)
    raster = np.zeros((STEPS, imported.network.populations[0].size), dtype=int)
    raster[recording.spikes["layer0"][:, 1] - 1, recording.spikes["layer0"][:, 2]] = 1
    return imported, {name: recording.states[f"layer0.{name}"][0] for name in states}, raster


def arrivals(values, weights):
    """Sums of weights that arrive in each step, one after the spikes."""
    return np.vstack([np.zeros(len(weights), dtype=int), (values @ np.asarray(weights).T)[:-1]])


@pytest.mark.parametrize("kind", ["RF_PHASE", "RF_IZHIKEVICH"])
def test_resonators_are_those_of_lava_with_registers_as_netx_passes_them(tmp_path, kind):
    rng = np.random.default_rng(3)
    values = (rng.random((STEPS, 4)) < 0.3).astype(int)
    real, imag = rng.integers(-40, 60, (3, 4)), rng.integers(-200, 250, (3, 4))
    layer = complex_layer(real, imag)
    layer["neuron"] = {**RF, "type": kind}
    imported, states, raster = trace(file_of(tmp_path / "a.net", layer), values, ("u", "v"))
    # period and decay in floats, as netx makes them; lava cuts off the fractions of the registers it makes of them
    alpha, period = 1 - np.hypot(800 / 4096, 3900 / 4096), 2 * np.pi / np.arctan2(800, 3900)
    sine, cosine = (int((1 - alpha) * wave(2 * np.pi / period) * 4096) for wave in (np.sin, np.cos))
    neuron = imported.network.populations[0].neuron
    assert abs(neuron.sin_decay - 800) <= 1
    assert abs(neuron.cos_decay - 3900) <= 1
    assert (sine, cosine) == (neuron.sin_decay, neuron.cos_decay)
    assert [item.port for item in imported.network.projections] == ["a", "b", "b"]
    re, im = np.zeros(3, dtype=np.int64), np.zeros(3, dtype=np.int64)
    first, second = arrivals(values, real) << 6, arrivals(values, imag) << 6
    for t in range(STEPS):
        new_re = toward_zero(cosine * re) - toward_zero(sine * im) + first[t]
        new_im = toward_zero(sine * re) + toward_zero(cosine * im) + second[t]
        spikes = (new_re >= 5 << 6) & (new_im >= 0) & (im < 0) if kind == "RF_PHASE" else new_im >= 5 << 6
        re, im = new_re, new_im
        if kind != "RF_PHASE":
            re, im = np.where(spikes, 0, re), np.where(spikes, (5 << 6) - 1, im)
        assert np.array_equal(raster[t], spikes)
        assert np.array_equal(states["u"][t], re)
        assert np.array_equal(states["v"][t], im)
    assert raster.sum() > 3


def test_registers_that_netx_changes_are_in_the_ledger(tmp_path):
    """Among all registers, some lose 1 on the way through a period; the ledger names exactly those."""
    changed = 0
    for sine in range(700, 725):
        layer = complex_layer([[2.0]], [[2.0]])
        layer["neuron"] = {**RF, "sinDecay": sine}
        imported = load(file_of(tmp_path / f"{sine}.net", layer), OPTIONS)
        (population,) = imported.network.populations
        lines = [(line.asked, line.got) for line in imported.ledger if line.quantity == "sinDecay"]
        assert lines == ([] if population.neuron.sin_decay == sine else [(str(sine), str(sine - 1))])
        changed += len(lines)
    assert 0 < changed < 25


def test_registers_by_neuron_and_by_channel(tmp_path):
    layer = complex_layer([[2.0], [4.0]], [[2.0], [4.0]])
    layer["neuron"] = {**RF, "sinDecay": np.array([0, 512]), "cosDecay": np.array([4000, 3000])}
    (population,) = load(file_of(tmp_path / "a.net", layer), OPTIONS).network.populations
    assert population.neuron.sin_decay[0] == 0
    assert np.all(np.abs(population.neuron.cos_decay - [4000, 3000]) <= 1)
    kernel = conv(neuron={**CUBA, "vDecay": np.array([1, 2, 3])})
    network = load(file_of(tmp_path / "b.net", *kernel), OPTIONS).network
    assert network.populations[0].neuron.dv.tolist() == [1] * 9 + [2] * 9 + [3] * 9
    wrong = conv(neuron={**CUBA, "vDecay": np.array([1, 2])}), conv(neuron={**CUBA, "iDecay": np.array([1, 0, 2])})
    assert [messages(file_of(tmp_path / f"{n}.net", *layers)) for n, layers in enumerate(wrong)] == [
        ["layer 1 (conv): field 'neuron/vDecay' has shape [2]; needs one value, or one for each channel or neuron"],
        ["layer 1 (conv): field 'neuron/iDecay' has values below 1"],
    ]


def test_adaptive_neurons_are_those_that_lava_dl_trains(tmp_path):
    rng = np.random.default_rng(4)
    values = (rng.random((STEPS, 4)) < 0.4).astype(int)
    weights = rng.integers(-20, 60, (3, 4)) * 2 - 1
    imported, states, raster = trace(
        file_of(tmp_path / "a.net", dense(weights, neuron=ALIF)), values, ("u", "v", "theta", "r")
    )
    assert any(line.note == "netx does not read ALIF" for line in imported.ledger)
    u, v, r = (np.zeros(3, dtype=np.int64) for _ in range(3))
    rest, theta = 40 << 6, np.full(3, 40 << 6)
    arriving = arrivals(values, weights) << 6
    for t in range(STEPS):
        u = toward_zero(u * (4096 - 900)) + arriving[t]
        v = toward_zero(v * (4096 - 300)) + u
        theta = toward_zero((theta - rest) * (4096 - 200)) + rest
        r = toward_zero(r * (4096 - 500))
        spikes = v >= theta + r
        r, theta = r + 2 * theta * spikes, theta + (11 << 6) * spikes
        assert np.array_equal(raster[t], spikes)
        for name, value in (("u", u), ("v", v), ("theta", theta), ("r", r)):
            assert np.array_equal(states[name][t], value), name
    assert raster.sum() > 3


def test_complex_weights_of_a_convolution_and_their_delays(tmp_path):
    given, layer = conv()
    kernel = layer.pop("weight")
    layer |= {"neuron": RF, "weight": {"real": kernel, "imag": kernel + 2}, "delay": np.array([0.0, 1, 2])}
    imported = load(file_of(tmp_path / "a.net", given, layer), OPTIONS)
    assert [item.name for item in imported.network.projections] == ["input_to_layer1_real", "input_to_layer1_imaginary"]
    assert [np.max(item.delay_steps) for item in imported.network.projections] == [2, 2]
    assert [item.code for item in imported.findings] == ["ND064"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"weight": np.full((2, 2), 4.0)}, "layer 0 (dense) has real weights; its RF neurons need complex ones"),
        ({"neuron": CUBA}, "layer 0 (dense) has complex weights, which only RF neurons take"),
        ({"weight": {"real": np.ones((2, 2))}}, "layer 0 (dense) lacks weight/imag"),
        (
            {"weight": {"real": np.ones((2, 2)), "imag": np.ones((2, 1))}},
            "layer 0 (dense) has real weights of shape [2, 2] and imaginary ones of [2, 1]",
        ),
        (
            {"bias": np.ones(2)},
            "a bias of RF_PHASE neurons is not imported: lava's model has none; train without normalization: layer 0 (dense)",
        ),
        (
            {"neuron": {**RF, "gradedSpike": True}},
            "graded spikes of RF_PHASE neurons are not imported, and netx drops their values; train without them: layer 0 (dense)",
        ),
        ({"neuron": {"type": "RF_PHASE"}}, "layer 0 (dense) lacks neuron/sinDecay, neuron/cosDecay, neuron/vThMant"),
        (
            {"weight_rec": np.ones((2, 2))},
            "recurrence of convolutions and complex neurons is not imported: layer 0 (dense)",
        ),
    ],
)
def test_resonators_with_anything_that_netx_does_not_read_are_refused(tmp_path, change, fault):
    layer = {**complex_layer(np.ones((2, 2)), np.ones((2, 2))), **change}
    assert messages(file_of(tmp_path / "a.net", layer)) == [fault]


def test_message_bits_and_refractory_steps_of_spikes_without_values(tmp_path):
    neuron = {**CUBA, "messageBits": 8, "refDelay": 3}
    imported = load(file_of(tmp_path / "a.net", dense([[8]], neuron=neuron)), OPTIONS)
    assert imported.network.populations[0].neuron.refractory_steps == 2
    assert [line.note for line in imported.ledger if line.quantity == "refDelay"] == ["netx ignores refDelay"]
