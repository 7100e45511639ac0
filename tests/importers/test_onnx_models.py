"""Whole ONNX models: names, axes, constants, quantized values, outputs, and what the ledger tells of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_models import by_layers, differences, model, node, ours, peer

from neurodeploy.importers.onnx.load import load_onnx
from neurodeploy.importers.trained import is_trained, read_trained
from neurodeploy.trained.network import Quantization
from neurodeploy.trained.operations import Activate, FullyConnected, Scores

RNG = np.random.default_rng(11)


def W(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def whole(*values):
    return np.array(values, dtype=np.int64)


def mlp(**fields):
    nodes = [
        node("Gemm", "x w b", "h", "fc1", transB=1),
        node("Relu", "h", "r", "act1"),
        node("MatMul", "r v", "y", "fc2"),
    ]
    return model(nodes, {"x": ["N", 6]}, constants={"w": W(5, 6), "b": W(5), "v": W(5, 3)}, **fields)


def told(read):
    return {(line.quantity, line.asked, line.got) for line in read.ledger}


def test_a_path_bytes_and_an_object_are_the_same_network(tmp_path):
    proto, path = mlp(graph_name="net"), tmp_path / "net.onnx"
    path.write_bytes(proto.SerializeToString())
    reads = [
        load_onnx(proto),
        load_onnx(proto.SerializeToString()),
        load_onnx(path),
        read_trained(path),
        read_trained(proto),
    ]
    assert all(item.network == reads[0].network for item in reads)
    assert is_trained(proto)
    assert is_trained(proto.SerializeToString())
    assert [item.name for item in reads[0].network.nodes] == ["fc1", "act1", "fc2"]
    assert reads[0].network.source == "onnx"
    assert told(reads[0]) == {("batch axis", "N", "1")}


def test_nodes_without_names_and_with_hostile_ones_have_their_own():
    nodes = [
        node("MatMul", "x/0 w", "h:0"),
        node("Relu", "h:0", "r", "\x1b[31m\n"),
        node("MatMul", "r v", "s", "twice"),
        node("Relu", "s", "t", "twice"),
        node("MatMul", "t w3", "y", "x_0"),
    ]
    proto = model(nodes, {"x/0": [1, 4]}, constants={"w": W(4, 3), "v": W(3, 3), "w3": W(3, 2)})
    read = load_onnx(proto)
    assert [item.name for item in read.network.inputs] == ["x_0"]
    assert [item.name for item in read.network.nodes] == ["MatMul_1", "\x1b[31m\n", "twice", "twice_2", "x_0_2"]
    values = W(3, 4)
    rows, layers = by_layers(read, {"x_0": values})
    proto.graph.node[2].name = "other"  # onnxruntime refuses two nodes of one name
    np.testing.assert_allclose(rows, peer(proto, {"x/0": values}), rtol=1e-4, atol=1e-5)
    assert [item.name for item in layers.layers] == ["MatMul_1", "twice", "x_0_2"]


@pytest.mark.parametrize(("size", "said"), [(16, "16"), ("batch", "batch"), (1, None)])
def test_the_batch_axis_is_one_sample(size, said):
    """A file that was exported with 16 samples, and reshapes to 16 rows, is read for one."""
    nodes = [node("Reshape", "x shape", "f"), node("MatMul", "f w", "y")]
    rows = size if isinstance(size, int) else -1
    proto = model(nodes, {"x": [size, 2, 3]}, constants={"shape": whole(rows, 6), "w": W(6, 4)})
    read = load_onnx(proto)
    assert read.network.inputs[0].shape == (2, 3)
    assert told(read) == ({("batch axis", said, "1")} if said else set())
    assert read.network.nodes[-1].shape == (4,)


def test_an_input_without_a_batch_axis_gets_one():
    nodes = [node("Unsqueeze", "x zero", "b"), node("Conv", "b k", "y")]
    proto = model(nodes, {"x": [3, 5, 5]}, constants={"zero": whole(0), "k": W(2, 3, 3, 3)})
    read = load_onnx(proto)
    assert read.network.inputs[0].shape == (3, 5, 5)
    assert [item.operation.kind for item in read.network.nodes] == ["convolution"]


def test_an_input_with_channels_last_is_turned_once():
    nodes = [node("Transpose", "x", "t", perm=[0, 3, 1, 2]), node("Conv", "t k", "y")]
    proto = model(nodes, {"x": ["N", 5, 6, 3]}, constants={"k": W(2, 3, 3, 3)})
    read = load_onnx(proto)
    (item,) = read.network.inputs
    assert (item.shape, item.sample_axes) == ((3, 5, 6), (2, 0, 1))
    values = {"x": W(4, 5, 6, 3)}
    np.testing.assert_allclose(ours(read, values), peer(proto, values), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float64", "int8"])
def test_weights_of_other_types_are_exact(kind):
    values = np.float32([[0.5, -1.25, 3.0], [2.0, 0.0, -8.0]])
    number = {"float16": 10, "bfloat16": 16, "float64": 11, "int8": 3}[kind]
    if kind == "int8":
        values = np.rint(values)
    stored = helper.make_tensor("w", number, values.shape, values.ravel().tolist())
    nodes = [node("Cast", "w", "real", to=1), node("MatMul", "x real", "y", "fc")]
    proto = model(nodes, {"x": [1, 2]})
    proto.graph.initializer.append(stored)
    read = load_onnx(proto)
    (only,) = read.network.nodes
    assert isinstance(only.operation, FullyConnected)
    np.testing.assert_array_equal(only.operation.weights, values.T)
    narrow = {("weights", f"1 tensors of {kind}", "float32")} if kind in ("float16", "bfloat16") else set()
    assert told(read) == narrow


def quantized(signed=True):
    """A dense layer with QDQ: input, weights by channel, and the values after relu."""
    low, high, kind = (-128, 127, np.int8) if signed else (0, 255, np.uint8)
    stored = RNG.integers(low, high + 1, size=(4, 6)).astype(kind)
    scales = np.float32([0.01, 0.02, 0.005, 0.04])
    zeros = np.zeros(4, kind) if signed else np.array([128, 120, 3, 7], kind)
    nodes = [
        node("QuantizeLinear", "x sx zx", "xq"),
        node("DequantizeLinear", "xq sx zx", "xd"),
        node("DequantizeLinear", "w sw zw", "wd", axis=0),
        node("DequantizeLinear", "b sb", "bd"),
        node("Gemm", "xd wd bd", "h", "fc", transB=1),
        node("Relu", "h", "r", "act"),
        node("QuantizeLinear", "r sr zr", "rq"),
        node("DequantizeLinear", "rq sr zr", "y"),
    ]
    constants = {
        "sx": np.float32(0.02), "zx": np.array(3, kind), "w": stored, "sw": scales, "zw": zeros,
        "b": np.arange(4, dtype=np.int32), "sb": np.float32(0.5), "sr": np.float32(0.05), "zr": np.array(low, kind),
    }  # fmt: skip
    return model(nodes, {"x": [1, 6]}, constants=constants)


@pytest.mark.parametrize("signed", [True, False])
def test_quantized_weights_are_exact_and_stored_values_are_remembered(signed):
    proto = quantized(signed)
    read = load_onnx(proto)
    first, dense, act = read.network.nodes
    arrays = {item.name: numpy_helper.to_array(item) for item in proto.graph.initializer}
    real = (arrays["w"].astype(np.int64) - arrays["zw"].astype(np.int64)[:, None]) * arrays["sw"][:, None].astype(
        np.float64
    )
    np.testing.assert_allclose(dense.operation.weights, real, rtol=1e-7)
    low, high = (-128, 127) if signed else (0, 255)
    assert first.stored == Quantization(scale=float(np.float32(0.02)), zero_point=3, low=low, high=high)
    assert act.stored == Quantization(scale=float(np.float32(0.05)), zero_point=low, low=low, high=high)
    lowest, highest = (-40, 40) if signed else (-3, 60)
    x = (RNG.integers(lowest, highest, size=(20, 6)) * 0.02).astype(
        np.float32
    )  # whole steps, so that only relu's are rounded
    near = peer(proto, {"x": x}) < 0.05 * 254  # not saturated
    assert np.abs(ours(read, {"x": x}) - peer(proto, {"x": x}))[near].max() <= 0.025 + 1e-5


@pytest.mark.parametrize("signed", [True, False])
def test_a_network_that_onnxruntime_quantized_keeps_its_activations(signed, tmp_path):
    """Its quantizer leaves out relu and stores 0 as the least value; each of its steps is at most one of rounding."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    x = RNG.random((30, 1, 8, 8), dtype=np.float32)

    class Samples(CalibrationDataReader):
        def __init__(self):
            self.rows = iter([{"x": x[k : k + 1]} for k in range(len(x))])

        def get_next(self):
            return next(self.rows, None)

    nodes = [
        node("Conv", "x k b", "c", "conv1", pads=[1, 1, 1, 1]),
        node("Relu", "c", "r", "relu1"),
        node("MaxPool", "r", "p", "pool", kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", "p k2", "c2", "conv2"),
        node("Relu", "c2", "r2", "relu2"),
        node("GlobalAveragePool", "r2", "g", "mean"),
        node("Flatten", "g", "f", "flat"),
        node("Gemm", "f w", "y", "fc"),
    ]
    weights = {"k": W(4, 1, 3, 3), "b": W(4), "k2": W(6, 4, 3, 3), "w": W(6, 3)}
    proto = model(nodes, {"x": ["N", 1, 8, 8]}, constants=weights)
    proto.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3]))
    onnx.save(proto, tmp_path / "float.onnx")
    quantize_static(
        tmp_path / "float.onnx", tmp_path / "small.onnx", Samples(), quant_format=QuantFormat.QDQ, per_channel=signed,
        activation_type=QuantType.QInt8 if signed else QuantType.QUInt8, weight_type=QuantType.QInt8,
    )  # fmt: skip
    small = onnx.load(tmp_path / "small.onnx")
    assert "Relu" not in {item.op_type for item in small.graph.node}
    read = load_onnx(tmp_path / "small.onnx")
    want = peer(small, {"x": x})
    assert np.abs(ours(read, {"x": x}) - want).max() < 0.03 * np.abs(want).max()
    rows, layers = by_layers(read, {"x": x})
    np.testing.assert_allclose(rows, ours(read, {"x": x}), rtol=0, atol=1e-5 * np.abs(want).max())
    assert [(item.name, item.activation.kind if item.activation else "") for item in layers.layers] == [
        ("conv1", "activate"), ("pool", "max_pool"), ("conv2", "activate"), ("fc", ""),
    ]  # fmt: skip
    assert sum(line.quantity == "activation" for line in read.ledger) == 2


def test_scores_are_the_last_node_however_the_graph_ends():
    ends = {
        "softmax": [node("Softmax", "h", "y")],
        "log_softmax": [node("LogSoftmax", "h", "l"), node("Identity", "l", "y")],
        "sigmoid": [node("Sigmoid", "h", "s"), node("Squeeze", "s last", "y")],
        "argmax": [node("Softmax", "h", "s"), node("ArgMax", "s", "y", axis=1)],
    }
    for function, nodes in ends.items():
        n_out = 1 if function == "sigmoid" else 3
        proto = model(
            [node("MatMul", "x w", "h"), *nodes], {"x": ["N", 4]}, constants={"w": W(4, n_out), "last": whole(1)}
        )
        last = load_onnx(proto).network.nodes[-1].operation
        assert last == Scores(function=function)


def test_a_sigmoid_between_layers_is_an_activation():
    nodes = [node("MatMul", "x w", "h"), node("Sigmoid", "h", "s"), node("MatMul", "s v", "y")]
    proto = model(nodes, {"x": [1, 4]}, constants={"w": W(4, 3), "v": W(3, 2)})
    assert load_onnx(proto).network.nodes[1].operation == Activate(function="sigmoid")


def test_what_the_output_means():
    """Values of the shape of the input after a bottleneck, and single sums; everything else is scores of classes."""
    for n_between, n_out, end, task, last in (
        (2, 4, "Sigmoid", "regress", Activate(function="sigmoid")),
        (2, 4, "Softmax", "classify", Scores(function="softmax")),
        (4, 4, "Sigmoid", "classify", Scores(function="sigmoid")),
        (2, 3, "Sigmoid", "classify", Scores(function="sigmoid")),
        (2, 1, "Sigmoid", "classify", Scores(function="sigmoid")),
        (2, 1, "Relu", "regress", Activate(function="relu")),
        (2, 3, "Relu", "classify", Activate(function="relu")),
    ):
        nodes = [node("MatMul", "x v", "b"), node("MatMul", "b w", "h"), node(end, "h", "y")]
        read = load_onnx(model(nodes, {"x": [1, 4]}, constants={"v": W(4, n_between), "w": W(n_between, n_out)}))
        assert (read.network.task, read.network.nodes[-1].operation) == (task, last)
        assert ("meaning" in {line.quantity for line in read.ledger}) == (task == "regress")


def test_outputs_that_are_scores_of_one_layer_are_one():
    nodes = [node("MatMul", "x w", "h"), node("Softmax", "h", "p"), node("ArgMax", "p", "label", axis=1)]
    read = load_onnx(model(nodes, {"x": [1, 4]}, ("label", "p", "h"), constants={"w": W(4, 3)}))
    assert [item.operation.kind for item in read.network.nodes] == ["fully_connected", "scores", "scores"]
    assert ("outputs", "3", "1") in told(read)


def test_nodes_and_inputs_that_no_output_needs_are_left_out():
    """A node that cannot be converted does no harm where nothing reads it."""
    nodes = [node("MatMul", "x w", "y"), node("Gelu", "x", "unused", "extra")]
    read = load_onnx(model(nodes, {"x": [1, 4], "mask": ["a", "b"]}, constants={"w": W(4, 3)}, opset=20))
    assert len(read.network.nodes) == 1
    assert told(read) == {("nodes", "1 more", "left out"), ("input", "an input", "none")}


def test_several_inputs():
    nodes = [node("Concat", "a b", "c", axis=1), node("MatMul", "c w", "y")]
    proto = model(nodes, {"a": ["N", 3], "b": ["N", 4]}, constants={"w": W(7, 2)})
    plain, layered = differences(proto, {"a": W(5, 3), "b": W(5, 4)})
    assert max(plain, layered) < 1e-5


def test_an_old_opset_is_brought_up():
    nodes = [node("Reshape", "x s", "r"), node("Add", "r b", "h", axis=0, broadcast=1), node("Relu", "h", "y")]
    proto = model(
        [*nodes, node("MatMul", "y w", "z")],
        {"x": [1, 2, 2]},
        ("z",),
        {"s": whole(1, 4), "b": W(1, 4), "w": W(4, 2)},
        opset=6,
        ir_version=3,
    )
    for name, array in (("s", whole(1, 4)), ("b", W(1, 4)), ("w", W(4, 2))):
        kind = helper.np_dtype_to_tensor_dtype(array.dtype)
        proto.graph.input.append(helper.make_tensor_value_info(name, kind, array.shape))
    proto.graph.output[0].CopyFrom(helper.make_tensor_value_info("z", 1, [1, 2]))
    read = load_onnx(proto)
    assert ("opset", "6", "13") in told(read)
    values, arrays = W(3, 2, 2), {item.name: numpy_helper.to_array(item) for item in proto.graph.initializer}
    want = np.maximum(values.reshape(3, 4) + arrays["b"], 0) @ arrays["w"]  # onnxruntime has no opset below 7
    np.testing.assert_allclose(ours(read, {"x": values}), want, rtol=1e-4, atol=1e-5)


def external(proto, folder, name="weights.bin"):
    """Move the weights of a model to a file beside it, as onnx does."""
    path = folder / "net.onnx"
    onnx.save_model(proto, path, save_as_external_data=True, location=name, size_threshold=0, convert_attribute=False)
    return path


def test_weights_in_a_file_beside_the_model(tmp_path):
    proto = mlp(graph_name="net")
    half = helper.make_tensor(
        "v", TensorProto.FLOAT16, (5, 3), W(15).astype(np.float16).view(np.uint16).tobytes(), raw=True
    )
    proto.graph.initializer[2].CopyFrom(half)
    proto.graph.node.insert(2, node("Cast", "v", "real", to=1))
    proto.graph.node[3].input[1] = "real"
    want = load_onnx(proto.SerializeToString())
    found = load_onnx(external(proto, tmp_path))
    assert found.network == want.network


def test_nothing_outside_of_the_folder_is_opened(tmp_path, monkeypatch):
    """Neither by a path, nor by a link; missing and short files are named as well."""
    from neurodeploy.diagnostics import DiagnosticError

    inside = tmp_path / "inside"
    inside.mkdir()
    path = external(mlp(), inside)
    (inside / "weights.bin").rename(tmp_path / "secret.bin")
    (inside / "link.bin").symlink_to(tmp_path / "secret.bin")
    (inside / "short.bin").write_bytes(b"abc")
    opened, real = [], Path.open
    monkeypatch.setattr(
        Path, "open", lambda self, *args, **fields: opened.append(self.name) or real(self, *args, **fields)
    )
    proto = onnx.load(path, load_external_data=False)
    for location, words in {
        "../secret.bin": "outside of the model's folder",
        "link.bin": "outside of the model's folder",
        str(tmp_path / "secret.bin"): "which is no file of the model's folder",
        "weights.bin": "which is missing",
        "short.bin": "which has 3",
        "": "which is no file of the model's folder",
    }.items():
        for tensor in proto.graph.initializer:
            next(item for item in tensor.external_data if item.key == "location").value = location
        path.write_bytes(proto.SerializeToString())
        with pytest.raises(DiagnosticError, match=words) as error:
            load_onnx(path)
        assert {item.code for item in error.value.diagnostics} == {"ND811"}
    with pytest.raises(DiagnosticError, match="without its folder"):
        load_onnx(path.read_bytes())
    assert not {"secret.bin", "link.bin", "short.bin"} & set(opened)
