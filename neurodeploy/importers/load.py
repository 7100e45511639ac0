"""Load a network from any file that can be read; the suffix says how."""

from __future__ import annotations

import os
from pathlib import Path

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.importers.options import Imported, ImportOptions
from neurodeploy.io.archive import read_bytes, require_regular
from neurodeploy.network.files import load_network

__all__ = ["READABLE", "content_hint", "load"]

READABLE = (".nd.json", ".nir", ".net")


def load(path: str | Path, options: ImportOptions | None = None) -> Imported:
    """Return the network of a file (.nd.json, .nir or .net) and the ledger of the import.

    Raises DiagnosticError: ND001-ND008 (files), ND009 (unknown suffix), ND040-ND050 (NIR), ND047 and ND051-ND053 (netx),
    ND054 (an option that does not apply to the file).
    """
    name = str(path)
    if name.endswith(".nd.json"):
        network = load_network(path)
        _require_applicable(str(path), options or ImportOptions(), network.time.dt_s)
        return Imported(network=network)
    if name.endswith(".nir"):
        from neurodeploy.importers.nir import load_nir  # imports h5py, which other formats do not need

        return load_nir(Path(path), options or ImportOptions())
    if name.endswith(".net"):
        from neurodeploy.importers.netx import load_netx

        _require_applicable(str(path), options or ImportOptions(), None)
        return load_netx(Path(path), options or ImportOptions())
    fixes = ["it is a compiled program: give it to run, profile or verify"] if name.endswith(".ndp") else []
    told = f"has an unsupported suffix; supported are {', '.join(READABLE)}{content_hint(Path(path))}"
    raise DiagnosticError("import", (finding("ND009", about("file", path), told, fixes=fixes),))


def content_hint(path: Path) -> str:
    """Return what a file of another suffix appears to contain, or ""; raises DiagnosticError: ND001 (unreadable)."""
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

    held = read_tree(path).items
    known = {
        "model_weights": "a Keras model",
        "node": "a NIR graph: name it .nir",
        "layer": "netx layers: name it .net",
    }
    return next((f"; it contains {words}" for key, words in known.items() if key in held), "")


def _require_applicable(path: str, options: ImportOptions, dt_s: float | None) -> None:
    """Reject options that do not apply to a file; `dt_s` is the step that the file specifies, if any."""
    integers = "contains the integers of the chip: only --dt applies"
    given = {
        "--reset": options.reset,
        "--discretization": options.discretization,
        "--time-unit": options.time_unit,
        "--from": options.producer,
    }
    wrong = [f"{flag} {value}" for flag, value in given.items() if value is not None]
    if dt_s is not None and options.dt_s not in (None, dt_s):
        wrong.insert(0, f"--dt {options.dt_s:g}")
    if not wrong:
        return
    told = integers if dt_s is None else f"specifies the whole network; its step is {dt_s:g} s"
    fixes = [f"leave out {', '.join(wrong)}"]
    raise DiagnosticError("import", (finding("ND054", about("file", path), told, fixes=fixes),))
