"""Pools, unpools and transposed convolutions of netx files as torch defines them, and averages."""

from __future__ import annotations

import numpy as np
import pytest
from netx_files import CUBA, OPTIONS, dense, file_of, messages

import neurodeploy as nd
from neurodeploy.importers import load
from neurodeploy.network.connectivity import connectivity_of

GIVEN = {"type": "input", "shape": np.array([4, 3, 6])}


def kernel(kind, shape, weight, **fields):
    return {"type": kind, "shape": np.array(shape), "weight": np.asarray(weight, dtype=float), "neuron": CUBA, **fields}


def matrix_of(path):
    """(neurons, sources) weights of the only layer with neurons, all projections added."""
    network = load(path, OPTIONS).network
    nd.compile(network, "loihi2")
    total = 0
    for item in network.projections:
        synapses = connectivity_of(item, network.inputs[0].size).listed()
        matrix = np.zeros((synapses.n_target, synapses.n_source))
        matrix[synapses.post, synapses.pre] = np.asarray(synapses.weights) * 2.0**item.weight_format.exponent
        total = total + matrix
    return total


def transposed(weight, source, stride, padding, dilation, groups):
    """Each input value scatters the kernel into the output."""
    (channels, rows, columns), (_, per_group, height, width) = source, weight.shape
    sizes = [
        (source[1 + axis] - 1) * stride[axis] - 2 * padding[axis] + dilation[axis] * (weight.shape[2 + axis] - 1) + 1
        for axis in (0, 1)
    ]
    matrix = np.zeros((per_group * groups, *sizes, channels, rows, columns))
    for c, i, j, o, k, m in np.ndindex(channels, rows, columns, per_group, height, width):
        row, column = i * stride[0] - padding[0] + k * dilation[0], j * stride[1] - padding[1] + m * dilation[1]
        if 0 <= row < sizes[0] and 0 <= column < sizes[1]:
            matrix[c // (channels // groups) * per_group + o, row, column, c, i, j] += weight[c, o, k, m]
    return matrix.reshape(per_group * groups * sizes[0] * sizes[1], -1), [per_group * groups, *sizes]


@pytest.mark.parametrize(
    ("stride", "padding", "dilation", "groups"),
    [
        ((1, 1), (0, 0), (1, 1), 1),
        ((2, 3), (1, 0), (1, 1), 2),
        ((1, 2), (0, 1), (2, 1), 4),
        ((3, 3), (2, 2), (1, 2), 1),
    ],
)
def test_a_transposed_convolution_scatters_its_kernel(tmp_path, stride, padding, dilation, groups):
    weight = np.random.default_rng(2).integers(-60, 60, (4, 2, 2, 3)) * 2
    expected, shape = transposed(weight, (4, 3, 6), stride, padding, dilation, groups)
    sizes = {"stride": stride, "padding": padding, "dilation": dilation}
    fields = {key: np.array(value) for key, value in sizes.items()}
    path = file_of(tmp_path / "a.net", GIVEN, kernel("convT", shape, weight, groups=groups, **fields))
    assert np.array_equal(matrix_of(path), expected)


def test_a_pool_adds_up_each_window_of_each_channel(tmp_path):
    path = file_of(
        tmp_path / "a.net", GIVEN, kernel("pool", [4, 1, 3], np.full((1, 1, 3, 2), 40), stride=np.array([3, 2]))
    )
    rng = np.random.default_rng(0)
    image = rng.integers(0, 5, (4, 3, 6))
    expected = 40 * image.reshape(4, 1, 3, 3, 2).sum(axis=(2, 4))
    assert np.array_equal(matrix_of(path) @ image.ravel(), expected.ravel())


def test_an_unpool_repeats_each_value(tmp_path):
    path = file_of(tmp_path / "a.net", GIVEN, kernel("unpool", [4, 6, 12], np.full((1, 1, 2, 2), 6), stride=2))
    image = np.random.default_rng(0).integers(0, 5, (4, 3, 6))
    assert np.array_equal(matrix_of(path) @ image.ravel(), 6 * image.repeat(2, axis=1).repeat(2, axis=2).ravel())


def test_kernels_that_cross_channels_or_fit_nothing_are_refused(tmp_path):
    needs = "are imported only without padding and with one kernel as large as its stride that divides the image"
    layers = {
        f"layers of type 'pool' {needs}: layer 1 (pool)": kernel("pool", [4, 2, 3], np.ones((1, 1, 2, 2)), stride=2),
        f"layers of type 'unpool' {needs}: layer 1 (unpool)": kernel("unpool", [4, 3, 6], np.ones((1, 1, 2, 2))),
        "layer 1 (convT) has weights of shape [3, 1, 2, 2] in 1 groups; shape [4, 3, 6] feeds it": kernel(
            "convT", [1, 4, 7], np.ones((3, 1, 2, 2))
        ),
        "layer 1 (convT) has padding [9, 9], which leaves nothing of its output": kernel(
            "convT", [1, 4, 7], np.ones((4, 1, 2, 2)), padding=9
        ),
        "layer 1 (convT) has shape [1, 4, 8]; its weights reach 28 neurons": kernel(
            "convT", [1, 4, 8], np.ones((4, 1, 2, 2))
        ),
        "layer 1 (pool) has weights of shape [4]; shape [4, 3, 6] feeds it": kernel("pool", [4, 1, 3], np.ones(4)),
    }
    for number, (fault, layer) in enumerate(layers.items()):
        assert messages(file_of(tmp_path / f"{number}.net", GIVEN, layer)) == [fault]


def test_an_average_counts_the_spikes_of_groups(tmp_path):
    """Neuron k of 6 spikes k times: groups of 2 have 1, 5 and 9 spikes, whose averages have the same order."""
    average = {"type": "average", "shape": np.array([3, 1, 1])}
    quick = {**CUBA, "vDecay": 4095, "vThMant": 30}
    path = file_of(tmp_path / "a.net", dense(np.eye(6) * 60, neuron=quick), average)
    imported = load(path, OPTIONS)
    assert imported.network.outputs[0].decoder.groups == 3
    program = nd.compile(imported.network, "loihi1")
    raster = np.zeros((2, 9, 6), dtype=int)
    for line in range(6):
        raster[0, :line, line] = 1
        raster[1, : 8 - line, line] = 1
    raster[1, :, 5] = 0
    assert nd.answers(program, nd.run(program, {"input": raster})).tolist() == [2, 0]


def test_an_average_that_cannot_be_read_is_refused(tmp_path):
    average = {"type": "average", "shape": np.array([3])}
    assert messages(file_of(tmp_path / "a.net", dense([[2], [2]]), average)) == [
        "layer 1 (average) averages 3 groups of 2 neurons, which have no equal size"
    ]
    after = dense([[2] * 3])
    assert messages(file_of(tmp_path / "b.net", dense([[2]] * 3), average, after)) == [
        "layer 2 follows an average, which is only imported as the last layer"
    ]
    assert messages(file_of(tmp_path / "c.net", {"type": "input", "shape": np.array([3])}, average)) == [
        "has no layer with neurons"
    ]
    silent = dense([[2]] * 3, neuron=None)
    assert messages(file_of(tmp_path / "d.net", silent, average)) == [
        "layer 0 has no neurons and never spikes, but layer 1 follows it"
    ]
    values = dense([[2]] * 3, neuron={"type": "SDNN", "vThMant": 6, "activation": b"relu"})
    with pytest.raises(nd.DiagnosticError) as caught:
        load(file_of(tmp_path / "e.net", values, average), OPTIONS)
    (item,) = caught.value.diagnostics
    assert (item.code, item.message) == ("ND057", "layer 1 (average) averages graded spikes")
    assert item.fixes[0].text == "--layers 0:1, and average on the host"
    options = OPTIONS.model_copy(update={"layers": "0:1"})
    assert load(tmp_path / "e.net", options).network.outputs[0].source == "layer0"
