"""The shape that every node of a NIR graph sends on, and whether what meets at a node has one width."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from neurodeploy.importers.fields import brief
from neurodeploy.importers.nir_graph import FlatGraph
from neurodeploy.importers.nir_nodes import Cell, Delay, Flat, Linear, Node, Port, Scale, Window
from neurodeploy.importers.nir_windows import Placed, flat_shape, place
from neurodeploy.importers.notes import NAMED, Notes, listed

__all__ = ["Shapes", "find_shapes"]

Shape = tuple[int, ...]
WIDEST = 50_000_000
"""Lines that one node may send."""


@dataclass
class Shapes:
    """What reaches each node and what it sends, as far as the file says."""

    into: dict[str, Shape] = field(default_factory=dict[str, Shape])
    out: dict[str, Shape] = field(default_factory=dict[str, Shape])
    placed: dict[str, Placed] = field(default_factory=dict[str, Placed])

    def width(self, name: str) -> int:
        """Lines that a node sends; a population of which nothing says its size is one neuron."""
        return prod(self.out.get(name, (1,)))


class _Walk:
    """Carries shapes forward from where they are known."""

    def __init__(self, graph: FlatGraph, nodes: dict[str, Node], notes: Notes) -> None:
        self.graph, self.nodes, self.notes, self.found = graph, nodes, notes, Shapes()
        self.faulty = set[str]()
        self.targets: dict[str, list[str]] = {name: [] for name in graph.nodes}
        for name, sources in graph.into.items():
            for source in sources:
                self.targets[source].append(name)

    def run(self) -> Shapes:
        """Return all shapes: from inputs and matrices first, then from what neurons and kernels say of themselves."""
        for name, node in self.nodes.items():
            if isinstance(node, Port) and node.kind == "Input" and name in self.graph.roots and node.shape:
                self.send(name, node.shape)
        for name, node in self.nodes.items():
            if isinstance(node, Linear):
                self.send(name, (len(node.weight),))
        self.carry(sorted(self.found.out))
        for name, node in sorted(self.nodes.items()):
            own = node.shape if isinstance(node, Cell) else None
            if isinstance(node, Window) and node.input_shape is not None and node.weight is not None:
                if name not in self.found.into:
                    self.arrive(name, (int(node.weight.shape[1]) * node.groups, *node.input_shape))
            elif own is not None and name not in self.found.out:
                self.send(name, own)
            self.carry([name])
        for name, node in sorted(self.nodes.items()):
            if isinstance(node, Cell) and name not in self.found.out:
                self.send(name, (1,))
                self.carry([name])
        return self.found

    def carry(self, names: list[str]) -> None:
        """Pass the shapes of some nodes on, and those that follow from them."""
        waiting = deque(name for name in names if name in self.found.out)
        while waiting:
            name = waiting.popleft()
            for target in self.targets[name]:
                if target not in self.found.into and self.arrive(target, self.found.out[name]):
                    waiting.append(target)

    def send(self, name: str, shape: Shape) -> bool:
        """Note what a node sends; False if it is known already or too wide."""
        if name in self.found.out or name in self.faulty:
            return False
        if prod(shape) > WIDEST:
            self.faulty.add(name)
            told = f"shape {list(shape)} has {prod(shape):,} lines; {WIDEST:,} are the limit"
            self.notes.fault("ND046", name, self.graph.nodes[name].type, told)
            return False
        self.found.out[name] = shape
        return True

    def arrive(self, name: str, shape: Shape) -> bool:
        """Note what reaches a node; True if that tells what it sends."""
        node = self.nodes.get(name)
        if node is None:
            return False
        self.found.into[name] = shape
        if isinstance(node, Window):
            made = place(node, shape)
            if isinstance(made, str):
                self.faulty.add(name)
                self.notes.fault("ND046", name, node.kind, made)
                return False
            self.found.placed[name] = made
            return self.send(name, made.shape)
        if isinstance(node, Flat):
            flat = flat_shape(node.first, node.last, shape)
            if flat is None:
                self.faulty.add(name)
                told = f"axes {node.first} to {node.last} are not axes of shape {list(shape)}"
                self.notes.fault("ND046", name, node.kind, told)
                return False
            return self.send(name, flat)
        if isinstance(node, Cell):
            return self.send(name, _cell_shape(node.shape, shape))
        return self.send(name, shape)


def _bare(shape: Shape) -> Shape:
    """A shape without leading axes of 1."""
    while len(shape) > 1 and shape[0] == 1:
        shape = shape[1:]
    return shape


def _cell_shape(own: Shape | None, arrived: Shape) -> Shape:
    """The shape of a population: that of its parameters or of what reaches it, whichever has more axes."""
    if own is None or (prod(own) == prod(arrived) and len(_bare(own)) <= len(arrived)):
        return arrived
    return _bare(own)


def find_shapes(graph: FlatGraph, nodes: dict[str, Node], notes: Notes) -> Shapes:
    """Return the shapes of a graph; notes every node that does not fit what reaches it (ND046)."""
    before = len(notes.findings)
    walk = _Walk(graph, nodes, notes)
    shapes = walk.run()
    check = _Check(graph, nodes, notes, shapes)
    for name, node in sorted(nodes.items()):
        if name not in walk.faulty:
            check.node(name, node)
    check.transposed()
    if len(notes.findings) == before:
        check.unknown()
    return shapes


@dataclass
class _Check:
    """Holds every node against what reaches it."""

    graph: FlatGraph
    nodes: dict[str, Node]
    notes: Notes
    shapes: Shapes
    turned: list[str] = field(default_factory=list[str])
    """Matrices that only fit transposed."""

    def node(self, name: str, node: Node) -> None:
        """Check one node; one fault of widths is told once."""
        if isinstance(node, Port) and node.kind == "Input" and name in self.graph.roots and self.graph.into[name]:
            told = f"is an input of the network, and receives from {listed(list(self.graph.into[name]))}"
            self.notes.fault("ND046", name, node.kind, told)
            return
        widths = {
            source: self.shapes.width(source)
            for source in self.graph.into[name]
            if source in self.shapes.out and not self.misfit(source)
        }
        if len(set(widths.values())) > 1:
            shown = [f"'{brief(source)}' gives {width}" for source, width in widths.items()]
            more = f" and {len(shown) - NAMED} more" if len(shown) > NAMED else ""
            told = f"what reaches it differs in width: {', '.join(shown[:NAMED])}{more}"
            self.notes.fault("ND046", name, node.kind, told)
        elif widths:
            source = next(iter(widths))
            told = self.misfits(name, node, widths[source], f"from '{brief(source)}'")
            if told:
                self.notes.fault("ND046", name, node.kind, told)
            elif isinstance(node, Linear) and self.misfit(name):
                self.turned.append(name)

    def misfit(self, name: str) -> bool:
        """Whether a matrix has another width than what reaches it."""
        node = self.nodes.get(name)
        return (
            isinstance(node, Linear)
            and name in self.shapes.into
            and node.weight.shape[1] != prod(self.shapes.into[name])
        )

    def misfits(self, name: str, node: Node, width: int, origin: str) -> str:
        """Say how a node does not fit the one width that reaches it; empty if it fits."""
        shape = self.shapes.into.get(name, (width,))
        if isinstance(node, Cell) and node.shape is not None and prod(node.shape) != width:
            key = max(node.values, key=lambda item: node.values[item].size)
            return f"has {prod(node.shape)} neurons (field '{key}'), and {width} reach it {origin}"
        if isinstance(node, Linear) and node.weight.shape[1] != width:
            if node.weight.shape[0] == width:
                return ""
            batch = ""
            if shape[-1] == node.weight.shape[1]:
                batch = f"; the leading axes of {list(shape)} look like a batch or time, which a network has not"
            return f"weight has shape {list(node.weight.shape)} (out, in), and {width} reach it {origin}{batch}"
        if isinstance(node, Scale) and not _spreads(node.scale, shape):
            return f"scale has shape {list(node.scale.shape)}, and shape {list(shape)} reaches it {origin}"
        if isinstance(node, Delay) and node.steps.size not in (1, width):
            return f"has {node.steps.size} delays, and {width} lines reach it {origin}"
        if isinstance(node, Port) and node.shape is not None:
            return self.port(name, node, width, origin)
        return ""

    def port(self, name: str, node: Port, width: int, origin: str) -> str:
        """The shape that a port states; writers compute it wrongly behind a window, so there it is only noted."""
        stated = prod(node.shape or ())
        if stated == width:
            return ""
        note, given = "", node.shape or ()
        if any(isinstance(item, Window) for item in self.nodes.values()):
            note = "the nir package computes shapes wrongly behind some convolutions"
        elif width in (prod(given[start:]) for start in range(1, len(given))):
            note = "leading axes are a batch or time, which a network has not"
        if note:
            self.notes.line(name, "shape", f"{list(given)}", f"{width} lines", "assumed", note)
            return ""
        return f"states shape {list(node.shape or ())}, and {width} lines reach it {origin}"

    def transposed(self) -> None:
        """One finding for all matrices that only fit the other way round."""
        if not self.turned:
            return
        shown = [f"'{brief(name)}' {list(self.weight(name).shape)}" for name in self.turned]
        square = [
            f"'{brief(name)}'"
            for name, node in sorted(self.nodes.items())
            if isinstance(node, Linear) and node.weight.shape[0] == node.weight.shape[1] > 1
        ]
        undecided = f"; of {', '.join(square)} (square) nothing tells which way round it is" if square else ""
        self.notes.say(
            "ND046",
            f"the weights of {len(self.turned)} nodes fit only transposed, as (in, out): {', '.join(shown)}{undecided}",
            "transpose the weights where the file is written: NIR has (out, in)",
        )

    def weight(self, name: str) -> Any:
        node = self.nodes[name]
        return node.weight if isinstance(node, Linear) else np.zeros(())

    def unknown(self) -> None:
        """Nodes that something feeds, but of which nothing says how wide that is."""
        for name, node in sorted(self.nodes.items()):
            if isinstance(node, Window) and self.graph.into[name] and name not in self.shapes.placed:
                axes = len(node.kernel) + 1
                told = f"needs a source of {axes} axes, channels first; nothing in the file says its shape"
                self.notes.fault("ND046", name, node.kind, told)


def _spreads(scale: Any, shape: Shape) -> bool:
    """Whether a scale has one value, one for each line, or spreads over the shape as numpy does."""
    if scale.size in (1, prod(shape)):
        return True
    try:
        return np.broadcast_shapes(scale.shape, shape) == shape
    except ValueError:
        return False
