"""Networks that neurodeploy wrote into the metadata of a NIR file.

The graph counts: digests tell whether it is as it was exported. Values that a node holds for the network may have changed,
and are then taken from the node. After any other change the file is read as any other NIR file.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import about, finding, raise_errors
from neurodeploy.importers.hdf5 import Folder, Item
from neurodeploy.importers.nir.reader import NirGraph, NirNode
from neurodeploy.importers.notes import Notes, listed
from neurodeploy.importers.options import FLAGS, Imported, ImportOptions
from neurodeploy.network import Network
from neurodeploy.network.embedded import (
    ARRAYS,
    DOCUMENT,
    Carried,
    EmbeddedError,
    digest,
    edge_digest,
    extract,
    parse,
)

__all__ = ["own_network"]

GRAPH_ALONE = "--from nir, to read the graph alone"


def own_network(source: NirGraph, options: ImportOptions, notes: Notes) -> Imported | None:
    """Return the network in the metadata of a graph; None if there is none, or if the graph says something else.

    Adds ND078 (the graph was changed) and ND079 (unreadable metadata), both warnings, to `notes`. Raises DiagnosticError:
    ND054 (options that the network answers), and under strict the warnings.
    """
    document = source.metadata.get(DOCUMENT)
    if document is None or options.producer == "nir":
        return None
    try:
        if not isinstance(document, str):
            raise EmbeddedError("is not text")
        carried = parse(document)
        changed = _changes(source, carried)
        if changed is None:
            _other_graph(source, carried, notes)
            return None
        network = extract(carried, _finder(source), notes.path)
    except EmbeddedError as error:
        message = f"has a network in its metadata '{DOCUMENT}', which {error}; the graph alone is read"
        notes.add("ND079", message, "export it again with neurodeploy convert", GRAPH_ALONE)
        return None
    _require_no_answers(network, options, notes)
    _note_changes(changed, notes)
    found = raise_errors("import", notes.findings, strict=options.strict)
    return Imported(network=network, ledger=notes.ledger, findings=tuple(found))


def _fields(node: NirNode, then: dict[str, str]) -> dict[str, Item]:
    """The fields of a node, without those that nir adds when it writes a file again: metadata, and a reset to 0."""
    added = {"metadata"} - set(then)
    stated = node.fields.get("v_reset")
    if "v_reset" not in then and isinstance(stated, np.ndarray) and not stated.any():
        added.add("v_reset")
    return {"type": node.type, **{key: item for key, item in node.fields.items() if key not in added}}


def _different(node: NirNode, then: dict[str, str]) -> list[str]:
    """The fields of a node that are new, missing, or have another value than when it was written."""
    now = _fields(node, then)
    return sorted(key for key in {*now, *then} if key not in now or digest(now[key]) != then.get(key))


def _changes(source: NirGraph, carried: Carried) -> list[tuple[str, str]] | None:
    """(node, field) of the values that changed since the export; None if anything changed that the network cannot follow."""
    nodes = {name: node for name, node in source.nodes.items() if isinstance(node, NirNode)}
    if set(source.nodes) != set(carried.nodes) or len(nodes) != len(source.nodes):
        return None
    if edge_digest(list(source.edges)) != carried.edges:
        return None
    changed, shared = list[tuple[str, str]](), carried.shared
    for name, node in sorted(nodes.items()):
        different = _different(node, carried.nodes[name])
        if any((name, key) not in shared for key in different):
            return None
        changed += [(name, key) for key in different]
    return changed


def _other_graph(source: NirGraph, carried: Carried, notes: Notes) -> None:
    """Add the finding of a graph that changed otherwise (ND078)."""
    nodes = {name: node for name, node in source.nodes.items() if isinstance(node, NirNode)}
    there, then = set(source.nodes), set(carried.nodes)
    parts = list[str]()
    if there - then:
        parts.append(f"new nodes {listed(sorted(there - then))}")
    if then - there:
        parts.append(f"missing nodes {listed(sorted(then - there))}")
    both = sorted(there & then & set(nodes))
    different = [f"{name}.{key}" for name in both for key in _different(nodes[name], carried.nodes[name])]
    if different:
        parts.append(f"other values of {listed(different)}")
    if edge_digest(list(source.edges)) != carried.edges:
        parts.append("other edges")
    message = f"was changed after neurodeploy exported it ({'; '.join(parts) or 'nested graphs'})"
    message += ": the graph is read, and the network in its metadata, with its reset and delays, is not"
    notes.add("ND078", message, "export the changed network again with neurodeploy convert", GRAPH_ALONE)


def _note_changes(changed: list[tuple[str, str]], notes: Notes) -> None:
    """Say where the network comes from, and which of its values are the graph's (ND078)."""
    asked, got = "in the metadata", "the network that was exported"
    if changed:
        names = [f"{name}.{key}" for name, key in changed]
        message = (
            f"has other values in {listed(names)} than neurodeploy exported: they are used, with the exported semantics"
        )
        notes.add("ND078", message)
        got += " with the graph's values"
    notes.line("", "network", asked, got, "exact", "written by neurodeploy")


def _require_no_answers(network: Network, options: ImportOptions, notes: Notes) -> None:
    """Refuse options that the network answers itself (ND054)."""
    dt_s = network.time.dt_s
    given = {flag: getattr(options, field) for field, flag in FLAGS.items()}
    if given[FLAGS["dt_s"]] == dt_s:
        del given[FLAGS["dt_s"]]
    wrong = [flag for flag, value in given.items() if value not in (None, False, ())]
    if wrong:
        message = f"holds the whole network, as neurodeploy exported it, with a step of {dt_s:g} s; {', '.join(wrong)} would change it"
        item = finding(
            "ND054", about("file", notes.path), message, fixes=[f"leave out {', '.join(wrong)}", GRAPH_ALONE]
        )
        raise_errors("import", (item, *notes.findings))


def _finder(source: NirGraph) -> Any:
    """The function that finds arrays of the file: by key in the metadata, or by [node, field]."""
    own = source.metadata.get(ARRAYS)
    arrays = own.items if isinstance(own, Folder) else {}

    def find(at: object) -> NDArray[Any] | None:
        item: Item | None = None
        if isinstance(at, str):
            item = arrays.get(at)
        elif isinstance(at, list) and len(at) == 2:  # pyright: ignore[reportUnknownArgumentType]
            name, key = (str(word) for word in at)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            node = source.nodes.get(name)
            item = node.fields.get(key) if isinstance(node, NirNode) else None
        return item if isinstance(item, np.ndarray) and item.dtype.kind in "iuf" else None

    return find
