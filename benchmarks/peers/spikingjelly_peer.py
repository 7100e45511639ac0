"""Worker: SpikingJelly's converter on the same trained network and samples, in floats, with inputs as constant currents.

Arguments: the case (.npz) and the result (.json). The case has weights w0, w1, ... (in, out) and biases b0, b1, ... of a network
with relu, `calibration` (samples, values), `x` and `labels` of the test samples, and `steps` to read the output after.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

MODES = ("max", "99.9%")


def main(case: str, result: str) -> None:
    """Convert with each mode and write the accuracy after each of the steps."""
    import torch
    from spikingjelly.activation_based import ann2snn, functional

    torch.set_num_threads(1)
    given = np.load(case)
    x, labels = torch.tensor(given["x"]), given["labels"]
    shown = torch.utils.data.TensorDataset(torch.tensor(given["calibration"]), torch.zeros(len(given["calibration"])))
    loader = torch.utils.data.DataLoader(shown, batch_size=100)
    found: dict[str, object] = {"version": version("spikingjelly"), "modes": {}}
    for mode in MODES:
        began = time.perf_counter()
        spiking = ann2snn.Converter(loader, mode=mode)(_network(torch, given)).eval()
        seconds, total, right = time.perf_counter() - began, 0.0, {}
        functional.reset_net(spiking)
        with torch.no_grad():
            for step in range(1, int(given["steps"].max()) + 1):
                total = total + spiking(x)
                if step in given["steps"]:
                    right[step] = float((total.argmax(1).numpy() == labels).mean())
        found["modes"][mode] = {"seconds": seconds, "accuracy": right}
    Path(result).write_text(json.dumps(found))


def _network(torch, given):
    layers, depth = [], sum(name.startswith("w") for name in given.files)
    for number in range(depth):
        weights, bias = given[f"w{number}"], given[f"b{number}"]
        layer = torch.nn.Linear(*weights.shape)
        with torch.no_grad():
            layer.weight.copy_(torch.tensor(weights.T))
            layer.bias.copy_(torch.tensor(bias))
        layers += [layer, torch.nn.ReLU()] if number < depth - 1 else [layer]
    return torch.nn.Sequential(*layers).eval()


if __name__ == "__main__":
    main(*sys.argv[1:])
