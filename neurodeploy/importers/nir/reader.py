"""Reader of .nir files: the HDF5 tree as nodes and edges. Fields are not interpreted here.

Layout: /version (of the nir package that wrote the file), /node (type NIRGraph) with nodes/<name>/{type, <field>...},
edges (n, 2) and metadata/. Files that the nir package itself rejects are read too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from neurodeploy.importers.fields import brief, text, texts
from neurodeploy.importers.hdf5 import ENTRIES, Folder, Item, Unread, read_tree
from neurodeploy.importers.notes import Notes
from neurodeploy.io.archive import refuse

__all__ = ["NirGraph", "NirNode", "read_nir"]


@dataclass(frozen=True)
class NirNode:
    """One node: its type and its uninterpreted fields."""

    name: str
    type: str
    fields: dict[str, Item] = field(default_factory=dict[str, Item])


@dataclass(frozen=True)
class NirGraph:
    """A graph: nodes by name, which may be graphs themselves, and edges as (source, target) names."""

    name: str
    nodes: dict[str, NirNode | NirGraph]
    edges: tuple[tuple[str, str], ...]
    version: str = ""
    metadata: dict[str, Item] = field(default_factory=dict[str, Item])


def _node(notes: Notes, name: str, entry: Item) -> NirNode | NirGraph | None:
    shown = f"node '{brief(name)}'" if name else "the graph"
    if not isinstance(entry, Folder):
        why = entry.why if isinstance(entry, Unread) else "is not a group"
        notes.add("ND040", f"{shown} {why}")
        return None
    kind = text(entry.items.get("type"))
    if isinstance(kind, Unread) and "type" in entry.items:
        notes.add("ND040", f"{shown}: field 'type' {kind.why}")
        return None
    if isinstance(kind, Unread):
        why = "nir.write failed while it wrote the file; nir 1.0.8 writes no None and no 0-d arrays: use shape (1,)"
        notes.add("ND040", f"{shown} has no type", *([] if name else [why]))
        return None
    if kind == "NIRGraph":
        return _graph(notes, name, entry)
    return NirNode(name, kind, {key: item for key, item in entry.items.items() if key != "type"})


def _graph(notes: Notes, name: str, group: Folder) -> NirGraph | None:
    graph = f"graph '{brief(name) or 'root'}'"
    inner, ends = group.items.get("nodes"), group.items.get("edges")
    if not isinstance(inner, Folder) or ends is None:
        notes.add("ND040", f"{graph} has no nodes or no edges")
        return None
    nodes = {key: _node(notes, key, item) for key, item in inner.items.items()}
    metadata = group.items.get("metadata")
    return NirGraph(
        name,
        {key: node for key, node in nodes.items() if node is not None},
        _edges(notes, graph, ends),
        metadata=metadata.items if isinstance(metadata, Folder) else {},
    )


def _edges(notes: Notes, graph: str, item: Item) -> tuple[tuple[str, str], ...]:
    if not isinstance(item, (str, Unread, Folder)) and not item.size:
        return ()
    found = texts(item)
    if isinstance(found, Unread):
        notes.add("ND040", f"{graph}: field 'edges' {found.why}")
        return ()
    if found.ndim != 2 or found.shape[1] != 2:
        notes.add("ND040", f"{graph}: field 'edges' has shape {list(found.shape)}; needs pairs of names")
        return ()
    if len(found) > ENTRIES:
        notes.add("ND040", f"{graph} has {len(found):,} edges; the limit is {ENTRIES:,}")
        return ()
    return tuple((str(a), str(b)) for a, b in found.tolist())


def read_nir(path: Path, notes: Notes, limit_bytes: int | None) -> NirGraph:
    """Return the graph of a .nir file; faults of nodes and edges are added to `notes` (ND040).

    Raises DiagnosticError: ND001, ND003 (not HDF5, or truncated), ND040 (no NIR graph).
    """
    tree = read_tree(path, limit_bytes)
    if "node" not in tree.items:
        keras = "model_weights" in tree.items or "layer_names" in tree.items
        known = "; it appears to contain weights of a Keras model" if keras else ""
        raise refuse("ND040", path, f"is HDF5, but contains no NIR graph: it has no group 'node'{known}")
    version = tree.items.get("version")
    stated = text(version) if version is not None else ""
    root = _node(notes, "", tree.items["node"])
    if isinstance(root, NirNode):
        root = NirGraph("", {root.type: root}, ())
    if root is None:
        return NirGraph("", {}, ())
    return NirGraph("", root.nodes, root.edges, "" if isinstance(stated, Unread) else stated, root.metadata)
