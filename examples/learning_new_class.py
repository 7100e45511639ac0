"""A class from one picture: a chip that knows nine digits learns the tenth in 32 ms.

    python examples/learning_new_class.py

Ten cells, one for each digit, integrate the spikes of 64 pixels; the highest voltage answers. The weights of nine cells are made
before, from the mean pictures of their digits, and the tenth are 0. Then one picture of the tenth digit is shown once, while a
teacher sends spikes on the line of its cell. They arrive as a third factor y2, so that only this cell learns:

    dw = 2^-4*x0*y2 - 2^-6*u0*y2       each spike of a pixel adds 4 with y2 = 64, and each step takes 1 off

After 32 steps the weights are the picture less its mean brightness, the same that was made for the other cells from their means.
Learning is on in this one presentation and then off. Each digit is the new one in turn, taught with three pictures, one at a
time: the three are samples that learn apart, so that each begins anew.

The rule runs as in lava-nc's model, whose authors say that it approximates the chip. Source of the idea: Imam and Cleland,
Nature Machine Intelligence 2, 2020, p181-191, who learn odours from one sample on Loihi. Data: the 8 x 8 digits of
E. Alpaydin and C. Kaynak (UCI), which come with scikit-learn. Where matplotlib is installed, the picture is
learning_new_class.png.
"""

from typing import NamedTuple

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import neurodeploy as nd

STEPS, PICTURES = 32, 3
BRIGHTNESS = 3.0
"""Norm of a picture: pixels are rates, in spikes per step, and each picture has the same norm."""
GAIN, LOSS = 4, 1
"""What a spike of a pixel adds to a weight while the cell is taught, and what a step takes off."""

RULE = nd.SumOfProducts(
    dw="2^-4*x0*y2 - 2^-6*u0*y2", third_factors=[nd.ThirdFactor(source="teacher", trace="y2", weight=64)]
)


class Digits(NamedTuple):
    """Pictures, (n, 8, 8) rates, and their digits; the second part is held back."""

    train: np.ndarray
    test: np.ndarray
    digits: np.ndarray
    wanted: np.ndarray


def pictures() -> Digits:
    """Return 1,437 pictures and 360 held back."""
    data = load_digits()
    shades = data.images / np.linalg.norm(data.images, axis=(1, 2), keepdims=True) * BRIGHTNESS
    parts = train_test_split(np.minimum(shades, 1), data.target, test_size=360, random_state=0, stratify=data.target)
    return Digits(*parts)


def made(data: Digits, new: int) -> np.ndarray:
    """Return the (10, 64) weights of the nine digits that are known, and 0 for the `new` one."""
    means = np.stack([data.train[data.digits == digit].mean(axis=0).ravel() for digit in range(10)])
    weights = (
        np.rint((GAIN * means - LOSS) * STEPS / 2).astype(int) * 2
    )  # weights of both signs are stored without the last bit
    weights[new] = 0
    return weights


def classifier(weights: np.ndarray) -> nd.Network:
    """Return the network with (10, 64) integer weights to begin with."""
    cells = nd.LoihiCuba(du=4095, dv=0, vth_mant=2**17 - 1)  # integrates, and never spikes
    return nd.Network(
        name="classifier",
        time=nd.Time(dt_s=1e-3, steps_per_sample=STEPS),
        inputs=[
            nd.Input(name="pixels", shape=(8, 8), encoder={"kind": "rate", "phase": 0.5}),
            nd.Input(name="teacher", shape=10, encoder="rate"),
        ],
        populations=[nd.Population(name="cells", shape=10, neuron=cells)],
        projections=[nd.dense("pixels", "cells", weights, weight_format={"weight_bits": 8}, plasticity=RULE)],
        outputs=[nd.Output(name="digit", source="cells", decoder="membrane")],
    )


def right(program: nd.Program, data: Digits, learned: nd.Learned | None) -> np.ndarray:
    """Return the (10,) accuracy for each digit, on pictures held back, with weights that stay as they are."""
    shown = {"pixels": data.test, "teacher": np.zeros((len(data.test), 10))}
    answers = nd.answers(program, nd.run(program, shown, learn="off", learned=learned, activity=False))
    return np.array([np.mean(answers[data.wanted == digit] == digit) for digit in range(10)])


class Lesson(NamedTuple):
    """One new digit."""

    before: np.ndarray
    """(10,) accuracy for each digit."""
    after: np.ndarray
    """(PICTURES, 10) accuracy, taught with each picture."""
    weights: np.ndarray
    """(PICTURES, 8, 8) weights of its cell."""


def teach(data: Digits, new: int) -> Lesson:
    """Teach the `new` digit with each of some pictures, and test it."""
    program = nd.compile(classifier(made(data, new)), "loihi1")
    some = data.train[data.digits == new][:PICTURES]
    lesson = {"pixels": some, "teacher": np.tile(np.eye(10)[new], (PICTURES, 1))}
    learned = nd.run(program, lesson, learn="apart", activity=False).learned
    (name, weights), *_ = learned.synapses.items()
    each = [learned.model_copy(update={"synapses": {name: row[None]}}) for row in weights]
    own = weights.reshape(PICTURES, 8, 8, 10)[..., new]
    return Lesson(right(program, data, None), np.stack([right(program, data, one) for one in each]), own)


def draw(data: Digits, lessons: list[Lesson]) -> None:
    """Save a picture and the learned weights of each digit, and accuracies, where matplotlib is installed."""
    try:
        import matplotlib as mpl
    except ImportError:
        return
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    with nd.plot.style():
        figure = plt.figure(figsize=(7, 1.9), layout="constrained")
        left, right_side = figure.subfigures(1, 2, width_ratios=(3, 2))
        axes = left.subplots(2, 10)
        for digit, lesson in enumerate(lessons):
            axes[0, digit].imshow(data.train[data.digits == digit][0], cmap="gray_r")
            axes[1, digit].imshow(lesson.weights[0], cmap="RdBu_r", vmin=-100, vmax=100)
        for ax in axes.flat:
            ax.set(xticks=[], yticks=[])
        axes[0, 0].set_ylabel("shown")
        axes[1, 0].set_ylabel("weights")
        ax = right_side.subplots()
        place = np.arange(10)
        ax.bar(place, [lesson.after[:, digit].mean() for digit, lesson in enumerate(lessons)], label="new digit")
        old = np.array([np.delete(lesson.after.mean(axis=0), digit).mean() for digit, lesson in enumerate(lessons)])
        ax.plot(place, old, "o", color="black", markersize=3, label="other nine")
        ax.set(xticks=place, xlabel="new digit", ylabel="accuracy after", ylim=(0, 1.3))
        ax.legend(loc="upper center", ncols=2)
        figure.savefig("learning_new_class.png")


def main() -> None:
    data = pictures()
    lessons = [teach(data, new) for new in range(10)]
    print("new digit   before   after one picture   other nine: before   after")
    rows = list[tuple[float, float, float, float]]()
    for new, lesson in enumerate(lessons):
        own, others = lesson.after[:, new], np.delete(lesson.after, new, axis=1).mean()
        rows.append((lesson.before[new], own.mean(), np.delete(lesson.before, new).mean(), others))
        spread = f"{own.mean():.1%} ({own.min():.0%} to {own.max():.0%})"
        print(f"{new:9}   {lesson.before[new]:6.1%}   {spread:>17}   {rows[-1][2]:18.1%}   {others:.1%}")
    new_before, new_after, old_before, old_after = np.mean(rows, axis=0)
    print(
        f"\nmean over ten digits: new {new_before:.1%} before, {new_after:.1%} after one presentation of {STEPS} steps;"
        f"\n                      other nine {old_before:.1%} before, {old_after:.1%} after"
    )
    draw(data, lessons)
    assert new_before < 0.05
    assert new_after > 0.65
    assert old_after > old_before - 0.05


if __name__ == "__main__":
    main()
