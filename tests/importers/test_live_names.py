"""Nodes of exports of PyTorch get the names of the module's layers; the graphs are as both exporters write them."""

from __future__ import annotations

from types import SimpleNamespace as Plain

import pytest

from neurodeploy.importers.live.names import SCOPES, rename_nodes


def node(kind, name, inputs=(), scopes=None):
    metadata = [] if scopes is None else [Plain(key=SCOPES, value=repr(scopes))]
    return Plain(op_type=kind, name=name, input=list(inputs), metadata_props=metadata)


def renamed(nodes, weights):
    rename_nodes(Plain(graph=Plain(node=nodes, initializer=[Plain(name=name) for name in weights])))
    return [item.name for item in nodes]


def traced():
    return [
        node("Conv", "/features/features.0/Conv", ["image", "onnx::Conv_23", "onnx::Conv_24"]),
        node("Constant", "/features/features.2/Constant"),
        node("Clip", "/features/features.2/Clip", ["a", "b"]),
        node("Relu", "/Relu", ["c"]),
        node("Relu", "/Relu_1", ["d"]),
        node("Add", "/features/features.2/Add", ["c", "d"]),
        node("Gemm", "/head/Gemm", ["d", "head.weight", "head.bias"]),
    ]


def captured():
    return [
        node("Conv", "node_Conv_15", ["image", "features.0.weight"], ["", "features", "features.1", "norm"]),
        node("Constant", "node_c", scopes=["", "features", "features.2", "clamp"]),
        node("Clip", "node_clip", ["a", "b"], ["", "features", "features.2", "clamp"]),
        node("Relu", "node_relu", ["c"], ["", "relu"]),
        node("Relu", "node_relu_1", ["d"], ["", "relu_1"]),
        node("Add", "node_add", ["c", "d"], ["", "features", "features.2", "add"]),
        node("Gemm", "node_linear", ["d", "head.weight", "head.bias"], ["", "head", "linear"]),
    ]


@pytest.mark.parametrize("nodes", [traced, captured])
def test_names_are_those_of_the_module(nodes):
    weights = ["onnx::Conv_23", "onnx::Conv_24", "features.0.weight", "head.weight", "head.bias"]
    assert renamed(nodes(), weights) == [
        "features.0", "features.2/constant", "features.2", "relu", "relu_2", "features.2/add", "head"
    ]  # fmt: skip


def test_weights_decide_which_node_of_a_layer_has_its_name():
    nodes = [
        node("Transpose", "/fc/Transpose", ["x"]),
        node("MatMul", "/fc/MatMul", ["x", "w"]),
        node("Add", "/fc/Add"),
    ]
    assert renamed(nodes, ["w"]) == ["fc/transpose", "fc", "fc/add"]
