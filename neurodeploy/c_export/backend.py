"""The optional part of a backend that writes programs as C."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from neurodeploy.c_export.nouns import CExportOptions, CSource
from neurodeploy.program import Program
from neurodeploy.simulate.registry import get_backend

__all__ = ["CExportingBackend", "c_exporter"]


@runtime_checkable
class CExportingBackend(Protocol):
    """A backend whose arithmetic is exported."""

    def c_source(self, program: Program, options: CExportOptions) -> CSource:
        """Return the C of a sound program: self-contained, and the bits of `run`. Equal programs give equal texts.

        Of `options`, the limits do not apply. Raises DiagnosticError: ND985 (what C cannot hold).
        """
        ...


def c_exporter(name: str = "emulator") -> CExportingBackend:
    """Return the backend that exports C. Raises DiagnosticError: ND503, ND504 (the backend is broken or missing)."""
    backend = get_backend(name)
    assert isinstance(backend, CExportingBackend), f"internal: backend '{name}' exports no C"
    return backend
