"""A network inside a file of another format: its document as JSON text, and arrays that the file's own content may hold.

A file that states neurons and weights in its own terms also carries the network that it was made from, so that nothing is lost
on the way back. Digests of the file's own content tell whether it was changed since.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from neurodeploy.base.plain import as_array, as_table
from neurodeploy.diagnostics import about
from neurodeploy.diagnostics.translate import schema_findings
from neurodeploy.io.json import JsonError, parse_json
from neurodeploy.io.tensors import join, split
from neurodeploy.network.migrations import MIGRATIONS, migrate
from neurodeploy.network.network import SCHEMA_VERSION, Network

__all__ = ["ARRAYS", "DOCUMENT", "STEP", "Carried", "Embedded", "EmbeddedError", "digest", "embed", "extract", "parse"]

VERSION = 1
"""Version of the embedded document."""
DOCUMENT, ARRAYS, STEP = "neurodeploy_network", "neurodeploy_arrays", "neurodeploy_dt_s"
"""Metadata entries: the document, the arrays that only it needs, and the step length in seconds for other readers."""

Place = tuple[str, str]
"""(node, field) of an array in the file's own content."""
Digests = dict[str, dict[str, str]]
"""Node -> field -> digest of its value; the type of a node is its field "type"."""


class EmbeddedError(ValueError):
    """An embedded document that cannot be read; the text continues "its metadata ..."."""


class Embedded(NamedTuple):
    """A network to put into a file."""

    document: str
    """JSON text."""
    arrays: dict[str, NDArray[Any]]
    """Arrays that the file's own content does not hold, by key."""


class Carried(NamedTuple):
    """A document as found in a file."""

    network: dict[str, Any]
    """Plain data of the network, arrays replaced by {"tensor": id}."""
    tensors: dict[str, dict[str, Any]]
    """Tensor id -> {"at": place or key, "dtype": type, "shape": sizes}."""
    nodes: Digests
    """Digests of the file's own content when it was written."""
    edges: str
    """Digest of its edges."""

    @property
    def shared(self) -> dict[Place, str]:
        """Places in the file's own content that the network reads, and the id of the tensor."""
        found = [(row["at"], key) for key, row in self.tensors.items() if isinstance(row.get("at"), list)]
        return {(str(at[0]), str(at[1])): key for at, key in found if len(at) == 2}


def digest(value: object) -> str:
    """Return the digest of a text, or of an array by type, shape and values; all types of integers count as one."""
    array = as_array(value)
    if array is None:
        content = b"text:" + str(value).encode("utf-8", "backslashreplace")
    else:
        kind = np.dtype("<i8") if array.dtype.kind in "iub" else array.dtype.newbyteorder("<")
        fixed = np.ascontiguousarray(array, dtype=kind)
        content = f"{kind.str}{list(array.shape)}:".encode() + fixed.tobytes()
    return hashlib.sha256(content).hexdigest()[:32]


def embed(
    network: Network, held: Mapping[str, tuple[Place, NDArray[Any]]], nodes: Digests, edges: list[tuple[str, str]]
) -> Embedded:
    """Return the document of a network whose file holds some of its arrays.

    `held`: tensor id -> where the file's own content has its values, and those. They are referred to if they give back the
    tensor exactly. `nodes`, `edges`: the file's own content.
    """
    plain, tensors = split(network)
    rows, own = dict[str, dict[str, Any]](), dict[str, NDArray[Any]]()
    for key, tensor in sorted(tensors.items()):
        row: dict[str, Any] = {"dtype": tensor.dtype.newbyteorder("<").str, "shape": list(tensor.shape)}
        place, there = held.get(key, (("", ""), None))
        if there is not None and _same(_as(there, row), tensor):
            rows[key] = {**row, "at": list(place)}
        else:
            name = f"a{len(own)}"
            own[name] = tensor
            rows[key] = {**row, "at": name}
    document = {"version": VERSION, "network": plain, "tensors": rows, "nodes": nodes, "edges": edge_digest(edges)}
    return Embedded(json.dumps(document, sort_keys=True, allow_nan=False), own)


def edge_digest(edges: list[tuple[str, str]]) -> str:
    """Return the digest of edges in any order."""
    return digest(json.dumps(sorted(map(list, edges))))


def parse(text: str) -> Carried:
    """Return the document of a file. Raises EmbeddedError."""
    try:
        table = as_table(parse_json(text))
    except JsonError as error:
        raise EmbeddedError(str(error)) from None
    if table is None or not isinstance(table.get("version"), int):
        raise EmbeddedError("has no version")
    if table["version"] > VERSION:
        raise EmbeddedError(f"was written by a newer release (version {table['version']}, this one reads {VERSION})")
    network, edges = as_table(table.get("network")), table.get("edges")
    tensors, nodes = _tables(table.get("tensors")), _tables(table.get("nodes"))
    if network is None or tensors is None or nodes is None or not isinstance(edges, str):
        raise EmbeddedError("lacks a part")
    return Carried(network, tensors, nodes, edges)


def extract(carried: Carried, find: Callable[[object], NDArray[Any] | None], file: str) -> Network:
    """Return the network of a document. `find`: returns an array by its key, or by [node, field]. Raises EmbeddedError."""
    tensors = dict[str, NDArray[Any]]()
    for key, row in carried.tensors.items():
        array = find(row.get("at"))
        made = None if array is None else _as(array, row)
        if made is None:
            raise EmbeddedError(f"refers to array {str(key)[:80]!r}, which is not there in that size and type")
        tensors[key] = made
    version = carried.network.get("schema_version")
    if not isinstance(version, int) or not 1 <= version <= SCHEMA_VERSION:
        raise EmbeddedError(f"has schema version {str(version)[:20]}; this release reads 1 to {SCHEMA_VERSION}")
    document = join(migrate(carried.network, version, steps=MIGRATIONS), tensors)
    try:
        return Network.model_validate(document)
    except ValidationError as error:
        found = schema_findings("ND002", about("file", file), error, document, Network)
        raise EmbeddedError(f"holds no valid network: {found[0].message}") from None


def _tables(value: object) -> dict[str, dict[str, Any]] | None:
    """A table of tables, or None."""
    table = as_table(value)
    rows = None if table is None else {str(key): as_table(item) for key, item in table.items()}
    return None if rows is None or None in rows.values() else {key: row for key, row in rows.items() if row is not None}


def _as(array: NDArray[Any], row: Mapping[str, Any]) -> NDArray[Any] | None:
    """The array in the type and shape of a row; None if that is impossible, or changes a value."""
    try:
        kind, shape = np.dtype(str(row.get("dtype"))), tuple(int(n) for n in row.get("shape", ()))
        if kind.kind not in "iuf" or array.dtype.kind not in "iuf":
            return None
        with np.errstate(all="ignore"):
            made = np.reshape(array, shape).astype(kind)
            return made if _same(made.astype(array.dtype), np.reshape(array, shape)) else None
    except (TypeError, ValueError, OverflowError):
        return None


def _same(one: NDArray[Any] | None, other: NDArray[Any]) -> bool:
    """Whether two arrays have the same type, shape and bits."""
    if one is None or one.dtype != other.dtype or one.shape != other.shape:
        return False
    return np.ascontiguousarray(one).tobytes() == np.ascontiguousarray(other).tobytes()
