"""Random small networks, and the networks that come with onnx: what is read computes what onnxruntime computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import numpy_helper
from onnx_models import by_layers, differences, model, node, ours, peer

from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.importers.onnx.load import load_onnx
from neurodeploy.trained.operations import Scores

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"


class Writer:
    """Nodes with random weights, one after the other."""

    def __init__(self, seed, shape):
        self.rng = np.random.default_rng(seed)
        self.shape = shape
        self.last = "x"
        self.older = []
        """Tensors and their shapes."""
        self.nodes = []
        self.constants = {}

    def constant(self, *shape, scale=1.0, positive=False):
        name = f"c{len(self.constants)}"
        array = self.rng.normal(size=shape) * scale
        self.constants[name] = (np.abs(array) + 0.1 if positive else array).astype(np.float32)
        return name

    def whole(self, *values):
        name = f"c{len(self.constants)}"
        self.constants[name] = np.array(values, dtype=np.int64)
        return name

    def add(self, kind, *inputs, shape=None, **fields):
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(node(kind, " ".join([self.last, *inputs]), name, name, **fields))
        self.older.append((self.last, self.shape))
        self.last, self.shape = name, self.shape if shape is None else shape

    # --- one layer each; images are (channels, height, width), features (n,)

    def conv(self):
        channels, height, width = self.shape
        kernel = [int(self.rng.integers(1, min(3, n) + 1)) for n in (height, width)]
        groups = int(self.rng.choice([k for k in (1, 2, channels) if channels % k == 0]))
        out = groups * int(self.rng.integers(1, 4))
        pads = [int(self.rng.integers(0, 2)) for _ in range(4)]
        stride = [int(self.rng.integers(1, 3)) for _ in range(2)]
        sizes = [
            (n + pads[axis] + pads[axis + 2] - kernel[axis]) // stride[axis] + 1
            for axis, n in enumerate((height, width))
        ]
        weights = self.constant(out, channels // groups, *kernel, scale=0.5)
        self.add("Conv", weights, self.constant(out), shape=(out, *sizes), pads=pads, strides=stride, group=groups)

    def norm(self):
        c = [self.constant(self.shape[0]) for _ in range(3)]
        self.add("BatchNormalization", *c, self.constant(self.shape[0], positive=True))

    def pool(self, kind=None):
        kind = kind or self.rng.choice(["MaxPool", "AveragePool"])
        channels, height, width = self.shape
        if min(height, width) < 2:
            return
        self.add(
            kind, shape=(channels, (height - 2) // 2 + 1, (width - 2) // 2 + 1), kernel_shape=[2, 2], strides=[2, 2]
        )

    def act(self):
        kind = self.rng.choice(["Relu", "Relu", "Relu", "Relu6", "LeakyRelu", "Sigmoid", "Tanh", "Abs"])
        if kind == "Relu6":
            self.constants |= {"zero": np.float32(0), "six": np.float32(6)}
            self.add("Clip", "zero", "six")
        else:
            self.add(kind)

    def residual(self):
        same = [name for name, shape in self.older if shape == self.shape and name != self.last]
        if same:
            self.add("Add", str(self.rng.choice(same)))

    def concat(self):
        same = [(name, shape) for name, shape in self.older if shape[1:] == self.shape[1:] and name != self.last]
        if same and self.shape[0] < 20:
            name, shape = same[self.rng.integers(len(same))]
            self.add("Concat", name, shape=(self.shape[0] + shape[0], *self.shape[1:]), axis=1)

    def shuffle(self):
        if self.shape[0] % 2 or self.shape[0] < 4:
            return
        shape, parts = self.shape, (2, self.shape[0] // 2)
        self.add("Reshape", self.whole(-1, *parts, *shape[1:]), shape=(*parts, *shape[1:]))
        self.add("Transpose", shape=(*parts[::-1], *shape[1:]), perm=[0, 2, 1, 3, 4][: len(shape) + 2])
        self.add("Reshape", self.whole(-1, *shape), shape=shape)

    def cut(self):
        if self.shape[0] > 1:
            out = (self.shape[0] - 1, *self.shape[1:])
            self.add("Slice", self.whole(1), self.whole(1000), self.whole(1), shape=out)

    def scale(self):
        wide = (self.shape[0], *(1,) * (len(self.shape) - 1))
        self.add(self.rng.choice(["Mul", "Add", "Sub"]), self.constant(*wide))

    def flatten(self):
        self.add("Flatten", shape=(int(np.prod(self.shape)),))

    def dense(self):
        if len(self.shape) > 1:
            self.flatten()
        out = int(self.rng.integers(1, 8))
        weights = self.constant(self.shape[0], out, scale=self.shape[0] ** -0.5)
        self.add("Gemm", weights, self.constant(out), shape=(out,))

    def whole_pool(self):
        if len(self.shape) == 3:
            self.add("GlobalAveragePool", shape=(self.shape[0], 1, 1))


IMAGE = ("conv", "norm", "pool", "act", "residual", "concat", "shuffle", "cut", "scale")
FLAT = ("dense", "act", "residual", "concat", "cut", "scale")


@st.composite
def networks(draw):
    seed = draw(st.integers(0, 2**32 - 1))
    writer = Writer(seed, draw(st.sampled_from([(3, 8, 7), (2, 5, 5), (12,)])))
    if len(writer.shape) == 3:
        for layer in draw(st.lists(st.sampled_from(IMAGE), min_size=1, max_size=8)):
            getattr(writer, layer)()
        if draw(st.booleans()):
            writer.whole_pool()
    writer.dense()
    for layer in draw(st.lists(st.sampled_from(FLAT), max_size=4)):
        getattr(writer, layer)()
    writer.dense()
    return writer


@settings(max_examples=40, deadline=None)
@given(networks())
def test_a_random_network_computes_what_onnxruntime_computes(writer):
    shape = writer.older[0][1]
    proto = model(writer.nodes, {"x": ["N", *shape]}, (writer.last,), writer.constants)
    x = np.random.default_rng(0).normal(size=(3, *shape)).astype(np.float32)
    plain, layered = differences(proto, {"x": x}, of_all=True)
    assert plain < 1e-5
    assert layered < 1e-5


def filled(proto, rng):
    """A model of onnx with random weights instead of constants, as a network after training has them; without its softmax."""
    roles = {"Conv": "wwb", "Gemm": "wwb", "BatchNormalization": "?sbmv"}
    role = {
        name: roles[item.op_type][k]
        for item in proto.graph.node
        if item.op_type in roles
        for k, name in enumerate(item.input)
    }
    shapes = {item.name: numpy_helper.to_array(item) for item in proto.graph.initializer}
    kept = []
    for item in proto.graph.node:
        if item.op_type != "ConstantOfShape":
            kept.append(item)
            continue
        shape, kind = tuple(shapes[item.input[0]]), role.get(item.output[0], "s")
        array = rng.normal(size=shape)
        if kind == "w":
            array *= np.sqrt(2 / np.prod(shape[1:]))
        else:
            array = array * 0.1 + (1 if kind in "sv" else 0)
        stored = np.abs(array) if kind == "v" else array
        proto.graph.initializer.append(numpy_helper.from_array(stored.astype(np.float32), item.output[0]))
    if kept[-1].op_type == "Softmax":
        kept.pop()
        proto.graph.output[0].CopyFrom(onnx.helper.make_empty_tensor_value_info(kept[-1].output[0]))
    del proto.graph.node[:]
    proto.graph.node.extend(kept)
    return proto


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "n_layers"),
    [("squeezenet", 30), ("resnet50", 51), ("shufflenet", 35), ("inception_v2", 75)],
)
def test_networks_of_onnx_compute_what_onnxruntime_computes(name, n_layers):
    rng = np.random.default_rng(0)
    proto = filled(onnx.load(LIGHT / f"light_{name}.onnx"), rng)
    read = load_onnx(proto)
    (item,) = read.network.inputs
    known = {tensor.name for tensor in proto.graph.initializer}
    reads = {source for each in proto.graph.node for source in each.input}
    given_name = next(each.name for each in proto.graph.input if each.name in reads - known)
    x = rng.normal(size=(1, *item.shape)).astype(np.float32)
    want = peer(proto, {given_name: x})
    scale = np.abs(want).max()
    assert np.abs(ours(read, {item.name: x}) - want).max() < 1e-5 * scale
    rows, layers = by_layers(read, {item.name: x})
    assert np.abs(rows - want).max() < 1e-5 * scale
    assert len(layers.layers) == n_layers
    assert not any(isinstance(each.operation, Scores) for each in read.network.nodes)


def test_a_network_of_onnx_with_another_normalization_is_a_finding():
    with pytest.raises(DiagnosticError, match="LRN becomes neither synapses nor spikes") as error:
        load_onnx(LIGHT / "light_inception_v1.onnx")
    (only,) = error.value.diagnostics
    assert len(only.subject.names) == 2
