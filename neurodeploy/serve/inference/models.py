"""Programs by name and version."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from neurodeploy.diagnostics import DiagnosticError, about, finding, raise_errors
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.program.archive import load_program
from neurodeploy.program.program import Program
from neurodeploy.simulate.registry import get_backend

__all__ = ["KEPT_VERSIONS", "VERSION_DIGITS", "Model", "Models", "load_model", "load_models"]

VERSION_DIGITS = 16
"""Hexadecimal digits of a digest that name a version."""
KEPT_VERSIONS = 4
"""Versions of a model that stay when a new one is loaded, the new one included."""


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """One version of a model: a program, and the backend that runs it. Compared by identity, because programs are large."""

    name: str
    """Name of the network."""
    program: Program
    path: Path | None = None
    """File that it was read from."""
    backend: str = "emulator"

    @property
    def version(self) -> str:
        """First hexadecimal digits of the program's digest."""
        return self.program.digest()[:VERSION_DIGITS]


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """The models that are served: name -> versions, the newest last. Replaced as a whole, never changed."""

    by_name: dict[str, tuple[Model, ...]]

    def model(self, name: str, version: str = "") -> Model:
        """Return a model: its newest version, or the one whose digest begins with `version`.

        Raises DiagnosticError: ND910 (no such model), ND911 (no such version).
        """
        versions = self.by_name.get(name)
        if not versions:
            message = "is not served here"
            raise DiagnosticError(
                "serve", (finding("ND910", about("model", name), message, fixes=nearest(name, list(self.by_name))),)
            )
        if not version:
            return versions[-1]
        for item in reversed(versions):
            if len(version) >= VERSION_DIGITS and item.program.digest().startswith(version):
                return item
        served = ", ".join(item.version for item in versions)
        message = f"is not served in version '{version}'"
        raise DiagnosticError(
            "serve", (finding("ND911", about("model", name), message, fixes=[f"versions: {served}"]),)
        )

    def with_model(self, model: Model, *, kept: int | None = None) -> Models:
        """Return the models with a further version, the newest of its name.

        `model`: a version; one that is served already becomes the newest. `kept`: versions of its name that stay, the newest
        ones; None: all.
        """
        digest = model.program.digest()
        others = tuple(item for item in self.by_name.get(model.name, ()) if item.program.digest() != digest)
        versions = (*others, model)
        return Models({**self.by_name, model.name: versions if kept is None else versions[-kept:]})


def load_model(path: Path, backend: str = "emulator") -> Model:
    """Return the model of a program file, which the backend can run on this machine.

    `path`: of an .ndp file. `backend`: name of the backend. Raises DiagnosticError: the codes of load_program, ND503, ND504, and
    those with which the backend refuses the program.
    """
    adapter = get_backend(backend)
    missing = adapter.unavailable()
    if missing is not None:
        raise DiagnosticError("serve", (missing,))
    program = load_program(path)
    raise_errors("serve", adapter.check(program))
    return Model(program.network.name, program, path, backend)


def load_models(paths: list[Path], backend: str = "emulator") -> Models:
    """Return the models of program files. Several programs of networks with one name are versions, the last file's the
    newest. Raises DiagnosticError: the codes of load_model."""
    found = Models({})
    for path in paths:
        found = found.with_model(load_model(path, backend))
    return found
