"""Verb: a Network to X.nd.json with its tensors in X.nd.npz, and back. Says nothing of whether the network makes sense."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from neurodeploy._archive import (
    read_bytes,
    read_tensors,
    refuse,
    require_tensors,
    tensor_bytes,
    write_atomically,
)
from neurodeploy._noun import canonical_json
from neurodeploy._plain import as_table
from neurodeploy._tensors import join, split, tensor_table
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.diagnostics.translate import schema_findings
from neurodeploy.network.migrations import MIGRATIONS, migrate
from neurodeploy.network.network import SCHEMA_VERSION, Network

__all__ = ["load_network", "save_network"]

SUFFIX = ".nd.json"


def _tensor_path(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(".json").removesuffix(".nd") + ".nd.npz")


def save_network(network: Network, path: str | Path) -> None:
    """Write the document and, beside it, its tensors; equal networks give equal bytes. Raises DiagnosticError: ND007.

    The tensors are written first and the document last, each whole or not at all.
    """
    path = Path(path)
    plain, tensors = split(network)
    file = _tensor_path(path)
    table = {key: {"file": file.name, "key": key, **row} for key, row in tensor_table(tensors).items()}
    if tensors:
        write_atomically(file, tensor_bytes(tensors))
    write_atomically(path, canonical_json({**plain, "tensors": table}).encode())


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(read_bytes(path))
    except json.JSONDecodeError as error:
        raise refuse("ND003", path, f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except UnicodeDecodeError as error:
        raise refuse("ND003", path, f"is not text: {error.reason} at byte {error.start}") from None
    table = as_table(document)
    if table is None or table.get("format") != "neurodeploy":
        raise refuse("ND003", path, "is JSON, but not a network: field 'format' is not 'neurodeploy'")
    return table


def _up_to_date(path: Path, document: dict[str, Any]) -> dict[str, Any]:
    version = document.get("schema_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise refuse(
            "ND002",
            path,
            f"field 'schema_version': must be an integer from 1 to {SCHEMA_VERSION} (given: {version!r})",
        )
    if version > SCHEMA_VERSION:
        raise refuse(
            "ND008",
            path,
            "was written by a newer release",
            found=version,
            limit=SCHEMA_VERSION,
            unit="schema version",
            fixes=["update neurodeploy: pip install --upgrade neurodeploy"],
        )
    return migrate(document, version, steps=MIGRATIONS)


def _tensors(path: Path, document: dict[str, Any], *, verify: bool) -> dict[str, Any]:
    given = as_table(document.get("tensors", {}))
    table = {key: as_table(row) or {} for key, row in (given or {}).items()}
    if given is None or not all({"file", "key", "dtype", "shape", "sha256"} <= set(row) for row in table.values()):
        raise refuse("ND002", path, "field 'tensors': each row needs file, key, dtype, shape and sha256")
    files = sorted({str(row["file"]) for row in table.values()})
    found: dict[str, Any] = {}
    for name in files:
        if Path(name).name != name or name in ("", ".", ".."):
            raise refuse("ND005", path, f"names a tensor file outside its own folder: '{name}'")
        rows = {key: row for key, row in table.items() if row["file"] == name}
        loaded = read_tensors(path.parent / name, {key: str(row["key"]) for key, row in rows.items()})
        if verify:
            require_tensors(path.parent / name, loaded, rows)
        found |= loaded
    return found


def load_network(path: str | Path, *, verify: bool = True) -> Network:
    """Return the network of an .nd.json file; `verify` compares the sha256 of every tensor.

    Raises DiagnosticError: ND001 unreadable, ND002 field, ND003 damaged, ND004 tensor changed or missing, ND005 path
    escape, ND006 object array, ND008 newer schema.
    """
    path = Path(path)
    document = _up_to_date(path, _document(path))
    tensors = _tensors(path, document, verify=verify)
    document.pop("tensors", None)
    try:
        return Network.model_validate(join(document, tensors))
    except ValidationError as error:
        raise DiagnosticError("files", schema_findings("ND002", f"file '{path}'", error, document, Network)) from None
