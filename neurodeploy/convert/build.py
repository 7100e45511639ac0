"""The spiking Network of a plan, with the neurons that start v and give biases in step with the input."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.inputs import input_of
from neurodeploy.convert.plan import Plan, Planned
from neurodeploy.convert.rates import START
from neurodeploy.network import (
    If,
    Membrane,
    Network,
    Output,
    Population,
    Projection,
    Reset,
    Sparse,
    Time,
)
from neurodeploy.trained.chains import as_operation

__all__ = ["network_of"]

Array = NDArray[Any]
CLOCK = "clock"
"""Name of the population that starts v and gives biases."""
RANGE = 128
"""v at which the output would spike, in the largest sums of the calibration: the chip's v has room for as many steps."""
DT_S = 1e-3
"""Length of a step; the chip's own clock decides how long it really takes."""


def network_of(plan: Plan, name: str, steps: int, *, soft: bool) -> Network:
    """Return the network. `steps`: steps of a sample. `soft`: whether a spike takes the threshold off v, not all of it."""
    depth = plan.layers.depth()
    most = max(depth[item.layer] for item in plan.populations)
    populations = [_clock(most), *(_population(item, soft=soft) for item in plan.populations)]
    projections = [_ticking(most)]
    for item in plan.populations:
        projections += [*_projections(plan, item, depth), *_started(item, depth[item.layer], most)]
    last = plan.populations[-1]
    return Network(
        name=name,
        time=Time(dt_s=DT_S, steps_per_sample=steps),
        populations=tuple(populations),
        projections=tuple(projections),
        inputs=tuple(input_of(item, plan.codings[item.name]) for item in plan.layers.inputs),
        outputs=(Output(name="scores", source=last.name, decoder=Membrane()),),
    )


def _population(item: Planned, *, soft: bool) -> Population:
    if item.kind == "read":
        neuron: Any = If(v_threshold=float(RANGE))
    elif item.kind == "any":
        neuron = If(v_threshold=0.5)
    else:
        neuron = If(v_threshold=1.0, reset=Reset(mode="subtract" if soft else "zero"))
    return Population(name=item.name, shape=item.shape, neuron=neuron)


def _projections(plan: Plan, item: Planned, depth: dict[str, int]) -> list[Projection]:
    """Synapses from other layers; those of a shorter path are delayed, so that all paths take the same steps."""
    made, inputs = list[Projection](), {source.name for source in plan.layers.inputs}
    for wire in item.wires:
        units = 1 if wire.source in inputs else len(plan.codings[wire.source].units)
        source = wire.source if units == 1 else f"{wire.source}.{'abcdefgh'[wire.unit]}"
        label = f"{source}_to_{item.name}"
        taken = sum(other.name.startswith(label) for other in made)
        made.append(
            Projection(
                name=f"{label}_{taken + 1}" if taken else label,
                source=source,
                target=item.name,
                operation=as_operation(wire.steps, plan.codings[wire.source].shift.size),
                delay_steps=depth[item.layer] - 1 - depth[wire.source],
            )
        )
    return made


def _clock(depth: int) -> Population:
    """Neuron k of the first half spikes in every step from k + 1 on, neuron k of the second half in step k + 1 only."""
    bias = np.zeros(2 * depth)
    bias[[0, depth]] = 1.0
    return Population(name=CLOCK, shape=(2 * depth,), neuron=If(v_threshold=0.5, bias=bias))


def _ticking(depth: int) -> Projection:
    """Ticking neuron k starts ticking neuron k + 1 and starting neuron k + 1, and silences starting neuron k."""
    ticks = np.arange(depth - 1)
    pre = np.concatenate([ticks, ticks, np.arange(depth)])
    post = np.concatenate([ticks + 1, depth + ticks + 1, depth + np.arange(depth)])
    weights = np.concatenate([np.ones(2 * (depth - 1)), -np.ones(depth)])
    operation = Sparse(shape=(2 * depth, 2 * depth), post=post, pre=pre, weights=weights)
    return Projection(name=f"{CLOCK}_to_{CLOCK}", source=CLOCK, target=CLOCK, operation=operation)


def _started(item: Planned, depth: int, most: int) -> list[Projection]:
    """Constants in every step, and half the threshold in the first step in which input arrives."""
    made: list[Projection] = []
    size = item.constant.size
    for name, neuron, values in (
        ("bias", depth - 1, item.constant),
        ("start", most + depth - 1, np.full(size, START if item.kind == "integrate" else 0.0)),
    ):
        post = np.flatnonzero(values)
        if post.size:
            operation = Sparse(
                shape=(size, 2 * most),
                post=post,
                pre=np.full(post.size, neuron),
                weights=values[post].astype(np.float64),
            )
            made.append(Projection(name=f"{item.name}_{name}", source=CLOCK, target=item.name, operation=operation))
    return made
