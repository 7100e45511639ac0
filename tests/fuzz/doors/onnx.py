"""ONNX files: bytes, and fields of the message that no exporter writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from mutate import spoil_bytes

from neurodeploy.importers.onnx.load import load_onnx
from neurodeploy.trained.layers import layers_of

FILE = "net.onnx"
OLD = "old.onnx"


def node(kind, inputs, outputs, **fields):
    from onnx import helper

    return helper.make_node(kind, inputs.split(" "), outputs.split(" "), name=outputs.split(" ")[0], **fields)


def proto(nodes, shape, answers, constants, opset):
    from onnx import helper, numpy_helper

    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", 1, shape)],
        [helper.make_tensor_value_info("y", 1, [1, answers])],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def whole():
    """Most kinds of operations, with small weights."""
    ones = lambda *shape: np.ones(shape, dtype=np.float32)
    ints = lambda *values: np.array(values, dtype=np.int64)
    nodes = [
        node("Transpose", "x", "t", perm=[0, 3, 1, 2]),
        node("QuantizeLinear", "t scale zero", "q"),
        node("DequantizeLinear", "q scale zero", "dq"),
        node("Conv", "dq kernel bias", "c", pads=[1, 1, 0, 1], dilations=[1, 1], strides=[1, 1], group=2),
        node("BatchNormalization", "c four four four four", "bn", epsilon=1e-3),
        node("MaxPool", "bn", "mp", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
        node("Clip", "mp low high", "r6"),
        node("Split", "r6 halves", "left right", axis=1),
        node("LeakyRelu", "left", "leaky", alpha=0.1),
        node("PRelu", "right slopes", "pr"),
        node("Concat", "leaky pr", "cat", axis=1),
        node("Pad", "cat frame", "framed", mode="constant"),
        node("AveragePool", "framed", "ap", kernel_shape=[2, 2], strides=[2, 2], auto_pad="SAME_UPPER"),
        node("Resize", "ap  scales", "up", mode="nearest"),
        node("ConvTranspose", "up back", "ct", strides=[2, 2]),
        node("Slice", "ct starts ends axes", "cut"),
        node("ReduceMean", "cut", "mean", axes=[2, 3], keepdims=0),
        node("Shape", "mean", "shape"),
        node("Gather", "shape zeroth", "n", axis=0),
        node("Unsqueeze", "n zeros", "rank"),
        node("Concat", "rank rest", "target", axis=0),
        node("Reshape", "mean target", "flat"),
        node("Gemm", "flat dense five", "g", alpha=0.5, beta=2.0, transB=1),
        node("Tanh", "g", "th"),
        node("DequantizeLinear", "stored scale", "real"),
        node("MatMul", "th real", "mm"),
        node("Abs", "mm", "abs"),
        node("Sub", "abs mm", "diff"),
        node("Greater", "diff half", "more"),
        node("Cast", "more", "number", to=1),
        node("Where", "more half low", "which"),
        node("Sum", "number which mm", "sum"),
        node("Softmax", "sum", "y", axis=-1),
    ]
    constants = {
        "kernel": ones(4, 1, 2, 2), "bias": ones(4), "four": ones(4), "low": np.float32(0), "high": np.float32(6),
        "halves": ints(2, 2), "slopes": ones(2, 1, 1), "frame": ints(0, 0, 1, 1, 0, 0, 0, 1), "scales": ones(4) * [1, 1, 2, 2],
        "back": ones(4, 3, 2, 2), "starts": ints(0, 1), "ends": ints(2, 100), "axes": ints(1, 3), "zeroth": np.int64(0),
        "zeros": ints(0), "rest": ints(-1), "dense": ones(5, 2), "five": ones(5), "scale": np.float32(0.1),
        "stored": np.arange(-10, 10, dtype=np.int8).reshape(5, 4), "half": np.float32(0.5), "zero": np.uint8(3),
    }  # fmt: skip
    constants["scales"] = constants["scales"].astype(np.float32)
    return proto(nodes, ["N", 5, 6, 2], 4, constants, 15)


def make(folder: Path) -> None:
    (folder / FILE).write_bytes(whole().SerializeToString())
    old = proto(
        [node("Reshape", "x shape", "r"), node("Relu", "r", "s"), node("MatMul", "s w", "y")],
        [1, 2, 3],
        2,
        {"shape": np.array([1, 6]), "w": np.ones((6, 2), dtype=np.float32)},
        6,
    )
    (folder / OLD).write_bytes(old.SerializeToString())


def _messages(message):
    """A message and all that are in it."""
    yield message
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for item in value if hasattr(value, "append") or hasattr(value, "add") else [value]:
                yield from _messages(item)


def _value(field, dice):
    if field.type in (field.TYPE_FLOAT, field.TYPE_DOUBLE):
        return dice.choice((0.0, -1.0, 1e30, float("nan"), float("inf"), 0.5))
    if field.type in (field.TYPE_STRING, field.TYPE_BYTES):
        text = dice.choice(("", "x", "y", "dq", "kernel", "Relu", "LSTM", "\x1b[31m", "SAME_LOWER", "../../etc/passwd"))
        return text if field.type == field.TYPE_STRING else text.encode()
    if field.type == field.TYPE_ENUM:
        return dice.choice([item.number for item in field.enum_type.values])
    return dice.choice((0, 1, 2, 3, -1, -2, 7, 11, 255, 2**31 - 1, -(2**31)))


def _spoil(message, dice) -> None:
    """Change, remove or repeat one field of one message."""
    one = dice.choice(list(_messages(message)))
    fields = [field for field, _ in one.ListFields()] or list(one.DESCRIPTOR.fields)
    field = dice.choice(fields)
    many, what = getattr(field, "is_repeated", False), dice.choice(("set", "set", "remove", "double", "swap"))
    if not many:
        if what == "remove" or field.type == field.TYPE_MESSAGE:
            one.ClearField(field.name)
        else:
            setattr(one, field.name, _value(field, dice))
        return
    items = getattr(one, field.name)
    place = dice.randrange(len(items)) if len(items) else 0
    if what == "remove" and len(items):
        del items[place]
    elif field.type == field.TYPE_MESSAGE:
        if what == "double" and len(items):
            items.add().CopyFrom(items[place])
        elif len(items) > 1:
            items.sort(key=lambda _: dice.random())
    elif what == "double" or not len(items):
        items.append(_value(field, dice))
    else:
        items[place] = _value(field, dice)


def mutate(folder: Path, dice) -> None:
    path = folder / dice.choice((FILE, FILE, FILE, FILE, FILE, OLD))
    if dice.random() < 0.3:
        spoil_bytes(path, dice)
        return
    message = onnx.ModelProto.FromString(path.read_bytes())
    for _ in range(dice.choice((1, 1, 2, 4))):
        _spoil(message, dice)
    path.write_bytes(message.SerializeToString())


def use(folder: Path) -> None:
    for name in (FILE, OLD):
        layers_of(load_onnx(folder / name).network)
