"""Compiled programs behind a socket, in the Open Inference Protocol V2. Nothing here simulates: it calls what nd.run calls."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neurodeploy.serve.in_thread import running
    from neurodeploy.serve.inference.models import load_models
    from neurodeploy.serve.options import Limits, ServeOptions
    from neurodeploy.serve.server import serve

__all__ = ["Limits", "ServeOptions", "load_models", "running", "serve"]

_HOMES = {
    "Limits": "options",
    "ServeOptions": "options",
    "load_models": "inference.models",
    "running": "in_thread",
    "serve": "server",
}
"""Public name -> the module that defines it, which is imported when the name is first used."""
_SERVERS = ("running", "serve")
"""Names whose modules need the extra `serve`."""

if not TYPE_CHECKING:  # type checkers would accept every name

    def __getattr__(name: str) -> object:
        """Import a public name when it is first used. Raises DiagnosticError: ND916 (a server needs packages not installed)."""
        if name not in _HOMES:
            raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
        if name in _SERVERS:
            from neurodeploy.serve.extra import require_extra

            require_extra()
        value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
