"""What a file is by its content, whatever its name.

    found = recognize(Path("model.net"))       # Content(key="torch_zip", words="a PyTorch archive, ...", ...), or None

Only the beginning of a file, the names in an archive and the names in an HDF5 file are looked at. Nothing is unpickled,
unpacked or run.
"""

from __future__ import annotations

import re
import zipfile
from importlib import import_module
from pathlib import Path
from shlex import quote
from typing import Any

from neurodeploy.base.plain import as_table
from neurodeploy.io.contents import CONTENTS, Content
from neurodeploy.io.json import JsonError, parse_json

__all__ = ["HEAD_BYTES", "recognize", "recognize_json"]

HEAD_BYTES = 1 << 16
"""Bytes at the start of a file that are looked at."""
JSON_BYTES = 64 << 20
"""Largest JSON text that is parsed to name it."""
NAMES = 10_000
"""Most names of an archive that are looked at."""
MODEL = "MODEL"
"""Beginning of the word of a way in that stands for the file."""
SEAL_BYTES = 1 << 20

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs.github.com/spec", "lfs"),
    (b"#!AER-DAT2", "aedat2"),
    (b"#!AER-DAT1", "aedat2"),
    (b"#!AER-DAT3", "aedat31"),
    (b"#!AER-DAT4", "aedat4"),
    (b"#ROSBAG", "rosbag"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"MATLAB 5.0 MAT-file", "matlab"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"%PDF", "pdf"),
)
_TORCH_MAGIC = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""First object of PyTorch files before version 1.6: the number 0x1950a86a20f9469cfc6c, pickled."""
_SEALED = {
    "neurodeploy-program": "program",
    "neurodeploy-recording": "recording",
    "neurodeploy-state": "state",
}
_SCRIPTS = (
    (rb"^\s*(?:import|from)\s+pyNN\b", "pynn"),
    (rb"^\s*(?:import|from)\s+brian2\w*\b", "brian2"),
    (rb"^\s*(?:import|from)\s+nengo\w*\b", "nengo"),
    (rb"^\s*(?:import|from)\s+torch\b", "torch_script_py"),
    (rb"^\s*(?:import\s+\w+|from\s+[\w.]+\s+import\s+\S)", "python"),
)


def recognize(path: Path) -> Content | None:
    """Return the kind of a file or folder by its content; None if it is unknown, or cannot be read."""
    try:
        if path.is_dir():
            return CONTENTS["saved_model"] if (path / "saved_model.pb").is_file() else None
        if not path.is_file():
            return None
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            size = path.stat().st_size
            key = _by_start(head, size) or _by_container(path, head) or _by_text(path, head, size)
    except (OSError, ValueError):
        return None
    found = CONTENTS.get(key)
    return found if found is None or MODEL not in found.way_in else _with_path(found, path)


def _with_path(found: Content, path: Path) -> Content:
    """A kind whose way in names the file, if the file has the suffix that it needs there."""
    word = next(word for word in found.way_in.split() if word.startswith(MODEL))
    fits = path.name.endswith(word.removeprefix(MODEL)) or (found.key == "keras_h5" and path.name.endswith(".hdf5"))
    return found._replace(way_in=found.way_in.replace(word, quote(str(path)))) if fits else found


def recognize_json(document: object) -> Content:
    """Return the kind of a parsed JSON document."""
    table = as_table(document)
    if table is None:
        return CONTENTS["json"]
    keys = set(table)
    if table.get("format") == "neurodeploy":
        return CONTENTS["nd_json"]
    if keys >= {"cells", "nbformat"}:
        return CONTENTS["notebook"]
    if keys >= {"Nodes", "Edges", "Inputs", "Outputs"}:
        return CONTENTS["tennlab"]
    if "networks" in keys or ("network" in keys and keys & {"simulation", "run", "manifest", "inputs"}):
        return CONTENTS["sonata_config"]
    return CONTENTS["json"]


def _by_start(head: bytes, size: int) -> str:
    """The key of a kind that its first bytes tell, or ""."""
    if not head.strip(b"\0 \t\r\n"):
        return "empty"
    for start, key in _STARTS:
        if head.startswith(start):
            return key
    if head[257:262] == b"ustar":
        return "tar"
    if head[4:8] == b"TFL3":
        return "tflite"
    if head.startswith(b"% "):
        return _prophesee(head)
    if head[:1] == b"\x80" and 2 <= head[1] <= 5:
        return _pickled(head)
    length = int.from_bytes(head[:8], "little")
    if 2 <= length < min(size, 100 << 20) and head[8:10] == b'{"':
        return "safetensors"
    return "onnx" if _is_onnx(head) else ""


def _prophesee(head: bytes) -> str:
    """The key of a recording with the header lines of Prophesee, which begin with "% "."""
    header = b"\n".join(line for line in head.split(b"\n")[:64] if line.startswith(b"%")).lower()
    for words, key in (((b"evt 3", b"format evt3"), "evt3"), ((b"evt 2.1", b"format evt21"), "evt21")):
        if any(word in header for word in words):
            return key
    if b"evt 2" in header or b"format evt2" in header:
        return "evt2"
    return "dat" if b"data file" in header or b"version 2" in header else ""


def _pickled(head: bytes) -> str:
    if _TORCH_MAGIC in head[:32]:
        return "torch_legacy"
    return "joblib" if b"joblib" in head[:4096] else "pickle"


def _is_onnx(head: bytes) -> bool:
    """Whether protocol-buffer fields begin as in an ONNX model: ir_version (1), then producer_name (2) or a graph (7).

    Source: onnx.proto, message ModelProto.
    """
    return head[:1] == b"\x08" and len(head) > 4 and 1 <= head[1] <= 30 and head[2] in (0x12, 0x3A, 0x42)


def _by_container(path: Path, head: bytes) -> str:
    """The key of a container (HDF5, zip, .npy) by the names in it, or ""."""
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return _hdf5(path)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip(path)
    if head.startswith(b"\x93NUMPY"):
        header = head[:1024].split(b"\n", 1)[0]
        return "object_array" if re.search(rb"'descr':\s*'\|?O", header) else "npy"
    return ""


def _zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:NAMES]
            if "seal.json" in names and archive.getinfo("seal.json").file_size <= SEAL_BYTES:
                return _sealed(archive)
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, EOFError):
        return "zip_damaged"
    last = {name.rsplit("/", 1)[-1] for name in names}
    if "data.pkl" in last:
        return "torch_script" if any("/code/" in f"/{name}" for name in names) else "torch_zip"
    if "config.json" in last and "model.weights.h5" in last:
        return "keras_zip"
    if names and all(name.endswith(".npy") for name in names):
        return "nd_npz" if path.name.endswith(".nd.npz") else "npz"
    return "zip"


def _sealed(archive: zipfile.ZipFile) -> str:
    try:
        seal = as_table(parse_json(archive.read("seal.json"))) or {}
    except (JsonError, zipfile.BadZipFile, OSError, RuntimeError):
        return "zip_damaged"
    return _SEALED.get(str(seal.get("format")), "zip")


def _hdf5(path: Path) -> str:
    """The key of an HDF5 file by the names of its first two levels; no value is read."""
    low: Any = import_module("h5py")
    try:
        with low.File(path, "r") as file:
            root = file["/"].id
            top = {raw.decode("utf-8", "replace"): raw for raw in sorted(root)[:NAMES]}
            attributes = set(file["/"].attrs.keys())
            below = {name: _names_below(low, root, raw) for name, raw in top.items() if name in _LAYOUTS}
    except (OSError, RuntimeError, KeyError, ValueError, TypeError):
        return "hdf5_damaged"
    return _layout(set(top), attributes, below)


_LAYOUTS = ("node", "layer", "nodes", "edges", "spikes", "events", "CD")


def _names_below(low: Any, root: Any, raw: bytes) -> set[str]:
    if root.links.get_info(raw).type != low.h5l.TYPE_HARD:
        return set()
    found = low.h5o.open(root, raw)
    if not isinstance(found, low.h5g.GroupID):
        return set()
    return {name.decode("utf-8", "replace") for name in sorted(found)[:NAMES]}


def _layout(top: set[str], attributes: set[str], below: dict[str, set[str]]) -> str:
    """The key of an HDF5 file with the names `top` in its root group."""
    if "model_weights" in top or "keras_version" in attributes or {"layers", "_layer_checkpoint_dependencies"} & top:
        return "keras_h5"
    if "type" in below.get("node", ()):
        return "nir"
    if below.get("layer") and all(name.isdigit() for name in below["layer"]):
        return "netx"
    if "spikes" in top:
        return "shd" if {"times", "units"} <= below["spikes"] else "sonata_spikes"
    if "edges" in top or "nodes" in top:
        return "sonata_edges" if "edges" in top else "sonata_nodes"
    if top & {"events", "CD"}:
        return "events_h5"
    return next((key for name, key in (("node", "nir"), ("layer", "netx")) if name in top), "hdf5")


def _by_text(path: Path, head: bytes, size: int) -> str:
    """The key of a text file, or ""."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _json(path, size) or "text_utf16"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if b"\0" in head[:4096]:
        return _json(path, size) if re.match(rb"\0?[\[{]", head) else ""
    if text[:1] in (b"{", b"["):
        found = _json(path, size)
        if found:
            return found
    if re.match(rb"<!doctype html|<html|<head", text, re.IGNORECASE):
        return "html"
    if text.startswith(b"<"):
        return "neuroml" if re.search(rb"<(?:neuroml|Lems)\b", text, re.IGNORECASE) else "xml"
    for pattern, key in _SCRIPTS:
        if re.search(pattern, text, re.MULTILINE):
            return key
    return _tabular(text)


def _json(path: Path, size: int) -> str:
    """The key of a JSON document, or "" if it is not JSON or too large to look at."""
    if size > JSON_BYTES:
        return ""
    try:
        return recognize_json(parse_json(path.read_bytes(), finite=False)).key
    except JsonError:
        return ""


def _tabular(text: bytes) -> str:
    """The key of text that is neither a script nor JSON."""
    lines = [line.strip() for line in text.split(b"\n")[:200] if line.strip() and not line.lstrip().startswith(b"#")]
    if not lines or not _is_text(text):
        return ""
    if sum(bool(re.match(rb"[gne]\s+\S+(?:\s+\w+=\S+)*$", line)) for line in lines) > len(lines) / 2:
        return "sanafe"
    if any(re.match(rb"\[\[?[\w.]+\]\]?$", line) for line in lines):
        return "toml"
    if sum(bool(re.match(rb"-?\s*[\w.\"'$-]+\s*:(?:\s|$)", line)) for line in lines) > len(lines) / 2:
        return "sanafe" if re.search(rb"^\s*(?:network|groups|mappings)\s*:", text, re.MULTILINE) else "yaml"
    if re.match(rb"[-+\d.eE,;\s]+$", lines[-1]):
        return "csv"
    return "text"


def _is_text(text: bytes) -> bool:
    try:
        text[:4096].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(text[:4096]) - 4  # a letter may be cut at the end
    return all(byte >= 32 or byte in b"\t\r\n\f" for byte in text[:4096])
