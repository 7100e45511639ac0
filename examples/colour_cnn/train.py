"""Train the classifier of colour pictures in this folder.

    python examples/colour_cnn/train.py --out examples/colour_cnn

Needs torch and onnx, and a minute on a CPU. Writes the network (colour_cnn.onnx).
"""

from __future__ import annotations

import argparse
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from colour_cnn import HELD_BACK_SEED, TRAINING_SEED, pictures
from torch import nn
from torch.nn.functional import cross_entropy

EPOCHS, BATCH, SEED, N_TRAINING = 10, 64, 0, 8_000


def network() -> nn.Sequential:
    """Return the untrained network: two convolutions with BatchNormalization, an average pool, two dense layers."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, 16, 5, stride=2, padding=2), norm1=nn.BatchNorm2d(16), relu1=nn.ReLU(),
            conv2=nn.Conv2d(16, 32, 3, stride=2, padding=1), norm2=nn.BatchNorm2d(32), relu2=nn.ReLU(),
            pool=nn.AvgPool2d(2), flat=nn.Flatten(), drop=nn.Dropout(0.2),
            dense1=nn.Linear(512, 64), relu3=nn.ReLU(), dense2=nn.Linear(64, 10),
        )
    )  # fmt: skip


def main() -> None:
    """Train and write the network."""
    parser = argparse.ArgumentParser(description="Train the colour_cnn example.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder for the network")
    out: Path = parser.parse_args().out
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    inputs, labels = map(torch.tensor, pictures(N_TRAINING, TRAINING_SEED))
    model = network()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    for _ in range(EPOCHS):
        model.train()
        for batch in torch.randperm(N_TRAINING).split(BATCH):
            optimizer.zero_grad()
            cross_entropy(model(inputs[batch]), labels[batch], label_smoothing=0.05).backward()
            optimizer.step()
        schedule.step()
    model.eval()
    out.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        model, (inputs[:1],), out / "colour_cnn.onnx", input_names=["picture"], output_names=["scores"],
        opset_version=17, dynamo=False, do_constant_folding=False,  # BatchNormalization stays a node of its own
    )  # fmt: skip
    held_back, classes = pictures(1000, HELD_BACK_SEED)
    with torch.no_grad():
        answers = model(torch.tensor(held_back)).argmax(dim=1).numpy()
    print(f"accuracy {np.mean(answers == classes):.4f}")


if __name__ == "__main__":
    main()
