"""Train the event_cnn network in this folder, by surrogate gradients in PyTorch.

    python examples/event_cnn/train.py --out examples/event_cnn

Needs torch, and ten minutes on a CPU. Writes event_cnn.nir. A spike is a step of v, whose derivative is 0; backward it is taken
to be 1 / (1 + 5 |v - 1|)^2. Source of the method: Zenke and Ganguli, SuperSpike, Neural Computation 2018. The forward pass is
that of the network: a spike arrives a step later, and v is 0 after it. The loss rises above RATE spikes of a neuron in a
recording, since each spike costs energy.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from event_cnn import SHAPES, SIDE, events
from numpy.typing import NDArray
from torch.nn.functional import conv2d, cross_entropy

import neurodeploy as nd
from neurodeploy.network import Conv2d

DT_S, STEPS, TAU_S = 2e-3, 30, {"edges": 8e-3, "corners": 8e-3, "shape": 40e-3}
N_TRAINING, EPOCHS, BATCH, RATE, TRAINING_SEED, LATENCY, MAPS = 8000, 10, 50, 2.0, 1000, 3, (8, 16)
KEEP = {name: 1 - DT_S / tau for name, tau in TAU_S.items()}


class Spike(torch.autograd.Function):
    """A step of v at 1, with a derivative that is not 0."""

    @staticmethod
    def forward(ctx: Any, v: torch.Tensor) -> torch.Tensor:
        """Return 1 where `v` is above 1, else 0."""
        ctx.save_for_backward(v)
        return (v > 1).to(v.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        """Return the gradient of v from the gradient of the spikes."""
        (v,) = ctx.saved_tensors
        return gradients[0] / (1 + 5 * (v - 1).abs()) ** 2


def rasters(n: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int_]]:
    """Return (n, steps, polarity, row, column): 1 for a pixel with one or more events in a step, and the kinds (n,)."""
    found, kinds = np.zeros((n, STEPS, 2, SIDE, SIDE), np.uint8), np.zeros(n, int)
    for first in range(0, n, 500):
        part = slice(first, min(first + 500, n))
        rows, kinds[part] = events(part.stop - first, seed + first)
        sample, time, column, row, polarity = rows.T
        found[first + sample, time // round(1e6 * DT_S), polarity, row, column] = 1
    return found, kinds


def forward(weights: dict[str, torch.Tensor], x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return v of the shapes (samples, steps, shapes), and spikes of an average neuron of each layer, from (samples, steps, ...)."""
    n = len(x)
    v = {
        "edges": x.new_zeros(n, MAPS[0], 12, 12),
        "corners": x.new_zeros(n, MAPS[1], 6, 6),
        "shape": x.new_zeros(n, len(SHAPES)),
    }
    edges, corners, voltages, sums = v["edges"], v["corners"], [], [x.new_zeros(()), x.new_zeros(())]
    for t in range(STEPS + LATENCY):
        seen = x[:, t - 1] if 0 < t <= STEPS else torch.zeros_like(x[:, 0])
        drive = {
            "edges": conv2d(seen, weights["edges"], stride=2, padding=2),
            "corners": conv2d(edges, weights["corners"], stride=2, padding=1),
            "shape": corners.flatten(1) @ weights["shape"].T,
        }
        v = {name: KEEP[name] * v[name] + given for name, given in drive.items()}
        edges, corners = (Spike.apply(v[name]) for name in ("edges", "corners"))
        v["edges"], v["corners"] = v["edges"] * (1 - edges.detach()), v["corners"] * (1 - corners.detach())
        voltages.append(v["shape"])
        sums = [sums[0] + edges.mean(), sums[1] + corners.mean()]
    return torch.stack(voltages, 1), sums[0], sums[1]


def network_of(weights: dict[str, NDArray[np.float32]]) -> nd.Network:
    """Return the network of trained weights: v keeps 1 - DT_S / TAU_S in a step, and takes all of its input."""
    layers = {
        "edges": Conv2d(input_shape=(2, SIDE, SIDE), weights=weights["edges"], stride=(2, 2), padding=(2, 2)),
        "corners": Conv2d(input_shape=(MAPS[0], 12, 12), weights=weights["corners"], stride=(2, 2), padding=(1, 1)),
    }
    neurons = {name: nd.Lif(tau_m_s=TAU_S[name], r=TAU_S[name] / DT_S, v_threshold=1.0) for name in layers}
    shapes = {"edges": (MAPS[0], 12, 12), "corners": (MAPS[1], 6, 6)}
    return nd.Network(
        name="event_cnn",
        time=nd.Time(dt_s=DT_S, steps_per_sample=STEPS),
        inputs=[nd.Input(name="camera", shape=(2, SIDE, SIDE))],
        populations=[
            *(nd.Population(name=name, shape=shapes[name], neuron=neurons[name]) for name in layers),
            nd.Population(name="shape", shape=5, neuron=nd.Li(tau_m_s=TAU_S["shape"], r=TAU_S["shape"] / DT_S)),
        ],
        projections=[
            nd.Projection(name="look", source="camera", target="edges", operation=layers["edges"]),
            nd.Projection(name="join", source="edges", target="corners", operation=layers["corners"]),
            nd.dense("corners", "shape", weights["shape"]),
        ],
        outputs=[nd.Output(name="name", source="shape", decoder="membrane")],
    )


def main() -> None:
    """Train and write the network."""
    parser = argparse.ArgumentParser(description="Train the event_cnn example.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder for the network")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="times that each recording is seen")
    parser.add_argument("--recordings", type=int, default=N_TRAINING, help="number of recordings")
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    x, labels = (torch.from_numpy(array) for array in rasters(options.recordings, TRAINING_SEED))
    shapes = {"edges": (MAPS[0], 2, 5, 5), "corners": (MAPS[1], MAPS[0], 3, 3), "shape": (len(SHAPES), 36 * MAPS[1])}
    scale = {"edges": 0.3, "corners": 0.3, "shape": 0.05}
    weights = {name: (scale[name] * torch.randn(shape)).requires_grad_() for name, shape in shapes.items()}
    optimizer = torch.optim.Adam(weights.values(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, options.epochs)
    for epoch in range(options.epochs):
        right = 0
        for batch in torch.randperm(options.recordings).split(BATCH):
            optimizer.zero_grad()
            voltages, *rates = forward(weights, x[batch].float())
            costs = [torch.relu(rate - RATE) for rate in rates]
            (cross_entropy(voltages[:, -1], labels[batch]) + 0.1 * (costs[0] + costs[1])).backward()
            optimizer.step()
            right += int((voltages[:, -1].argmax(1) == labels[batch]).sum())
        schedule.step()
        print(
            f"epoch {epoch + 1}: {right / options.recordings:.2%} right",
            *(f"{float(rate.detach()):.2f}" for rate in rates),
            flush=True,
        )
    options.out.mkdir(parents=True, exist_ok=True)
    trained = {name: value.detach().numpy() for name, value in weights.items()}
    nd.save(network_of(trained), options.out / "event_cnn.nir")


if __name__ == "__main__":
    main()
