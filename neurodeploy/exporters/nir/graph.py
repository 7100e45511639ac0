"""A NIR graph as data: nodes with their fields, and edges."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Fields", "GraphBuilder", "Node", "floats", "wholes"]

Fields = dict[str, NDArray[Any] | str]
Shape = tuple[int, ...]


class Node(NamedTuple):
    """One node."""

    kind: str
    """Type as nir names it, such as "LIF"."""
    fields: Fields
    """Values by name."""


def floats(value: ArrayLike, shape: Shape) -> NDArray[Any]:
    """Return one value for each neuron, float64 of `shape`; `value` is one number, or an array of as many."""
    array = np.asarray(value, dtype=np.float64)
    return np.array(np.broadcast_to(array.reshape(shape) if array.ndim else array, shape))


def wholes(*values: int) -> NDArray[Any]:
    """Return integers as an array of one axis."""
    return np.array(values, dtype=np.int64)


class GraphBuilder:
    """A graph while it is built. Names are unique; a name that is taken gets a number."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.edges: list[tuple[str, str]] = []
        self._reserved = set[str]()

    def reserve(self, name: str) -> str:
        """Return a free name like `name`, and keep it from others."""
        free, number = name, 2
        while free in self._reserved:
            free, number = f"{name}_{number}", number + 1
        self._reserved.add(free)
        return free

    def put(self, name: str, kind: str, fields: Fields) -> None:
        """Add a node under a reserved name."""
        self.nodes[name] = Node(kind, fields)

    def connect(self, *names: str) -> None:
        """Add an edge from each name to the next."""
        self.edges += pairwise(names)

    def ordered(self) -> list[str]:
        """Return the names of the nodes along the edges: a node follows its sources, except in a loop; outputs are last."""
        waits = dict.fromkeys(self.nodes, 0)
        out: dict[str, list[str]] = {name: [] for name in self.nodes}
        for source, target in self.edges:
            waits[target] += 1
            out[source].append(target)
        done, ready, left = list[str](), [name for name, count in waits.items() if not count], dict.fromkeys(waits)
        while left:
            name = ready.pop(0) if ready else next(iter(left))  # a loop begins at its first node
            if name not in left:
                continue
            del left[name]
            done.append(name)
            for target in out[name]:
                waits[target] -= 1
                if not waits[target]:
                    ready.append(target)
        return sorted(done, key=lambda name: self.nodes[name].kind == "Output")
