"""Digits without labels: neurons that compete learn by STDP what digits look like, on the chip.

    python examples/learning_digits.py

100 neurons see the 64 pixels of a picture as spikes. The first to spike silence the others and learn, by spike-timing dependent
plasticity whose depression grows with the weight, so that weights come to rest at what the neuron sees when it wins:

    pixels to cells:  dw = 2^-3*x1*y0 - 2^-4*y0*w      x1: trace of a pixel, y0: the cell spikes
    drive to cells:   dw = -2*y0 + 6*2^-7*u5           who wins is driven less, and everyone a little more every 32 steps

The second rule keeps a few cells from winning always (homeostasis). No label is used in learning: it is one pass through the
pictures, one after the other (learn="sequential"). Then weights are fixed, each cell is named after the digit that
it answers most to among 600 of these pictures, and the names of the cells that spike answer for pictures that were held back. A twin has random weights of the
same distribution; only its drive learns.

The rules run as in lava-nc's model, whose authors say that it approximates the chip. Source of the idea: Diehl and Cook, Frontiers
in Computational Neuroscience 9:99, 2015. Data: the 8 x 8 digits of E. Alpaydin and C. Kaynak (UCI), which come with
scikit-learn. Where matplotlib is installed, the picture is learning_digits.png.
"""

from typing import NamedTuple

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import neurodeploy as nd

CELLS, STEPS, NAMING = 100, 40, 600
BRIGHTNESS = 3.0
"""Norm of a picture: pixels are rates, in spikes per step, and each picture has the same norm."""
LOW, HIGH = 20, 100
"""Weights begin at random within these."""
SEEDS = (0, 1, 2)

SEE = nd.SumOfProducts(dw="2^-3*x1*y0 - 2^-4*y0*w", x1=nd.Trace(impulse=8, tau_steps=20))
TIRE = nd.SumOfProducts(dw="-2*y0 + 6*2^-7*u5")


def pictures() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return 1,437 pictures to learn from and 360 held back, (n, 8, 8) rates, and the digits of both."""
    digits = load_digits()
    shades = digits.images / np.linalg.norm(digits.images, axis=(1, 2), keepdims=True) * BRIGHTNESS
    return train_test_split(np.minimum(shades, 1), digits.target, test_size=360, random_state=0, stratify=digits.target)


def competition(weights: np.ndarray, *, sees: bool) -> nd.Network:
    """Return the network. `weights`: (CELLS, 64) integers to begin with; `sees`: whether they learn."""
    positive, negative = ({"weight_bits": 8, "sign_mode": sign} for sign in ("excitatory", "inhibitory"))
    return nd.Network(
        name="competition",
        time=nd.Time(dt_s=1e-3, steps_per_sample=STEPS),
        inputs=[
            nd.Input(name="pixels", shape=(8, 8), encoder={"kind": "rate", "phase": 0.5}),
            nd.Input(name="drive", shape=1, encoder="rate"),
        ],
        populations=[nd.Population(name="cells", shape=CELLS, neuron=nd.LoihiCuba(du=4095, dv=0, vth_mant=875))],
        projections=[
            nd.dense(
                "pixels", "cells", weights, weight_format={**positive, "exponent": -4}, plasticity=SEE if sees else None
            ),
            nd.dense(
                "drive",
                "cells",
                np.zeros((CELLS, 1), dtype=int),
                weight_format={"weight_bits": 8},
                plasticity=TIRE,
            ),
            nd.dense("cells", "cells", -250 * (1 - np.eye(CELLS, dtype=int)), weight_format=negative),
        ],
        outputs=[nd.Output(name="cells", source="cells")],
    )


def shown(images: np.ndarray) -> dict[str, np.ndarray]:
    """Return the samples of (n, 8, 8) pictures; the drive spikes in every step."""
    return {"pixels": images, "drive": np.ones((len(images), 1))}


class Result(NamedTuple):
    """What a network has learned."""

    accuracy: float
    weights: np.ndarray
    """(CELLS, 8, 8)."""
    names: np.ndarray
    """(CELLS,) digit of each cell."""


def learn(weights: np.ndarray, *, sees: bool) -> Result:
    """Learn from the pictures, name the cells, and answer for the pictures held back. Arguments: as in `competition`."""
    train, test, digits, wanted = pictures()
    program = nd.compile(competition(weights, sees=sees), "loihi1")
    learned = nd.run(program, shown(train), learn="sequential", activity=False, record=[]).learned
    fixed = {"learn": "off", "learned": learned, "activity": False}
    some, held_back = (
        nd.run(program, shown(images), **fixed).spike_counts("cells", CELLS) for images in (train[:NAMING], test)
    )
    names = np.stack([some[digits[:NAMING] == digit].mean(axis=0) for digit in range(10)]).argmax(axis=0)
    votes = held_back @ np.eye(10)[names]
    found = learned.synapses["pixels_to_cells.w"].reshape(64, CELLS).T if sees else weights
    return Result(float(np.mean(votes.argmax(axis=1) == wanted)), found.reshape(CELLS, 8, 8), names)


def draw(before: np.ndarray, after: Result) -> None:
    """Save the weights of 40 cells before and after learning, where matplotlib is installed."""
    try:
        import matplotlib as mpl
    except ImportError:
        return
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    with nd.plot.style():
        figure, axes = plt.subplots(4, 22, figsize=(7, 1.6), gridspec_kw={"wspace": 0.05, "hspace": 0.05})
        order = np.argsort(after.names, kind="stable")[np.linspace(0, CELLS - 1, 40).astype(int)]
        for place, ax in np.ndenumerate(axes):
            ax.axis("off")
            row, column = place
            if column not in (10, 11):
                cell = order[row * 10 + column % 12]
                ax.imshow((before if column < 10 else after.weights)[cell], cmap="gray_r", vmin=0, vmax=200)
        figure.text(0.3, 0.9, "before", ha="center")
        figure.text(0.72, 0.9, "after", ha="center")
        figure.savefig("learning_digits.png")


def main() -> None:
    found = list[tuple[float, float]]()
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        before = rng.integers(LOW, HIGH, (CELLS, 64))
        after = learn(before, sees=True)
        same_weights = rng.permuted(after.weights.reshape(CELLS, 64), axis=1)
        twin = learn(same_weights, sees=False)
        found.append((after.accuracy, twin.accuracy))
        print(
            f"seed {seed}: {after.accuracy:.1%} of 360 pictures held back, twin with random weights {twin.accuracy:.1%}"
        )
        if seed == SEEDS[0]:
            draw(before.reshape(CELLS, 8, 8), after)
    learned, random = np.array(found).T
    print(f"\naccuracy {learned.mean():.1%} ({learned.min():.1%} to {learned.max():.1%}) without a label in learning,")
    print(f"twin {random.mean():.1%} ({random.min():.1%} to {random.max():.1%}), over {len(SEEDS)} seeds")
    assert learned.min() > 0.78
    assert learned.min() > random.max() + 0.15


if __name__ == "__main__":
    main()
