"""A quantized ONNX model with scales that are powers of two, on the emulator: the integers of onnxruntime."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from onnx_models import model, node

import neurodeploy as nd
from neurodeploy.convert.convert import convert_trained
from neurodeploy.convert.options import ConvertOptions
from neurodeploy.convert.samples import calibration_samples
from neurodeploy.hardware import load_target
from neurodeploy.importers.trained import read_trained

SCALES = {"x": 2.0**-7, "r1": 2.0**-8, "r2": 2.0**-9}
ZEROS = {"x": np.int8(0), "r1": np.uint8(0), "r2": np.int8(-128)}


def quantized_model(rng, outputs):
    """A convolution and two products, with 8-bit weights, 32-bit biases, and pairs of QuantizeLinear and DequantizeLinear.

    Weights are even and biases odd multiples of the unit of the sums, so that no sum is half way between two integers, where
    onnxruntime rounds to the even one and a shift rounds up.
    """
    shapes = {"w1": (4, 2, 3, 3), "w2": (10, 64), "w3": (3, 10)}
    exps = {"w1": 8, "w2": 9, "w3": 8}
    sums = {"1": 15, "2": 17, "3": 17}
    constants, nodes = {}, []
    for number, (name, shape) in enumerate(shapes.items(), start=1):
        weights = (2 * rng.integers(-64, 64, shape)).astype(np.int8)
        bias = (2 * rng.integers(-2000, 2000, shape[0]) + 1).astype(np.int32)
        constants |= {name: weights, f"{name}_s": np.float32(2.0 ** -exps[name]), f"{name}_z": np.int8(0)}
        constants |= {
            f"b{number}": bias,
            f"b{number}_s": np.float32(2.0 ** -sums[str(number)]),
            f"b{number}_z": np.int32(0),
        }
        for item in (name, f"b{number}"):
            nodes.append(node("DequantizeLinear", f"{item} {item}_s {item}_z", f"{item}_d"))
    for name, scale in SCALES.items():
        constants |= {f"{name}_s": np.float32(scale), f"{name}_z": ZEROS[name]}
    conv = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    nodes += [
        *pair("x"),
        node("Conv", "x_d w1_d b1_d", "c1", "conv", **conv),
        node("Relu", "c1", "r1", "first"),
        *pair("r1"),
        node("Flatten", "r1_d", "flat"),
        node("Gemm", "flat w2_d b2_d", "c2", "hidden", transB=1),
        node("Relu", "c2", "r2", "second"),
        *pair("r2"),
        node("Gemm", "r2_d w3_d b3_d", "y", "scores", transB=1),
    ]
    return model(nodes, {"x": (1, 2, 4, 4)}, outputs, constants)


def pair(name):
    return [
        node("QuantizeLinear", f"{name} {name}_s {name}_z", f"{name}_q"),
        node("DequantizeLinear", f"{name}_q {name}_s {name}_z", f"{name}_d"),
    ]


@pytest.mark.parametrize("seed", [0, 1])
def test_the_chip_sends_the_integers_of_onnxruntime(seed):
    proto, whole = (
        quantized_model(np.random.default_rng(seed), outputs) for outputs in (("y",), ("y", "r1_q", "r2_q"))
    )
    samples = np.random.default_rng(9).normal(scale=0.6, size=(40, 2, 4, 4)).astype(np.float32)
    read = read_trained(proto.SerializeToString())
    made = convert_trained(read, calibration_samples(read.network, samples), load_target("loihi2"), ConvertOptions())
    assert all(len(item.populations) == 2 for item in made.layers[:2]), "both layers reach their limits"
    recording = nd.run(nd.compile(made, "loihi2"), samples)
    session = onnxruntime.InferenceSession(whole.SerializeToString(), providers=["CPUExecutionProvider"])
    rows = [session.run(None, {"x": x[None]}) for x in samples]
    scores, *theirs = (np.stack(column).reshape(len(samples), -1) for column in zip(*rows, strict=True))
    for step, name, layer, integers in zip((3, 4), ("r1", "r2"), made.layers[:2], theirs, strict=True):
        wanted = integers.astype(np.int64) - int(ZEROS[name])
        first, above = (sent(recording, item, wanted.shape, step) for item in layer.populations)
        assert np.array_equal(first - above, wanted)
        assert (above > 0).any()
    v = recording.states["scores.v"][:, -1]
    assert any(np.array_equal(v * 2.0**-bits, scores) for bits in range(12, 24)), (
        "v is the output in units of a power of two"
    )


def sent(recording, name, shape, step):
    total = np.zeros(shape, dtype=np.int64)
    rows = recording.spikes[name]
    now = rows[:, 1] == step
    total[rows[now, 0], rows[now, 2]] = np.asarray(recording.payloads[name], dtype=np.int64)[now]
    return total
