"""The packages of the extra `serve`, without which there is no server. Imports none of them."""

from __future__ import annotations

from importlib.util import find_spec

from neurodeploy.diagnostics import DiagnosticError, about, finding

__all__ = ["PACKAGES", "require_extra"]

PACKAGES = {
    "starlette": "starlette",
    "uvicorn": "uvicorn[standard]",
    "httptools": "uvicorn[standard]",
    "websockets": "websockets",
    "prometheus_client": "prometheus-client",
    "scipy": "scipy",
}
"""Module -> the package that has it."""


def require_extra() -> None:
    """Return if the packages of the server are installed. Raises DiagnosticError: ND916 (some are not)."""
    missing = dict.fromkeys(package for module, package in PACKAGES.items() if find_spec(module) is None)
    if missing:
        message = f"needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed"
        fix = "pip install 'neurodeploy[serve]'"
        raise DiagnosticError("serve", (finding("ND916", about("server"), message, fixes=[fix]),))
