"""Verb: a nested NIR graph as one flat graph whose edges all exist. Interprets no node."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from neurodeploy.diagnostics import Diagnostic, finding, raise_errors
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.importers.nir_reader import NirGraph, NirNode

__all__ = ["FlatGraph", "flatten"]


@dataclass(frozen=True)
class FlatGraph:
    """Nodes by full name (outer.inner), and who feeds whom, in the order of the names."""

    nodes: dict[str, NirNode]
    into: dict[str, tuple[str, ...]]
    roots: frozenset[str]
    """Names of the outermost Input and Output nodes; those of inner graphs only pass on."""


class _Flattening:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.nodes: dict[str, NirNode] = {}
        self.edges: set[tuple[str, str]] = set()
        self.findings: list[Diagnostic] = []

    def walk(self, graph: NirGraph, prefix: str) -> None:
        for name, node in graph.nodes.items():
            full = f"{prefix}{name}"
            if isinstance(node, NirGraph):
                self.walk(node, f"{full}.")
            elif full in self.nodes:
                self.findings.append(
                    finding(
                        "ND041",
                        f"file '{self.path}'",
                        f"two nodes are called '{full}' once nested graphs are flattened",
                    )
                )
            else:
                self.nodes[full] = node
        for source, target in graph.edges:
            ends = [self.port(graph, prefix, source, "Output"), self.port(graph, prefix, target, "Input")]
            for end, name in zip(ends, (source, target), strict=True):
                if not end:
                    self.dangling(graph, prefix, (source, target), name)
            self.edges |= {(a, b) for a in ends[0] for b in ends[1]}

    def port(self, graph: NirGraph, prefix: str, name: str, kind: str) -> list[str]:
        """Full names that an edge end means: a node, or the ports of a nested graph; "graph.port" works too."""
        node = graph.nodes.get(name)
        if isinstance(node, NirNode):
            return [f"{prefix}{name}"]
        if isinstance(node, NirGraph):
            return [
                f"{prefix}{name}.{inner}"
                for inner, item in node.nodes.items()
                if isinstance(item, NirNode) and item.type == kind
            ]
        outer, _, inner = name.partition(".")
        nested = graph.nodes.get(outer)
        return self.port(nested, f"{prefix}{outer}.", inner, kind) if isinstance(nested, NirGraph) and inner else []

    def dangling(self, graph: NirGraph, prefix: str, edge: tuple[str, str], name: str) -> None:
        inside = f" of graph '{prefix[:-1]}'" if prefix else ""
        message = f"edge '{edge[0]}' -> '{edge[1]}'{inside} dangles: node '{name}' does not exist"
        inner = f"{name}.{'output' if name == edge[0] else 'input'}"
        fixes = [f"did you mean '{inner}'?"] if inner in graph.nodes else nearest(name, sorted(graph.nodes))
        self.findings.append(finding("ND042", f"file '{self.path}'", message, fixes=fixes))


def flatten(path: Path, graph: NirGraph) -> FlatGraph:
    """Return the flat graph. Raises DiagnosticError: ND041 (names collide), ND042 (every dangling edge, nearest node)."""
    work = _Flattening(path)
    work.walk(graph, "")
    raise_errors("import", work.findings)
    into: dict[str, list[str]] = {name: [] for name in work.nodes}
    for source, target in sorted(work.edges):
        into[target].append(source)
    roots = frozenset(
        name for name, node in work.nodes.items() if name in graph.nodes and node.type in ("Input", "Output")
    )
    return FlatGraph(work.nodes, {name: tuple(sources) for name, sources in into.items()}, roots)
