"""Shapes in a NIR graph: the output shape of every node, and checks that nodes match their inputs."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.fields import brief
from neurodeploy.importers.nir.broadcasting import without_ones
from neurodeploy.importers.nir.graph import FlatGraph
from neurodeploy.importers.nir.nodes import Cell, Delay, Flat, Linear, Node, Port, Scale, Window
from neurodeploy.importers.nir.windows import Placed, flat_shape, place
from neurodeploy.importers.notes import NAMED, Notes, listed

__all__ = ["Shapes", "find_shapes"]

Shape = tuple[int, ...]
WIDEST = 50_000_000
"""Most output lines of one node."""


@dataclass
class Shapes:
    """Input and output shape of each node, as far as known, and the convolutions and pools with their source shape."""

    into: dict[str, Shape] = field(default_factory=dict[str, Shape])
    out: dict[str, Shape] = field(default_factory=dict[str, Shape])
    placed: dict[str, Placed] = field(default_factory=dict[str, Placed])

    def width(self, name: str) -> int:
        """Number of output lines of a node; 1 if unknown."""
        return prod(self.out.get(name, (1,)))


class _Walk:
    """Propagates shapes forward from nodes where they are known."""

    def __init__(self, graph: FlatGraph, nodes: dict[str, Node], notes: Notes) -> None:
        self.graph, self.nodes, self.notes, self.found = graph, nodes, notes, Shapes()
        self.faulty = set[str]()
        self.targets: dict[str, list[str]] = {name: [] for name in graph.nodes}
        for name, sources in graph.into.items():
            for source in sources:
                self.targets[source].append(name)

    def run(self) -> Shapes:
        """Return all shapes: first from inputs and matrices, then from the stated shapes of neurons and kernels."""
        for name, node in self.nodes.items():
            if isinstance(node, Port) and node.kind == "Input" and name in self.graph.roots and node.shape:
                self.send(name, self.without_batch(name, node.shape))
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

    def without_batch(self, name: str, shape: Shape) -> Shape:
        """The shape of an input without the leading axes of 1 that nothing it feeds has room for."""
        wanted, waiting, seen = 0, [name], set[str]()
        while waiting:
            targets = [item for item in self.targets[waiting.pop()] if item not in seen]
            seen |= set(targets)
            waiting += [item for item in targets if isinstance(self.nodes.get(item), Port)]
            wanted = max([wanted, *(_axes(self.nodes.get(item), shape) for item in targets)])
        found = shape
        while 0 < wanted < len(found) and found[0] == 1:
            found = found[1:]
        if found != shape:
            self.notes.line(name, "axes", str(list(shape)), str(list(found)), "exact", "a leading axis of 1 is a batch")
        return found

    def flat(self, name: str, node: Flat, shape: Shape) -> Shape | None:
        """The shape after a Flatten; None if its axes do not exist. Its input_type says whether they include a batch."""
        with_batch, without = (flat_shape(node.first, node.last, shape, batch=batch) for batch in (True, False))
        if node.stated_axes == len(shape) or with_batch is None:
            return without
        windows = [item for item in map(self.nodes.get, self.targets[name]) if isinstance(item, Window)]
        if node.stated_axes == len(shape) + 1 or without in (None, with_batch) or not windows:
            return with_batch
        found = next(
            (item for item in (with_batch, without) if item and all(_suits(w, item) for w in windows)), with_batch
        )
        asked = "whether they include a batch: not in the file"
        self.notes.line(name, "axes", asked, f"{list(found)}", "assumed", "suits what follows, else as in PyTorch")
        return found

    def carry(self, names: list[str]) -> None:
        """Propagate the shapes of some nodes, and those that follow from them."""
        waiting = deque(name for name in names if name in self.found.out)
        while waiting:
            name = waiting.popleft()
            for target in self.targets[name]:
                if target not in self.found.into and self.arrive(target, self.found.out[name]):
                    waiting.append(target)

    def send(self, name: str, shape: Shape) -> bool:
        """Set the output shape of a node; False if it is already known or too large."""
        if name in self.found.out or name in self.faulty:
            return False
        if prod(shape) > WIDEST:
            self.faulty.add(name)
            message = f"shape {list(shape)} has {prod(shape):,} lines; the limit is {WIDEST:,}"
            self.notes.fault("ND046", name, self.graph.nodes[name].type, message)
            return False
        self.found.out[name] = shape
        return True

    def arrive(self, name: str, shape: Shape) -> bool:
        """Set the input shape of a node; True if the output shape follows from it."""
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
            flat = self.flat(name, node, shape)
            if flat is None:
                self.faulty.add(name)
                message = f"axes {node.first} to {node.last} are not axes of shape {list(shape)}"
                self.notes.fault("ND046", name, node.kind, message)
                return False
            return self.send(name, flat)
        if isinstance(node, Cell):
            return self.send(name, _cell_shape(node.shape, shape))
        return self.send(name, shape)


def _suits(window: Window, shape: Shape) -> bool:
    """Whether a shape has the axes of a convolution or pool, and its channels."""
    channels = None if window.weight is None else int(window.weight.shape[1]) * window.groups
    return len(shape) == len(window.kernel) + 1 and channels in (None, shape[0])


def _axes(node: Node | None, shape: Shape) -> int:
    """Most axes that an input of this shape can have for a node; 0 if the node does not tell."""
    if isinstance(node, Window):
        return len(node.kernel) + 1
    if isinstance(node, Linear) and prod(shape) == shape[-1]:
        return 1
    return 0 if node is None or isinstance(node, Port) else 1 if len(shape) == 2 else 3


def _bare(shape: Shape) -> Shape:
    """A shape without leading axes of 1."""
    while len(shape) > 1 and shape[0] == 1:
        shape = shape[1:]
    return shape


def _cell_shape(own: Shape | None, arrived: Shape) -> Shape:
    """The shape of a population: that of its parameters or of its input, whichever has more axes."""
    if own is None or (prod(own) == prod(arrived) and len(_bare(own)) <= len(arrived)) or _stretches(own, arrived):
        return arrived
    return _bare(own)


def _stretches(own: Shape, arrived: Shape) -> bool:
    """Whether parameters have the axes of the input, with 1 where they are the same along an axis: (C, 1, 1) for (C, H, W)."""
    own = without_ones(own, len(arrived))
    pairs = list(zip(own, arrived, strict=False))
    return len(own) == len(arrived) > 1 and own[0] == arrived[0] and all(n in (1, size) for n, size in pairs)


def find_shapes(graph: FlatGraph, nodes: dict[str, Node], notes: Notes) -> Shapes:
    """Return the shapes of a graph. Adds a finding to `notes` for every node that does not match its input (ND046)."""
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
    """Checks every node against its input."""

    graph: FlatGraph
    nodes: dict[str, Node]
    notes: Notes
    shapes: Shapes
    turned: list[str] = field(default_factory=list[str])
    """Matrices that fit only if transposed."""

    def node(self, name: str, node: Node) -> None:
        """Check one node; a width mismatch is reported once."""
        if isinstance(node, Port) and node.kind == "Input" and name in self.graph.roots and self.graph.into[name]:
            message = f"is an input of the network, but receives from {listed(list(self.graph.into[name]))}"
            self.notes.fault("ND046", name, node.kind, message)
            return
        widths = {
            source: self.shapes.width(source)
            for source in self.graph.into[name]
            if source in self.shapes.out and not self.misfit(source)
        }
        if len(set(widths.values())) > 1:
            shown = [f"'{brief(source)}' has {width}" for source, width in widths.items()]
            more = f" and {len(shown) - NAMED} more" if len(shown) > NAMED else ""
            message = f"its sources differ in width: {', '.join(shown[:NAMED])}{more}"
            self.notes.fault("ND046", name, node.kind, message)
        elif widths:
            source = next(iter(widths))
            message = self.misfits(name, node, widths[source], f"from '{brief(source)}'")
            if message:
                self.notes.fault("ND046", name, node.kind, message)
            elif isinstance(node, Linear) and self.misfit(name):
                self.turned.append(name)

    def misfit(self, name: str) -> bool:
        """Whether the width of a matrix differs from its input."""
        node = self.nodes.get(name)
        return (
            isinstance(node, Linear)
            and name in self.shapes.into
            and node.weight.shape[1] != prod(self.shapes.into[name])
        )

    def misfits(self, name: str, node: Node, width: int, origin: str) -> str:
        """Return the mismatch between a node and the width of its input, or ""."""
        shape = self.shapes.into.get(name, (width,))
        if isinstance(node, Cell) and node.shape is not None and prod(node.shape) != width:
            if _stretches(node.shape, shape):
                got = f"applied to all of {list(shape)}"
                self.notes.line(name, "parameters", f"shape {list(node.shape)}", got, "exact", "numpy broadcasting")
                return ""
            key = max(node.values, key=lambda item: node.values[item].size)
            return f"has {prod(node.shape)} neurons (field '{key}'), but {width} lines arrive {origin}"
        if isinstance(node, Linear) and node.weight.shape[1] != width:
            if node.weight.shape[0] == width:
                return ""
            batch = ""
            if shape[-1] == node.weight.shape[1]:
                batch = (
                    f"; the leading axes of {list(shape)} appear to be a batch or time axis, which networks do not have"
                )
            return f"weight has shape {list(node.weight.shape)} (out, in), but {width} lines arrive {origin}{batch}"
        if isinstance(node, Scale) and not _spreads(node.scale, shape):
            return f"scale has shape {list(node.scale.shape)}, but shape {list(shape)} arrives {origin}"
        if isinstance(node, Delay) and node.steps.size not in (1, width):
            return f"has {node.steps.size} delays, but {width} lines arrive {origin}"
        if isinstance(node, Port) and node.shape is not None:
            return self.port(name, node, width, origin)
        return ""

    def port(self, name: str, node: Port, width: int, origin: str) -> str:
        """Return the fault of the stated shape of a port, or "". Some writers state wrong shapes after convolutions; these
        are only noted."""
        stated = prod(node.shape or ())
        if stated == width:
            return ""
        note, given = "", node.shape or ()
        if any(isinstance(item, Window) for item in self.nodes.values()):
            note = "the nir package computes wrong shapes after some convolutions"
        elif width in (prod(given[start:]) for start in range(1, len(given))):
            note = "leading axes are a batch or time axis, which networks do not have"
        if note:
            self.notes.line(name, "shape", f"{list(given)}", f"{width} lines", "assumed", note)
            return ""
        return f"states shape {list(node.shape or ())}, but {width} lines arrive {origin}"

    def transposed(self) -> None:
        """Report all matrices that fit only if transposed, in one finding."""
        if not self.turned:
            return
        shown = [f"'{brief(name)}' {list(self.weight(name).shape)}" for name in self.turned]
        square = [
            f"'{brief(name)}'"
            for name, node in sorted(self.nodes.items())
            if isinstance(node, Linear) and node.weight.shape[0] == node.weight.shape[1] > 1
        ]
        undecided = (
            f"; check {', '.join(square)} too, whose orientation is unknown because it is square" if square else ""
        )
        self.notes.add(
            "ND046",
            f"the weights of {len(self.turned)} nodes fit only if transposed, as (in, out): {', '.join(shown)}{undecided}",
            "transpose the weights in the tool that writes the file: NIR uses (out, in)",
        )

    def weight(self, name: str) -> NDArray[Any]:
        node = self.nodes[name]
        return node.weight if isinstance(node, Linear) else np.zeros(())

    def unknown(self) -> None:
        """Report convolutions and pools whose source shape is unknown."""
        for name, node in sorted(self.nodes.items()):
            if isinstance(node, Window) and self.graph.into[name] and name not in self.shapes.placed:
                axes = len(node.kernel) + 1
                message = f"needs a source of {axes} axes, channels first; the file does not specify its shape"
                self.notes.fault("ND046", name, node.kind, message)


def _spreads(scale: Any, shape: Shape) -> bool:
    """Whether a scale has one value, one for each line, or broadcasts to the shape."""
    if scale.size in (1, prod(shape)):
        return True
    try:
        return np.broadcast_shapes(without_ones(scale.shape, len(shape)), shape) == shape
    except ValueError:
        return False
