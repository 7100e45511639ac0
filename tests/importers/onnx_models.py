"""Small ONNX models, and what onnxruntime computes for them."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from neurodeploy.convert.rates import layer_values
from neurodeploy.importers.onnx.load import load_onnx
from neurodeploy.trained.forward import forward
from neurodeploy.trained.layers import layers_of
from neurodeploy.trained.operations import Scores

OPSET = 17


def node(kind, inputs, outputs, name=None, domain="", **fields):
    """A NodeProto; two spaces between inputs leave one out."""
    return helper.make_node(kind, inputs.split(" "), outputs.split(" "), name=name or "", domain=domain, **fields)


def model(nodes, inputs, outputs=("y",), constants=None, opset=OPSET, ir_version=10, **fields):
    """A ModelProto. `inputs`: name -> shape with the batch axis, or a ValueInfoProto. `constants`: name -> array."""
    graph = helper.make_graph(
        nodes,
        fields.pop("graph_name", "graph"),
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) if isinstance(shape, (list, tuple)) else shape
            for name, shape in inputs.items()
        ],
        [helper.make_empty_tensor_value_info(name) for name in outputs],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in (constants or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(name, 1) for name in fields.pop("domains", ()))]
    return helper.make_model(graph, opset_imports=opsets, ir_version=ir_version, **fields)


def peer(proto, values, name=None):
    """(samples, ...) results of onnxruntime, one sample at a time, as files with a batch of 1 need it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # it assumes scales of biases
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    n_samples = len(next(iter(values.values())))
    rows = [
        session.run([name] if name else None, {k: v[i : i + 1] for k, v in values.items()})[0] for i in range(n_samples)
    ]
    return np.stack([np.asarray(row).ravel() for row in rows])


def ours(read, values):
    """(samples, n) of the output of a trained network, node by node. `values`: input -> samples as the file takes them."""
    found = forward(read.network, inner(read, values))
    return found[read.network.nodes[-1].name].reshape(len(next(iter(values.values()))), -1)


def inner(read, values):
    """Samples with their axes in the order of the trained network."""
    return {
        item.name: values[item.name].transpose(0, *(axis + 1 for axis in item.sample_axes))
        if item.sample_axes
        else values[item.name]
        for item in read.network.inputs
    }


def by_layers(read, values):
    """(samples, n) of the last layer, and its layers. Scores are left out."""
    layers = layers_of(read.network)
    rows = {name: array.reshape(len(array), -1) for name, array in inner(read, values).items()}
    return layer_values(layers, rows).values[layers.layers[-1].name], layers


def differences(proto, values, *, of_all=False):
    """Largest differences of both of our ways from onnxruntime, relative to the largest value of the output.

    `of_all`: relative to the largest value of any node, which float32 rounds.
    """
    read = load_onnx(proto)
    want = peer(proto, values)
    scale = np.abs(want).max() or 1.0
    if of_all:
        scale = max(scale, *(np.abs(array).max() for array in forward(read.network, inner(read, values)).values()))
    plain = np.abs(ours(read, values) - want).max() / scale
    as_values = read.model_copy(update={"network": read.network.model_copy(update={"task": "regress"})})
    rows, layers = by_layers(as_values, values)  # a classifier may leave out a last function that keeps the order
    if isinstance(read.network.nodes[-1].operation, Scores):
        return plain, None
    assert rows.shape == want.shape, layers
    return plain, np.abs(rows - want).max() / scale
