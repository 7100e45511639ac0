"""Verb: find backends. The only reader of the entry-point group `neurodeploy.backends`."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, finding
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.runtime.backend import Backend

__all__ = ["backend_names", "broken", "get_backend"]

GROUP = "neurodeploy.backends"


def _entries() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in sorted(entry_points(group=GROUP), key=lambda item: item.name)}


def backend_names() -> tuple[str, ...]:
    """Return the installed backends' names."""
    return tuple(_entries())


def broken(entry: EntryPoint) -> Diagnostic | None:
    """Return the finding of a plug-in that cannot be loaded, or None."""
    try:
        entry.load()()
    except Exception as error:  # a plug-in may raise anything; others go on
        owner = entry.dist.name if entry.dist else "an unknown distribution"
        return finding(
            "ND503",
            f"backend '{entry.name}'",
            f"cannot be loaded from '{entry.value}': {type(error).__name__}: {error}",
            fixes=[f"repair or uninstall {owner}"],
        )
    return None


def get_backend(name: str) -> Backend:
    """Return a backend by name. Raises DiagnosticError: ND503 broken plug-in, ND504 unknown name."""
    entries = _entries()
    if name not in entries:
        raise DiagnosticError(
            "run",
            (
                finding(
                    "ND504",
                    f"backend '{name}'",
                    f"is not one of {', '.join(entries)}",
                    fixes=nearest(name, list(entries)),
                ),
            ),
        )
    fault = broken(entries[name])
    if fault:
        raise DiagnosticError("run", (fault,))
    return entries[name].load()()
