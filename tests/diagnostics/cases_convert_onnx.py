"""Triggers of findings about trained networks that come from ONNX files, and of those that all readers share."""

from __future__ import annotations

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper
from onnx_models import model, node

from neurodeploy.importers.onnx.load import load_onnx
from neurodeploy.importers.trained import read_trained

DENSE = {"w": np.eye(3, dtype=np.float32)}


def dense(*nodes, inputs=None, **fields):
    """A dense layer 'fc' from x to h, and further nodes."""
    return model([node("MatMul", "x w", "h", "fc"), *nodes], inputs or {"x": ["N", 3]}, constants=DENSE, **fields)


def with_constants(**constants):
    return model(
        [node("MatMul", "x w", "h", "fc"), node("Add", "h b", "y", "bias")], {"x": [1, 3]}, constants=constants
    )


def without_onnx(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    load_onnx(b"")


def of_the_future(monkeypatch):
    monkeypatch.setattr(onnx, "__version__", "1.23.2")
    monkeypatch.setattr(onnx.defs, "onnx_opset_version", lambda: 28)
    load_onnx(dense(node("Relu", "h", "y"), opset=99))


def elsewhere(location):
    proto = model([node("MatMul", "x w", "y", "fc")], {"x": [1, 3]}, constants=DENSE)
    weights = proto.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value=location)
    onnx.save(proto, "net.onnx")
    return read_trained("net.onnx")


CASES = {
    "ND800": lambda _: load_onnx(
        dense(node("Gelu", "h", "a", "act1"), node("Gelu", "a", "b", "act2"), node("Mul", "b h", "y", "gate"), opset=20)
    ),
    "ND801": lambda _: load_onnx(dense(node("LSTM", "h w w", "y", "encoder", hidden_size=3))),
    "ND802": lambda _: load_onnx(with_constants(w=np.diag([1, np.nan, np.inf]).astype("f4"), b=np.zeros(3, "f4"))),
    "ND803": lambda _: load_onnx(with_constants(w=np.zeros((4, 2), "f4"), b=np.zeros(3, "f4"))),
    "ND804": without_onnx,
    "ND805": lambda _: read_trained({"weights": [1.0]}),
    "ND810": of_the_future,
    "ND811": lambda _: elsewhere("../../etc/passwd"),
    "ND812": lambda _: load_onnx(
        model(
            [node("Conv", "x k", "y", "conv")],
            {"x": ["N", 1, "height", "width"]},
            constants={"k": np.ones((1, 1, 3, 3), "f4")},
        )
    ),
    "ND813": lambda _: load_onnx(dense(node("Relu", "h", "r"), node("MatMul", "r w", "y"), outputs=("y", "r"))),
    "ND814": lambda _: load_onnx(
        model(
            [node("Identity", "text", "y")],
            {"text": helper.make_tensor_value_info("text", TensorProto.STRING, [1, 3])},
        )
    ),
    "ND815": lambda _: load_onnx(
        model(
            [node("Upsample", "x s", "u", "enlarge"), node("Conv", "u k", "y", "conv")],
            {"x": [1, 1, 32, 32]},
            constants={"s": np.float32([1, 1, 999, 999]), "k": np.ones((1, 1, 3, 3), "f4")},
            opset=9,
        )
    ),
    "ND816": lambda _: read_trained(dense(node("Softmax", "h", "y", "probability")), task="regress"),
}
