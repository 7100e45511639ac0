"""Train the digits network: scikit-learn's 8x8 digits, two layers of LIF neurons, surrogate gradients in plain numpy.

    pip install neurodeploy scikit-learn
    python examples/digits/train_digits.py [--quick] [--out FOLDER]

Writes digits.nd.json, digits.nd.npz and digits.stimulus.npz. The forward pass follows the clock of the network format
exactly (a spike of step t arrives in step t + 1, v is reset to 0 in the step of its spike), so what is trained is what
is deployed. 360 of the 1,797 images are held back, stratified, and are the stimulus.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np

import neurodeploy as nd

HIDDEN, CLASSES, PIXELS = 128, 10, 64
DT_S, TAU_S, THRESHOLD = 1e-3, 10e-3, 1.0
STEPS, SEED = 32, 7
KEEP, GAIN = 1 - DT_S / TAU_S, DT_S / TAU_S
SHARPNESS, LOGIT_SCALE = 2.0, 0.6


class Weights(NamedTuple):
    hidden: np.ndarray
    output: np.ndarray


def load_images() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    split = train_test_split(images / 16.0, labels, test_size=360, stratify=labels, random_state=0)
    train_x, test_x, train_y, test_y = split
    return train_x, train_y, test_x, test_y


def rate_code(values: np.ndarray, steps: int) -> np.ndarray:
    """(steps, samples, pixels) spikes of the deterministic rate encoder."""
    t = np.arange(1, steps + 1)[:, None, None]
    return (np.floor(t * values + 1e-9) > np.floor((t - 1) * values + 1e-9)).astype(np.float64)


def layer(arriving: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(spikes, voltages before the reset) of one LIF layer, each (steps, samples, neurons)."""
    current = arriving @ weights.T
    spikes, voltages = np.zeros_like(current), np.zeros_like(current)
    v = np.zeros(current.shape[1:])
    for t in range(len(current)):
        v = KEEP * v + GAIN * current[t]
        spikes[t], voltages[t] = v > THRESHOLD, v
        v = v * (1 - spikes[t])
    return spikes, voltages


def one_step_later(spikes: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros_like(spikes[:1]), spikes[:-1]])


def forward(weights: Weights, images: np.ndarray, steps: int) -> tuple[np.ndarray, ...]:
    inputs = np.concatenate([rate_code(images, steps), np.zeros((2, *images.shape))])
    to_hidden = one_step_later(inputs)
    hidden, v_hidden = layer(to_hidden, weights.hidden)
    to_output = one_step_later(hidden)
    output, v_output = layer(to_output, weights.output)
    return to_hidden, hidden, v_hidden, to_output, output, v_output


def backward_layer(to_spikes: np.ndarray, spikes: np.ndarray, voltages: np.ndarray) -> np.ndarray:
    """Gradient of the current of each step, from the gradient of the spikes; the reset is held fixed."""
    slope = SHARPNESS / (1 + SHARPNESS * np.abs(voltages - THRESHOLD)) ** 2
    grad, later = np.zeros_like(voltages), np.zeros(voltages.shape[1:])
    for t in range(len(voltages) - 1, -1, -1):
        later = to_spikes[t] * slope[t] + later * KEEP * (1 - spikes[t])
        grad[t] = GAIN * later
    return grad


def gradients(weights: Weights, images: np.ndarray, labels: np.ndarray, steps: int) -> tuple[Weights, float]:
    to_hidden, hidden, v_hidden, to_output, output, v_output = forward(weights, images, steps)
    logits = LOGIT_SCALE * output.sum(axis=0)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    odds /= odds.sum(axis=1, keepdims=True)
    loss = -np.log(odds[np.arange(len(labels)), labels] + 1e-12).mean()
    error = (odds - np.eye(CLASSES)[labels]) * LOGIT_SCALE / len(labels)
    current_output = backward_layer(np.broadcast_to(error, output.shape), output, v_output)
    to_spikes = np.concatenate([(current_output @ weights.output)[1:], np.zeros_like(hidden[:1])])
    to_spikes += 2e-4 * hidden.mean(axis=0) / len(labels)  # spikes cost energy
    current_hidden = backward_layer(to_spikes, hidden, v_hidden)
    return Weights(
        np.einsum("tbh,tbp->hp", current_hidden, to_hidden, optimize=True),
        np.einsum("tbo,tbh->oh", current_output, to_output, optimize=True),
    ), float(loss)


def train(images: np.ndarray, labels: np.ndarray, epochs: int) -> Weights:
    rng = np.random.default_rng(SEED)
    weights = Weights(
        rng.normal(0.15, 1.0, (HIDDEN, PIXELS)) * 8 / np.sqrt(PIXELS), rng.normal(0.1, 1.0, (CLASSES, HIDDEN)) * 12 / np.sqrt(HIDDEN)
    )
    first = [np.zeros_like(w) for w in weights]
    second = [np.zeros_like(w) for w in weights]
    count = 0
    for epoch in range(epochs):
        order, losses = rng.permutation(len(images)), []
        rate = 0.08 * 0.5 * (1 + np.cos(np.pi * epoch / epochs))
        for start in range(0, len(images), 128):
            batch = order[start : start + 128]
            shown = np.clip(images[batch] + rng.normal(0, 0.06, (len(batch), PIXELS)), 0, 1)
            noisy = Weights(*(w + rng.normal(0, 0.01 * np.abs(w).max(), w.shape) for w in weights))
            grads, loss = gradients(noisy, shown, labels[batch], int(rng.choice([8, 16, 24, 32])))
            count += 1
            losses.append(loss)
            for index, (weight, grad) in enumerate(zip(weights, grads, strict=True)):
                grad = grad + 1e-5 * weight
                first[index] = 0.9 * first[index] + 0.1 * grad
                second[index] = 0.999 * second[index] + 0.001 * grad**2
                step = first[index] / (1 - 0.9**count) / (np.sqrt(second[index] / (1 - 0.999**count)) + 1e-8)
                weight -= rate * step
        if epoch % 10 == 9 or epoch == epochs - 1:
            print(f"epoch {epoch + 1:3d}  loss {np.mean(losses):.4f}", flush=True)
    return weights


def network(weights: Weights) -> nd.Network:
    def lif() -> nd.Lif:
        return nd.Lif(tau_m_s=TAU_S, v_threshold=THRESHOLD)

    return nd.Network(
        name="digits",
        time=nd.Time(dt_s=DT_S, steps_per_sample=STEPS),
        inputs=(nd.Input(name="pixels", shape=PIXELS, encoder="rate"),),
        populations=(
            nd.Population(name="hidden", shape=HIDDEN, neuron=lif()),
            nd.Population(name="digit", shape=CLASSES, neuron=lif()),
        ),
        projections=(
            nd.dense("pixels", "hidden", weights.hidden.astype(np.float32)),
            nd.dense("hidden", "digit", weights.output.astype(np.float32)),
        ),
        outputs=(nd.Output(name="answer", source="digit"),),
        metadata={
            "data": "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI, 1998, CC BY 4.0; as shipped by scikit-learn",
            "trained_by": "examples/digits/train_digits.py",
        },
    )


def accuracy(weights: Weights, images: np.ndarray, labels: np.ndarray, steps: int) -> float:
    return float((forward(weights, images, steps)[4].sum(axis=0).argmax(axis=1) == labels).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two epochs, to see that it runs")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    train_x, train_y, test_x, test_y = load_images()
    weights = train(train_x, train_y, 2 if options.quick else 120)
    for steps in (4, 8, 16, STEPS, 64):
        print(f"{steps:3d} steps: train {accuracy(weights, train_x, train_y, steps):.4f}  held back {accuracy(weights, test_x, test_y, steps):.4f}")
    saved = network(weights)
    nd.save(saved, options.out / "digits.nd.json")
    np.savez_compressed(options.out / "digits.stimulus.npz", inputs=test_x.astype(np.float32), labels=test_y.astype(np.int64))
    assert nd.load(options.out / "digits.nd.json") == saved


if __name__ == "__main__":
    main()
