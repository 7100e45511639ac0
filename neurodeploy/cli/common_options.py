"""Options of commands of all kinds, and errors of usage. Imports no network and no chip."""

from __future__ import annotations

from typing import Annotated

import typer

from neurodeploy.diagnostics import DiagnosticError, Subject, finding

__all__ = ["JsonOutput", "complete_backend", "usage"]

JsonOutput = Annotated[bool, typer.Option("--json", help="Print one JSON document to standard output.")]


def complete_backend(incomplete: str) -> list[str]:
    """Return the backends whose names start with a prefix, for shell completion."""
    from neurodeploy.simulate import backend_names

    return [name for name in backend_names() if name.startswith(incomplete)]


def usage(code: str, where: Subject, message: str, *fixes: str) -> DiagnosticError:
    """Return an error of usage."""
    return DiagnosticError("usage", (finding(code, where, message, fixes=fixes),))
