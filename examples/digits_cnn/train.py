"""Train the convolutional classifier of handwritten digits in this folder.

    python examples/digits_cnn/train.py --out examples/digits_cnn

Needs torch, onnx and scikit-learn, and half a minute on a CPU. Writes the network (digits_cnn.onnx) and 300 of its
training images for calibration (calibration.npz: inputs (300, 64) in [0, 1], labels (300,)). The 360 images of
examples/digits/digits.stimulus.npz are held back.
"""

from __future__ import annotations

import argparse
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn.functional import cross_entropy

HELD_BACK = Path(__file__).parents[1] / "digits" / "digits.stimulus.npz"
EPOCHS, BATCH, N_CALIBRATION, SEED = 60, 64, 300, 0


def images() -> tuple[torch.Tensor, torch.Tensor]:
    """Return training images (1437, 64) in [0, 1] and their labels: all that are not held back."""
    digits = load_digits()
    with np.load(HELD_BACK) as held_back:
        hidden = {row.tobytes() for row in np.rint(held_back["inputs"] * 16).astype(np.float64)}
    kept = np.array([row.tobytes() not in hidden for row in digits.data])
    return torch.tensor(digits.data[kept] / 16, dtype=torch.float32), torch.tensor(digits.target[kept])


class Image(nn.Module):
    """Rows of 64 pixels as images."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (samples, 1, 8, 8) images."""
        return x.reshape(-1, 1, 8, 8)


def network() -> nn.Sequential:
    """Return the untrained network: two convolutions, an average pool, two dense layers."""
    return nn.Sequential(
        OrderedDict(
            image=Image(),
            conv1=nn.Conv2d(1, 8, 3, padding=1), relu1=nn.ReLU(),
            conv2=nn.Conv2d(8, 16, 3, padding=1), relu2=nn.ReLU(), pool=nn.AvgPool2d(2),
            flat=nn.Flatten(), drop=nn.Dropout(0.3), dense1=nn.Linear(256, 32), relu3=nn.ReLU(), dense2=nn.Linear(32, 10),
        )
    )  # fmt: skip


def main() -> None:
    """Train and write the files."""
    parser = argparse.ArgumentParser(description="Train the digits_cnn example.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder for the files")
    out: Path = parser.parse_args().out
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    inputs, labels = images()
    model = network()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(inputs)).split(BATCH):
            optimizer.zero_grad()
            cross_entropy(model(inputs[batch]), labels[batch], label_smoothing=0.05).backward()
            optimizer.step()
        schedule.step()
    model.eval()
    out.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        model, (inputs[:1],), out / "digits_cnn.onnx", input_names=["pixels"], output_names=["scores"],
        opset_version=17, dynamo=False,
    )  # fmt: skip
    chosen = torch.randperm(len(inputs))[:N_CALIBRATION]
    np.savez_compressed(out / "calibration.npz", inputs=inputs[chosen].numpy(), labels=labels[chosen].numpy())
    with np.load(HELD_BACK) as held_back, torch.no_grad():
        answers = model(torch.tensor(held_back["inputs"])).argmax(dim=1).numpy()
        print(f"accuracy {np.mean(answers == held_back['labels']):.4f}")


if __name__ == "__main__":
    main()
