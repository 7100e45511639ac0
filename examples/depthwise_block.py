"""A depthwise separable block: each channel is convolved alone, and its values come closer to those of ONNX with more steps.

    python examples/depthwise_block.py

Needs onnx (`pip install neurodeploy[onnx]`). The block of MobileNet: a convolution of 3 x 3 in each channel, then one of 1 x 1
over all channels, each with ReLU, with random weights; a dense layer reads it. A chip stores the synapses of the depthwise part
only: as many for each neuron as its kernel has weights.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info
from onnx.numpy_helper import from_array
from onnx.reference import ReferenceEvaluator

import neurodeploy as nd

CHANNELS, SIDE, CLASSES, STEPS = 4, 8, 5, (4, 8, 16, 32)
N_CALIBRATION, N_SAMPLES = 100, 50


def block(rng: np.random.Generator) -> bytes:
    """Return the block as an ONNX file."""
    nodes = [
        make_node("Conv", ["x", "w1", "b1"], ["c1"], name="depthwise", pads=[1, 1, 1, 1], group=CHANNELS),
        make_node("Relu", ["c1"], ["r1"], name="relu1"),
        make_node("Conv", ["r1", "w2", "b2"], ["c2"], name="pointwise"),
        make_node("Relu", ["c2"], ["r2"], name="relu2"),
        make_node("Flatten", ["r2"], ["flat"], name="flatten"),
        make_node("Gemm", ["flat", "w3", "b3"], ["scores"], name="dense", transB=1),
    ]
    shapes = {"w1": (CHANNELS, 1, 3, 3), "w2": (2 * CHANNELS, CHANNELS, 1, 1), "w3": (CLASSES, 2 * CHANNELS * SIDE**2)}
    arrays = {name: rng.normal(0, np.prod(shape[1:]) ** -0.5, shape) for name, shape in shapes.items()}
    arrays |= {f"b{name[1]}": rng.normal(0, 0.1, shape[0]) for name, shape in shapes.items()}
    graph = make_graph(
        nodes,
        "depthwise_block",
        [make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, CHANNELS, SIDE, SIDE])],
        [make_tensor_value_info("scores", onnx.TensorProto.FLOAT, [1, CLASSES])],
        [from_array(array.astype(np.float32), name) for name, array in arrays.items()],
    )
    return make_model(graph, opset_imports=[make_opsetid("", 17)], ir_version=8).SerializeToString()


def error(model: bytes, x: NDArray[np.float32], steps: int, backend: str) -> float:
    """Return the error of the scores of the first samples, in standard deviations of those of ONNX."""
    conversion = nd.convert(model, calibration=x[N_SAMPLES:], target="loihi1", steps=steps, percentile=100)
    depthwise = next(item for item in conversion.network.projections if item.name == "x_to_depthwise")
    assert depthwise.operation.weights.shape == (CHANNELS, 1, 3, 3)
    recording = nd.run(nd.compile(conversion, "loihi1"), {"x": x[:N_SAMPLES]}, backend=backend)
    (v,) = recording.states.values()
    framework = ReferenceEvaluator(model)
    wanted = np.concatenate([framework.run(None, {"x": sample[None]})[0] for sample in x[:N_SAMPLES]])
    read = v[:, -1].astype(float)
    read *= (read * wanted).sum() / np.square(read).sum()  # the unit of v
    return float(np.sqrt(np.square(read - wanted).mean()) / wanted.std())


def main() -> None:
    rng = np.random.default_rng(0)
    model, x = block(rng), rng.random((N_SAMPLES + N_CALIBRATION, CHANNELS, SIDE, SIDE), dtype=np.float32)
    print("steps  float spikes  integers")
    errors = {steps: [error(model, x, steps, backend) for backend in ("reference", "emulator")] for steps in STEPS}
    for steps, (reference, emulator) in errors.items():
        print(f"{steps:5} {reference:13.4f} {emulator:9.4f}")
    assert errors[32][0] < errors[16][0] / 1.5 < errors[8][0] / 2.25 < errors[4][0] / 3.375, "about as 1 / steps"
    assert all(abs(emulator - reference) < 0.02 for reference, emulator in errors.values())


if __name__ == "__main__":
    main()
