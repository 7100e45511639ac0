"""Train the spiking recurrent network in this folder, by surrogate gradients in plain numpy.

    python examples/spiking_rnn/train.py --out examples/spiking_rnn

Takes about a minute on a CPU and writes spiking_rnn.nir. A spike is a step of v, whose derivative is 0; backward it is taken
to be 1 / (1 + 5 |v - 1|)^2, and the gradient runs back through all steps. Source of the method: Zenke and Ganguli, SuperSpike,
Neural Computation 2018. The forward pass is that of the network: a spike arrives a step later, and v is 0 after it.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from spiking_rnn import N_TRAINING, sentences

import neurodeploy as nd

DT_S, TAU_S = 1e-3, {"embedding": 2e-3, "memory": 10e-3, "mood": 10e-3}
EMBEDDING, MEMORY, DRAIN = 24, 64, 3
EPOCHS, BATCH, RATE = 40, 50, 2e-3
KEEP = {name: 1 - DT_S / tau for name, tau in TAU_S.items()}


def started(rng: np.random.Generator, n_words: int) -> dict[str, np.ndarray]:
    """Return random weights."""
    sizes = {
        "to_embedding": (EMBEDDING, n_words), "to_memory": (MEMORY, EMBEDDING), "recurrent": (MEMORY, MEMORY),
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


def fitted(rng: np.random.Generator, x: np.ndarray, labels: np.ndarray, epochs: int) -> dict[str, np.ndarray]:
    """Return trained weights, from (samples, steps, words) spikes and (samples,) 0 or 1."""
    w, count = started(rng, x.shape[2]), 0
    mean, square = ({name: np.zeros_like(value) for name, value in w.items()} for _ in range(2))
    for epoch in range(epochs):
        rights, rate = [], RATE * 0.5 * (1 + np.cos(np.pi * epoch / epochs))
        for batch in rng.permutation(len(x) // BATCH * BATCH).reshape(-1, BATCH):
            g, right = gradients(w, x[batch], labels[batch])
            rights.append(right)
            count += 1
            for name, value in g.items():  # Adam
                mean[name] = 0.9 * mean[name] + 0.1 * value
                square[name] = 0.999 * square[name] + 0.001 * value**2
                step = mean[name] / (1 - 0.9**count) / (np.sqrt(square[name] / (1 - 0.999**count)) + 1e-8)
                w[name] = w[name] - rate * step
        print(f"epoch {epoch + 1}: {np.mean(rights):.2%} right", flush=True)
    return {name: value.astype(np.float32) for name, value in w.items()}


def network_of(weights: Mapping[str, np.ndarray], n_steps: int) -> nd.Network:
    """Return the network of trained weights: v keeps 1 - DT_S / TAU_S in a step, and takes all of its input."""
    kinds: Any = {"embedding": nd.Lif, "memory": nd.Lif, "mood": nd.Li}
    populations = []
    for name, tau in TAU_S.items():
        fields = {"tau_m_s": tau, "r": tau / DT_S} | ({} if name == "mood" else {"v_threshold": 1.0})
        populations.append(nd.Population(name=name, shape=len(weights[f"to_{name}"]), neuron=kinds[name](**fields)))
    return nd.Network(
        name="sentiment",
        time=nd.Time(dt_s=DT_S, steps_per_sample=n_steps),
        inputs=[nd.Input(name="words", shape=weights["to_embedding"].shape[1])],
        populations=populations,
        projections=[
            nd.dense("words", "embedding", weights["to_embedding"]),
            nd.dense("embedding", "memory", weights["to_memory"]),
            nd.dense("memory", "memory", weights["recurrent"]),
            nd.dense("memory", "mood", weights["to_mood"]),
        ],
        outputs=[nd.Output(name="praises", source="mood", decoder="membrane")],
    )


def main() -> None:
    """Train and write the network."""
    parser = argparse.ArgumentParser(description="Train the spiking_rnn example.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder for the network")
    out: Path = parser.parse_args().out
    spikes, labels, _ = (item[:N_TRAINING] for item in sentences())
    weights = fitted(np.random.default_rng(0), spikes, labels, EPOCHS)
    nd.save(network_of(weights, spikes.shape[1]), out / "spiking_rnn.nir")


if __name__ == "__main__":
    main()
