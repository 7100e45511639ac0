"""Sealed containers of programs, recordings and states, tensor files of networks, and safe reading and writing of files.

A container is an uncompressed zip without timestamps, so that equal nouns give equal bytes on every machine:
`document.json` (plain data), `seal.json` (format, table of tensors, digest) and `tensors/<id>.npy`. Nothing is pickled. Every
fault of a file is a finding that names the file. Declared sizes are compared with a limit before memory is allocated. Files
are written completely or not at all.
"""

from __future__ import annotations

import io
import lzma
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from neurodeploy.base.noun import array_sha256, canonical_json, json_digest
from neurodeploy.base.plain import as_table
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, Fix, about, finding
from neurodeploy.io.json import JsonError, parse_json
from neurodeploy.io.npy import NpyError, PickledError, read_npy, read_npy_header
from neurodeploy.io.tensors import join, split, tensor_table
from neurodeploy.io.write import write_whole

__all__ = [
    "memory_limit_bytes",
    "open_npy_array",
    "open_npz_arrays",
    "read_bytes",
    "read_json",
    "read_members",
    "read_sealed",
    "read_tensors",
    "refuse",
    "require_memory",
    "require_regular",
    "require_tensors",
    "sealed_bytes",
    "tensor_bytes",
    "write_atomically",
]

Tensors = dict[str, NDArray[Any]]
_EPOCH = (1980, 1, 1, 0, 0, 0)
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, OSError, EOFError),
    *(ValueError, TypeError, RuntimeError, OverflowError, IndexError),
)
"""Exceptions that zipfile raises for damaged files."""
STAGE = "files"
MEMORY_LIMIT_BYTES = 4 << 30
"""Default limit of the memory for one file."""
LIMIT_VARIABLE = "NEURODEPLOY_MEMORY_LIMIT"
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_JSON_SHARE = 16
"""Approximate memory of parsed JSON per byte of text."""


def refuse(
    code: str,
    path: Path | str,
    message: str,
    *,
    found: float | None = None,
    limit: float | None = None,
    unit: str = "",
    fixes: Iterable[Fix | str] = (),
) -> DiagnosticError:
    """Return an error with one finding about a file."""
    where = about("file", path)
    return DiagnosticError(STAGE, (finding(code, where, message, found=found, limit=limit, unit=unit, fixes=fixes),))


def memory_limit_bytes() -> int:
    """Return the memory limit of one file in bytes: NEURODEPLOY_MEMORY_LIMIT, such as 16G, or 4 GiB.

    Raises DiagnosticError: ND013 (the variable is not a size).
    """
    setting = os.environ.get(LIMIT_VARIABLE, "")
    size = setting.strip().upper().removesuffix("B").removesuffix("I")
    digits = size.rstrip("KMGT")
    if not size:
        return MEMORY_LIMIT_BYTES
    if not digits.isascii() or not digits.isdigit() or len(digits) > 15 or size[len(digits) :] not in _UNITS:
        message = f"'{setting}' is not a size such as 16G"
        raise DiagnosticError(STAGE, (finding("ND013", about("variable", LIMIT_VARIABLE), message),))
    return int(digits) * _UNITS[size[len(digits) :]]


def require_memory(path: Path | str, needed_bytes: int, what: str = "it") -> None:
    """Raise ND012 if a file needs more memory than the limit. `what`: the part that needs `needed_bytes`."""
    limit = memory_limit_bytes()
    if needed_bytes > limit:
        message = f"{what} needs more memory than the limit for a file"
        fix = f"if this size is intended: {LIMIT_VARIABLE}={-(-needed_bytes // (1 << 30))}G"
        raise refuse("ND012", path, message, found=needed_bytes, limit=limit, unit="byte", fixes=[fix])


def write_atomically(path: Path, content: bytes, *, shown: Path | None = None) -> None:
    """Write a file completely or not at all, following links; devices and pipes are written directly.

    `shown`: path to name in findings instead of `path`. Raises DiagnosticError: ND007.
    """
    try:
        write_whole(path, content)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        fix = "use an existing folder with write permission"
        raise refuse("ND007", shown or path, f"cannot be written: {why}", fixes=[fix]) from None


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).reshape(array.shape)
    np.lib.format.write_array(buffer, little, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def _zip(members: Iterable[tuple[str, bytes]]) -> bytes:
    """The bytes of an archive. Members are made one after the other, so that they are not all in memory twice."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name, date_time=_EPOCH)
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
    return buffer.getvalue()


def tensor_bytes(tensors: Mapping[str, NDArray[Any]]) -> bytes:
    """Return the bytes of an .npz file; equal tensors give equal bytes on every machine."""
    return _zip((f"{key}.npy", _npy(tensors[key])) for key in sorted(tensors))


def sealed_bytes(noun: BaseModel, format_name: str) -> bytes:
    """Return the bytes of a sealed container with a noun."""
    plain, tensors = split(noun)
    table = tensor_table(tensors)
    seal = {
        "format": format_name,
        "digest": json_digest({"document": plain, "tensors": table}),
        "tensors": table,
    }
    texts = (("document.json", canonical_json(plain).encode()), ("seal.json", canonical_json(seal).encode()))
    return _zip(chain(texts, ((f"tensors/{key}.npy", _npy(tensors[key])) for key in sorted(tensors))))


_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


def require_regular(path: Path) -> int:
    """Return the size of a regular file in bytes. Raises DiagnosticError: ND001 (missing, or a device or pipe)."""
    try:
        there = os.stat(path)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise refuse("ND001", path, f"cannot be read: {why}", fixes=_similar(path)) from None
    if not stat.S_ISREG(there.st_mode):
        kind = _KINDS.get(stat.S_IFMT(there.st_mode), "not a file")
        raise refuse("ND001", path, f"cannot be read: it is {kind}", fixes=["pass the path of a file"])
    return there.st_size


def read_bytes(path: Path) -> bytes:
    """Return the content of a file. Raises DiagnosticError: ND001 (missing or unreadable), ND012 (too large)."""
    require_memory(path, require_regular(path))
    try:
        return path.read_bytes()
    except OSError as error:
        raise refuse("ND001", path, f"cannot be read: {error.strerror or error}", fixes=_similar(path)) from None


def read_json(path: Path) -> object:
    """Return the plain data of a JSON file; NaN and infinities are accepted. Raises DiagnosticError: ND001, ND003, ND012."""
    require_memory(path, require_regular(path) * _JSON_SHARE)
    try:
        return parse_json(read_bytes(path), finite=False)
    except JsonError as error:
        raise refuse("ND003", path, str(error)) from None


def _similar(path: Path) -> list[str]:
    from difflib import get_close_matches

    try:
        names = sorted(item.name for item in path.parent.iterdir())[:_NAMES]
    except (OSError, ValueError):
        return []
    close = get_close_matches(path.name[:_LETTERS], names, n=1)
    return [f"did you mean '{path.parent / close[0]}'?"] if close else []


_NAMES, _LETTERS = 2_000, 255
"""Limits of the search for a similar file name: files of the folder, letters of the name."""


def _open_zip(path: Path) -> zipfile.ZipFile:
    require_regular(path)
    try:
        archive = zipfile.ZipFile(path)
    except PermissionError as error:
        raise refuse("ND001", path, f"cannot be read: {error.strerror}") from None
    except _DAMAGE:
        raise refuse("ND003", path, "is not a complete archive: it is truncated or in another format") from None
    names = archive.namelist()
    for name in names:
        parts = name.replace("\\", "/").split("/")
        if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
            raise refuse("ND005", path, f"contains a member that points outside the archive: '{name}'")
    if len(set(names)) < len(names):
        raise refuse("ND003", path, "contains a member twice")
    return archive


def _member(path: Path, archive: zipfile.ZipFile, member: str, missing: str) -> zipfile.ZipInfo:
    try:
        return archive.getinfo(member)
    except KeyError:
        raise refuse(missing, path, f"has no member '{member}'") from None


def _read_arrays(path: Path, archive: zipfile.ZipFile, members: Mapping[str, str]) -> Tensors:
    """Arrays by id from members of an archive; their total size is checked first."""
    infos = {tensor: _member(path, archive, member, "ND004") for tensor, member in members.items()}
    require_memory(path, sum(info.file_size for info in infos.values()), "its unpacked content")
    return {tensor: _read_array(path, archive, info) for tensor, info in infos.items()}


def _read_array(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray[Any]:
    try:
        with archive.open(info) as content:
            header = read_npy_header(content)
            require_memory(path, header.nbytes, f"tensor '{info.filename}'")
            return read_npy(content, header)
    except PickledError:
        raise refuse(
            "ND006", path, f"tensor '{info.filename}' contains Python objects, which are never loaded"
        ) from None
    except MemoryError:
        raise refuse("ND012", path, f"tensor '{info.filename}' does not fit into the available memory") from None
    except NpyError as error:
        raise refuse("ND003", path, f"tensor '{info.filename}' is damaged: {error}") from None
    except _DAMAGE as error:
        raise refuse("ND003", path, f"tensor '{info.filename}' is damaged: {error}") from None


def read_tensors(path: Path, keys: Mapping[str, str]) -> Tensors:
    """Return tensors of an .npz by id. `keys`: id -> key in the file.

    Raises DiagnosticError: ND001, ND003-ND006, ND012.
    """
    with _open_zip(path) as archive:
        return _read_arrays(path, archive, {tensor: f"{key}.npy" for tensor, key in keys.items()})


def open_npz_arrays(path: Path) -> Tensors:
    """Return all arrays of an .npz by name. Raises DiagnosticError: ND001, ND003, ND005, ND006, ND012."""
    with _open_zip(path) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
        return _read_arrays(path, archive, {name: f"{name}.npy" for name in names})


def open_npy_array(path: Path) -> NDArray[Any]:
    """Return the array of an .npy. Raises DiagnosticError: ND001, ND003, ND006, ND012."""
    try:
        with path.open("rb") as file:
            header = read_npy_header(file)
            require_memory(path, header.nbytes)
            return read_npy(file, header)
    except PickledError:
        raise refuse("ND006", path, "holds Python objects, which are never loaded") from None
    except MemoryError:
        raise refuse("ND012", path, "is larger than the available memory") from None
    except NpyError as error:
        raise refuse("ND003", path, f"is damaged: {error}") from None
    except OSError as error:
        raise refuse("ND001", path, f"cannot be read: {error.strerror or error}") from None


def read_members(path: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Return members of a zip archive by name; those that it does not have are left out.

    Raises DiagnosticError: ND001, ND003, ND005, ND012.
    """
    with _open_zip(path) as archive:
        infos = [archive.getinfo(name) for name in names if name in archive.namelist()]
        require_memory(path, sum(info.file_size for info in infos), "its unpacked content")
        return {info.filename: _content(path, archive, info) for info in infos}


def _content(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        return archive.read(info)
    except _DAMAGE as error:
        raise refuse("ND003", path, f"member '{info.filename}' is damaged: {error}") from None


def _type_names(dtype: np.dtype[Any]) -> tuple[str, ...]:
    """Accepted names of a type in documents."""
    return dtype.newbyteorder("<").str, dtype.str, dtype.name


def require_tensors(path: Path, tensors: Tensors, table: Mapping[str, Mapping[str, Any]]) -> None:
    """Check tensors against the table of their document. Raises DiagnosticError: ND004, for every tensor that differs."""
    wrong: list[Diagnostic] = []
    for key, row in sorted(table.items()):
        array = tensors[key]
        if list(array.shape) != row.get("shape") or row.get("dtype") not in _type_names(array.dtype):
            declared, is_now = f"{row.get('dtype')} {row.get('shape')}", f"{array.dtype.str} {list(array.shape)}"
            wrong.append(
                finding(
                    "ND004", about("file", path), f"tensor '{key}' is {is_now}, but the document declares {declared}"
                )
            )
        elif array_sha256(array) != row.get("sha256"):
            wrong.append(
                finding(
                    "ND004", about("file", path), f"tensor '{key}' was changed: its sha256 differs from the document's"
                )
            )
    if wrong:
        raise DiagnosticError(STAGE, tuple(wrong))


def _json_member(path: Path, archive: zipfile.ZipFile, member: str) -> object:
    info = _member(path, archive, member, "ND003")
    require_memory(path, info.file_size * _JSON_SHARE, f"'{member}'")
    try:
        return parse_json(archive.read(info))
    except JsonError as error:
        raise refuse("ND003", path, f"'{member}' is damaged: {error}") from None
    except _DAMAGE as error:
        raise refuse("ND003", path, f"'{member}' is damaged: {error}") from None


def _other_format(seal: Mapping[str, Any]) -> str:
    """Description of the actual format of a container, for a finding."""
    named = seal.get("format")
    ours = isinstance(named, str) and named.startswith("neurodeploy-") and named.isascii() and len(named) < 30
    return f"a {named} file, and " if ours else ""


def read_sealed(path: Path, format_name: str) -> tuple[object, str]:
    """Return (plain data with its tensors in place, digest) of a sealed container.

    Raises DiagnosticError: ND001 (unreadable), ND003 (damaged, or another format), ND004 (changed), ND005 (member outside
    the archive), ND006 (object array), ND012 (too large).
    """
    with _open_zip(path) as archive:
        seal = as_table(_json_member(path, archive, "seal.json")) or {}
        plain = _json_member(path, archive, "document.json")
        table = as_table(seal.get("tensors"))
        if seal.get("format") != format_name or table is None or any(as_table(row) is None for row in table.values()):
            raise refuse("ND003", path, f"is {_other_format(seal)}not a {format_name} file")
        tensors = _read_arrays(path, archive, {key: f"tensors/{key}.npy" for key in table})
    require_tensors(path, tensors, table)
    digest = json_digest({"document": plain, "tensors": table})
    if digest != seal.get("digest"):
        raise refuse("ND004", path, "was changed after it was sealed: the digest of its document differs")
    return join(plain, tensors), digest
