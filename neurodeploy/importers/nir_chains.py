"""Verb: chains of NIR operations between two neurons as one matrix each, and the biases they carry."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, finding
from neurodeploy.importers.nir_graph import FlatGraph
from neurodeploy.importers.nir_reader import NirNode
from neurodeploy.importers.nir_windows import flat_shape, own_steps, shape_of, window_step
from neurodeploy.network.connectivity import columns_of
from neurodeploy.network.convolution import output_shape, window_of

__all__ = ["LAYERS", "NEURONS", "OPERATIONS", "Arrival", "Arrivals", "Chains"]

NEURONS = ("LIF", "CubaLIF", "IF", "LI", "CubaLI")
LAYERS = ("Conv1d", "Conv2d", "SumPool2d", "AvgPool2d")
OPERATIONS = ("Affine", "Linear", "Scale", "Flatten", "Delay", *LAYERS)
Array = NDArray[Any]


class Arrival(NamedTuple):
    """What reaches a node from one source: y = matrix @ x, or y = scale * x where there is no matrix, after `steps`."""

    source: str
    via: tuple[str, ...]
    matrix: Array | None
    scale: Array | None
    steps: tuple[Any, ...] = ()
    """Operations that come before the matrix or scale."""
    shape: tuple[int, ...] | None = None
    """Of y; None where the file does not say."""
    delay_s: Array | None = None
    """Of each line at the node with `delay_at`; one value for all."""
    delay_at: str = "target"


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
            return Arrivals((Arrival(name, (), None, None, shape=shape_of(node)),), None)
        before = self.arriving(name, trail)
        if node.type in ("Input", "Output"):
            return before
        if node.type in LAYERS:
            return self.layer(name, node, before)
        if node.type == "Flatten":
            paths = (item._replace(shape=flat_shape(node, item.shape), via=(*item.via, name)) for item in before.paths)
            return Arrivals(tuple(paths), before.bias)
        if node.type == "Delay":
            return self.delay(name, node, before)
        return self.apply(name, node, before)

    def layer(self, name: str, node: NirNode, before: Arrivals) -> Arrivals:
        """Return the output of a convolution or pool; its shape is computed, never taken from the file."""
        paths, bias = list[Arrival](), None
        for item in before.paths:
            step = window_step(name, node, item.shape, self.say)
            if step is None:
                return Arrivals((), None)
            out = output_shape(window_of(step))
            shape = out if node.type != "Conv1d" else (out[0], out[2])
            steps = (*item.steps, *own_steps(item), step)
            paths.append(item._replace(via=(*item.via, name), matrix=None, scale=None, steps=steps, shape=shape))
            if before.bias is not None and bias is None:
                columns = columns_of(step, int(before.bias.size))
                bias = np.bincount(columns.post, columns.weights * before.bias.ravel()[columns.pre], prod(shape))
        own = node.fields.get("bias")
        if own is not None and paths and paths[0].shape is not None:
            full = np.repeat(np.asarray(own, dtype=np.float64).ravel(), prod(paths[0].shape[1:]))
            bias = full if bias is None else bias + full
        return Arrivals(tuple(paths), bias)

    def delay(self, name: str, node: NirNode, before: Arrivals) -> Arrivals:
        """Return what a delay passes on; two in series add up."""
        value = np.asarray(node.fields.get("delay", 0.0), dtype=np.float64).ravel()
        paths = list[Arrival]()
        for item in before.paths:
            at = "target" if item.steps or item.matrix is not None else "source"
            if item.delay_s is not None and (item.delay_at != at and max(value.size, item.delay_s.size) > 1):
                self.say("ND046", f"node '{name}' (Delay): delays before and behind one operation cannot be joined")
                continue
            total = value if item.delay_s is None else value + item.delay_s
            paths.append(item._replace(via=(*item.via, name), delay_s=total, delay_at=at))
        return Arrivals(tuple(paths), before.bias)

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
        before = np.float64(1.0) if item.scale is None else item.scale[None, :]
        matrix = value * before if item.matrix is None else value @ item.matrix
        if item.shape is not None and item.matrix is None and prod(item.shape) != value.shape[1]:
            raise ValueError
        return item._replace(via=via, matrix=matrix, scale=None, shape=(int(value.shape[0]),))
    scale = value.ravel()
    if item.matrix is not None:
        return item._replace(via=via, matrix=scale[:, None] * item.matrix)
    return item._replace(via=via, scale=scale if item.scale is None else scale * item.scale)
