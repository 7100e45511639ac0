"""Loading of networks from files of every supported format, chosen by suffix."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.importers.options import FLAGS, Imported, ImportOptions
from neurodeploy.io.archive import read_bytes, require_regular
from neurodeploy.network.files import load_network

__all__ = ["FORMATS", "READABLE", "Format", "content_hint", "load"]

Reader = Callable[[Path, ImportOptions], Imported]


class Format(NamedTuple):
    """One file format and its importer."""

    suffix: str
    reader: str
    """Importer as "module:function"; imported when it is needed, because some formats need large packages."""
    options: tuple[str, ...]
    """Fields of ImportOptions that apply to the format; other fields are errors (ND054)."""

    def load(self, path: Path, options: ImportOptions) -> Imported:
        """Return the network of a file of this format. Raises DiagnosticError: the codes of the importer."""
        module, _, function = self.reader.partition(":")
        reader: Reader = getattr(import_module(module), function)
        return reader(path, options)


NIR_OPTIONS = ("dt_s", "reset", "discretization", "time_unit", "producer")
NETX_OPTIONS = ("dt_s", "layers", "reset_interval_steps", "reset_offset_steps")
FORMATS = (
    Format(".nir", "neurodeploy.importers.nir.load:load_nir", NIR_OPTIONS),
    Format(".net", "neurodeploy.importers.netx.load:load_netx", NETX_OPTIONS),
)
"""Formats of other tools, by suffix."""
READABLE = (".nd.json", *(item.suffix for item in FORMATS))


def load(path: str | Path, options: ImportOptions | None = None) -> Imported:
    """Return the network of a file, in neurodeploy's own format (.nd.json) or one of FORMATS, and the ledger of the import.

    Raises DiagnosticError: ND001-ND008 (files), ND009 (unknown suffix), ND040-ND050 (NIR), ND047 and ND051-ND053 (netx),
    ND054 (an option that does not apply to the file).
    """
    name, given = str(path), options or ImportOptions()
    if name.endswith(".nd.json"):
        network = load_network(path)
        dt_s = network.time.dt_s
        wrong = given if given.dt_s != dt_s else given.model_copy(update={"dt_s": None})
        _require_applicable(name, wrong, (), f"specifies the whole network; its step is {dt_s:g} s")
        return Imported(network=network)
    for item in FORMATS:
        if name.endswith(item.suffix):
            flags = ", ".join(FLAGS[field] for field in item.options) or "no option"
            _require_applicable(name, given, item.options, f"is a {item.suffix} file, to which only {flags} applies")
            return item.load(Path(path), given)
    fixes = ["it is a compiled program: pass it to run, profile or verify"] if name.endswith(".ndp") else []
    message = f"has an unsupported suffix; supported are {', '.join(READABLE)}{content_hint(Path(path))}"
    raise DiagnosticError("import", (finding("ND009", about("file", path), message, fixes=fixes),))


def content_hint(path: Path) -> str:
    """Return a description of a file with another suffix, or ""; raises DiagnosticError: ND001 (unreadable)."""
    require_regular(path)
    if not os.access(path, os.R_OK):
        read_bytes(path)
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(b"PK") and b"data.pkl" in head:
        return "; it contains PyTorch weights, whose pickle is never loaded"
    if not head.startswith(b"\x89HDF"):
        return ""
    from neurodeploy.importers.hdf5 import read_tree

    items = read_tree(path).items
    known = {
        "model_weights": "a Keras model",
        "node": "a NIR graph: name it .nir",
        "layer": "netx layers: name it .net",
    }
    return next((f"; it contains {words}" for key, words in known.items() if key in items), "")


def _require_applicable(path: str, options: ImportOptions, allowed: tuple[str, ...], message: str) -> None:
    """Reject options that do not apply to the file, that is, outside `allowed` (ND054)."""
    given = {field: getattr(options, field) for field in FLAGS if field not in allowed}
    wrong = [f"{FLAGS[field]} {_shown(value)}" for field, value in given.items() if value is not None]
    if wrong:
        fixes = [f"leave out {', '.join(wrong)}"]
        raise DiagnosticError("import", (finding("ND054", about("file", path), message, fixes=fixes),))


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
