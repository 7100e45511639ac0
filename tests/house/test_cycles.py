"""No module of the distribution imports itself through others, whether at its top or inside a function."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = (ROOT / "neurodeploy", ROOT / "backends" / "neurodeploy_backends", ROOT / "targets" / "neurodeploy_targets")
Graph = Mapping[str, set[str]]


def module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree: ast.Module, known: set[str]) -> set[str]:
    """Known modules that a module imports. `from package import name` imports the package only if `name` is no module."""
    found = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            inner = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            found |= {dotted if dotted in known else node.module for dotted in inner.values()}
    return found & known


def imports_of_all() -> dict[str, set[str]]:
    files = {module_name(path, root.parent): path for root in SOURCES for path in root.rglob("*.py")}
    known = set(files)
    return {name: imported(ast.parse(path.read_text(encoding="utf-8")), known) - {name} for name, path in files.items()}


def cycles(graph: Graph) -> list[list[str]]:
    """Groups of modules that reach each other."""
    reached = {name: reachable(graph, name) for name in graph}
    groups = {frozenset(other for other in reached[name] if name in reached[other]) for name in graph}
    return sorted(sorted(group) for group in groups if len(group) > 1)


def reachable(graph: Graph, start: str) -> set[str]:
    seen, todo = {start}, [start]
    while todo:
        new = graph.get(todo.pop(), set()) - seen
        seen |= new
        todo += new
    return seen


def arrows(graph: Graph, group: list[str]) -> Iterator[str]:
    for name in group:
        for other in sorted(graph[name] & set(group)):
            yield f"{name} -> {other}"


def test_no_module_imports_itself_through_others() -> None:
    graph = imports_of_all()
    found = [list(arrows(graph, group)) for group in cycles(graph)]
    assert found == []


def test_a_cycle_is_found() -> None:
    """The test above must be able to fail, also for an import inside a function."""
    known = {"a", "a.b", "a.c"}
    sources = {"a": "", "a.b": "from a import c", "a.c": "def f():\n    from a.b import x"}
    graph = {name: imported(ast.parse(source), known) - {name} for name, source in sources.items()}
    assert cycles(graph) == [["a.b", "a.c"]]
