"""A network with BatchNormalization on a chip: colour pictures, class by class.

    python examples/colour_cnn/colour_cnn.py

Needs onnx (`pip install neurodeploy[onnx]`), and some minutes. `train.py` made the network in this folder with PyTorch, once, with the
seed that it names; its activations are plain ReLUs, whose largest values lie far above most others. The
pictures are made here, as large as those of CIFAR-10: five forms and five textures in two colours of any kind, with noise.
Where the colours are close to each other, the class is lost in the noise.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neurodeploy as nd
from neurodeploy.trained.forward import forward

CLASSES = ("disc", "ring", "square", "cross", "triangle", "rows", "columns", "diagonals", "checks", "dots")
SIZE, NOISE, STEPS = 32, 0.15, 32
TRAINING_SEED, HELD_BACK_SEED = 1, 2


def forms(x: NDArray[Any], y: NDArray[Any], r: float, period: float) -> list[NDArray[np.bool_]]:
    """Return the mask of each class: a form around 0 with radius `r`, or a texture with a period, in pixels."""
    most, least, far = np.maximum(abs(x), abs(y)), np.minimum(abs(x), abs(y)), np.hypot(x, y)
    rows, columns = y % period < period / 2, x % period < period / 2
    dots = np.hypot(x % period - period / 2, y % period - period / 2) < 0.35 * period
    textures = [rows, columns, (x + y) % (1.4 * period) < 0.7 * period, rows ^ columns, dots]
    triangle = (abs(x) < (r + y) / 1.7) & (y < r)
    return [far < r, (far < r) & (far > 0.6 * r), most < 0.9 * r, (least < r / 4) & (most < r), triangle, *textures]


def pictures(n: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return pictures (n, 3, 32, 32) in [0, 1] and their classes (n,)."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(CLASSES), n)
    y, x = np.mgrid[:SIZE, :SIZE]
    made = np.empty((n, 3, SIZE, SIZE), dtype=np.float32)
    for picture, label in zip(made, labels, strict=True):
        masks = forms(x - rng.uniform(10, 22), y - rng.uniform(10, 22), rng.uniform(5, 9), rng.uniform(4, 8))
        ground, ink = rng.random((2, 3, 1, 1))
        picture[:] = np.where(masks[label], ink, ground) + rng.normal(0, NOISE, picture.shape)
    return np.clip(made, 0, 1), labels


def precision_recall(labels: NDArray[Any], answers: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the precision and the recall of each class; every class occurs among labels and answers."""
    confusion = np.zeros((len(CLASSES), len(CLASSES)))
    np.add.at(confusion, (labels, answers), 1)
    return np.diag(confusion) / confusion.sum(axis=0), np.diag(confusion) / confusion.sum(axis=1)


def main() -> None:
    samples, labels = pictures(2000, HELD_BACK_SEED)
    model = Path(__file__).with_name("colour_cnn.onnx")
    conversion = nd.convert(model, calibration=pictures(500, TRAINING_SEED)[0], target="loihi1", steps=STEPS)
    assert conversion.trained is not None
    ann = forward(conversion.trained, {"picture": samples})[conversion.trained.nodes[-1].name].argmax(axis=1)

    program = nd.compile(conversion, "loihi1")
    recording = nd.run(program, {"picture": samples})
    chip = nd.answers(program, recording)
    assert chip is not None

    print(f"class     {'precision':^15} {'recall':^15}\n         " + 2 * "     ANN    chip")
    (p_ann, r_ann), (p_chip, r_chip) = (precision_recall(labels, answers) for answers in (ann, chip))
    for row in zip(CLASSES, p_ann, p_chip, r_ann, r_chip, strict=True):
        print("{:9} {:7.3f} {:7.3f} {:7.3f} {:7.3f}".format(*row))
    accuracy = [float(np.mean(answers == labels)) for answers in (ann, chip)]
    print(f"accuracy: ANN {accuracy[0]:.1%}, chip {accuracy[1]:.1%} in {STEPS} steps")

    cost = nd.profile(program, recording)
    assert cost.energy_per_inference is not None
    assert cost.time_per_inference is not None
    energy, time = cost.energy_per_inference.value, cost.time_per_inference.value
    print(f"{cost.cores} cores; a picture takes {energy * 1e6:.0f} uJ and {time * 1e3:.1f} ms (modelled)")
    assert accuracy[1] >= accuracy[0] - 0.005


if __name__ == "__main__":
    main()
