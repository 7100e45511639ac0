"""The choice of what stands for maximum pools: refused until it is made, with the measured loss of each way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.calibrate import Samples
from neurodeploy.convert.options import ConvertOptions
from neurodeploy.convert.plan import Plan
from neurodeploy.convert.pooling import averaged, max_pools, unpoolable
from neurodeploy.convert.rates import layer_values, simulate
from neurodeploy.diagnostics import DiagnosticError, about, finding, raise_errors
from neurodeploy.diagnostics.finding import Fix
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.trained.layers import Layers, layers_of
from neurodeploy.trained.network import Node, Read, TrainedNetwork

__all__ = ["require_max_pools", "with_averages"]

Array = NDArray[Any]
MaxPools = Literal["or", "average"]
MOST = 200
"""Calibration samples on which a loss is measured, at most."""
WORDS: dict[MaxPools, str] = {
    "or": "a window spikes if any of its sources spikes",
    "average": "averages over the windows instead",
}


def with_averages(read: Read) -> Read:
    """Return a trained network with averages instead of maximum pools, and a ledger line for each."""
    lines = tuple(_averaged_line(node) for node in max_pools(read.network))
    return read.model_copy(update={"network": averaged(read.network), "ledger": (*read.ledger, *lines)})


def require_max_pools(
    network: TrainedNetwork, samples: Samples, options: ConvertOptions, plan: Callable[[Layers, Samples], Plan]
) -> None:
    """Refuse maximum pools unless they are to spike whenever a source does, and can.

    `options`: steps and max_pool, which is not average. `plan`: a quick calibration of layers on samples, by which losses are
    measured. Raises DiagnosticError: ND842 (a pool that cannot), ND843 (no choice, with the loss of each).
    """
    nodes = max_pools(network)
    if not nodes:
        return
    lowest = {name: float(values.min()) for name, values in samples.values.items()}
    faults = unpoolable(layers_of(network), lowest)
    if options.max_pool == "or":
        fix = Fix(text=WORDS["average"], flag="--max-pool average")
        raise_errors(
            "convert", [finding("ND842", about("node", name), why, fixes=[fix]) for name, why in faults.items()]
        )
        return
    ways: tuple[MaxPools, ...] = ("average",) if faults else ("or", "average")
    few = samples.taken(np.arange(min(samples.n_samples, MOST)))
    losses = {way: _loss(network, few, way, options.steps, plan) for way in ways}
    fixes = [Fix(text=f"{WORDS[way]}; {losses[way]}", flag=f"--max-pool {way}") for way in ways]
    message = "maxima over windows have no exact form in rates; one that is near has to be chosen"
    raise DiagnosticError("convert", (finding("ND843", about("node", *(n.name for n in nodes)), message, fixes=fixes),))


def _averaged_line(node: Node) -> LedgerLine:
    sides = " x ".join(map(str, getattr(node.operation, "kernel", ())))
    return LedgerLine(
        subject=about("node", node.name), quantity="max_pool", asked=f"maximum of {sides}", got=f"average of {sides}",
        level="approximate", option="max_pool", note="by --max-pool average",
    )  # fmt: skip


def _loss(
    network: TrainedNetwork, samples: Samples, way: MaxPools, steps: int, plan: Callable[[Layers, Samples], Plan]
) -> str:
    """What a way costs on the samples, in words."""
    exact, layers = layers_of(network), layers_of(averaged(network) if way == "average" else network)
    wanted = layer_values(exact, samples.values).values[exact.layers[-1].name]
    planned = plan(layers, samples)
    gain = planned.codings[planned.populations[-1].layer].units[0].gain
    read = simulate(planned, samples.values, steps).read[:, -1] * gain / steps
    count = f"{len(wanted):,} calibration samples in {steps:,} steps"
    if network.task == "regress":
        spread = float(wanted.std()) or 1.0
        return f"values differ by {float(np.sqrt(np.square(read - wanted).mean())) / spread:.1%} of their spread on {count}"
    own = wanted.argmax(axis=1)
    if samples.labels is None:
        return f"the answer of the trained network for {float((read.argmax(axis=1) == own).mean()):.1%} of {count}"
    right, before = (float((answers == samples.labels).mean()) for answers in (read.argmax(axis=1), own))
    return f"{right:.1%} of {count} right, against {before:.1%}"
