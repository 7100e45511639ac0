"""A convolutional network on a chip: handwritten digits, class by class.

    python examples/digits_cnn/digits_cnn.py

Needs onnx (`pip install neurodeploy[onnx]`). `train.py` made the network in this folder with PyTorch. The 360 images of
examples/digits were held back from its training.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import neurodeploy as nd
from neurodeploy.trained.forward import forward

FOLDER = Path(__file__).parent
STEPS = 16


class Scores(NamedTuple):
    """Precision, recall and F1 of each class, (classes,)."""

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]


def scores(labels: NDArray[Any], answers: NDArray[Any]) -> Scores:
    """Return the scores of answers; every class occurs among labels and answers."""
    confusion = np.zeros((labels.max() + 1, labels.max() + 1))
    np.add.at(confusion, (labels, answers), 1)
    right = np.diag(confusion)
    precision, recall = right / confusion.sum(axis=0), right / confusion.sum(axis=1)
    return Scores(precision, recall, 2 * precision * recall / (precision + recall))


def main() -> None:
    with np.load(FOLDER.parent / "digits" / "digits.stimulus.npz") as held_back:
        pixels, labels = held_back["inputs"], held_back["labels"]
    conversion = nd.convert(
        FOLDER / "digits_cnn.onnx", calibration=FOLDER / "calibration.npz", target="loihi1", steps=STEPS
    )
    assert conversion.trained is not None
    ann = forward(conversion.trained, {"pixels": pixels})[conversion.trained.nodes[-1].name].argmax(axis=1)

    program = nd.compile(conversion, "loihi1")
    recording = nd.run(program, {"pixels": pixels})
    chip = nd.answers(program, recording)
    assert chip is not None

    print(f"digit {'precision':^15} {'recall':^15} {'F1':^15}\n     " + 3 * "     ANN    chip")
    for digit, row in enumerate(zip(*scores(labels, ann), *scores(labels, chip), strict=True)):
        pairs = [f"{row[i]:7.4f} {row[i + 3]:7.4f}" for i in range(3)]
        print(f"{digit:5}", *pairs)
    accuracy = [float(np.mean(answers == labels)) for answers in (ann, chip)]
    print(f"accuracy: ANN {accuracy[0]:.2%}, chip {accuracy[1]:.2%} in {STEPS} steps")

    cost = nd.profile(program, recording)
    assert cost.energy_per_inference is not None
    assert cost.time_per_inference is not None
    energy, time = cost.energy_per_inference.value, cost.time_per_inference.value
    print(f"{cost.cores} cores; an image takes {energy * 1e6:.1f} uJ and {time * 1e6:.0f} us (modelled)")
    assert accuracy[1] >= accuracy[0] - 0.005


if __name__ == "__main__":
    main()
