"""Public convolutional networks on real recordings of N-MNIST, from the file to their answers on the emulator."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import neurodeploy as nd

pytestmark = pytest.mark.slow

N_STEPS = 300
LAYERS = ("2", "4", "6", "8", "10")
"""Neurons of brandy_1.nir, in order; a convolution of stride 2 or 1 lies before each."""


@pytest.fixture(scope="module")
def real(reference_data):
    folder = reference_data / "real_inputs"
    if not (folder / "nmnist").is_dir():
        pytest.skip(f"'{folder}' is missing and cannot be had: it holds recordings and networks of other projects")
    return folder


@pytest.fixture(scope="module")
def recordings(real):
    """(samples, steps, polarity, y, x) of the first 300 ms in steps of 1 ms, and the digits."""
    events = np.load(real / "nmnist" / "test20_events.npz")
    sample = np.repeat(np.arange(20), np.diff(events["offsets"]))
    step = events["t_us"] // 1000
    inside = step < N_STEPS
    raster = np.zeros((20, N_STEPS, 2, 34, 34), np.uint8)
    raster[sample[inside], step[inside], events["p"][inside], events["y"][inside], events["x"][inside]] = 1
    return raster, events["labels"]


def counts(network, raster, backend="emulator", **compiled):
    """Spikes of each population, (samples, neurons); `compiled`: options of the compilation."""
    found = {item.name: np.zeros((len(raster), item.size), int) for item in network.populations}
    for name, rows in nd.run(nd.compile(network, "loihi1", **compiled), raster, backend=backend).spikes.items():
        np.add.at(found[name], (rows[:, 0], rows[:, 2]), 1)
    return found


@pytest.mark.parametrize(
    ("file", "options", "compiled", "right"),
    [
        ("nir_paper/02_cnn/cnn_sinabs.nir", {"reset": "zero", "producer": "nir"}, {}, 20),
        ("nir_paper/legacy/scnn_mnist.nir", {"reset": "zero", "producer": "nir"}, {}, 20),
        ("public_files/nir_scnn_mnist_batches.nir", {"reset": "zero", "producer": "nir"}, {}, 20),
        ("public_files/nir_scnn_mnist_batches.nir", {"reset": "subtract", "producer": "nir"}, {}, 19),
        ("public_files/nir_scnn_mnist_batches.nir", {"producer": "sinabs"}, {"soft_reset": "two_compartments"}, 19),
    ],
)
def test_the_digits_of_recordings_are_recognized(real, recordings, file, options, compiled, right):
    network = nd.load(real / file, nd.ImportOptions(dt_s=1e-3, **options), kind=nd.Imported).network
    raster, digits = recordings
    answers = counts(network, raster, **compiled)[network.outputs[0].source].argmax(axis=1)
    assert (answers == digits).sum() >= right


def convolved(x, weight, stride, padding):
    """Cross-correlation of (channels, H, W), written out."""
    padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2:], axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("chwij,ocij->ohw", windows, weight)


def test_a_network_that_was_never_trained_is_silent_as_in_floats(real, recordings):
    """The last two layers of brandy_1.nir are uniform within 1/sqrt(fan-in), as PyTorch initializes, and the layer before them
    never reaches its threshold, however the events are binned; the first two layers spike."""
    path, raster = real / "public_files" / "brandy_1.nir", recordings[0][:2]
    with h5py.File(path) as file:
        nodes = [file["node/nodes"][str(int(name) - 1)] for name in LAYERS]
        weights = [
            (node["weight"][()].astype(float), int(node["stride"][0]), int(node["padding"][0])) for node in nodes
        ]
    for weight, _, _ in weights[3:]:
        assert 0.99 < np.abs(weight).max() * np.sqrt(weight[0].size) <= 1 + 1e-6
    expected = {name: np.zeros(2, int) for name in LAYERS}
    for sample in range(2):
        v = [0.0] * 5
        for x in raster[sample]:
            sent = x.astype(float)
            for k, (weight, stride, padding) in enumerate(weights):
                v[k] = v[k] + convolved(sent, weight, stride, padding)
                sent = (v[k] > 1).astype(float)
                v[k] = np.where(sent > 0, 0, v[k])
                expected[LAYERS[k]][sample] += int(sent.sum())
    network = nd.load(path, nd.ImportOptions(dt_s=1e-3, reset="zero", producer="nir"))
    floats, integers = (counts(network, raster, name) for name in ("reference", "emulator"))
    assert [int(expected[name].sum() > 0) for name in LAYERS] == [1, 1, 0, 0, 0]
    for name in LAYERS:
        assert np.array_equal(floats[name].sum(axis=1), expected[name])
        assert np.allclose(integers[name].sum(axis=1), expected[name], rtol=0.3)
