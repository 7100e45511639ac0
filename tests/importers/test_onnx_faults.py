"""ONNX models that cannot be converted: the whole text of what is said about each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_models import model, node

from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.importers.onnx.load import load_onnx

GOLDEN = Path(__file__).parents[1] / "golden" / "onnx_faults.txt"


def ones(*shape):
    return np.ones(shape, dtype=np.float32)


def ints(*values):
    return np.array(values, dtype=np.int64)


def dense(*nodes, opset=17, shape=("N", 4), outputs=("y",), **constants):
    """A dense layer 'fc' from x to h, and further nodes."""
    first = node("MatMul", "x w", "h", "fc")
    return model([first, *nodes], {"x": list(shape)}, outputs, {"w": ones(4, 4), **constants}, opset)


def conv(*nodes, opset=17, shape=("N", 1, 8, 8), outputs=("y",), **constants):
    """A convolution 'conv' from x to h, and further nodes."""
    first = node("Conv", "x k", "h", "conv")
    return model([first, *nodes], {"x": list(shape)}, outputs, {"k": ones(2, 1, 3, 3), **constants}, opset)


def typed(kind, text):
    value = helper.make_tensor_type_proto(kind, [1, 4])
    if text == "sequence":
        value = helper.make_sequence_type_proto(value)
    return model([node("Identity", "x", "y")], {"x": helper.make_value_info("x", value)})


def without(proto, *fields):
    for name in fields:
        proto.graph.ClearField(name)
    return proto


def versions(ir_version=10, opset=17):
    proto = dense(node("Relu", "h", "y"), opset=opset)
    proto.ir_version = ir_version
    return proto


def sparse():
    proto = model([node("MatMul", "x w", "y", "fc")], {"x": [1, 4]})
    values = helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0])
    places = helper.make_tensor("places", TensorProto.INT64, [1], [3])
    weights = onnx.SparseTensorProto(values=values, indices=places, dims=[4, 4])
    proto.graph.sparse_initializer.append(weights)
    return proto


def branch():
    inner = helper.make_graph([node("Relu", "h", "out")], "then", [], [helper.make_empty_tensor_value_info("out")])
    return dense(
        helper.make_node("If", ["which"], ["y"], "choice", then_branch=inner, else_branch=inner), which=np.bool_(1)
    )


CASES = {
    "no bytes": lambda: b"",
    "text": lambda: b"this is no model",
    "truncated": lambda: dense(node("Relu", "h", "y")).SerializeToString()[:-40],
    "newer format": lambda: versions(ir_version=99),
    "newer operations": lambda: versions(opset=99),
    "no nodes": lambda: without(dense(), "node"),
    "no outputs": lambda: without(dense(), "output"),
    "names that nothing makes": lambda: dense(node("Add", "h nothing", "z", "sum"), node("Relu", "later", "y", "act")),
    "a later node": lambda: dense(node("Relu", "g", "y", "act"), node("Relu", "h", "g", "late")),
    "made twice": lambda: dense(node("Relu", "h", "y", "one"), node("Tanh", "h", "y", "two")),
    "an output without a name": lambda: dense(outputs=("",)),
    "an output that is an input": lambda: model([node("Relu", "x", "r")], {"x": [1, 4]}, ("x",)),
    "an output that is constant": lambda: model([node("Relu", "c", "y")], {"x": [1, 4]}, constants={"c": ones(2)}),
    "weights that are not finite": lambda: dense(
        node("Gemm", "h v b", "i", "fc2"), node("Mul", "i s", "y", "scale"),
        v=ones(4, 4) * [1, np.nan, 1, 1], b=np.full(4, np.inf, np.float32), s=np.float32(3e38),
    ),
    "weights of other shapes": lambda: dense(
        node("Gemm", "h v", "i", "fc2"), node("Add", "h b", "j", "bias"), node("Reshape", "h sizes", "k", "flat"),
        node("BatchNormalization", "h b b b b", "l", "bn"), outputs=("i", "j", "k", "l"), v=ones(3, 2), b=ones(5), sizes=ints(3, -1),
    ),
    "convolutions of other shapes": lambda: conv(
        node("Conv", "h k2", "a", "channels"), node("Conv", "h k3", "b", "kernel"), node("Conv", "h k4", "c", "size"),
        node("MaxPool", "h", "d", "pads", kernel_shape=[2, 2], pads=[2, 2, 2, 2]), node("AveragePool", "h", "e", "windows"),
        outputs=tuple("abcde"), k2=ones(2, 3, 3, 3), k3=ones(2, 2, 3), k4=ones(2, 2, 9, 9),
    ),
    "axes without sizes": lambda: conv(node("Relu", "h", "y"), shape=("N", 1, "height", "")),
    "a lone open axis": lambda: model([node("Relu", "x", "y")], {"x": ["n"]}),
    "text as input": lambda: typed(TensorProto.STRING, "tensor"),
    "a sequence as input": lambda: typed(TensorProto.FLOAT, "sequence"),
    "activations": lambda: dense(
        node("Gelu", "h", "a", "act1"), node("Elu", "a", "b", "act2"), node("LayerNormalization", "b s", "c", "norm"),
        node("Gelu", "c", "d", "act3"), node("Softplus", "d", "y", "act4"), opset=20, s=ones(4),
    ),
    "silu": lambda: dense(node("Sigmoid", "h", "s"), node("Mul", "h s", "y", "silu")),
    "attention": lambda: dense(
        node("Transpose", "h", "t"), node("MatMul", "h t", "s", "scores"), node("Softmax", "s", "p"), node("MatMul", "p h", "y", "mix"),
        shape=(1, 5, 4),
    ),
    "recurrent": lambda: dense(node("GRU", "h w w", "g", "gru", hidden_size=2), node("LSTM", "g w w", "y", "lstm", hidden_size=2)),
    "a choice": branch,
    "operations of others": lambda: model(
        [node("FusedConv", "x", "a", "fused", domain="com.microsoft"), node("TreeEnsembleClassifier", "a", "y", "trees", domain="ai.onnx.ml")],
        {"x": [1, 4]}, domains=("com.microsoft", "ai.onnx.ml"),
    ),
    "scores between layers": lambda: dense(node("Softmax", "h", "s", "soft"), node("MatMul", "s w", "y")),
    "scores of pixels": lambda: conv(node("Softmax", "h", "y", "soft", axis=1)),
    "three axes": lambda: model([node("Conv", "x k", "y", "conv")], {"x": [1, 1, 4, 4, 4]}, constants={"k": ones(1, 1, 2, 2, 2)}),
    "gaps in windows": lambda: conv(node("MaxPool", "h", "y", "pool", kernel_shape=[2, 2], dilations=[2, 2])),
    "places of maxima": lambda: conv(node("MaxPool", "h", "y places", "pool", kernel_shape=[2, 2]), outputs=("y", "places")),
    "an embedding": lambda: model(
        [node("Gather", "table x", "y", "embedding")], {"x": helper.make_tensor_value_info("x", TensorProto.INT64, ["N", 5])},
        constants={"table": ones(9, 3)},
    ),
    "interpolation": lambda: conv(node("Resize", "h  scales", "y", "resize", mode="linear"), scales=np.float32([1, 1, 2, 2])),
    "factors that are not whole": lambda: conv(node("Resize", "h  scales", "y", "resize"), scales=np.float32([1, 1, 1.5, 2])),
    "integer operations": lambda: dense(node("MatMulInteger", "h w", "y", "mm")),
    "statistics of each batch": lambda: dense(node("BatchNormalization", "h s s s s", "y", "bn", training_mode=1), s=ones(4)),
    "division": lambda: dense(node("Div", "c h", "y", "ratio"), c=ones(4)),
    "a sparse matrix": sparse,
    "several outputs": lambda: dense(node("Relu", "h", "r"), node("MatMul", "r w", "y"), outputs=("y", "r")),
    "no weights": lambda: model([node("Relu", "x", "y")], {"x": [1, 4]}),
    "a large result": lambda: conv(node("Tile", "h times", "y", "tile"), times=ints(1, 1, 4000, 4000)),
    "text as weights": lambda: model([node("MatMul", "x w", "y", "fc")], {"x": [1, 4]}, constants={"w": np.array(["a"])}),
}  # fmt: skip


def test_every_fault_is_told_in_whole(update_golden, monkeypatch):
    monkeypatch.setattr(onnx, "__version__", "1.23.2")
    monkeypatch.setattr(onnx, "IR_VERSION", 13)
    monkeypatch.setattr(onnx.defs, "onnx_opset_version", lambda: 28)
    told = []
    for name, make in CASES.items():
        with pytest.raises(DiagnosticError) as error:
            load_onnx(make())
        told.append(f"# {name}\n{error.value}\n")
    text = "\n".join(told)
    if update_golden:
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


def test_files_that_are_no_models_are_named(tmp_path, monkeypatch):
    path = tmp_path / "net.onnx"
    path.write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(DiagnosticError) as error:
        load_onnx(path)
    assert [item.code for item in error.value.diagnostics] == ["ND803"]
    path.write_text("<!doctype html><html><body>404</body></html>")
    with pytest.raises(DiagnosticError, match="it is a web page"):
        load_onnx(path)
    with pytest.raises(DiagnosticError, match="ND001"):
        load_onnx(tmp_path / "missing.onnx")
    path.write_bytes(dense(node("Relu", "h", "y")).SerializeToString())
    monkeypatch.setenv("NEURODEPLOY_MEMORY_LIMIT", "100")
    with pytest.raises(DiagnosticError, match="ND012"):
        load_onnx(path)
    with pytest.raises(DiagnosticError, match="ND012"):
        load_onnx(path.read_bytes())
