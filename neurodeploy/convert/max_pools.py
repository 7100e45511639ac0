"""The choice of what stands for maximum pools: refused until it is made, with the measured loss of each way."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.calibrate import Goal, Samples, codings_of
from neurodeploy.convert.options import ConvertOptions
from neurodeploy.convert.plan import Plan, plan_of
from neurodeploy.convert.pooling import averaged, max_pools, unpoolable
from neurodeploy.convert.ranges import Candidate
from neurodeploy.convert.rates import layer_values, simulate
from neurodeploy.convert.stored import stored
from neurodeploy.diagnostics import DiagnosticError, about, finding, raise_errors
from neurodeploy.diagnostics.finding import Fix
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.trained.layers import Layers, layers_of
from neurodeploy.trained.network import Node, Read, TrainedNetwork

__all__ = ["require_max_pools", "with_averages"]

Array = NDArray[Any]
MaxPools = Literal["or", "average"]
USUAL = 99.9
"""Percentile of a plan that is made without a search."""
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


def require_max_pools(network: TrainedNetwork, samples: Samples, options: ConvertOptions, goal: Goal) -> None:
    """Refuse maximum pools unless they are to spike whenever a source does, and can.

    `options`: max_pool, which is not average, percentile and ranges. `goal`: the steps and the target of which losses are
    measured, in a conversion without a search. Raises DiagnosticError: ND842 (a pool that cannot), ND843 (no choice, with the loss of each).
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
    losses = {way: _loss(network, few, way, options, goal) for way in ways}
    fixes = [Fix(text=f"{WORDS[way]}; {losses[way]}", flag=f"--max-pool {way}") for way in ways]
    message = "maxima over windows have no exact form in rates; one that is near has to be chosen"
    raise DiagnosticError("convert", (finding("ND843", about("node", *(n.name for n in nodes)), message, fixes=fixes),))


def _averaged_line(node: Node) -> LedgerLine:
    sides = " x ".join(map(str, getattr(node.operation, "kernel", ())))
    return LedgerLine(
        subject=about("node", node.name), quantity="max_pool", asked=f"maximum of {sides}", got=f"average of {sides}",
        level="approximate", option="max_pool", note="by --max-pool average",
    )  # fmt: skip


def _quick(layers: Layers, samples: Samples, options: ConvertOptions, goal: Goal) -> Plan:
    """A plan without a search, as the target stores it."""
    candidate = Candidate(options.percentile or USUAL, options.ranges == "channel")
    plan = plan_of(layers, codings_of(layers, samples, layer_values(layers, samples.values), candidate), hard=goal.hard)
    return plan if goal.target is None else stored(plan, goal.steps, goal.target).plan


def _loss(network: TrainedNetwork, samples: Samples, way: MaxPools, options: ConvertOptions, goal: Goal) -> str:
    """What a way costs on the samples, in words."""
    exact, layers = layers_of(network), layers_of(averaged(network) if way == "average" else network)
    wanted = layer_values(exact, samples.values).values[exact.layers[-1].name]
    planned, steps = _quick(layers, samples, options, goal), goal.steps
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
