"""Files whose content is not what their suffix says, and suffixes of containers, which say nothing about the content.

The suffix determines the format of a file, except in containers (.h5, .hdf5, .json), where the content does. A file whose
content is of another kind is refused by name, with the way in (ND088); nothing in it is unpickled or run.
"""

from __future__ import annotations

import os
from pathlib import Path

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.io.archive import read_bytes, require_regular
from neurodeploy.io.contents import Content
from neurodeploy.io.recognize import recognize

__all__ = ["CONTAINERS", "content_of", "described", "require_as_named", "suffix_inside"]

CONTAINERS = (".h5", ".hdf5", ".json")
"""Suffixes of containers."""
_HDF5 = "a NIR graph or a lava-dl network"
HOLDS = {".h5": _HDF5, ".hdf5": _HDF5, ".json": "a SONATA configuration or a network of neurodeploy"}
"""What containers may hold."""
INSIDE = (".nir", ".net", ".nd.json", ".json")
"""Suffixes of the networks in containers."""
OWN = {
    ".nd.json": ("nd_json", "json", "sonata_config", "tennlab", "notebook"),
    ".nir": ("nir", "hdf5"),
    ".net": ("netx", "hdf5"),
    ".json": ("sonata_config", "json"),
    ".py": ("nengo", "torch_script_py", "python"),
    ".onnx": ("onnx",),
}
"""Kinds of content that a suffix may have; the importers report what is wrong inside."""
UNCLEAR = ("hdf5_damaged", "zip_damaged", "text", "text_utf16", "csv", "empty", "toml", "yaml")
"""Kinds of content that damage explains as well as another format; the importers report them (ND003)."""
NETWORKS = ("simulation_config.json", "circuit_config.json", "config.json", "*.nd.json", "*.nir", "*.net")
"""Names of networks in a folder."""


def suffix_inside(path: Path) -> str:
    """Return the suffix of the network in a container; "" for files with another suffix.

    Raises DiagnosticError: ND001 (unreadable), ND003 (damaged), ND088 (no network).
    """
    if not path.name.endswith(CONTAINERS) or path.name.endswith(".nd.json"):
        return ""
    found = content_of(path)
    if found is not None and found.role == "network" and found.suffix in INSIDE:
        return found.suffix
    if path.suffix == ".json" and (found is None or found.key in (*OWN[".json"], *UNCLEAR)):
        return ".json"
    damaged = found is None or found.key in UNCLEAR
    words = "not HDF5" if found is None else found.words
    message = f"is {words}" if damaged else f"is {words}; a {path.suffix} file is read if it holds {HOLDS[path.suffix]}"
    fixes = [] if found is None else [found.way_in]
    raise DiagnosticError(
        "import", (finding("ND003" if damaged else "ND088", about("file", path), message, fixes=fixes),)
    )


def require_as_named(path: Path, suffix: str) -> None:
    """Refuse a file whose content is of another kind than its suffix says. Raises DiagnosticError: ND001, ND088."""
    if suffix not in OWN or _is_document(path, suffix):
        return
    found = recognize(path) if suffix == ".py" else content_of(path)
    if found is not None and found.key not in (*OWN[suffix], *UNCLEAR):
        message = f"is not what its suffix {suffix} says: it is {found.words}"
        if found.key in ("pynn", "brian2"):
            message = f"is {found.words}; the {suffix} files that are read define a Nengo network"
        raise DiagnosticError("import", (finding("ND088", about("file", path), message, fixes=[found.way_in]),))


def _is_document(path: Path, suffix: str) -> bool:
    """Whether a file of our own begins like one; its reader names every fault, and parses it only once."""
    if suffix != ".nd.json" or not os.path.isfile(path) or not os.access(path, os.R_OK):
        return suffix == ".nd.json"
    with path.open("rb") as file:
        return file.read(1) in (b"{", b"")


def content_of(path: Path) -> Content | None:
    """Return what a file is by its content; None if it is not known. Raises DiagnosticError: ND001 (unreadable)."""
    if os.path.isdir(path):
        raise _folder(path)
    require_regular(path)
    if not os.access(path, os.R_OK):
        read_bytes(path)
    return recognize(path)


def described(found: Content | None) -> str:
    """Return content as the end of a sentence about a file."""
    return "" if found is None else f"; it is {found.words}"


def _folder(path: Path) -> DiagnosticError:
    """The error for a folder, with the networks in it (ND001)."""
    found = recognize(path)
    inside = [str(item) for pattern in NETWORKS for item in sorted(path.glob(pattern))[:2]]
    fixes = [f"did you mean '{item}'?" for item in inside[:1]] or ["pass the path of a file"]
    if found is not None:
        fixes = [found.way_in]
    message = f"cannot be read: it is {found.words if found else 'a folder'}"
    return DiagnosticError("import", (finding("ND001", about("file", path), message, fixes=fixes),))
