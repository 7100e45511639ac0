"""Verb: files. One sealed container for programs and recordings, one tensor file for networks, atomic writing.

A container is a zip without compression and without times, so that equal nouns give equal bytes on every machine:
`document.json` (plain data), `seal.json` (format, table of tensors, digest) and `tensors/<id>.npy`. No pickle. Every
fault of a file becomes a finding that names it; nothing is half-written, because files are written beside their
place and moved there whole.
"""

from __future__ import annotations

import io
import json
import os
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from neurodeploy._noun import array_sha256, canonical_json, json_digest
from neurodeploy._plain import as_table
from neurodeploy._tensors import join, split, tensor_table
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, finding

__all__ = [
    "open_npz_arrays",
    "read_bytes",
    "read_sealed",
    "read_tensors",
    "refuse",
    "require_tensors",
    "sealed_bytes",
    "tensor_bytes",
    "write_atomically",
]

Tensors = dict[str, NDArray[Any]]
_EPOCH = (1980, 1, 1, 0, 0, 0)
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError),
    *(ValueError, TypeError, RuntimeError, OverflowError, MemoryError),
)
"""What zipfile and numpy raise at damaged bytes."""
STAGE = "files"


def refuse(code: str, path: Path | str, message: str, **details: Any) -> DiagnosticError:
    """Return the error of one finding about a file."""
    return DiagnosticError(STAGE, (finding(code, f"file '{path}'", message, **details),))


def write_atomically(path: Path, content: bytes) -> None:
    """Write a whole file or nothing. Raises DiagnosticError: ND007 (cannot be written)."""
    temporary = ""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = file.name
            file.write(content)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise refuse(
            "ND007",
            path,
            f"cannot be written: {error.strerror or error}",
            fixes=["name a folder that exists and that you may write to"],
        ) from None


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).reshape(array.shape)
    np.lib.format.write_array(buffer, little, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def _zip(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, date_time=_EPOCH)
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
    return buffer.getvalue()


def tensor_bytes(tensors: Mapping[str, NDArray[Any]]) -> bytes:
    """Return the bytes of an .npz of the tensors, the same for equal tensors on every machine."""
    return _zip({f"{key}.npy": _npy(tensors[key]) for key in sorted(tensors)})


def sealed_bytes(noun: BaseModel, format_name: str) -> bytes:
    """Return the bytes of a sealed container of the noun."""
    plain, tensors = split(noun)
    table = tensor_table(tensors)
    seal = {
        "format": format_name,
        "digest": json_digest({"document": plain, "tensors": table}),
        "tensors": table,
    }
    members = {"document.json": canonical_json(plain).encode(), "seal.json": canonical_json(seal).encode()}
    members |= {f"tensors/{key}.npy": _npy(tensors[key]) for key in sorted(tensors)}
    return _zip(members)


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes. Raises DiagnosticError: ND001 (missing or unreadable)."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise refuse("ND001", path, f"cannot be read: {error.strerror or error}", fixes=_near(path)) from None


def _require_readable(path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise refuse("ND001", path, f"cannot be read: {error.strerror or error}", fixes=_near(path)) from None


def _near(path: Path) -> list[str]:
    from difflib import get_close_matches

    folder = path.parent
    names = sorted(item.name for item in folder.iterdir()) if folder.is_dir() else []
    close = get_close_matches(path.name, names, n=1)
    return [f"did you mean '{folder / close[0]}'?"] if close else []


def _open_zip(path: Path) -> zipfile.ZipFile:
    _require_readable(path)
    try:
        archive = zipfile.ZipFile(path)
    except _DAMAGE:
        raise refuse("ND003", path, "is not a whole archive: truncated, or something else") from None
    for info in archive.infolist():
        parts = info.filename.replace("\\", "/").split("/")
        if info.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
            raise refuse("ND005", path, f"holds a member that points outside the archive: '{info.filename}'")
    return archive


def _read_array(path: Path, archive: zipfile.ZipFile, member: str) -> NDArray[Any]:
    try:
        with archive.open(member) as content:
            array = np.lib.format.read_array(content, allow_pickle=False)
    except KeyError:
        raise refuse("ND004", path, f"lacks the tensor '{member}'") from None
    except _DAMAGE as error:
        if "Object arrays" in str(error):
            raise refuse("ND006", path, f"tensor '{member}' holds Python objects, which are never loaded") from None
        raise refuse("ND003", path, f"tensor '{member}' is damaged: {error}") from None
    # so that the noun takes it as it is; what was read may be another shape of what owns the memory
    for part in (array.base, array):
        if isinstance(part, np.ndarray):
            part.flags.writeable = False
    return array


def read_tensors(path: Path, keys: Mapping[str, str]) -> Tensors:
    """Return tensors of an .npz by id; `keys` is id -> key in the file. Raises ND001, ND003-ND006."""
    with _open_zip(path) as archive:
        return {tensor: _read_array(path, archive, f"{key}.npy") for tensor, key in keys.items()}


def open_npz_arrays(path: Path) -> Tensors:
    """Return every array of an .npz. Raises ND001, ND003, ND005, ND006."""
    with _open_zip(path) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
        return {name: _read_array(path, archive, f"{name}.npy") for name in names}


def _dtype(name: object) -> np.dtype[Any] | None:
    """The type that a document names; None if it names none."""
    try:
        return np.dtype(name) if isinstance(name, str) else None
    except (TypeError, ValueError, SyntaxError):
        return None


def require_tensors(path: Path, tensors: Tensors, table: Mapping[str, Mapping[str, Any]]) -> None:
    """Check tensors against a document's table. Raises ND004 with every tensor that differs."""
    wrong: list[Diagnostic] = []
    for key, row in sorted(table.items()):
        array = tensors[key]
        if list(array.shape) != row.get("shape") or array.dtype != _dtype(row.get("dtype")):
            said, is_now = f"{row.get('dtype')} {row.get('shape')}", f"{array.dtype.str} {list(array.shape)}"
            wrong.append(finding("ND004", f"file '{path}'", f"tensor '{key}' is {is_now}, the document says {said}"))
        elif array_sha256(array) != row.get("sha256"):
            wrong.append(
                finding(
                    "ND004",
                    f"file '{path}'",
                    f"tensor '{key}' was changed: its sha256 differs from the document's",
                )
            )
    if wrong:
        raise DiagnosticError(STAGE, tuple(wrong))


def _json_member(path: Path, archive: zipfile.ZipFile, member: str) -> Any:
    try:
        return json.loads(archive.read(member))
    except KeyError:
        raise refuse("ND003", path, f"lacks '{member}': not one of ours, or damaged") from None
    except _DAMAGE as error:
        raise refuse("ND003", path, f"'{member}' is damaged: {error}") from None


def read_sealed(path: Path, format_name: str) -> tuple[Any, str]:
    """Return (plain data with its tensors in place, digest) of a sealed container.

    Raises DiagnosticError: ND001 unreadable, ND003 damaged or another format, ND004 changed, ND005 path escape,
    ND006 object array.
    """
    with _open_zip(path) as archive:
        seal = as_table(_json_member(path, archive, "seal.json")) or {}
        plain = _json_member(path, archive, "document.json")
        table = as_table(seal.get("tensors"))
        if seal.get("format") != format_name or table is None:
            raise refuse("ND003", path, f"is not a {format_name} file")
        tensors = {key: _read_array(path, archive, f"tensors/{key}.npy") for key in table}
    require_tensors(path, tensors, table)
    digest = json_digest({"document": plain, "tensors": table})
    if digest != seal.get("digest"):
        raise refuse("ND004", path, "was changed after it was sealed: the digest of its document differs")
    return join(plain, tensors), digest
