"""Shapes in the graph. NIR nodes pass on shaped values and can only flatten them, while a projection here reads its source by
neuron number: a population keeps the shape of a convolution or pool where everything that reaches it has that shape, and is
flat elsewhere. A convolution whose source is flat is written as the matrix that it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from typing import Any

from neurodeploy.network import (
    AvgPool2d,
    Chain,
    Conv1d,
    Conv2d,
    Dense,
    Network,
    OneToOne,
    Projection,
    Sparse,
    SumPool2d,
)
from neurodeploy.network.convolution import output_shape, window_of
from neurodeploy.network.operations import Operation
from neurodeploy.network.procedural.operations import PROCEDURAL

__all__ = ["end_shape", "graph_shapes", "steps_of", "window_shapes"]

Shape = tuple[int, ...]
WindowOperation = Conv1d | Conv2d | SumPool2d | AvgPool2d
Step = Dense | Sparse | OneToOne | WindowOperation


def steps_of(operation: Operation) -> tuple[Step, ...]:
    """Return the operations of a chain, or the only one."""
    if isinstance(operation, PROCEDURAL):
        raise TypeError("internal: drawn synapses are written out before")
    return operation.operations if isinstance(operation, Chain) else (operation,)


def window_shapes(step: WindowOperation) -> tuple[Shape, Shape]:
    """Return the source and target shape of a convolution or pool."""
    out = output_shape(window_of(step))
    return tuple(step.input_shape), (out[0], out[2]) if isinstance(step, Conv1d) else out


def end_shape(steps: Iterable[Step], start: Shape) -> Shape | None:
    """Return the shape after some operations; None if a convolution or pool meets another shape than its own."""
    shape = start
    for step in steps:
        if isinstance(step, (Dense, Sparse)):
            shape = (int((step.weights.shape if isinstance(step, Dense) else step.shape)[0]),)
        elif not isinstance(step, OneToOne):
            needs, made = window_shapes(step)
            if needs != shape:
                return None
            shape = made
    return shape


def _wanted(name: str, own: Shape, into: list[Projection], out: list[Projection]) -> Shape:
    """The shape that suits the projections of an input or population best."""
    flat = (prod(own),)
    ends, starts = set[Shape](), set[Shape]()
    for item in into:
        steps = [step for step in steps_of(item.operation) if not isinstance(step, OneToOne)]
        if steps and item.source != name:
            last: Any = steps[-1]
            ends.add(flat if isinstance(last, (Dense, Sparse)) else window_shapes(last)[1])
    for item in out:
        first = steps_of(item.operation)[0]
        if not isinstance(first, (Dense, Sparse, OneToOne)):
            starts.add(window_shapes(first)[0])
    if len(ends) == 1:
        return ends.pop()
    if ends:
        return flat
    return own if own in starts or not starts else min(starts)


def graph_shapes(network: Network, projections: Iterable[Projection], flat: Iterable[str]) -> Mapping[str, Shape]:
    """Return the shape of each input and population in the graph. `flat`: populations that must not have axes."""
    into: dict[str, list[Projection]] = {item.name: [] for item in network.populations}
    out: dict[str, list[Projection]] = {item.name: [] for item in (*network.inputs, *network.populations)}
    for item in projections:
        into[item.target].append(item)
        out[item.source].append(item)
    shapes = {
        item.name: _wanted(item.name, item.shape, into.get(item.name, []), out[item.name])
        for item in (*network.inputs, *network.populations)
    }
    waiting = list(into)
    for name in flat:
        shapes[name] = (prod(shapes[name]),)
    while waiting:
        name = waiting.pop()
        reached = {end_shape(steps_of(item.operation), shapes[item.source]) for item in into[name]}
        if len(shapes[name]) > 1 and reached - {shapes[name]}:
            shapes[name] = (prod(shapes[name]),)
            waiting += [item.target for item in out[name]]
    return shapes
