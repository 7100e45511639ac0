"""netx files on the emulator against a slow model of netx's layers: every u, every v and every spike."""

from __future__ import annotations

import codecs
import pickle

import numpy as np
import pytest
from factories import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from netx_files import OPTIONS, dense, file_of
from netx_model import PAST, slow

import neurodeploy as nd
from neurodeploy.importers import load

FILES = {
    "lava_dl/mnist.net": (30, 0.15),
    "lava_dl/oxford.net": (60, 0.02),
    "lava_dl/tiny.net": (16, 0),
    "public_files/bootstrap_mnist.net": (16, 0),
    "public_files/lavaapps.net": (150, 0.15),
    "public_files/nrc_ntidigits.net": (140, 0.15),
    "public_files/nrc_rec_th1.net": (50, 0.15),
}
"""Name -> steps, and the share of lines that spike in a step."""


@pytest.mark.parametrize("name", FILES)
def test_every_state_of_a_public_file_is_that_of_netx(reference_data, name):
    (steps, rate), path = FILES[name], reference_data / "real_inputs" / name
    network, rng = load(path, OPTIONS).network, np.random.default_rng(18)
    (line,) = network.inputs
    driven = line.encoder.kind == "current"
    values = rng.integers(0, 40, (steps, line.size)) if driven else (rng.random((steps, line.size)) < rate).astype(int)
    states = [(item.name, variable) for item in network.populations for variable in ("u", "v")]
    shown, layers = {"input": values.reshape(1, steps, *line.shape)}, slow(path, values, steps)
    assert [f"layer{number}" for number in layers] == [item.name for item in network.populations]
    for target in ("loihi1", "loihi2"):
        program = nd.compile(network, target)
        recording = nd.run(program, shown, probes=states, until=steps)
        for number, layer in layers.items():
            require_equal(recording, layer, number, driven=driven and number == 0)
        if "ntidigits" in name:
            counts = layers[4].sent.sum(axis=0).reshape(11, 22).sum(axis=1)
            assert nd.answers(program, recording).tolist() == [counts.argmax()]


def require_equal(recording, layer, number, *, driven, silent=False):
    got = np.zeros((len(layer.u), layer.size), dtype=np.int64)
    rows = recording.spikes[f"layer{number}"]
    got[rows[:, 1], rows[:, 2]] = 1
    assert np.array_equal(got, layer.sent[PAST:])
    bare = layer.keep_u == 4096  # a layer without neurons is summed up in v instead of u
    assert got.any() or bare or silent
    assert np.array_equal(recording.states[f"layer{number}.v"][0], layer.v[1:])
    u = np.diff(layer.u, axis=0, prepend=layer.u[:1]) if bare else layer.u
    assert driven or np.array_equal(recording.states[f"layer{number}.u"][0], u[1:])


@st.composite
def stacks(draw):
    """Layers of a file with delays and recurrence of any kind, and the number of lines that feed them."""
    lines = size = draw(st.integers(1, 5))
    rng, layers = np.random.default_rng(draw(st.integers(0, 10**6))), []
    for _ in range(draw(st.integers(1, 3))):
        out = draw(st.integers(1, 5))
        neuron = {
            "type": draw(st.sampled_from(["CUBA", "LOIHI"])),
            "iDecay": int(rng.integers(1, 4097)),
            "vDecay": int(rng.integers(0, 4096)),
            "vThMant": int(rng.integers(0, 300)),
        }
        layer = dense(rng.integers(-128, 128, (out, size)) * 2, neuron=neuron, bias=rng.integers(-9, 40, out))
        form = draw(st.sampled_from(["none", "one", "neuron", "source", "synapse"]))
        recurrent = draw(st.sampled_from([None, "dense_rec", "recurrent"]))
        if recurrent:
            layer["type"] = recurrent
            layer["weight_rec" if recurrent == "dense_rec" else "recWeight"] = rng.integers(-128, 128, (out, out)) * 2
            form = form if form in ("none", "one", "neuron") else "none"
        shapes = {"one": (), "neuron": (out,), "source": (size,), "synapse": (out, size)}
        if form in shapes:
            layer["delay"] = rng.integers(0, 9, shapes[form])
        layers.append(layer)
        size = out
    return lines, layers, rng


@given(stacks())
@settings(max_examples=examples(100, quick=8), deadline=None)
def test_delays_and_recurrence_are_those_of_netx(tmp_path_factory, stack):
    lines, layers, rng = stack
    path = file_of(tmp_path_factory.mktemp("stack") / "a.net", *layers)
    network = load(path, OPTIONS).network
    values = (rng.random((30, lines)) < 0.4).astype(int)
    states = [(item.name, variable) for item in network.populations for variable in ("u", "v")]
    recording = nd.run(nd.compile(network, "loihi2"), {"input": values[None]}, probes=states, until=30)
    for number, layer in slow(path, values, 30).items():
        require_equal(recording, layer, number, driven=False, silent=True)


class Arrays(pickle.Unpickler):
    """Reads a pickle of numpy arrays and nothing else."""

    def find_class(self, module, name):
        known = {"_reconstruct": np.empty(0).__reduce__()[0], "ndarray": np.ndarray, "dtype": np.dtype}
        if name == "encode" and module == "_codecs":
            return codecs.encode
        return known[name]


def test_bootstrap_mnist_reads_ten_digits(reference_data):
    """Images from 0 to 1, scaled to -1..1 as in the training of the file, then by weight and bias of its input layer."""
    folder = reference_data / "real_inputs"
    with (folder / "nengo_loihi/mnist10.pkl").open("rb") as file:
        images, labels = Arrays(file, encoding="latin1").load()
    imported = load(folder / "public_files/bootstrap_mnist.net", OPTIONS)
    assert "76 * x + 64" in [line.asked for line in imported.ledger]
    values = np.rint(76 * (2 * np.reshape(images, (10, 1, 784)) - 1) + 64).repeat(16, axis=1)
    for target in ("loihi1", "loihi2"):
        program = nd.compile(imported.network, target)
        assert nd.answers(program, nd.run(program, {"input": values})).tolist() == np.ravel(labels).tolist()
