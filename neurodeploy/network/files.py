"""Reading and writing of network files: X.nd.json, with tensors in X.nd.npz. Networks are not validated here.

Two files cannot be replaced atomically. Tensors are therefore first written under a temporary name derived from their
hashes, then the document, which contains the hashes, and finally the tensors are renamed. If a writer is interrupted, or
two writers overlap, a reader always finds the tensors that belong to the document.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from neurodeploy.base.noun import canonical_json, json_digest
from neurodeploy.base.plain import as_table
from neurodeploy.diagnostics import DiagnosticError, about
from neurodeploy.diagnostics.translate import schema_findings
from neurodeploy.io.archive import (
    read_json,
    read_tensors,
    refuse,
    require_tensors,
    tensor_bytes,
    write_atomically,
)
from neurodeploy.io.recognize import recognize_json
from neurodeploy.io.tensors import join, split, tensor_table
from neurodeploy.io.write import locked, place
from neurodeploy.network.migrations import MIGRATIONS, migrate
from neurodeploy.network.network import SCHEMA_VERSION, Network

__all__ = ["load_network", "save_network"]

SUFFIX = ".nd.json"
NAME_LETTERS = 40
"""Characters of a file name that are used in a temporary name, because file systems limit the length of names."""


def _tensor_path(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(".json").removesuffix(".nd") + ".nd.npz")


def _waiting_name(file: str, rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Temporary file name of tensors until their document is written."""
    return f".{file[:NAME_LETTERS]}.{json_digest({key: str(row['sha256']) for key, row in rows.items()})[:16]}"


def save_network(network: Network, path: str | Path) -> None:
    """Write a network and its tensors; equal networks give identical bytes. Raises DiagnosticError: ND007 (not writable)."""
    try:
        path = place(Path(path))
        plain, tensors = split(network)
        file, table = _tensor_path(path), tensor_table(tensors)
        named = {key: {"file": file.name, "key": key, **row} for key, row in table.items()}
        document = canonical_json({**plain, "tensors": named}).encode()
        with locked(path.parent):
            waiting = path.with_name(_waiting_name(file.name, table))
            if tensors:
                write_atomically(waiting, tensor_bytes(tensors), shown=file)
            try:
                write_atomically(path, document)
            except DiagnosticError:  # the previous document and its tensors stay
                waiting.unlink(missing_ok=True)
                raise
            if tensors:
                _take_place(waiting, place(file))
            _clear(path.parent.glob(f".{_escaped(file.name[:NAME_LETTERS])}.{'?' * 16}"))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise refuse("ND007", path, f"cannot be written: {why}") from None


def _take_place(waiting: Path, file: Path) -> None:
    """Move tensors to their final name, keeping the permissions of an existing file."""
    if file.exists():
        os.chmod(waiting, stat.S_IMODE(file.stat().st_mode))
    os.replace(waiting, file)


def _escaped(name: str) -> str:
    """A file name as a glob pattern that matches only this name."""
    return "".join(f"[{letter}]" if letter in "[]*?" else letter for letter in name)


def _clear(left: Iterable[Path]) -> None:
    """Remove temporary tensor files of interrupted writers."""
    for path in left:
        path.unlink(missing_ok=True)


def _document(path: Path) -> dict[str, Any]:
    table = as_table(read_json(path))
    if table is None or table.get("format") != "neurodeploy":
        found = recognize_json(table)
        fixes = [found.way_in] if found.key != "json" else []
        raise refuse("ND003", path, "is JSON, but not a network: field 'format' must be 'neurodeploy'", fixes=fixes)
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
    tensors = as_table(document.get("tensors", {}))
    table = {key: as_table(row) or {} for key, row in (tensors or {}).items()}
    if tensors is None or not all({"file", "key", "dtype", "shape", "sha256"} <= set(row) for row in table.values()):
        raise refuse("ND002", path, "field 'tensors': each row needs file, key, dtype, shape and sha256")
    files = sorted({str(row["file"]) for row in table.values()})
    found: dict[str, Any] = {}
    for name in files:
        if Path(name).name != name or name in ("", ".", ".."):
            raise refuse("ND005", path, f"names a tensor file outside its own folder: '{name}'")
        rows = {key: row for key, row in table.items() if row["file"] == name}
        folder = path.parent if os.path.exists(path.parent / name) else place(path).parent
        waiting = folder / _waiting_name(name, rows)
        file = waiting if os.path.isfile(waiting) else folder / name
        loaded = read_tensors(file, {key: str(row["key"]) for key, row in rows.items()})
        if verify:
            require_tensors(path.parent / name, loaded, rows)
        found |= loaded
    return found


def load_network(path: str | Path, *, verify: bool = True) -> Network:
    """Return the network of an .nd.json file; with `verify`, the sha256 of every tensor is checked.

    Raises DiagnosticError: ND001 (unreadable), ND002 (invalid field), ND003 (damaged), ND004 (tensor changed or missing),
    ND005 (path outside the folder), ND006 (object array), ND008 (newer schema), ND012 (too large).
    """
    path = Path(path)
    try:
        return _loaded(path, verify=verify)
    except DiagnosticError:  # another process may be writing the file, so try again under a lock
        with locked(place(path).parent, shared=True):
            return _loaded(path, verify=verify)


def _loaded(path: Path, *, verify: bool) -> Network:
    document = _up_to_date(path, _document(path))
    tensors = _tensors(path, document, verify=verify)
    document.pop("tensors", None)
    try:
        return Network.model_validate(join(document, tensors))
    except ValidationError as error:
        raise DiagnosticError(
            "files", schema_findings("ND002", about("file", path), error, document, Network)
        ) from None
