"""Files of layer shapes: defaults, every error at once, and answers within seconds whatever the numbers."""

from __future__ import annotations

import time

import pytest

import neurodeploy as nd
from neurodeploy.mapping import fit_layers
from neurodeploy.network.layer_shapes import geometries, load_layers


def stack(tmp_path, *layers, source=(2, 8, 8)):
    path = tmp_path / "net.toml"
    text = f'name = "net"\ninput = {list(source)}\n'
    path.write_text(text + "".join(f"[[layers]]\n{layer}\n" for layer in layers))
    return load_layers(path)


def fault_messages(*args, **fields):
    with pytest.raises(nd.DiagnosticError) as caught:
        stack(*args, **fields)
    return [f"{item.subject} {item.message}" for item in caught.value.diagnostics]


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        ('kind = "pool"\nkernel = 2', (2, 4, 4)),
        ('kind = "pool"\nkernel = [2, 4]', (2, 4, 2)),
        ('kind = "pool"\nkernel = 2\nstride = 1', (2, 7, 7)),
        ('kind = "pool"\nkernel = 3', (2, 2, 2)),
        ('kind = "conv"\nchannels = 3\nkernel = 3', (3, 6, 6)),
        ('kind = "depthwise"\nkernel = 3\nstride = 2', (2, 3, 3)),
    ],
)
def test_a_pool_without_a_stride_is_as_large_as_its_window(tmp_path, layer, shape):
    (made,) = geometries(stack(tmp_path, layer))
    assert made.shape == shape


def test_faults_of_several_layers_are_reported_at_once(tmp_path):
    found = fault_messages(
        tmp_path,
        'kind = "conv"\nkernel = 2\npadding = "same"\nchannels = 4',
        'kind = "depthwise"\nchannels = 7',
        'kind = "dense"\nkernel = 3\nchannels = 2',
        'kind = "pool"\nkernel = 9',
    )
    assert found == [
        "layer 'conv1' has padding \"same\" with an even kernel of 2 x 2, for which no symmetric padding exists",
        "layer 'depthwise2' is depthwise with 7 channels, but its source has 4",
        "layer 'dense3' is dense, but has a kernel, a stride or a padding",
        "layer 'pool4' has a kernel of 9 x 9, larger than its source of 1 x 1 with padding",
    ]


@pytest.mark.parametrize(
    "layer",
    [
        'kind = "conv"\nkernel = 3\nchannels = 1000000',
        'kind = "conv"\nkernel = 3\nchannels = 4\npadding = 10000',
        'kind = "dense"\nchannels = 100000000',
        f'kind = "dense"\nchannels = {10**30}',
    ],
)
def test_a_layer_of_any_size_is_refused_at_once(tmp_path, layer):
    with pytest.raises(nd.DiagnosticError) as caught:
        stack(tmp_path, layer)
    assert caught.value.diagnostics[0].code == "ND010"


def test_a_wide_dense_layer_has_its_verdict_within_seconds(tmp_path):
    layers, began = stack(tmp_path, 'kind = "dense"\nchannels = 300000', source=(64, 1, 1)), time.monotonic()
    verdict = fit_layers(layers, nd.load_target("loihi1"))
    assert time.monotonic() - began < 30
    assert verdict is not None
