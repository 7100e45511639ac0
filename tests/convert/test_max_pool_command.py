"""The option of maximum pools on the command line, with a model of ONNX."""

from __future__ import annotations

import numpy as np
import onnx
from typer.testing import CliRunner

import neurodeploy as nd
from neurodeploy.cli.main import app


def model(path):
    """A convolution, a relu and a maximum pool over a picture of 6 x 6, read by two outputs."""
    rng = np.random.default_rng(1)
    weights = {
        "w1": rng.normal(size=(3, 1, 3, 3)).astype(np.float32),
        "w2": rng.normal(size=(2, 12)).astype(np.float32),
    }
    make = onnx.helper.make_node
    nodes = [
        make("Conv", ["image", "w1"], ["sums"], name="conv"),
        make("Relu", ["sums"], ["values"], name="relu"),
        make("MaxPool", ["values"], ["pooled"], name="pool", kernel_shape=[2, 2], strides=[2, 2]),
        make("Flatten", ["pooled"], ["flat"], name="flat"),
        make("Gemm", ["flat", "w2"], ["scores"], name="read", transB=1),
    ]
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes,
        "picture",
        [value("image", onnx.TensorProto.FLOAT, [1, 1, 6, 6])],
        [value("scores", onnx.TensorProto.FLOAT, [1, 2])],
        [onnx.numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    opsets = [onnx.helper.make_opsetid("", 17)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8), path)


def test_a_pool_is_refused_and_then_chosen(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model("picture.onnx")
    np.savez("train.npz", x=np.random.default_rng(2).random((60, 1, 6, 6)))
    command = ["convert", "picture.onnx", "picture.nd.json", "--calibrate", "train.npz", "--steps", "8"]
    quick = ["--percentile", "99", "--ranges", "layer"]
    refused = CliRunner().invoke(app, [*command, *quick])
    assert refused.exit_code == 1
    assert "error[ND843] node 'pool'" in refused.output
    assert "--max-pool or" in refused.output
    assert "--max-pool average" in refused.output
    made = CliRunner().invoke(app, [*command, *quick, "--max-pool", "or"])
    assert made.exit_code == 0, made.output
    assert [item.name for item in nd.load("picture.nd.json").populations] == ["clock", "conv", "pool", "read"]
