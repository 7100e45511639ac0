"""Virtual environments of the peers, made with uv, each in a separate folder in the benchmark's cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from peers import PEERS, Peer

__all__ = ["home", "install", "python_of"]


def home() -> Path:
    """Return the benchmark's cache: environments, compiled programs, cases."""
    default = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "neurodeploy-benchmarks"
    return Path(os.environ.get("NEURODEPLOY_BENCHMARKS", default))


def python_of(peer: Peer) -> Path | None:
    """Return the interpreter of an installed peer, or None; an environment of other pins does not count."""
    folder = home() / "environments" / peer.environment
    made = folder / "requirements.txt"
    if not made.is_file() or made.read_text() != "\n".join(peer.requirements):
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


def install(names: list[str]) -> dict[str, str]:
    """Install the peers of these keys; return environment -> error message, empty on success."""
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    faults: dict[str, str] = {}
    for peer in PEERS:
        if peer.key not in names or python_of(peer) or peer.environment in faults:
            continue
        folder = home() / "environments" / peer.environment
        shutil.rmtree(folder, ignore_errors=True)
        print(f"{peer.environment}: Python {peer.python}, {' '.join(peer.requirements)}", flush=True)
        steps = [
            [uv, "venv", "--quiet", "--python", _interpreter(peer.python), str(folder)],
            [uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), *peer.requirements],
        ]
        for step in steps:
            done = subprocess.run(step, capture_output=True, text=True, check=False)
            if done.returncode:
                faults[peer.environment] = (done.stderr or done.stdout).strip()[-500:]
                break
        else:
            (folder / "requirements.txt").write_text("\n".join(peer.requirements))
    return faults
