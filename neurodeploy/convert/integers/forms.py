"""Activations as relu and linear maps, so that integers express them exactly: maxima over windows, leaky relu, hard sigmoid.

max(a, b) = b + relu(a - b), pair by pair; leaky_relu(x) = relu(x) - slope * relu(-x); hard_sigmoid is a relu with a limit.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import about
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.trained.forward import windows_of
from neurodeploy.trained.network import Node, Read, TrainedNetwork
from neurodeploy.trained.operations import Activate, Add, Affine, LinearMap, MaxPool

__all__ = ["with_integer_forms"]

Ints = NDArray[np.int64]
RELU = Activate(function="relu")


class _Largest(NamedTuple):
    """The largest of some positions of each window: x[place] + the sum of the differences."""

    place: Ints
    """(size,) element of x for each window."""
    differences: tuple[str, ...]
    """Nodes."""


def with_integer_forms(read: Read) -> Read:
    """Return a trained network that computes the same with relu only, where that is possible; the ledger tells what changed.

    `read`: the trained network.
    """
    network, nodes, lines = read.network, list[Node](), list[LedgerLine]()
    shapes = {item.name: item.shape for item in network.inputs} | {node.name: node.shape for node in network.nodes}
    for node in network.nodes:
        made = _form(node, shapes[node.inputs[0]])
        nodes += made or [node]
        lines += [_line(node, len(made))] if made else []
    if not lines:
        return read
    changed: TrainedNetwork = network.model_copy(update={"nodes": tuple(nodes)})
    return read.model_copy(update={"network": changed, "ledger": (*read.ledger, *lines)})


def _line(node: Node, n_nodes: int) -> LedgerLine:
    kind = str(getattr(node.operation, "function", node.operation.kind))
    got = f"relu and sums, {n_nodes} operations"
    return LedgerLine(subject=about("node", node.name), quantity="operation", asked=kind, got=got, level="exact")


def _form(node: Node, source: tuple[int, ...]) -> list[Node]:
    """The nodes that compute the same; none if the node stays as it is."""
    operation = node.operation
    if isinstance(operation, MaxPool):
        return _maximum(node, operation, source)
    if not isinstance(operation, Activate):
        return []
    if operation.function == "hard_sigmoid":
        line = _of(f"{node.name}.line", Affine(scale=operation.slope, shift=0.5), node)
        return [line, _next(node.name, Activate(function="relu", high=1.0), line)]
    if operation.function != "leaky_relu":
        return []
    above, negative = _of(f"{node.name}.above", RELU, node), _of(f"{node.name}.negative", Affine(scale=-1.0), node)
    below = _next(f"{node.name}.below", RELU, negative)
    sloped = _next(f"{node.name}.slope", Affine(scale=-np.asarray(operation.slope)), below)
    return [above, negative, below, sloped, _next(node.name, Add(), above, sloped)]


def _of(name: str, operation: Activate | Affine, like: Node) -> Node:
    """An operation on what another node reads."""
    return Node(name=name, operation=operation, inputs=like.inputs, shape=like.shape)


def _next(name: str, operation: Activate | Add | Affine, *sources: Node) -> Node:
    return Node(name=name, operation=operation, inputs=tuple(item.name for item in sources), shape=sources[0].shape)


def _maximum(node: Node, pool: MaxPool, source: tuple[int, ...]) -> list[Node]:
    """Pairs of positions, then pairs of these, until one is left. Positions of the padding repeat one inside the window."""
    places = np.arange(prod(source)).reshape(1, *source).astype(np.float64)
    windows = windows_of(places, pool.kernel, pool.stride, pool.begin, pool.end, fill=-1.0)
    taps = windows.reshape(prod(node.shape), -1).astype(np.int64)
    taps = np.where(taps < 0, taps.max(axis=1, keepdims=True), taps)
    made, left = list[Node](), [_Largest(column, ()) for column in taps.T]
    while len(left) > 1:
        pairs = list(zip(left[::2], left[1::2], strict=False))
        rest = left[2 * len(pairs) :]
        left = [_larger(node, made, *pair) for pair in pairs] + rest
    last = _selected(f"{node.name}.last", node, left[0].place)
    tensors = (last.name, *left[0].differences)
    return [*made, last, Node(name=node.name, operation=Add(), inputs=tensors, shape=node.shape)]


def _larger(node: Node, made: list[Node], a: _Largest, b: _Largest) -> _Largest:
    """max(a, b) = b + relu(a - b); the nodes of the difference are added to `made`."""
    name = f"{node.name}.{len(made)}"
    minus = _selected(f"{name}.minus", node, a.place, b.place)
    terms, found = [minus.name, *a.differences], [minus]
    for which, difference in enumerate(b.differences):
        negative = Node(name=f"{name}.{which}", operation=Affine(scale=-1.0), inputs=(difference,), shape=node.shape)
        found.append(negative)
        terms.append(negative.name)
    total = Node(name=f"{name}.sum", operation=Add(), inputs=tuple(terms), shape=node.shape)
    larger = _next(f"{name}.larger", RELU, total)
    made += [*found, total, larger]
    return _Largest(b.place, (*b.differences, larger.name))


def _selected(name: str, node: Node, plus: Ints, minus: Ints | None = None) -> Node:
    """x[plus] - x[minus] for each window; 0 where both are the same."""
    post, pre, weights = np.arange(plus.size), plus, np.ones(plus.size)
    if minus is not None:
        apart = np.flatnonzero(plus != minus)
        post, pre = np.concatenate([apart, apart]), np.concatenate([plus[apart], minus[apart]])
        weights = np.repeat([1.0, -1.0], apart.size)
    chosen = LinearMap(shape=node.shape, post=post, pre=pre, weights=weights)
    return Node(name=name, operation=chosen, inputs=node.inputs, shape=node.shape)
