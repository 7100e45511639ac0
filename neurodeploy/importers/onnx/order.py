"""The nodes of a graph that its outputs need, and names that hold together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from neurodeploy.diagnostics import Diagnostic, Subject, about, finding, raise_errors

if TYPE_CHECKING:
    import onnx

__all__ = ["Labelled", "Wanted", "wanted_nodes"]

STAGE = "convert"


class Labelled(NamedTuple):
    """A node with its own name, or its operation and number."""

    name: str
    node: onnx.NodeProto


class Wanted(NamedTuple):
    """What the outputs of a graph need."""

    nodes: tuple[Labelled, ...]
    """In the order of the file, in which every node follows those that it reads."""
    readers: dict[str, list[Labelled]]
    """Name of a tensor -> the nodes that read it."""
    outputs: tuple[str, ...]
    left: tuple[Labelled, ...]
    """Nodes that no output needs."""


def wanted_nodes(graph: onnx.GraphProto, subject: Subject) -> Wanted:
    """Return the nodes that the outputs of `graph` need. `subject`: the file or model.

    Raises DiagnosticError: ND803, all faults at once.
    """
    nodes, outputs = _labelled(graph), tuple(item.name for item in graph.output)
    maker = {name: item for item in nodes for name in item.node.output if name}
    raise_errors(STAGE, _faults(graph, nodes, outputs, maker, subject))
    needed, open_names = set[int](), [name for name in outputs if name in maker]
    while open_names:
        item = maker[open_names.pop()]
        if id(item) in needed:
            continue
        needed.add(id(item))
        open_names += [name for name in item.node.input if name in maker]
    kept = tuple(item for item in nodes if id(item) in needed)
    readers: dict[str, list[Labelled]] = {}
    for item in kept:
        for name in item.node.input:
            readers.setdefault(name, []).append(item)
    return Wanted(kept, readers, outputs, tuple(item for item in nodes if id(item) not in needed))


def _labelled(graph: onnx.GraphProto) -> list[Labelled]:
    """All nodes with names, of which none occurs twice."""
    found, taken, count = list[Labelled](), set[str](), dict[str, int]()
    for node in graph.node:
        count[node.op_type] = count.get(node.op_type, 0) + 1
        name = first = node.name or f"{node.op_type}_{count[node.op_type]}"
        number = 2
        while name in taken:
            name, number = f"{first}_{number}", number + 1
        taken.add(name)
        found.append(Labelled(name, node))
    return found


def _faults(
    graph: onnx.GraphProto,
    nodes: list[Labelled],
    outputs: tuple[str, ...],
    maker: dict[str, Labelled],
    subject: Subject,
) -> list[Diagnostic]:
    """Names that are missing, made twice, or made too late."""
    if not nodes:
        return [finding("ND803", subject, "holds no operations", fixes=["export the model again"])]
    if not outputs:
        return [finding("ND803", subject, "has no outputs", fixes=["export the model again"])]
    found = list[Diagnostic]()
    known = {item.name for item in (*graph.input, *graph.initializer)} | {
        item.values.name for item in graph.sparse_initializer
    }
    known.add("")
    for item in nodes:
        late = [name for name in item.node.input if name not in known]
        twice = [name for name in item.node.output if name and name in known]
        for name in late:
            when = "is made by a later node" if name in maker else "nothing makes"
            found.append(finding("ND803", about("node", item.name), f"reads '{name}', which {when}"))
        for name in twice:
            found.append(finding("ND803", about("node", item.name), f"makes '{name}', which exists before it"))
        known.update(item.node.output)
    for name in outputs:
        if not name or name not in known:
            found.append(finding("ND803", about("output", name), "is made by no node"))
    return found
