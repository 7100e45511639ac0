"""Environments of simulators, and the interpreters found for them. `install` creates them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal, NamedTuple

from neurodeploy.base.noun import Name, Noun, json_digest
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, Subject, about, finding

__all__ = [
    "DATA_VARIABLE",
    "BoardPackage",
    "Environment",
    "Interpreter",
    "data_folder",
    "interpreter_of",
    "marker_of",
    "missing",
    "package_missing",
]

DATA_VARIABLE = "NEURODEPLOY_DATA"
"""Environment variable with the data folder of neurodeploy, instead of the user's data directory."""
MARKER = "environment.json"
ANSWER_S = 20
"""Seconds that an interpreter may take to report its packages."""


class Environment(Noun):
    """Requirements of a simulator: a Python version and pinned distributions."""

    name: Name
    """Name for `neurodeploy backends install`."""
    python: str
    """Major and minor version, "3.10"."""
    distribution: str
    """Distribution of the simulator itself; another interpreter is accepted if it has the same version of it."""
    version: str
    requirements: tuple[str, ...]
    """All distributions, as name==version."""
    variable: str
    """Environment variable with the path of an interpreter to use instead."""

    def folder(self) -> Path:
        """Return the folder of the environment, whether it exists or not."""
        return data_folder() / "environments" / self.name


class BoardPackage(NamedTuple):
    """Package that connects to a board and is not in a public index."""

    distribution: str
    what: str
    """"Intel's package for Loihi 2", as named in findings."""
    simulation: str
    """Backend that computes the same results without a board."""


class Interpreter(NamedTuple):
    """An interpreter, and the reason for choosing it."""

    path: Path
    origin: Literal["variable", "here", "installed"]


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        problem = "its location is unknown: HOME is not set, and the system reports no home directory for the user"
        fix = f"set {DATA_VARIABLE} to a writable folder"
        raise DiagnosticError("install", (finding("ND548", about("cache folder"), problem, fixes=[fix]),)) from None


def data_folder() -> Path:
    """Return the data folder of this user. Raises DiagnosticError: ND548."""
    chosen = os.environ.get(DATA_VARIABLE)
    if chosen:
        return Path(chosen)
    if sys.platform == "darwin":
        return _home() / "Library" / "Application Support" / "neurodeploy"
    default = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.environ.get("XDG_DATA_HOME")
    return Path(default or _home() / ".local" / "share") / "neurodeploy"


def marker_of(environment: Environment) -> str:
    """Return the content of the marker file of a complete environment."""
    return json_digest({"python": environment.python, "requirements": list(environment.requirements)})


def python_in(folder: Path) -> Path:
    """Return the path of the interpreter of an environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _installed(environment: Environment) -> Path | None:
    folder = environment.folder()
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    python = python_in(folder)
    return python if marker == {"is": marker_of(environment)} and python.exists() else None


@lru_cache
def _is_installed_here(distribution: str, wanted: str, python: str) -> bool:
    """Whether the running interpreter has the simulator in the tested version."""
    try:
        return version(distribution) == wanted and python == "{}.{}".format(*sys.version_info[:2])
    except PackageNotFoundError:
        return False


def interpreter_of(environment: Environment) -> Interpreter | None:
    """Return the interpreter to use: from the variable, the running one, or the installed one; None if there is none."""
    given = os.environ.get(environment.variable)
    if given:
        return Interpreter(Path(given), "variable")
    if _is_installed_here(environment.distribution, environment.version, environment.python):
        return Interpreter(Path(sys.executable), "here")
    installed = _installed(environment)
    return Interpreter(installed, "installed") if installed else None


def missing(environment: Environment, backend: str) -> Diagnostic | None:
    """Return ND501 if there is no interpreter for a backend, else None."""
    found, where = interpreter_of(environment), about("backend", backend)
    if found is None:
        message = f"{environment.distribution} {environment.version} is not installed: it needs a separate Python {environment.python}"
        return finding("ND501", where, message, fixes=[f"neurodeploy backends install {environment.name}"])
    return _given_fault(environment, where, found.path) if found.origin == "variable" else None


def _given_fault(environment: Environment, where: Subject, path: Path) -> Diagnostic | None:
    """Fault of the interpreter in the variable: not a program, or with another version of the simulator."""
    wanted, problem = f"{environment.distribution} {environment.version}", ""
    if not os.access(path, os.X_OK):
        problem = "which is not an executable program"
    elif (there := _version_in(path, environment.distribution)) != environment.version:
        problem = f"which has {environment.distribution} {there}, but the adapter is tested with {environment.version}"
        problem = problem if there else f"which has no {environment.distribution}"
    if not problem:
        return None
    fixes = [f"name a Python that has {wanted}", f"unset {environment.variable}"]
    return finding("ND501", where, f"{environment.variable} names '{path}', {problem}", fixes=fixes)


@lru_cache
def _version_in(interpreter: Path, distribution: str) -> str:
    """Version of a distribution in another interpreter; empty if it is not installed or the interpreter fails."""
    code = f"import importlib.metadata as m; print(m.version({distribution!r}))"
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            [str(interpreter), "-c", code], capture_output=True, text=True, check=False, timeout=ANSWER_S
        )
        return done.stdout.strip() if done.returncode == 0 else ""
    return ""


def package_missing(environment: Environment, backend: str, package: BoardPackage) -> Diagnostic | None:
    """Return ND545 if the package of a board is not in the environment, else None."""
    found = interpreter_of(environment)
    if found is not None and _version_in(found.path, package.distribution):
        return None
    message = f"no board is accessible: {package.distribution} ({package.what}) is not in the environment '{environment.name}'"
    install = (
        f"install {package.distribution} with {found.path if found else 'its interpreter, which is not installed'}"
    )
    fixes = [f"{install}, and attach a board", f"--backend {package.simulation}, which needs no board"]
    return finding("ND545", about("backend", backend), message, fixes=fixes)
