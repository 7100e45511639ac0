"""Virtual environments of the peers and of the bare loops, made with uv, each in a folder of the benchmark's cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from peers import Environment

__all__ = ["BARE", "home", "install", "python_of"]

BARE = Environment("bare", "3.12", ("numba==0.68.1", "numpy==2.5.5"))
"""Runs bare.py. numpy is that of the peers: another version may draw other numbers from a seed."""


def home() -> Path:
    """Return the benchmark's cache: environments, compiled programs, cases."""
    default = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "neurodeploy-benchmarks"
    return Path(os.environ.get("NEURODEPLOY_BENCHMARKS", default))


def python_of(environment: Environment) -> Path | None:
    """Return the interpreter of an installed environment, or None; one with other pins does not count."""
    folder = home() / "environments" / environment.name
    made = folder / "requirements.txt"
    if not made.is_file() or made.read_text() != "\n".join(environment.requirements):
        return None
    return folder / "bin" / "python"


def _interpreter(version: str) -> str:
    """Return a Python of that version: from PATH, from pyenv, or the bare version number for uv to find or fetch."""
    found = shutil.which(f"python{version}")
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for candidate in [found, *map(str, root.glob(f"versions/{version}.*/bin/python"))]:
        if candidate and _is(candidate, version):
            return candidate
    return version


def _is(candidate: str, version: str) -> bool:
    shown = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)
    return shown.returncode == 0 and shown.stdout.split()[-1].startswith(version + ".")


def install(environments: Iterable[Environment]) -> dict[str, str]:
    """Make the environments that are missing; return environment -> error message, empty on success."""
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    faults: dict[str, str] = {}
    for item in environments:
        if python_of(item) or item.name in faults:
            continue
        folder = home() / "environments" / item.name
        shutil.rmtree(folder, ignore_errors=True)
        print(f"{item.name}: Python {item.python}, {' '.join(item.requirements)}", flush=True)
        steps = [
            [uv, "venv", "--quiet", "--python", _interpreter(item.python), str(folder)],
            [uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), *item.requirements],
        ]
        for step in steps:
            done = subprocess.run(step, capture_output=True, text=True, check=False)
            if done.returncode:
                faults[item.name] = (done.stderr or done.stdout).strip()[-500:]
                break
        else:
            (folder / "requirements.txt").write_text("\n".join(item.requirements))
    return faults
