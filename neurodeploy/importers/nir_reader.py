# pyright: basic
"""Verb: the HDF5 tree of a .nir file as plain nouns. Interprets nothing; reads what the nir package itself refuses.

Layout: /version (string of the writer), /node (type NIRGraph) with nodes/<name>/{type, <field>...} and edges (n, 2).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from neurodeploy._archive import read_bytes, refuse

__all__ = ["NirGraph", "NirNode", "read_nir"]


@dataclass(frozen=True)
class NirNode:
    """One node: its type and its fields as they stand in the file."""

    name: str
    type: str
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NirGraph:
    """Nodes by name, some of them graphs, and edges by name."""

    name: str
    nodes: dict[str, NirNode | NirGraph]
    edges: tuple[tuple[str, str], ...]
    version: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _node(path: Path, name: str, entry: Any) -> NirNode | NirGraph:
    if not isinstance(entry, h5py.Group) or "type" not in entry:
        raise refuse("ND040", path, f"node '{name}' has no type")
    group: Any = entry
    kind = _text(group["type"][()])
    if kind == "NIRGraph":
        return _graph(path, name, group)
    fields = {}
    for key, item in group.items():
        if key not in ("type", "metadata") and isinstance(item, h5py.Dataset):
            value = item[()]
            fields[key] = _text(value) if isinstance(value, (bytes, str)) else np.asarray(value)
    return NirNode(name, kind, fields)


def _graph(path: Path, name: str, group: Any) -> NirGraph:
    if "nodes" not in group or "edges" not in group:
        raise refuse("ND040", path, f"graph '{name or 'root'}' lacks its nodes or its edges")
    nodes = {key: _node(path, key, group["nodes"][key]) for key in group["nodes"]}
    edges = tuple((_text(a), _text(b)) for a, b in group["edges"][()])
    return NirGraph(name, nodes, edges)


def read_nir(path: Path) -> NirGraph:
    """Return the graph of a .nir file. Raises DiagnosticError: ND001, ND003 (not HDF5, truncated), ND040 (no NIR graph)."""
    read_bytes(path)
    try:
        with h5py.File(path, "r") as file:
            tree: Any = file
            if "node" not in tree:
                raise refuse("ND040", path, "is HDF5, but holds no NIR graph: there is no group 'node'")
            root = _node(path, "", tree["node"])
            version = _text(tree["version"][()]) if "version" in tree else ""
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise refuse("ND003", path, f"is not a whole HDF5 file: {error}") from None
    if isinstance(root, NirNode):
        root = NirGraph("", {root.type: root}, ())
    return NirGraph("", root.nodes, root.edges, version)
