"""Every operation that is read: our values, node by node and layer by layer, are those of onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from onnx_models import differences, model, node

rng = np.random.default_rng(3)
W = lambda *s: rng.normal(size=s).astype(np.float32)
INTS = lambda *v: np.array(v, dtype=np.int64)
F = lambda v: np.array(v, dtype=np.float32)


def one(kind, shape, consts=None, opset=17, ins=None, outs="y", **f):
    ins = ins if ins is not None else " ".join(["x", *(consts or {})])
    return [node(kind, ins, outs, name=kind.lower(), **f)], shape, consts or {}, opset


IMG = (1, 4, 9, 10)
SEQ = (1, 4, 11)
VEC = (1, 12)
MAT = (1, 5, 12)
CASES = {
    "gemm": one("Gemm", VEC, {"w": W(12, 5), "b": W(5)}, alpha=0.5, beta=2.0),
    "gemmT": one("Gemm", VEC, {"w": W(5, 12), "b": W(1)}, transB=1),
    "gemm scalar bias": one("Gemm", VEC, {"w": W(5, 12), "b": W(1, 5)}, transB=1),
    "matmul": one("MatMul", VEC, {"w": W(12, 5)}),
    "matmul rows": one("MatMul", MAT, {"w": W(12, 7)}),
    "matmul rows4": one("MatMul", (1, 2, 5, 12), {"w": W(12, 7)}),
    "matmul vector": one("MatMul", VEC, {"w": W(12)}),
    "matmul left": ([node("MatMul", "w x", "y")], MAT, {"w": W(7, 5)}, 17),
    "conv": one("Conv", IMG, {"w": W(6, 4, 3, 2), "b": W(6)}, pads=[1, 0, 2, 1], strides=[2, 1], dilations=[1, 2]),
    "conv groups": one("Conv", IMG, {"w": W(6, 2, 3, 3), "b": W(6)}, group=2),
    "conv depth": one("Conv", IMG, {"w": W(8, 1, 3, 3), "b": W(8)}, group=4, auto_pad="SAME_UPPER", strides=[2, 2]),
    "conv lower": one("Conv", IMG, {"w": W(8, 4, 2, 4), "b": W(8)}, auto_pad="SAME_LOWER"),
    "conv dil pads": one("Conv", IMG, {"w": W(8, 4, 3, 3)}, pads=[2, 1, 1, 2], dilations=[2, 2]),
    "conv1": one("Conv", SEQ, {"w": W(6, 2, 3), "b": W(6)}, group=2, pads=[2, 1], dilations=[2]),
    "convT": one(
        "ConvTranspose", IMG, {"w": W(4, 3, 3, 2), "b": W(3)}, strides=[2, 3], pads=[1, 0, 1, 1], output_padding=[1, 2]
    ),
    "convT g": one("ConvTranspose", IMG, {"w": W(4, 3, 3, 2), "b": W(6)}, group=2, dilations=[2, 1]),
    "convT1": one("ConvTranspose", SEQ, {"w": W(4, 3, 4), "b": W(3)}, strides=[2], pads=[1, 1]),
    "bn": one("BatchNormalization", IMG, {"s": W(4), "b": W(4), "m": W(4), "v": np.abs(W(4)) + 0.1}),
    "bn vec": one(
        "BatchNormalization", VEC, {"s": W(12), "b": W(12), "m": W(12), "v": np.abs(W(12)) + 0.1}, epsilon=1e-3
    ),
    "relu": one("Relu", VEC),
    "leaky": one("LeakyRelu", VEC, alpha=0.3),
    "prelu": one("PRelu", IMG, {"s": np.abs(W(4, 1, 1))}),
    "sigmoid": one("Sigmoid", VEC),
    "tanh": one("Tanh", VEC),
    "hs": one("HardSigmoid", VEC),
    "hs2": one("HardSigmoid", VEC, alpha=0.3, beta=0.4),
    "sign": one("Sign", VEC),
    "abs": one("Abs", VEC),
    "neg": one("Neg", VEC),
    "clip6": one("Clip", VEC, {"lo": F(0), "hi": F(0.6)}),
    "clip": one("Clip", VEC, {"lo": F(-0.5), "hi": F(0.6)}),
    "clip hi": ([node("Clip", "x  hi", "y")], VEC, {"hi": F(0.3)}, 17),
    "clip attr": one("Clip", VEC, opset=9, min=0.0, max=0.5),
    "clip none": one("Clip", VEC),
    "avg": one("AveragePool", IMG, kernel_shape=[2, 3], strides=[2, 2]),
    "avg pad": one("AveragePool", IMG, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
    "avg count": one("AveragePool", IMG, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 0, 1, 2], count_include_pad=1),
    "avg ceil": one("AveragePool", IMG, kernel_shape=[2, 3], strides=[2, 2], ceil_mode=1),
    "avg same": one("AveragePool", IMG, kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER"),
    "avg1": one("AveragePool", SEQ, kernel_shape=[3], strides=[2]),
    "avg1 pad": one("AveragePool", SEQ, kernel_shape=[3], strides=[2], pads=[1, 1]),
    "max": one("MaxPool", IMG, kernel_shape=[2, 2], strides=[2, 2]),
    "max pad": one("MaxPool", IMG, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
    "max ceil": one("MaxPool", IMG, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
    "max1": one("MaxPool", SEQ, kernel_shape=[3], strides=[2]),
    "gap": one("GlobalAveragePool", IMG),
    "gap1": one("GlobalAveragePool", SEQ),
    "gmp": one("GlobalMaxPool", IMG),
    "rmean": one("ReduceMean", IMG, axes=[2, 3]),
    "rmean0": one("ReduceMean", IMG, axes=[-1, -2], keepdims=0),
    "rmean c": one("ReduceMean", IMG, axes=[1]),
    "rmean18": one("ReduceMean", IMG, {"a": INTS(2, 3)}, opset=18),
    "rsum": one("ReduceSum", IMG, {"a": INTS(1, 3)}, keepdims=0),
    "rmax": one("ReduceMax", IMG, axes=[2, 3]),
    "rall": one("ReduceMean", IMG),
    "flatten": one("Flatten", IMG),
    "flatten2": one("Flatten", IMG, axis=2),
    "flatten0": one("Flatten", VEC, axis=0),
    "reshape": one("Reshape", IMG, {"s": INTS(0, 2, -1)}),
    "reshape 0b": one("Reshape", VEC, {"s": INTS(3, 4)}),
    "transpose": one("Transpose", IMG, perm=[0, 2, 3, 1]),
    "transposeb": one("Transpose", IMG, perm=[2, 0, 1, 3]),
    "transposed": one("Transpose", VEC),
    "squeeze": one("Squeeze", (1, 4, 1, 3), {"a": INTS(2)}),
    "squeeze all": one("Squeeze", (1, 4, 1, 3)),
    "unsq": one("Unsqueeze", VEC, {"a": INTS(1, 3)}),
    "unsq attr": one("Unsqueeze", VEC, opset=11, axes=[1]),
    "slice": one("Slice", IMG, {"s": INTS(1, -3), "e": INTS(3, 100), "a": INTS(1, 3)}),
    "slice neg": one("Slice", IMG, {"s": INTS(-1), "e": INTS(-100), "a": INTS(2), "t": INTS(-2)}),
    "slice attr": one("Slice", IMG, opset=9, starts=[0, 2], ends=[1, 4], axes=[0, 2]),
    "gather": one("Gather", IMG, {"i": INTS(2, 0, -1)}, axis=1),
    "gather s": one("Gather", IMG, {"i": np.array(1)}, axis=2),
    "pad": one("Pad", IMG, {"p": INTS(0, 0, 1, 2, 0, 0, 0, 1)}),
    "pad c": one("Pad", IMG, {"p": INTS(0, 1, 1, 2, 0, 0, 0, 1), "v": F(0.7)}),
    "pad reflect": one("Pad", IMG, {"p": INTS(0, 0, 1, 2, 0, 0, 0, 1)}, mode="reflect"),
    "pad edge": one("Pad", IMG, {"p": INTS(0, 0, 1, 2, 0, 0, 0, 1)}, mode="edge"),
    "pad attr": one("Pad", IMG, opset=9, pads=[0, 0, 1, 2, 0, 0, 0, 1]),
    "expand": one("Expand", (1, 4, 1), {"s": INTS(1, 4, 3)}),
    "tile": one("Tile", (1, 2, 3), {"t": INTS(1, 2, 3)}),
    "d2s": one("DepthToSpace", IMG, blocksize=2),
    "d2s crd": one("DepthToSpace", IMG, blocksize=2, mode="CRD"),
    "s2d": one("SpaceToDepth", (1, 3, 4, 6), blocksize=2),
    "up": one("Upsample", IMG, {"s": F([1, 1, 2, 3])}, opset=9),
    "resize": (
        [
            node(
                "Resize", "x  s", "y", mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"
            )
        ],
        IMG,
        {"s": F([1, 1, 2, 2])},
        17,
    ),
    "resize sizes": ([node("Resize", "x   s", "y", mode="nearest")], IMG, {"s": INTS(1, 4, 18, 30)}, 17),
    "add c": one("Add", IMG, {"c": W(4, 1, 1)}),
    "add big": one("Add", (1, 4, 1), {"c": W(1, 4, 3)}),
    "mul c": one("Mul", IMG, {"c": W(1, 4, 1, 10)}),
    "sub": one("Sub", VEC, {"c": W(12)}),
    "csub": ([node("Sub", "c x", "y")], VEC, {"c": W(12)}, 17),
    "div": one("Div", VEC, {"c": W(1)}),
    "max c": one("Max", VEC, {"c": W(12)}),
    "min c": one("Min", VEC, {"c": F(0.2)}),
    "maxs": one("Max", VEC, {"c": F(0)}),
    "greater": ([node("Greater", "x c", "g"), node("Cast", "g", "y", to=1)], VEC, {"c": W(12)}, 17),
    "cless": ([node("LessOrEqual", "c x", "g"), node("Cast", "g", "y", to=1)], VEC, {"c": W(12)}, 17),
    "where": ([node("Less", "x c", "g"), node("Where", "g a b", "y")], VEC, {"c": W(12), "a": F(1), "b": W(12)}, 17),
    "softmax": one("Softmax", VEC),
    "softmax9": one("Softmax", (1, 12, 1, 1), opset=9),
    "logsm": one("LogSoftmax", VEC),
    "argmax": one("ArgMax", VEC, axis=1),
    "sigm sq": ([node("Sigmoid", "x", "s"), node("Squeeze", "s a", "y")], (1, 1, 1), {"a": INTS(1)}, 17),
    "add t": ([node("Relu", "x", "r"), node("Add", "r x", "y")], VEC, {}, 17),
    "add bt": ([node("GlobalAveragePool", "x", "r"), node("Add", "r x", "y")], IMG, {}, 17),
    "sub t": ([node("Relu", "x", "r"), node("Sub", "r x", "y")], VEC, {}, 17),
    "sum": ([node("Relu", "x", "r"), node("Sum", "r x c", "y")], VEC, {"c": W(12)}, 17),
    "mean": ([node("Relu", "x", "r"), node("Mean", "r x", "y")], VEC, {}, 17),
    "concat": ([node("Relu", "x", "r"), node("Concat", "r x r", "y", axis=1)], IMG, {}, 17),
    "concat -1": ([node("Relu", "x", "r"), node("Concat", "r x", "y", axis=-1)], IMG, {}, 17),
    "concat0": ([node("Relu", "x", "r"), node("Concat", "r x", "y", axis=0)], IMG, {}, 17),
    "split": (
        [node("Split", "x", "a b", axis=1), node("Relu", "a", "r"), node("Concat", "b r", "y", axis=1)],
        IMG,
        {},
        17,
    ),
    "split13": (
        [node("Split", "x n", "a b", axis=2), node("Relu", "a", "r"), node("Concat", "b r", "y", axis=2)],
        IMG,
        {"n": INTS(3, 6)},
        17,
    ),
    "shape flat": (
        [
            node("Shape", "x", "s"),
            node("Gather", "s i", "n", axis=0),
            node("Unsqueeze", "n z", "u"),
            node("Concat", "u m", "t", axis=0),
            node("Reshape", "x t", "y"),
        ],
        IMG,
        {"i": np.array(0), "z": INTS(0), "m": INTS(-1)},
        17,
    ),
    "dropout": ([node("Dropout", "x", "d"), node("Identity", "d", "y")], VEC, {}, 17),
}


@pytest.mark.parametrize("case", CASES)
def test_an_operation_computes_what_onnxruntime_computes(case):
    """A dense layer gives values of both signs to the operation."""
    nodes, shape, constants, opset = CASES[case]
    before = [node("MatMul", "given before", "flat", "dense"), node("Reshape", "flat sizes", "x")]
    weights = {"before": W(6, int(np.prod(shape))), "sizes": INTS(*shape), **constants}
    proto = model([*before, *nodes], {"given": ["N", 6]}, constants=weights, opset=opset, ir_version=8)
    plain, layered = differences(proto, {"given": W(5, 6)})
    assert plain < 1e-5
    assert layered is None or layered < 1e-5
