"""Train the spiking classifier of handwritten digits in this folder.

    python examples/digits/train_digits.py --out examples/digits

Needs numpy, scikit-learn (the `test` extra) and a minute or two on a CPU. Writes the network (digits.nd.json,
digits.nd.npz) and the held-back images (digits.stimulus.npz: inputs (360, 64) in [0, 1], labels (360,)). With one thread and
one seed, a machine always writes the same files; another BLAS may round sums differently.

The network is trained with the clock it runs on: a spike of step t arrives in step t + 1, so an input spike reaches the
output after two steps, and the spikes counted by step s + 2 depend on the input of steps 1..s only. One forward pass over
the longest presentation therefore gives the answer of every shorter one. The loss rewards a right answer at several of them,
so that the network is already good after few steps, which cost little energy, and improves with more.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from neurodeploy.network import Input, Lif, Network, Output, Population, Rate, Time, dense
from neurodeploy.network.files import save_network

Array = NDArray[np.float32]

DT_S, TAU_M_S, V_THRESHOLD, MAX_RATE = 1e-3, 16e-3, 1.0, 0.5
KEEP, GAIN = np.float32(1 - DT_S / TAU_M_S), np.float32(DT_S / TAU_M_S)
N_PIXELS, N_HIDDEN, N_CLASSES, N_HELD_BACK = 64, 128, 10, 360
STEPS_PER_SAMPLE, DRAIN_STEPS = 32, 2
SLOPE = np.float32(4)
"""Slope of the surrogate derivative of a spike."""
SHADES = 16
"""A pixel is k / 16, k = 0..16."""


class Settings(NamedTuple):
    """Settings of the training. The defaults, chosen on 300 of the training images, gave the files in this folder."""

    epochs: int = 120
    batch: int = 64
    learning_rate: float = 0.01
    seed: int = 7
    checkpoints: tuple[int, ...] = (4, 8, 16, 24, 32)
    """Presentations, in steps, whose answers enter the loss."""
    margin: float = 4.0
    """Softmax temperature in spikes: the lead that the right digit should have."""
    hidden_cost: float = 5e-4
    """Loss of one hidden spike, because spikes cost energy."""
    noise: float = 0.02
    """Gaussian noise on the weights, relative to the largest one; a substitute for rounding to 8 bits."""


class Images(NamedTuple):
    """Images (n, 64) of shades 0..16, and their labels (n,)."""

    shades: NDArray[np.int64]
    labels: NDArray[np.int64]


def load_images(seed: int) -> tuple[Images, Images]:
    """Return (training images, held-back images): 36 of each digit's images, drawn by seed, are held back."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    shades, labels = digits.data.astype(np.int64), digits.target.astype(np.int64)
    train, held = train_test_split(np.arange(labels.size), test_size=N_HELD_BACK, random_state=seed, stratify=labels)
    held = np.sort(held)
    return Images(shades[train], labels[train]), Images(shades[held], labels[held])


def spike_table(n_steps: int) -> Array:
    """Return (n_steps, 17): whether a pixel of each shade spikes in step 1..n_steps, by the `rate` encoder's rule."""
    rates = np.arange(SHADES + 1) / SHADES * MAX_RATE
    reached = np.floor(np.arange(n_steps + 1)[:, None] * rates[None, :])
    return (np.diff(reached, axis=0) > 0).astype(np.float32)


def shifted(shades: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the images, each shifted by at most one pixel along one axis; two in five are not shifted."""
    padded = np.pad(shades.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    move = rng.integers(0, 5, len(shades))
    views = [
        padded[:, 1:9, 1:9],
        padded[:, :8, 1:9],
        padded[:, 2:, 1:9],
        padded[:, 1:9, :8],
        padded[:, 1:9, 2:],
    ]
    return np.stack(views)[move, np.arange(len(shades))].reshape(-1, 64)


class Trace(NamedTuple):
    """One layer over time, each (steps, batch, size)."""

    voltage: Array
    """Before the reset."""
    spikes: Array


def run_layer(arriving: Array, weights: Array) -> Trace:
    """Run leaky neurons: v = KEEP * v + GAIN * I, spike iff v > threshold, then v = 0. `weights` (post, pre)."""
    currents = GAIN * (arriving @ weights.T)
    voltage, spikes = np.empty_like(currents), np.empty_like(currents)
    v = np.zeros(currents.shape[1:], np.float32)
    for step, current in enumerate(currents):
        v = KEEP * v + current
        voltage[step], spikes[step] = v, v > V_THRESHOLD
        v = v * (1 - spikes[step])
    return Trace(voltage, spikes)


def layer_gradient(trace: Trace, spike_gradient: Array) -> Array:
    """Return d loss / d I by step, through time, from d loss / d spikes.

    The derivative of a spike by v is 1 / (1 + SLOPE |v - threshold|)**2, a smooth bump in place of a step's; the
    reset is taken as given (its own derivative is left out).
    """
    bump = 1 / (1 + SLOPE * np.abs(trace.voltage - V_THRESHOLD)) ** 2
    gradient = np.empty_like(spike_gradient)
    later = np.zeros_like(spike_gradient[0])
    for step in range(len(gradient) - 1, -1, -1):
        later = spike_gradient[step] * bump[step] + KEEP * (1 - trace.spikes[step]) * later
        gradient[step] = GAIN * later
    return gradient


def one_step_later(spikes: Array) -> Array:
    """Return the arriving spikes: those of step t arrive in step t + 1, none in step 1."""
    return np.concatenate([np.zeros_like(spikes[:1]), spikes[:-1]])


def forward(shades: NDArray[np.int64], weights: tuple[Array, Array], n_steps: int) -> tuple[Array, Trace, Trace]:
    """Return (arriving input, hidden, output) for a presentation of `n_steps`, drain included."""
    shown = spike_table(n_steps)[:, shades]
    shown = one_step_later(np.concatenate([shown, np.zeros((DRAIN_STEPS, *shown.shape[1:]), np.float32)]))
    hidden = run_layer(shown, weights[0])
    return shown, hidden, run_layer(one_step_later(hidden.spikes), weights[1])


def count_gradient(output: Array, labels: NDArray[np.int64], settings: Settings) -> Array:
    """Return d loss / d output spikes: softmax cross-entropy of the counts at each checkpoint, averaged."""
    gradient = np.zeros_like(output)
    counts = np.cumsum(output, axis=0)
    truth = np.eye(N_CLASSES, dtype=np.float32)[labels]
    for steps in settings.checkpoints:
        logits = counts[steps + DRAIN_STEPS - 1] / settings.margin
        logits -= logits.max(axis=1, keepdims=True)
        chance = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        share = (chance - truth) / (settings.margin * labels.size * len(settings.checkpoints))
        gradient[: steps + DRAIN_STEPS] += share
    return gradient


def gradients(images: Images, weights: tuple[Array, Array], settings: Settings) -> tuple[Array, Array]:
    """Return d loss / d weights of both layers for one batch."""
    shown, hidden, output = forward(images.shades, weights, max(settings.checkpoints))
    at_output = layer_gradient(output, count_gradient(output.spikes, images.labels, settings))
    arrived = one_step_later(hidden.spikes)
    back = at_output @ weights[1]
    to_hidden = np.concatenate([back[1:], np.zeros_like(back[:1])]) + np.float32(
        settings.hidden_cost / len(images.labels)
    )
    at_hidden = layer_gradient(hidden, to_hidden)
    return np.tensordot(at_hidden, shown, axes=([0, 1], [0, 1])), np.tensordot(
        at_output, arrived, axes=([0, 1], [0, 1])
    )


class Adam:
    """Adam for a few arrays (Kingma and Ba, 2015), with the customary constants."""

    def __init__(self, weights: tuple[Array, ...]) -> None:
        self.first = [np.zeros_like(w) for w in weights]
        self.second = [np.zeros_like(w) for w in weights]
        self.steps = 0

    def step(self, weights: tuple[Array, ...], slopes: tuple[Array, ...], rate: float) -> None:
        """Move the weights in place."""
        self.steps += 1
        for weight, slope, first, second in zip(weights, slopes, self.first, self.second, strict=True):
            first[:] = 0.9 * first + 0.1 * slope
            second[:] = 0.999 * second + 0.001 * slope**2
            mean, square = first / (1 - 0.9**self.steps), second / (1 - 0.999**self.steps)
            weight[:] -= np.float32(rate) * mean / (np.sqrt(square) + 1e-8)


def train(images: Images, settings: Settings) -> tuple[Array, Array]:
    """Return the trained weights (128, 64) and (10, 128)."""
    rng = np.random.default_rng(settings.seed)
    # 1 / GAIN brings the summed input of a typical image near the threshold within a few steps
    weights = (
        (rng.normal(0, 0.16, (N_HIDDEN, N_PIXELS)) / GAIN).astype(np.float32),
        (rng.normal(0, 0.2, (N_CLASSES, N_HIDDEN)) / GAIN).astype(np.float32),
    )
    adam = Adam(weights)
    n_batches = -(-len(images.labels) // settings.batch)
    for epoch in range(settings.epochs):
        rate = settings.learning_rate / GAIN * 0.5 * (1 + np.cos(np.pi * epoch / settings.epochs))
        for batch in np.array_split(rng.permutation(len(images.labels)), n_batches):
            part = Images(shifted(images.shades[batch], rng), images.labels[batch])
            noisy = tuple(
                w + rng.normal(0, settings.noise * np.abs(w).max(), w.shape).astype(np.float32) for w in weights
            )
            adam.step(weights, gradients(part, (noisy[0], noisy[1]), settings), rate)
    return weights


def without_silent(images: Images, weights: tuple[Array, Array]) -> tuple[Array, Array]:
    """Return the weights without hidden neurons that spike for no image: they would take memory for nothing."""
    _, hidden, _ = forward(images.shades, weights, STEPS_PER_SAMPLE)
    useful = hidden.spikes.any(axis=(0, 1))
    return weights[0][useful], weights[1][:, useful]


def describe(weights: tuple[Array, Array], seed: int) -> Network:
    """Return the network, complete with its clock, its coding and where its data came from."""
    neuron = Lif(tau_m_s=TAU_M_S, v_threshold=V_THRESHOLD)
    return Network(
        name="digits",
        time=Time(dt_s=DT_S, steps_per_sample=STEPS_PER_SAMPLE),
        inputs=(Input(name="pixels", shape=N_PIXELS, encoder=Rate(max_rate=MAX_RATE)),),
        populations=(
            Population(name="hidden", shape=len(weights[0]), neuron=neuron),
            Population(name="digit", shape=N_CLASSES, neuron=neuron),
        ),
        projections=(dense("pixels", "hidden", weights[0]), dense("hidden", "digit", weights[1])),
        outputs=(Output(name="answer", source="digit"),),
        metadata={
            "data": "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI, 1998 (CC BY 4.0)",
            "trained_by": "examples/digits/train_digits.py",
            "seed": seed,
        },
    )


class Score(NamedTuple):
    """Answers of the float network for one presentation."""

    steps: int
    accuracy: float
    hidden_spikes: float
    """Per image."""


def scores(images: Images, weights: tuple[Array, Array], presentations: tuple[int, ...]) -> list[Score]:
    """Return the accuracy and the spikes of each presentation, in steps; the lowest digit wins a tie."""
    found: list[Score] = []
    for steps in presentations:
        _, hidden, output = forward(images.shades, weights, steps)
        right = output.spikes.sum(axis=0).argmax(axis=1) == images.labels
        found.append(Score(steps, float(right.mean()), float(hidden.spikes.sum() / len(images.labels))))
    return found


def main() -> None:
    """Train, score on the held-back images, write the files."""
    parser = argparse.ArgumentParser(description="Train the digits example.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder for the three files")
    parser.add_argument("--quick", action="store_true", help="a few epochs: shows that the script works")
    arguments = parser.parse_args()
    settings = Settings(epochs=3) if arguments.quick else Settings()

    training, held_back = load_images(settings.seed)
    with threadpool_limits(1):
        weights = without_silent(training, train(training, settings))
    for score in scores(held_back, weights, (4, 8, 16, 32)):
        print(
            f"{score.steps:3d} steps: accuracy {score.accuracy:.4f}, {score.hidden_spikes:6.1f} hidden spikes per image"
        )

    arguments.out.mkdir(parents=True, exist_ok=True)
    save_network(describe(weights, settings.seed), arguments.out / "digits.nd.json")
    inputs = (held_back.shades / SHADES).astype(np.float32)
    np.savez_compressed(arguments.out / "digits.stimulus.npz", inputs=inputs, labels=held_back.labels)


if __name__ == "__main__":
    main()
