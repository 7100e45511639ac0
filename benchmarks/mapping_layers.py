"""Cores of layered networks against the bound and the best known: counted from the shapes of layers, without weights.

Run from the repository: python benchmarks/mapping_layers.py [--quick] [--json]. The tiles are counted exactly for kernels
without zeros or equal weights, of 8 bits; no program is made here. `best known`: NxTF's published figures (pseudo-MobileNet:
its own notebook), nengo-loihi's rule for the dense network. The chips are Loihi's, 128 cores each.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from typing import Any

from neurodeploy.hardware import load_target
from neurodeploy.mapping import fit_layers
from neurodeploy.network.layer_shapes import LayerShape, LayerStack

BOARD = "pohoiki_springs"
RULES = ("nengo-loihi", "nxtf")
PSEUDO = [
    (32, 2),
    (None, 1),
    (64, 1),
    (None, 2),
    (128, 1),
    (None, 1),
    (128, 1),
    (None, 2),
    (256, 1),
    (None, 1),
    (256, 1),
]
"""(channels of a convolution, None for a depthwise one; stride)."""
MOBILENET = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
"""(channels, stride of the depthwise convolution before)."""


def _conv(channels: int | None, stride: int, kernel: int) -> LayerShape:
    kind = "depthwise" if channels is None else "conv"
    return LayerShape(kind=kind, channels=channels, kernel=kernel, stride=stride, padding="same")


def pseudo_mobilenet() -> LayerStack:
    """NxTF's tutorial network for CIFAR-10: 76,810 neurons."""
    layers = [_conv(channels, stride, 1 if channels and k else 3) for k, (channels, stride) in enumerate(PSEUDO)]
    pool = LayerShape(kind="pool", kernel=2, stride=2)
    layers += [pool, LayerShape(kind="dense", channels=10)]
    return LayerStack(name="pseudo-MobileNet", input=(3, 32, 32), reset="subtract", layers=tuple(layers))


def mobilenet(side: int, stem: int, classes: int, reset: Any) -> LayerStack:
    """MobileNet-v1 at full width: 412,682 neurons at 32 x 32 with a stem of stride 1, 1,648,616 at 128 x 128."""
    layers = [_conv(32, stem, 3)]
    for channels, stride in MOBILENET:
        layers += [_conv(None, stride, 3), _conv(channels, 1, 1)]
    left = side // stem // 16
    layers += [LayerShape(kind="pool", kernel=left), LayerShape(kind="dense", channels=classes)]
    return LayerStack(name=f"MobileNet-v1-{side}x{side}", input=(3, side, side), reset=reset, layers=tuple(layers))


def mlp() -> LayerStack:
    """784-512-256-10, all dense."""
    layers = tuple(LayerShape(kind="dense", channels=n) for n in (512, 256, 10))
    return LayerStack(name="MLP-784-512-256-10", input=(784, 1, 1), layers=layers)


CASES = {
    "mlp": (mlp(), "7 cores", 5, "cores"),
    "pseudo-mobilenet": (pseudo_mobilenet(), "157 cores", 152, "cores"),
    "mobilenet-32": (mobilenet(32, 1, 10, "subtract"), "861 cores", 812, "cores"),
    "mobilenet-128": (mobilenet(128, 2, 1000, "zero"), "16 chips", 13, "chips"),
}
"""(network, best known, reach, in what)."""
QUICK = ("mlp", "pseudo-mobilenet")


def measured(key: str, rules: str) -> dict[str, Any]:
    """Return the row of one case under one rule set."""
    stack, known, reach, unit = CASES[key]
    target = load_target("loihi1", board=BOARD, rules=rules)
    wall, work = time.perf_counter(), time.process_time()
    result = fit_layers(stack, target)
    wall, work = time.perf_counter() - wall, time.process_time() - work
    got = result.cores if unit == "cores" else result.chips
    return {
        "case": key,
        "network": stack.name,
        "neurons": result.neurons,
        "rules": rules,
        "verdict": result.verdict,
        "cores": result.cores,
        "chips": result.chips,
        "bound": max(result.lower_bounds.values()),
        "bounds": result.lower_bounds,
        "best_known": known,
        "reach": f"{reach} {unit}",
        "reached": got is not None and got <= reach,
        "work_s": round(work, 3),
        "wall_s": round(wall, 3),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    """Print the table, or its rows as JSON."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--quick", action="store_true", help="only the small networks")
    reader.add_argument("--json", action="store_true")
    options = reader.parse_args()
    rows = [measured(key, rules) for key in (QUICK if options.quick else CASES) for rules in RULES]
    if options.json:
        sys.stdout.write(json.dumps({"counted": "from shapes", "board": BOARD, "rows": rows}, indent=2) + "\n")
        return
    heads = ("network", "neurons", "rules", "cores", "bound", "chips", "best known", "reach", "", "work s", "peak MB")
    form = "{:24} {:>9} {:12} {:>6} {:>6} {:>6} {:>11} {:>10} {:7} {:>7} {:>7}"
    lines = ["counted from the shapes of layers, 8-bit weights, no program made", form.format(*heads)]
    for row in rows:
        cells = [f"{row[name]:,}" for name in ("cores", "bound", "chips")]
        reached = "reached" if row["reached"] else "missed"
        cells += [row["best_known"], row["reach"], reached, f"{row['work_s']:.2f}", str(row["peak_mb"])]
        lines.append(form.format(row["network"], f"{row['neurons']:,}", row["rules"], *cells))
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
