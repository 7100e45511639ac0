"""The packages of the extras `dask` and `parquet`. Imports none of them."""

from __future__ import annotations

from importlib.util import find_spec

from neurodeploy.diagnostics import DiagnosticError, about, finding

__all__ = ["require_package"]

EXTRAS = {"distributed": "dask", "pyarrow": "parquet"}
"""Package -> the extra that has it."""


def require_package(package: str, purpose: str) -> None:
    """Return if a package is installed. Raises DiagnosticError: ND967.

    `package`: its name. `purpose`: what needs it.
    """
    if find_spec(package) is None:
        message = f"{purpose} needs the Python package {package}, which is not installed"
        fix = f"pip install 'neurodeploy[{EXTRAS[package]}]'"
        raise DiagnosticError("sweep", (finding("ND967", about("sweep"), message, fixes=[fix]),))
