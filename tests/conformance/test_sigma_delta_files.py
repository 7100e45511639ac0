"""A sigma-delta netx file on lava's own sigma, delta and sigma-delta processes."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.simulate import compare_findings

BACKENDS = ("lava",)
SAMPLES, STEPS = 2, 16


def sigma_delta_file(path):
    """Two channels of 5 x 4, a convolution, a dense layer and a sigma decoder."""
    rng = np.random.default_rng(4)
    shapes = {"input": (2, 5, 4), "conv": (3, 2, 3), "flatten": (18, 1, 1), "hidden": (6,), "last": (4,)}
    weights = {"conv": (3, 2, 3, 2), "hidden": (6, 18), "last": (4, 6)}
    with h5py.File(path, "w") as file:
        for number, (name, shape) in enumerate(shapes.items()):
            layer = file.create_group(f"layer/{number}")
            layer["type"] = np.bytes_(name if name in ("input", "conv", "flatten") else "dense")
            layer["shape"] = np.array(shape)
            if name == "flatten":
                continue
            layer["neuron/type"], layer["neuron/activation"] = np.bytes_("SDNN"), np.bytes_("relu")
            layer["neuron/vThMant"] = 6
            if name in weights:
                layer["weight"] = 2.0 * rng.integers(-40, 50, weights[name])
            if name in ("conv", "hidden"):
                layer["bias"] = 2.0 * rng.integers(-20, 20, shape[0])
            if name == "conv":
                layer["stride"], layer["padding"], layer["dilation"], layer["groups"] = (2, 1), (0, 0), (1, 1), 1
            if name == "last":
                layer["neuron/sigma_output"] = True
    return path


def test_lava_sends_the_same_values(vendor, tmp_path):
    network = nd.load(sigma_delta_file(tmp_path / "a.net"), nd.ImportOptions(dt_s=1e-3))
    program = nd.compile(network, "loihi2")
    rng = np.random.default_rng(5)
    drift = rng.integers(-9, 10, (SAMPLES, STEPS, 2, 5, 4)).cumsum(axis=1)
    frames = np.clip(rng.integers(-64, 65, (SAMPLES, 1, 2, 5, 4)) + drift, -128, 127).astype(float)
    ours, theirs = (nd.run(program, frames, until=STEPS + 6, backend=name) for name in ("emulator", vendor))
    assert not compare_findings(ours, theirs, program)
    assert all(np.array_equal(ours.payloads[name], theirs.payloads[name]) for name in ours.payloads)
    assert all(len(values) > 50 for values in ours.payloads.values())
    assert np.array_equal(nd.answers(program, ours), nd.answers(program, theirs))


def test_lava_sends_the_values_of_a_public_network(vendor, reference_data):
    path = reference_data / "real_inputs/public_files/ndns_nodelay.net"
    if not path.is_file():
        pytest.skip(f"'{path}' is missing and cannot be had: it is a file of another project")
    program = nd.compile(nd.load(path, nd.ImportOptions(dt_s=1e-3)), "loihi2")
    rng = np.random.default_rng(0)
    frames = rng.integers(-64, 64, (1, 1, 257)) + rng.integers(-5, 6, (1, 40, 257)).cumsum(axis=1)
    ours, theirs = (nd.run(program, frames.astype(float), until=42, backend=name) for name in ("emulator", vendor))
    assert not compare_findings(ours, theirs, program)
    assert all(np.array_equal(ours.payloads[name], theirs.payloads[name]) for name in ours.payloads)
    assert sum(map(len, ours.payloads.values())) > 10_000
