"""Verb: chains of NIR operations between two neurons as one matrix each, and the biases they carry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, finding
from neurodeploy.importers.nir_graph import FlatGraph
from neurodeploy.importers.nir_reader import NirNode

__all__ = ["NEURONS", "OPERATIONS", "Arrival", "Arrivals", "Chains"]

NEURONS = ("LIF", "CubaLIF", "IF", "LI")
OPERATIONS = ("Affine", "Linear", "Scale")
Array = NDArray[Any]


class Arrival(NamedTuple):
    """What reaches a node from one source: y = matrix @ x, or y = scale * x where there is no matrix."""

    source: str
    via: tuple[str, ...]
    matrix: Array | None
    scale: Array | None


class Arrivals(NamedTuple):
    """All that reaches a node."""

    paths: tuple[Arrival, ...]
    bias: Array | None


@dataclass
class Chains:
    """Walks a flat graph backward from its neurons."""

    graph: FlatGraph
    path: str
    findings: list[Diagnostic] = field(default_factory=list[Diagnostic])

    def say(self, code: str, message: str) -> None:
        """Add a finding about the file."""
        self.findings.append(finding(code, f"file '{self.path}'", message))

    def arriving(self, name: str, trail: tuple[str, ...] = ()) -> Arrivals:
        """Return what the in-edges of a node carry."""
        paths: list[Arrival] = []
        bias: Array | None = None
        for source in self.graph.into[name]:
            if source in trail:
                self.say("ND043", f"nodes {' -> '.join((*trail, source))} form a loop without a neuron")
                continue
            found = self.leaving(source, (*trail, source))
            paths += found.paths
            bias = found.bias if bias is None else bias if found.bias is None else bias + found.bias
        return Arrivals(tuple(paths), bias)

    def leaving(self, name: str, trail: tuple[str, ...]) -> Arrivals:
        """Return what a node sends: itself if it is a source, else its operation on what reaches it."""
        node = self.graph.nodes[name]
        if node.type in NEURONS or name in self.graph.roots:
            return Arrivals((Arrival(name, (), None, None),), None)
        before = self.arriving(name, trail)
        if node.type in ("Input", "Output"):
            return before
        return self.apply(name, node, before)

    def apply(self, name: str, node: NirNode, before: Arrivals) -> Arrivals:
        """Return an operation's output."""
        key = "scale" if node.type == "Scale" else "weight"
        value = node.fields.get(key)
        if value is None:
            self.say("ND045", f"node '{name}' ({node.type}) lacks its field '{key}'")
            return Arrivals((), None)
        value = np.asarray(value)
        if key == "weight" and value.ndim != 2:
            self.say("ND046", f"node '{name}' ({node.type}): weight has shape {list(value.shape)}; needs (out, in)")
            return Arrivals((), None)
        if not np.isfinite(value).all():
            self.say(
                "ND046",
                f"node '{name}' ({node.type}): {int((~np.isfinite(value)).sum())} values of '{key}' are not finite",
            )
            return Arrivals((), None)
        try:
            paths = tuple(_through(item, name, value) for item in before.paths)
            bias = None if before.bias is None else _multiply(value, before.bias)
        except ValueError:
            self.say(
                "ND046",
                f"node '{name}' ({node.type}): weight of shape {list(value.shape)} does not fit what reaches it",
            )
            return Arrivals((), None)
        own = node.fields.get("bias")
        if own is not None:
            bias = np.asarray(own) if bias is None else bias + np.asarray(own)
        return Arrivals(paths, bias)


def _multiply(value: Array, x: Array) -> Array:
    return value @ x if value.ndim == 2 else value.ravel() * x


def _through(item: Arrival, name: str, value: Array) -> Arrival:
    via = (*item.via, name)
    if value.ndim == 2:
        if item.matrix is not None:
            return Arrival(item.source, via, value @ item.matrix, None)
        return Arrival(item.source, via, value if item.scale is None else value * item.scale[None, :], None)
    scale = value.ravel()
    if item.matrix is not None:
        return Arrival(item.source, via, scale[:, None] * item.matrix, None)
    return Arrival(item.source, via, None, scale if item.scale is None else scale * item.scale)
