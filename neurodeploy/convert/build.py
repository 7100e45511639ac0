"""The spiking Network of a plan, with the neurons that start v and give biases in step with the input."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.inputs import input_of
from neurodeploy.convert.plan import Plan, Planned, Wire
from neurodeploy.convert.rates import START
from neurodeploy.network import (
    If,
    Linear,
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

__all__ = ["constants_of", "network_of", "start_of", "wire_names"]

Array = NDArray[Any]
CLOCK = "clock"
"""Name of the population that starts v and gives biases."""
RANGE, LONGER = 64, 4
"""v at which the output would spike, in the largest sums of the calibration: the chip's v has room for as many steps, or for so
many times the steps of a sample. More room would leave the weights of the output fewer bits.
"""
DT_S = 1e-3
"""Length of a step; the chip's own clock decides how long it really takes."""


def network_of(plan: Plan, name: str, steps: int, *, values: bool = False) -> Network:
    """Return the network. `steps`: steps of a sample. `values`: whether the output is values of the trained network after
    these steps, instead of an answer.
    """
    depth = plan.layers.depth()
    most = max(depth[item.layer] for item in plan.populations)
    room = float(max(RANGE, LONGER * steps))
    populations = [_clock(most), *(_population(item, room, soft=not plan.hard) for item in plan.populations)]
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
        outputs=(_output(plan, last, steps, values=values),),
    )


def _output(plan: Plan, last: Planned, steps: int, *, values: bool) -> Output:
    if not values:
        return Output(name="scores", source=last.name, decoder=Membrane())
    coded = plan.codings[last.layer]
    weights = np.diag(coded.units[0].gain / steps)
    return Output(name="values", source=last.name, decoder=Linear(weights=weights, reads="v"))


def _population(item: Planned, room: float, *, soft: bool) -> Population:
    if item.kind == "read":
        neuron: Any = If(v_threshold=room)
    elif item.kind == "any":
        neuron = If(v_threshold=0.5)
    else:
        neuron = If(v_threshold=1.0, reset=Reset(mode="subtract" if soft else "zero"))
    return Population(name=item.name, shape=item.shape, neuron=neuron)


def source_name(plan: Plan, wire: Wire) -> str:
    """Return the input or population that a wire comes from."""
    inputs = {item.name for item in plan.layers.inputs}
    units = 1 if wire.source in inputs else len(plan.codings[wire.source].units)
    return wire.source if units == 1 else f"{wire.source}.{'abcdefgh'[wire.unit]}"


def wire_names(plan: Plan, item: Planned) -> list[str]:
    """Return the name of the projection of each wire of a population."""
    made: list[str] = []
    for wire in item.wires:
        label = f"{source_name(plan, wire)}_to_{item.name}"
        taken = sum(name.startswith(label) for name in made)
        made.append(f"{label}_{taken + 1}" if taken else label)
    return made


def _projections(plan: Plan, item: Planned, depth: dict[str, int]) -> list[Projection]:
    """Synapses from other layers; those of a shorter path are delayed, so that all paths take the same steps."""
    return [
        Projection(
            name=name,
            source=source_name(plan, wire),
            target=item.name,
            operation=as_operation(wire.steps, plan.codings[wire.source].shift.size),
            delay_steps=depth[item.layer] - 1 - depth[wire.source],
        )
        for wire, name in zip(item.wires, wire_names(plan, item), strict=True)
    ]


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


def constants_of(item: Planned) -> dict[str, Array]:
    """Return projection -> (size,) thresholds that it adds in every step in which input arrives.

    Those of the output have a projection for each sign, whose weights have one bit more than those of both signs.
    """
    if item.kind != "read":
        return {f"{item.name}_bias": item.constant}
    return {f"{item.name}_bias": np.maximum(item.constant, 0), f"{item.name}_less": np.minimum(item.constant, 0)}


def start_of(item: Planned) -> tuple[str, Array]:
    """Return the projection that adds once, in the first step in which input arrives, and its (size,) thresholds."""
    start = np.full(item.constant.size, START if item.kind == "integrate" else 0.0)
    return f"{item.name}_start", start if item.first is None else start + item.first


def _started(item: Planned, depth: int, most: int) -> list[Projection]:
    """Constants in every step, and the start in the first step in which input arrives."""
    made: list[Projection] = []
    size = item.constant.size
    start = dict([start_of(item)])
    for neuron, constants in ((depth - 1, constants_of(item)), (most + depth - 1, start)):
        for name, values in constants.items():
            post = np.flatnonzero(values)
            if not post.size:
                continue
            operation = Sparse(
                shape=(size, 2 * most),
                post=post,
                pre=np.full(post.size, neuron),
                weights=values[post].astype(np.float64),
            )
            made.append(Projection(name=name, source=CLOCK, target=item.name, operation=operation))
    return made
