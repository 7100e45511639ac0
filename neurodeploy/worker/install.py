"""Installation of simulator environments with uv. An interrupted installation can be repeated."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.worker.environment import MARKER, Environment, data_folder, interpreter_of, marker_of, python_in
from neurodeploy.worker.guarded import run_guarded

__all__ = ["install", "pythons"]

Report = Callable[[str], None]
UV = "uv>=0.5"
PROGRESS = ("Resolved", "Downloading", "Downloaded", "Building", "Prepared", "Installed", "Bytecode")
"""First words of uv's progress lines."""
INDEX = "allow access to the package index (UV_DEFAULT_INDEX selects another; UV_OFFLINE must not be set)"
TRY_S = 20
"""Seconds that an interpreter may take to report its version."""


def _refuse(environment: Environment, message: str, *fixes: str) -> DiagnosticError:
    return DiagnosticError("install", (finding("ND544", about("environment", environment.name), message, fixes=fixes),))


def _answers(command: list[str]) -> str | None:
    """Return the output of a program; None if it fails or times out."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TRY_S)
        return done.stdout.strip() if done.returncode == 0 else None
    return None


def pythons(version: str) -> Iterator[str]:
    """Yield working interpreters of a version, on PATH and of pyenv. Shims of missing versions fail and are skipped."""
    on_path = [shutil.which(f"python{version}"), shutil.which("python3"), shutil.which("python")]
    root = Path(os.environ.get("PYENV_ROOT") or Path(os.path.expanduser("~")) / ".pyenv")  # stays "~" without a home
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in [sys.executable, *on_path, *sorted(map(str, root.glob(f"versions/{version}.*/bin/python")))]:
        if candidate and _answers([candidate, "-c", code]) == version:
            yield candidate


def _uv(environment: Environment, report: Report) -> str:
    """Return the path of uv, installed or fetched from the package index into the data folder."""
    own = python_in(data_folder() / "tools" / "uv").with_name("uv")
    for candidate in (shutil.which("uv"), str(Path(sys.executable).with_name("uv")), str(own)):
        if candidate and _answers([candidate, "--version"]):
            return candidate
    report("uv is not installed: downloading it")
    folder = data_folder() / "tools" / "uv"
    install_uv = "install uv so that it is on PATH (https://docs.astral.sh/uv)"
    _step(environment, [sys.executable, "-m", "venv", str(folder)], "the folder for uv cannot be created", install_uv)
    fetch = [str(python_in(folder)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV]
    _step(
        environment,
        fetch,
        "uv is not installed and could not be downloaded from the package index",
        install_uv,
    )
    return str(own)


def _step(
    environment: Environment, command: list[str], failing: str, *fixes: str, report: Report | None = None
) -> None:
    """Run one command of the installation; `say` receives progress lines. Raises DiagnosticError: ND544 with its last lines."""
    gone = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
    clean = {name: value for name, value in os.environ.items() if name not in gone} | {"NO_COLOR": "1"}
    again = f"then continue: neurodeploy backends install {environment.name}"

    def hear(line: str) -> None:
        if report and line.startswith(PROGRESS):
            report(f"  {line.strip()}")

    try:
        ended = run_guarded(command, clean, hear)
    except OSError as error:
        raise _refuse(environment, f"{failing}: {error.strerror or error}", *fixes, again) from None
    if ended.status:
        last = " | ".join([line for line in ended.lines if line][-4:])
        raise _refuse(environment, f"{failing}: {last[-400:] or f'exit status {ended.status}'}", *fixes, again)


@contextlib.contextmanager
def _alone(environment: Environment, report: Report) -> Generator[None, None, None]:
    """Hold the lock of an environment against concurrent installations."""
    import fcntl

    path = environment.folder().with_name(f"{environment.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    except OSError as error:
        raise _refuse(environment, f"'{path.parent}' cannot be written: {error.strerror or error}") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("another process is installing it: waiting")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def install(environment: Environment, report: Report) -> Path:
    """Return the interpreter of an environment, creating or completing it if necessary.

    `say`: called with a line for each action. Downloads stay in uv's cache, so that a repeated call continues.

    Raises DiagnosticError: ND544.
    """
    found = interpreter_of(environment)
    if found:
        report(f"{environment.name}: already installed ({found.path})")
        return found.path
    if os.name == "nt":
        raise _refuse(environment, "its simulator does not run on Windows", "use the Linux subsystem")
    with _alone(environment, report):
        found = interpreter_of(environment)
        return found.path if found else _make(environment, report)


def _make(environment: Environment, report: Report) -> Path:
    folder, uv = environment.folder(), _uv(environment, report)
    python = python_in(folder)
    version = "import sys; print('%d.%d' % sys.version_info[:2])"
    if _answers([str(python), "-c", version]) != environment.python:
        shutil.rmtree(folder, ignore_errors=True)
        base = next(pythons(environment.python), None)
        report(
            f"{environment.name}: Python {environment.python} " + (f"from {base}" if base else "is downloaded by uv")
        )
        failing = f"no environment can be made from '{base}'"
        fixes: tuple[str, ...] = ()
        if not base:
            failing = f"Python {environment.python} is not installed and could not be downloaded"
            fixes = (f"put python{environment.python} on PATH", "let uv download it, which needs network access")
        making = [uv, "venv", "--quiet", "--python", base or environment.python, str(folder)]
        _step(environment, making, failing, *fixes)
    report(
        f"{environment.name}: {len(environment.requirements)} distributions, {environment.distribution} {environment.version}"
    )
    getting = [uv, "pip", "install", "--compile-bytecode", "--python", str(python), *environment.requirements]
    _step(environment, getting, "its distributions cannot be installed", INDEX, report=report)
    marker = folder / MARKER
    marker.with_suffix(".new").write_text(json.dumps({"is": marker_of(environment)}), encoding="utf-8")
    os.replace(marker.with_suffix(".new"), marker)
    report(f"{environment.name}: ready ({python})")
    return python
