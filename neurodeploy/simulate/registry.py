"""Installed backends, found by the entry-point group `neurodeploy.backends`."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.simulate.backend import Backend

__all__ = ["backend_names", "broken", "forget_backends", "get_backend"]

GROUP = "neurodeploy.backends"


@cache
def _entries() -> dict[str, EntryPoint]:
    """Entry points by name, cached because the search reads the metadata of every installed package."""
    return {entry.name: entry for entry in sorted(entry_points(group=GROUP), key=lambda item: item.name)}


def forget_backends() -> None:
    """Clear the cached entry points, so that a backend installed since then is found."""
    _entries.cache_clear()


def backend_names() -> tuple[str, ...]:
    """Return the names of the installed backends, sorted."""
    return tuple(_entries())


def broken(entry: EntryPoint) -> Diagnostic | None:
    """Return ND503 for a plug-in that cannot be loaded, else None."""
    made = _loaded(entry)
    return made if isinstance(made, Diagnostic) else None


def _loaded(entry: EntryPoint) -> Backend | Diagnostic:
    try:
        return entry.load()()
    except Exception as error:  # a plug-in may raise anything, and must not break the others
        owner = entry.dist.name if entry.dist else "an unknown distribution"
        return finding(
            "ND503",
            about("backend", entry.name),
            f"cannot be loaded from '{entry.value}': {type(error).__name__}: {error}",
            fixes=[f"repair or uninstall {owner}"],
        )


def get_backend(name: str) -> Backend:
    """Return a backend by name. Raises DiagnosticError: ND503 (broken plug-in), ND504 (unknown name)."""
    if name not in _entries():
        forget_backends()  # installed since the last search
    entries = _entries()
    if name not in entries:
        message = f"is not one of {', '.join(entries)}"
        raise DiagnosticError(
            "run", (finding("ND504", about("backend", name), message, fixes=nearest(name, list(entries))),)
        )
    made = _loaded(entries[name])
    if isinstance(made, Diagnostic):
        raise DiagnosticError("run", (made,))
    return made
