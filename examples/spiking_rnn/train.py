"""Train the spiking recurrent network in this folder, by surrogate gradients in plain numpy.

    python examples/spiking_rnn/train.py --out examples/spiking_rnn

Takes about a minute on a CPU and writes spiking_rnn.npz. A spike is a step of v, whose derivative is 0; backward it is taken
to be 1 / (1 + 5 |v - 1|)^2, and the gradient runs back through all steps. Source of the method: Zenke and Ganguli, SuperSpike,
Neural Computation 2018. The forward pass is that of the network: a spike arrives a step later, and v is 0 after it.
"""

import argparse
from pathlib import Path

import numpy as np
from spiking_rnn import DT_S, N_TRAINING, TAU_S, WORDS, sentences

EMBEDDING, MEMORY, DRAIN = 24, 64, 3
EPOCHS, BATCH, RATE = 40, 50, 2e-3
KEEP = {name: 1 - DT_S / tau for name, tau in TAU_S.items()}


def started(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return random weights."""
    sizes = {
        "to_embedding": (EMBEDDING, len(WORDS)), "to_memory": (MEMORY, EMBEDDING), "recurrent": (MEMORY, MEMORY),
        "to_mood": (2, MEMORY),
    }  # fmt: skip
    scale = {"to_embedding": 1.2, "to_memory": 0.5, "recurrent": 0.1, "to_mood": 0.1}
    return {name: rng.normal(0.2 if name == "to_embedding" else 0, scale[name], size) for name, size in sizes.items()}


def forward(w: dict[str, np.ndarray], x: np.ndarray) -> dict[str, list[np.ndarray]]:
    """Return v before the reset and spikes of every step, from (samples, steps, words) spikes."""
    n = len(x)
    v = {"embedding": [np.zeros((n, EMBEDDING))], "memory": [np.zeros((n, MEMORY))], "mood": [np.zeros((n, 2))]}
    s = {"embedding": [np.zeros((n, EMBEDDING))], "memory": [np.zeros((n, MEMORY))]}
    for t in range(x.shape[1] + DRAIN):
        words = x[:, t - 1] if 0 < t <= x.shape[1] else np.zeros_like(x[:, 0])
        drive = {
            "embedding": words @ w["to_embedding"].T,
            "memory": s["embedding"][t] @ w["to_memory"].T + s["memory"][t] @ w["recurrent"].T,
            "mood": s["memory"][t] @ w["to_mood"].T,
        }
        for name, given in drive.items():
            kept = v[name][t] * (1 - s[name][t]) if name in s else v[name][t]
            v[name].append(KEEP[name] * kept + given)
            if name in s:
                s[name].append((v[name][t + 1] > 1).astype(float))
    return {
        **{f"v {name}": values for name, values in v.items()},
        **{f"s {name}": values for name, values in s.items()},
    }


def gradients(w: dict[str, np.ndarray], x: np.ndarray, y: np.ndarray) -> tuple[dict[str, np.ndarray], float]:
    """Return the gradient of the cross entropy of the last step, and the share of right answers."""
    run = forward(w, x)
    last = run["v mood"][-1]
    p = np.exp(last - last.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    right = float((last.argmax(axis=1) == y).mean())
    g = {name: np.zeros_like(value) for name, value in w.items()}
    d_mood = (p - np.eye(2)[y]) / len(y)
    d_v = {"embedding": 0.0, "memory": 0.0}
    d_s = {"embedding": np.zeros((len(x), EMBEDDING)), "memory": np.zeros((len(x), MEMORY))}
    for t in range(len(run["v mood"]) - 1, 0, -1):
        now = {}
        for name, d_spike in d_s.items():  # v[t] acts on the spike of t, and on v[t + 1] unless it was reset
            v, s = run[f"v {name}"][t], run[f"s {name}"][t]
            now[name] = d_spike / (1 + 5 * np.abs(v - 1)) ** 2 + d_v[name] * KEEP[name] * (1 - s)
        words = x[:, t - 2] if 1 < t <= x.shape[1] + 1 else np.zeros_like(x[:, 0])
        before = {name: run[f"s {name}"][t - 1] for name in d_s}
        g["to_mood"] += d_mood.T @ before["memory"]
        g["recurrent"] += now["memory"].T @ before["memory"]
        g["to_memory"] += now["memory"].T @ before["embedding"]
        g["to_embedding"] += now["embedding"].T @ words
        d_s = {
            "embedding": now["memory"] @ w["to_memory"],
            "memory": now["memory"] @ w["recurrent"] + d_mood @ w["to_mood"],
        }
        d_v, d_mood = now, d_mood * KEEP["mood"]
    return g, right


def main() -> None:
    """Train and write the weights."""
    parser = argparse.ArgumentParser(description="Train the spiking_rnn example.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder for the weights")
    out: Path = parser.parse_args().out
    rng = np.random.default_rng(0)
    x, labels, _ = (item[:N_TRAINING] for item in sentences())
    w, count = started(rng), 0
    mean, square = ({name: np.zeros_like(value) for name, value in w.items()} for _ in range(2))
    for epoch in range(EPOCHS):
        rights, rate = [], RATE * 0.5 * (1 + np.cos(np.pi * epoch / EPOCHS))
        for batch in rng.permutation(N_TRAINING).reshape(-1, BATCH):
            g, right = gradients(w, x[batch], labels[batch])
            rights.append(right)
            count += 1
            for name, value in g.items():  # Adam
                mean[name] = 0.9 * mean[name] + 0.1 * value
                square[name] = 0.999 * square[name] + 0.001 * value**2
                step = mean[name] / (1 - 0.9**count) / (np.sqrt(square[name] / (1 - 0.999**count)) + 1e-8)
                w[name] = w[name] - rate * step
        print(f"epoch {epoch + 1}: {np.mean(rights):.2%} right", flush=True)
    np.savez_compressed(out / "spiking_rnn.npz", **{name: value.astype(np.float32) for name, value in w.items()})


if __name__ == "__main__":
    main()
