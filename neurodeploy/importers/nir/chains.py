"""Chains of NIR operations between neurons, each combined into one operation, and the biases they carry.

Every node is visited once, in topological order, after shapes have been checked. Nothing here recurses; the only possible
fault is size.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.fields import LARGEST, brief
from neurodeploy.importers.nir.broadcasting import without_ones
from neurodeploy.importers.nir.graph import FlatGraph, loops, ordered
from neurodeploy.importers.nir.nodes import Cell, Delay, Flat, Linear, Node, Port, Scale, Window
from neurodeploy.importers.nir.shapes import Shapes
from neurodeploy.importers.nir.windows import window_values
from neurodeploy.importers.notes import Notes
from neurodeploy.network import Dense, OneToOne

__all__ = ["Arrival", "Arrivals", "arrivals", "own_steps"]

Array = NDArray[Any]
Shape = tuple[int, ...]
MOST_PATHS = 4096
MOST_OF_ONE_SOURCE = 64
MOST_WEIGHTS = 2**27


class Arrival(NamedTuple):
    """One path from a source to a node: y = matrix @ x, or y = scale * x if there is no matrix, applied after `steps`."""

    source: str
    via: tuple[str, ...] = ()
    matrix: Array | None = None
    scale: Array | None = None
    steps: tuple[Any, ...] = ()
    """Operations before the matrix or scale."""
    delay: NDArray[np.int64] | None = None
    """Delays in steps, one for each line at the `delay_at` end, or (1,) for all."""
    delay_at: Literal["source", "target"] = "target"

    @property
    def is_plain(self) -> bool:
        """Whether the path passes on what its source sends, now or later, without changing it."""
        return not self.steps and self.matrix is None and self.scale is None


class Arrivals(NamedTuple):
    """All paths to a node, and the constant current that reaches it."""

    paths: tuple[Arrival, ...] = ()
    bias: NDArray[np.float64] | None = None
    """Constant current of each line; None: none."""


def own_steps(item: Arrival) -> tuple[Dense | OneToOne, ...]:
    """Return the matrix or scale of an arrival as an operation."""
    if item.matrix is not None:
        return (Dense(weights=item.matrix),)
    return (OneToOne(weights=item.scale),) if item.scale is not None else ()


def arrivals(graph: FlatGraph, nodes: dict[str, Node], shapes: Shapes, notes: Notes) -> dict[str, Arrivals]:
    """Return the arrivals at each neuron and output. Adds ND043 (loop without a neuron) and ND046 (too large) to `notes`."""
    work = _Chains(graph, nodes, shapes, notes)
    passing = [name for name, node in nodes.items() if not isinstance(node, Cell) and not work.is_input(name)]
    for loop in loops(passing, graph.into):
        shown = " -> ".join(brief(name) for name in [loop[0], *reversed(loop)])
        notes.add("ND043", f"nodes {shown} form a loop without a neuron")
    for name in ordered(passing, graph.into):
        work.sent[name] = work.through(name, work.arriving(name))
    ends = [name for name, node in nodes.items() if isinstance(node, Cell) or (name in graph.roots and name in passing)]
    return {name: work.arriving(name) for name in ends}


@dataclass
class _Chains:
    graph: FlatGraph
    nodes: dict[str, Node]
    shapes: Shapes
    notes: Notes
    sent: dict[str, Arrivals] = field(default_factory=dict[str, Arrivals])

    def is_input(self, name: str) -> bool:
        node = self.nodes.get(name)
        return name in self.graph.roots and isinstance(node, Port) and node.kind == "Input"

    def arriving(self, name: str) -> Arrivals:
        """Return everything that arrives at a node over its incoming edges."""
        paths, bias = list[Arrival](), None
        for source in self.graph.into[name]:
            if isinstance(self.nodes.get(source), Cell) or self.is_input(source):
                paths.append(Arrival(source))
                continue
            found = self.sent.get(source, Arrivals())
            paths += found.paths
            bias = found.bias if bias is None else bias if found.bias is None else bias + found.bias
        same_source = max(Counter(item.source for item in paths).values(), default=0)
        if len(paths) > MOST_PATHS or same_source > MOST_OF_ONE_SOURCE:
            limits = f"the limits are {MOST_PATHS:,} and {MOST_OF_ONE_SOURCE}"
            message = f"{len(paths):,} paths arrive, {same_source:,} of them from one source; {limits}"
            self.notes.fault("ND046", name, self.graph.nodes[name].type, message)
            return Arrivals()
        return Arrivals(tuple(paths), bias)

    def through(self, name: str, before: Arrivals) -> Arrivals:
        """Return the output of a node for its arrivals."""
        node = self.nodes[name]
        if isinstance(node, (Linear, Window, Scale)):
            before = Arrivals(self.joined(name, before.paths), before.bias)
        if isinstance(node, Linear):
            return self.linear(name, node, before)
        if isinstance(node, Window):
            return self.window(name, node, before) if name in self.shapes.placed else Arrivals()
        if isinstance(node, Scale):
            return self.scale(name, node, before)
        if isinstance(node, Delay):
            return self.delay(name, node, before)
        if isinstance(node, Flat):
            return Arrivals(tuple(item._replace(via=(*item.via, name)) for item in before.paths), before.bias)
        return before

    def joined(self, name: str, paths: tuple[Arrival, ...]) -> tuple[Arrival, ...]:
        """Return the paths, added up for equal source and delay, so that their number does not grow exponentially."""
        found: dict[Any, Arrival] = {}
        for item in paths:
            delay = () if item.delay is None else (item.delay_at, *item.delay.tolist())
            key = (item.source, delay, tuple(id(step) for step in item.steps))
            if key not in found:
                found[key] = item
                continue
            total = _sum(found[key], item)
            if self.kept(name, total.scale if total.matrix is None else total.matrix) is not None:
                found[key] = total
        return tuple(found.values())

    def uniform(self, name: str, item: Arrival) -> Arrival | None:
        """Return a path on which a node may compute: delays by line must come before or after all operations."""
        if item.delay is None or item.delay.size == 1 or item.delay_at == "source":
            return item
        if len(np.unique(item.delay)) == 1:
            return item._replace(delay=item.delay[:1])
        message = f"delays that differ by line arrive from '{brief(item.via[-1])}', between two operations"
        self.notes.fault("ND046", name, self.nodes[name].kind, f"{message}: move them before or after both")
        return None

    def kept(self, name: str, weights: Array | None) -> Array | None:
        """Return a product if it fits into a network."""
        if weights is None or (
            float(weights.min(initial=0.0)) >= -LARGEST and float(weights.max(initial=0.0)) <= LARGEST
        ):
            return weights
        message = f"the product of the weights on the path exceeds {LARGEST:g}"
        self.notes.fault("ND046", name, self.nodes[name].kind, message)
        return None

    def linear(self, name: str, node: Linear, before: Arrivals) -> Arrivals:
        paths, weight = list[Arrival](), node.weight
        for given in before.paths:
            item = self.uniform(name, given)
            if item is None:
                continue
            matrix: Array | None = weight
            if item.matrix is not None:
                if len(weight) * item.matrix.shape[1] > MOST_WEIGHTS:
                    message = (
                        f"the product of the weights on the path has {len(weight) * item.matrix.shape[1]:,} entries"
                    )
                    self.notes.fault("ND046", name, node.kind, f"{message}; the limit is {MOST_WEIGHTS:,}")
                    continue
                matrix = self.kept(name, weight.astype(np.float64) @ item.matrix)
            elif item.scale is not None:
                matrix = self.kept(name, weight.astype(np.float64) * item.scale.astype(np.float64).reshape(1, -1))
            if matrix is not None:
                paths.append(item._replace(via=(*item.via, name), matrix=matrix, scale=None))
        carried = None if before.bias is None else weight.astype(np.float64) @ before.bias
        return Arrivals(tuple(paths), self.kept(name, _plus(carried, node.bias)))

    def window(self, name: str, node: Window, before: Arrivals) -> Arrivals:
        made = self.shapes.placed[name]
        for quantity, asked, got, note in made.remarks:
            self.notes.line(name, quantity, asked, got, "exact", note)
        paths = list[Arrival]()
        for given in before.paths:
            item = self.uniform(name, given)
            if item is not None:
                steps = (*item.steps, *own_steps(item), made.operation)
                paths.append(item._replace(via=(*item.via, name), matrix=None, scale=None, steps=steps))
        carried = None if before.bias is None else window_values(made.operation, before.bias)
        places = self.shapes.width(name) // made.shape[0]
        own = None if node.bias is None else np.repeat(node.bias, places)
        return Arrivals(tuple(paths), self.kept(name, _plus(carried, own)))

    def scale(self, name: str, node: Scale, before: Arrivals) -> Arrivals:
        shape = self.shapes.into.get(name, (1,))
        value = node.scale.ravel()
        if value.size == 1:
            value = value.reshape(())
        elif value.size != self.shapes.width(name):
            value = np.broadcast_to(node.scale.reshape(without_ones(node.scale.shape, len(shape))), shape).ravel()
        if node.scale.size not in (self.shapes.width(name), 0):
            got = f"applied to all {self.shapes.width(name)} lines"
            self.notes.line(name, "scale", f"shape {list(node.scale.shape)}", got, "exact", "numpy broadcasting")
        paths = list[Arrival]()
        for item in before.paths:
            via = (*item.via, name)
            if item.matrix is not None:
                rows = value.reshape(-1, 1).astype(np.float64) * item.matrix
                changed = item._replace(via=via, matrix=self.kept(name, rows))
            else:
                factor = value if item.scale is None else value.astype(np.float64) * item.scale
                changed = item._replace(via=via, scale=self.kept(name, np.asarray(factor)))
            if changed.matrix is not None or changed.scale is not None:
                paths.append(changed)
        carried = None if before.bias is None else value.astype(np.float64) * before.bias
        return Arrivals(tuple(paths), self.kept(name, carried))

    def delay(self, name: str, node: Delay, before: Arrivals) -> Arrivals:
        """Return the output of a delay node; delays in series add up."""
        paths = list[Arrival]()
        for item in before.paths:
            at = "target" if item.steps or item.matrix is not None else "source"
            if item.delay is not None and item.delay_at != at and max(node.steps.size, item.delay.size) > 1:
                message = "different delays before and after an operation cannot be combined"
                self.notes.fault("ND046", name, node.kind, message)
                continue
            total = node.steps if item.delay is None else node.steps + item.delay
            paths.append(item._replace(via=(*item.via, name), delay=total, delay_at=at))
        if before.bias is not None and before.bias.any() and node.steps.any():
            message = "a bias passes it, which acts from step 1 on instead of after the delay"
            size = f"up to {int(node.steps.max())} steps earlier"
            self.notes.add("ND073", f"node '{brief(name)}' (Delay): {message}, {size}", "put the bias behind the delay")
        return Arrivals(tuple(paths), before.bias)


def _plus(one: NDArray[np.float64] | None, other: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    return other if one is None else one if other is None else one + other


def _sum(one: Arrival, other: Arrival) -> Arrival:
    via = (*one.via, *(name for name in other.via if name not in one.via))
    if one.matrix is None and other.matrix is None:
        scales = [np.asarray(1.0 if item.scale is None else item.scale, dtype=np.float64) for item in (one, other)]
        return one._replace(via=via, scale=scales[0] + scales[1])
    size = len(one.matrix if one.matrix is not None else other.matrix if other.matrix is not None else ())
    return one._replace(via=via, matrix=_matrix(one, size) + _matrix(other, size), scale=None)


def _matrix(item: Arrival, size: int) -> Array:
    if item.matrix is not None:
        return item.matrix.astype(np.float64)
    scale = np.asarray(1.0 if item.scale is None else item.scale, dtype=np.float64)
    return np.diag(np.broadcast_to(scale.ravel(), (size,)))
