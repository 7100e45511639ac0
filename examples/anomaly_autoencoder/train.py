"""Train the autoencoder in this folder.

    python examples/anomaly_autoencoder/train.py --out examples/anomaly_autoencoder

Needs torch and onnx, and a minute on a CPU. Writes the network (anomaly_autoencoder.onnx), which is trained on a series without
anomalies.
"""

from __future__ import annotations

import argparse
from collections import OrderedDict
from pathlib import Path

import torch
from anomaly_autoencoder import WINDOW, series, windows
from torch import nn
from torch.nn.functional import mse_loss

EPOCHS, BATCH, SEED, TRAINING_SEED = 60, 64, 0, 1


def network() -> nn.Sequential:
    """Return the untrained network: 32 values through 8 and back."""
    return nn.Sequential(
        OrderedDict(
            encode1=nn.Linear(WINDOW, 24), relu1=nn.ReLU(), encode2=nn.Linear(24, 8), relu2=nn.ReLU(),
            decode1=nn.Linear(8, 24), relu3=nn.ReLU(), decode2=nn.Linear(24, WINDOW),
        )
    )  # fmt: skip


def main() -> None:
    """Train and write the network."""
    parser = argparse.ArgumentParser(description="Train the anomaly_autoencoder example.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder for the network")
    out: Path = parser.parse_args().out
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    inputs = torch.tensor(windows(series(8000, TRAINING_SEED, anomalies=False)[0])).float()
    model = network()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(inputs)).split(BATCH):
            optimizer.zero_grad()
            mse_loss(model(inputs[batch]), inputs[batch]).backward()
            optimizer.step()
        schedule.step()
    model.eval()
    out.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        model, (inputs[:1],), out / "anomaly_autoencoder.onnx", input_names=["window"], output_names=["same"],
        opset_version=17, dynamo=False,
    )  # fmt: skip
    with torch.no_grad():
        print(f"root of the mean squared error {float(mse_loss(model(inputs), inputs)) ** 0.5:.4f}")


if __name__ == "__main__":
    main()
