"""Nodes in an order that suits spikes: the same function with fewer activations, and maxima of what spikes already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.trained.network import Node, TrainedNetwork
from neurodeploy.trained.operations import (
    Activate,
    Add,
    Affine,
    AveragePool,
    Concat,
    Convolution,
    LinearMap,
    MaxPool,
    Operation,
    Reshape,
    Transpose,
)

__all__ = ["bounds", "rewritten"]

Array = NDArray[Any]
Bound = tuple[float, float]
ANY = (-np.inf, np.inf)
RANGES: dict[str, Bound] = {"sigmoid": (0, 1), "tanh": (-1, 1), "step": (0, 1), "hard_sigmoid": (0, 1)}
"""Values of activation functions."""


def rewritten(network: TrainedNetwork) -> TrainedNetwork:
    """Return a network with the same output whose nodes are easier to convert.

    Only nodes that the output needs stay. A maximum over windows comes after the activation that read it, with which it
    commutes. Activations that change nothing are gone, and zeros around an image belong to the convolution that reads it.
    """
    nodes = _needed({node.name: node for node in network.nodes}, network.nodes[-1].name)
    nodes, last = _simplified(nodes, network)
    nodes = _needed(nodes, last)
    change = _maximum_last(nodes)
    while change is not None:
        nodes, gone, by = change
        last = by if last == gone else last
        change = _maximum_last(nodes)
    return network.model_copy(update={"nodes": tuple(_needed(nodes, last).values())})


def _needed(nodes: Mapping[str, Node], last: str) -> dict[str, Node]:
    """The nodes that `last` needs, in order."""
    needed, left = set[str](), [last]
    while left:
        name = left.pop()
        if name in nodes and name not in needed:
            needed.add(name)
            left += nodes[name].inputs
    return {name: node for name, node in nodes.items() if name in needed}


def _readers(nodes: Mapping[str, Node]) -> dict[str, list[str]]:
    """Node or input -> the nodes that read it."""
    found: dict[str, list[str]] = {}
    for node in nodes.values():
        for name in node.inputs:
            found.setdefault(name, []).append(node.name)
    return found


def _simplified(nodes: Mapping[str, Node], network: TrainedNetwork) -> tuple[dict[str, Node], str]:
    """Nodes without activations that change nothing and without frames of zeros; -> the output."""
    readers = _readers(nodes)
    values: dict[str, Bound] = {item.name: ANY for item in network.inputs}
    made, by, last = dict[str, Node](), dict[str, str](), ""
    for name, given in nodes.items():
        reads = tuple(by.get(item, item) for item in given.inputs)
        node = given if reads == given.inputs else given.model_copy(update={"inputs": reads})
        before = made.get(reads[0])
        last = name
        if before is not None and _changes_nothing(node.operation, values[before.name]):
            by[name] = last = before.name
            readers[before.name] = [item for item in readers[before.name] if item != name] + readers.get(name, [])
            continue
        one = _joined(node, before) if before is not None and readers[before.name] == [name] else None
        if before is not None and one is not None:
            made[before.name] = before.model_copy(update={"operation": one})
            by[name] = last = before.name
            readers[before.name] = readers.get(name, [])
            values[before.name] = bounds(one, [ANY])
            continue
        made[name] = _padded(node, before) if before is not None else node
        values[name] = bounds(node.operation, [values[item] for item in node.inputs])
    return made, last


def bounds(operation: Operation, given: list[Bound]) -> Bound:
    """Return (least, largest) value that an operation can have, from those of its inputs."""
    if isinstance(operation, Activate):
        if operation.function == "relu":
            most = np.inf if operation.high is None else operation.high
            return float(np.clip(given[0][0], 0, most)), float(np.clip(given[0][1], 0, most))
        return RANGES.get(operation.function, ANY)
    if isinstance(operation, (Reshape, Transpose, MaxPool)):
        return given[0]
    if isinstance(operation, AveragePool):
        return min(given[0][0], 0), max(given[0][1], 0)
    if isinstance(operation, Concat):
        return min(low for low, _ in given), max(high for _, high in given)
    if isinstance(operation, Add):
        return sum(low for low, _ in given), sum(high for _, high in given)
    if (
        isinstance(operation, LinearMap)
        and (operation.weights == 1).all()
        and np.unique(operation.post).size == operation.post.size
    ):
        return min(given[0][0], 0), max(given[0][1], 0)
    return ANY


def _changes_nothing(operation: Operation, value: Bound) -> bool:
    """Whether an activation leaves all values of a range as they are."""
    if not isinstance(operation, Activate) or operation.function not in ("relu", "leaky_relu"):
        return False
    most = np.inf if operation.high is None or operation.function != "relu" else operation.high
    return value[0] >= 0 and value[1] <= most


def _joined(node: Node, before: Node) -> Activate | None:
    """relu of relu or of leaky_relu, as one relu."""
    operation, first = node.operation, before.operation
    if not isinstance(operation, Activate) or not isinstance(first, Activate) or operation.function != "relu":
        return None
    if first.function != "relu" and (first.function != "leaky_relu" or not np.all(np.asarray(first.slope) >= 0)):
        return None
    limits = [item.high for item in (first, operation) if item.function == "relu" and item.high is not None]
    return Activate(function="relu", high=min(limits, default=None))


def _padded(node: Node, before: Node) -> Node:
    """A convolution of an image with zeros around it, which is itself a convolution with kernels of a single 1."""
    operation, frame = node.operation, before.operation
    if not isinstance(operation, Convolution) or not isinstance(frame, Convolution):
        return node
    plain = frame.weights.shape[1] == frame.weights[0].size == 1 and len(frame.weights) == frame.groups
    if not plain or set(frame.stride) != {1} or not (frame.weights == 1).all() or np.any(frame.bias):
        return node
    begin = tuple(a + b for a, b in zip(frame.begin, operation.begin, strict=True))
    end = tuple(a + b for a, b in zip(frame.end, operation.end, strict=True))
    whole = operation.model_copy(update={"begin": begin, "end": end})
    return node.model_copy(update={"operation": whole, "inputs": before.inputs})


def _maximum_last(nodes: Mapping[str, Node]) -> tuple[dict[str, Node], str, str] | None:
    """A rising function of a maximum as the maximum of the function: nodes, and the node that now has the values of another.

    Both orders have the same values. None if there is no such function.
    """
    readers = _readers(nodes)
    for node in nodes.values():
        if not isinstance(node.operation, (Activate, Affine)):
            continue
        chain = _up_to_maximum(nodes, node, readers)
        pool = nodes[chain[-1]]
        source = nodes.get(pool.inputs[0])
        if (
            not isinstance(pool.operation, MaxPool)
            or source is None
            or isinstance(source.operation, (Activate, MaxPool))
        ):
            continue
        if _rises(node.operation, moved=len(chain) > 2):
            return _moved(nodes, node, chain, source), node.name, chain[1]
    return None


def _up_to_maximum(nodes: Mapping[str, Node], node: Node, readers: Mapping[str, list[str]]) -> list[str]:
    """The node, and the maxima and changes of axes before it, up to the first maximum, if nothing else reads them."""
    chain = [node.name]
    while True:
        name = nodes[chain[-1]].inputs[0]
        if (
            name not in nodes
            or readers[name] != [chain[-1]]
            or not isinstance(nodes[name].operation, (Reshape, MaxPool))
        ):
            break
        chain.append(name)
    while len(chain) > 1 and not isinstance(nodes[chain[-1]].operation, MaxPool):
        chain.pop()
    return chain


def _moved(nodes: Mapping[str, Node], node: Node, chain: list[str], source: Node) -> dict[str, Node]:
    """Nodes in which `node` reads what the maximum at the end of `chain` read, and that reads `node`."""
    made: dict[str, Node] = {}
    for label, item in nodes.items():
        if label == chain[-1]:
            made[node.name] = node.model_copy(update={"inputs": (source.name,), "shape": source.shape})
            made[label] = item.model_copy(update={"inputs": (node.name,)})
        elif label != node.name:
            reads = tuple(chain[1] if read == node.name else read for read in item.inputs)
            made[label] = item if reads == item.inputs else item.model_copy(update={"inputs": reads})
    return made


def _rises(operation: Operation, *, moved: bool) -> bool:
    """Whether a function of each value never falls, and is the same for all values of a window; `moved`: of other axes."""
    if isinstance(operation, Affine):
        return (
            _same_in_windows(operation.scale, moved=moved)
            and _same_in_windows(operation.shift, moved=moved)
            and bool(np.all(np.asarray(operation.scale) >= 0))
        )
    if not isinstance(operation, Activate):
        return False
    if operation.function in ("leaky_relu", "hard_sigmoid"):
        return _same_in_windows(operation.slope, moved=moved) and bool(np.all(np.asarray(operation.slope) >= 0))
    return True


def _same_in_windows(value: float | Array, *, moved: bool) -> bool:
    """Whether a constant is one number, or one for each channel of an image that keeps its axes."""
    array = np.asarray(value)
    if array.size == 1:
        return True
    return not moved and array.ndim in (2, 3) and all(size == 1 for size in array.shape[1:])
