"""Verb: load a network from any file that can be read; the suffix says how."""

from __future__ import annotations

from pathlib import Path

from neurodeploy._archive import read_bytes
from neurodeploy.diagnostics import DiagnosticError, finding
from neurodeploy.importers.options import Imported, ImportOptions
from neurodeploy.network.files import load_network

__all__ = ["load"]

READABLE = (".nd.json", ".nir", ".net")


def load(path: str | Path, options: ImportOptions | None = None) -> Imported:
    """Return the network of a file (.nd.json, .nir or .net) and the ledger of the import.

    Raises DiagnosticError: ND001-ND008 (files), ND009 (unknown suffix), ND040-ND050 (NIR), ND051-ND053 (netx).
    """
    name = str(path)
    if name.endswith(".nd.json"):
        return Imported(network=load_network(path))
    if name.endswith(".nir"):
        from neurodeploy.importers.nir import load_nir  # h5py loads only for those who need it

        return load_nir(Path(path), options or ImportOptions())
    if name.endswith(".net"):
        from neurodeploy.importers.netx import load_netx

        return load_netx(Path(path), options or ImportOptions())
    read_bytes(Path(path))
    fixes = ["it is a compiled program: give it to run, profile or verify"] if name.endswith(".ndp") else []
    raise DiagnosticError(
        "import",
        (
            finding(
                "ND009",
                f"file '{path}'",
                f"has a suffix that is not read: {', '.join(READABLE)}",
                fixes=fixes,
            ),
        ),
    )
