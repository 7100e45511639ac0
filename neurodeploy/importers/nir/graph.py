"""Flattening of nested NIR graphs into one graph whose edges connect existing nodes. Nodes are not interpreted here."""

from __future__ import annotations

from dataclasses import dataclass

from neurodeploy.diagnostics.translate import nearest
from neurodeploy.importers.fields import brief
from neurodeploy.importers.hdf5 import ENTRIES
from neurodeploy.importers.nir.reader import NirGraph, NirNode
from neurodeploy.importers.notes import Notes, listed

__all__ = ["FlatGraph", "flatten", "loops", "ordered"]


@dataclass(frozen=True)
class FlatGraph:
    """Nodes by full name (outer.inner), and the sources of each node in order of their names."""

    nodes: dict[str, NirNode]
    into: dict[str, tuple[str, ...]]
    roots: frozenset[str]
    """Names of the outermost Input and Output nodes; those of nested graphs only forward."""
    repeated: tuple[tuple[str, str], ...] = ()
    """Edges that the file lists more than once."""


class _Flattening:
    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.nodes: dict[str, NirNode] = {}
        self.edges: set[tuple[str, str]] = set()
        self.repeated: set[tuple[str, str]] = set()

    def walk(self, graph: NirGraph, prefix: str) -> None:
        for name, node in graph.nodes.items():
            full = f"{prefix}{name}"
            if isinstance(node, NirGraph):
                self.walk(node, f"{full}.")
            elif full in self.nodes:
                self.notes.add("ND041", f"two nodes are named '{brief(full)}' after nested graphs are flattened")
            else:
                self.nodes[full] = node
        for source, target in graph.edges:
            ends = [self.end(graph, prefix, edge, (source, target)) for edge in ((source, "Output"), (target, "Input"))]
            found = {(a, b) for a in ends[0] for b in ends[1]}
            self.repeated |= self.edges & found
            self.edges |= found
            if len(self.edges) > ENTRIES:
                self.notes.add("ND040", f"has more than {ENTRIES:,} edges")
                return

    def end(self, graph: NirGraph, prefix: str, end: tuple[str, str], edge: tuple[str, str]) -> list[str]:
        """Full names that an end of an edge refers to; adds a finding unless there is exactly one."""
        name, kind = end
        found = self.port(graph, prefix, name, kind)
        inside = f" of graph '{brief(prefix[:-1])}'" if prefix else ""
        shown = f"edge '{brief(edge[0])}' -> '{brief(edge[1])}'{inside}"
        if not found:
            nested = graph.nodes.get(name)
            if isinstance(nested, NirGraph):
                self.notes.add("ND042", f"{shown} dangles: graph '{brief(name)}' has no {kind} node")
                return []
            inner = f"{name}.{kind.lower()}"
            fixes = [f"did you mean '{brief(inner)}'?"] if inner in graph.nodes else nearest(name, sorted(graph.nodes))
            self.notes.add("ND042", f"{shown} dangles: node '{brief(name)}' does not exist", *fixes)
        if len(found) > 1:
            ports = [item.removeprefix(prefix) for item in found]
            self.notes.add("ND042", f"{shown}: graph '{brief(name)}' has {len(found)} {kind} nodes: {listed(ports)}")
        return found

    def port(self, graph: NirGraph, prefix: str, name: str, kind: str) -> list[str]:
        """Full names that an end of an edge refers to: a node, the ports of a nested graph, or "graph.port"."""
        while True:
            node = graph.nodes.get(name)
            if isinstance(node, NirNode):
                return [f"{prefix}{name}"]
            if isinstance(node, NirGraph):
                inner = ((key, item) for key, item in node.nodes.items() if isinstance(item, NirNode))
                return [f"{prefix}{name}.{key}" for key, item in inner if item.type == kind]
            outer, _, rest = name.partition(".")
            nested = graph.nodes.get(outer)
            if not isinstance(nested, NirGraph) or not rest:
                return []
            graph, prefix, name = nested, f"{prefix}{outer}.", rest


def flatten(graph: NirGraph, notes: Notes) -> FlatGraph:
    """Return the flat graph. Adds ND041 (duplicate names) and ND042 (dangling edges, with the nearest node) to `notes`."""
    work = _Flattening(notes)
    work.walk(graph, "")
    into: dict[str, list[str]] = {name: [] for name in work.nodes}
    for source, target in sorted(work.edges):
        into[target].append(source)
    roots = frozenset(
        name for name, node in work.nodes.items() if name in graph.nodes and node.type in ("Input", "Output")
    )
    sources = {name: tuple(found) for name, found in into.items()}
    return FlatGraph(work.nodes, sources, roots, tuple(sorted(work.repeated)))


def ordered(names: list[str], into: dict[str, tuple[str, ...]]) -> list[str]:
    """Return the names in topological order, except names in a loop or downstream of one."""
    among = set(names)
    waits = {name: sum(source in among for source in into[name]) for name in names}
    out: dict[str, list[str]] = {name: [] for name in names}
    for name in names:
        for source in into[name]:
            if source in among:
                out[source].append(name)
    ready, done = [name for name in names if not waits[name]], list[str]()
    while ready:
        name = ready.pop()
        done.append(name)
        for target in out[name]:
            waits[target] -= 1
            if not waits[target]:
                ready.append(target)
    return done


def loops(names: list[str], into: dict[str, tuple[str, ...]]) -> list[list[str]]:
    """Return one loop for each group of names that `ordered` leaves out, each in backward order."""
    left = set(names) - set(ordered(names, into))
    found, visited = list[list[str]](), set[str]()
    for start in sorted(left):
        trail, at = list[str](), start
        while at not in visited:
            visited.add(at)
            trail.append(at)
            at = next((source for source in into[at] if source in left), at)
        if at in trail:
            found.append(trail[trail.index(at) :])
    return [loop for loop in found if len(loop) > 1 or loop[0] in into[loop[0]]]
