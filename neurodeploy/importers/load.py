"""Load a network from any file that can be read; the suffix says how."""

from __future__ import annotations

import os
from pathlib import Path

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.importers.options import Imported, ImportOptions
from neurodeploy.io.archive import read_bytes, require_regular
from neurodeploy.network.files import load_network

__all__ = ["READABLE", "content_told", "load"]

READABLE = (".nd.json", ".nir", ".net")


def load(path: str | Path, options: ImportOptions | None = None) -> Imported:
    """Return the network of a file (.nd.json, .nir or .net) and the ledger of the import.

    Raises DiagnosticError: ND001-ND008 (files), ND009 (unknown suffix), ND040-ND050 (NIR), ND051-ND053 (netx), ND054 (an option
    for what the file leaves no question about).
    """
    name = str(path)
    if name.endswith(".nd.json"):
        network = load_network(path)
        _require_open(str(path), options or ImportOptions(), network.time.dt_s)
        return Imported(network=network)
    if name.endswith(".nir"):
        from neurodeploy.importers.nir import load_nir  # h5py loads only for those who need it

        return load_nir(Path(path), options or ImportOptions())
    if name.endswith(".net"):
        from neurodeploy.importers.netx import load_netx

        _require_open(str(path), options or ImportOptions(), None)
        return load_netx(Path(path), options or ImportOptions())
    fixes = ["it is a compiled program: give it to run, profile or verify"] if name.endswith(".ndp") else []
    told = f"has a suffix that is not read: {', '.join(READABLE)}{content_told(Path(path))}"
    raise DiagnosticError("import", (finding("ND009", about("file", path), told, fixes=fixes),))


def content_told(path: Path) -> str:
    """Return what a file of another suffix holds, as far as it shows; raises ND001 where there is none."""
    require_regular(path)
    if not os.access(path, os.R_OK):
        read_bytes(path)
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(b"PK") and b"data.pkl" in head:
        return "; it holds PyTorch weights, whose pickle is never loaded"
    if not head.startswith(b"\x89HDF"):
        return ""
    from neurodeploy.importers.hdf5 import read_tree

    held = read_tree(path).items
    known = {
        "model_weights": "a Keras model",
        "node": "a NIR graph: name it .nir",
        "layer": "layers as netx writes them: name it .net",
    }
    return next((f"; it holds {words}" for key, words in known.items() if key in held), "")


def _require_open(path: str, options: ImportOptions, dt_s: float | None) -> None:
    """Refuse options that answer no question of a file; `dt_s` is the file's step, None where it is asked for."""
    integers = "is integers as the chip holds them: only its step is open"
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
    told = integers if dt_s is None else f"says all that a network needs; its step is {dt_s:g} s"
    fixes = [f"leave out {', '.join(wrong)}"]
    raise DiagnosticError("import", (finding("ND054", about("file", path), told, fixes=fixes),))
