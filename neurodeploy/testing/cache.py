"""Compiled programs kept between sessions, by the digest of everything that they depend on.

Files are written whole and never changed, so that processes of pytest-xdist share them without waiting for each other.
"""

from __future__ import annotations

import contextlib
import json
from functools import cache
from pathlib import Path

from pydantic import ValidationError

import neurodeploy
from neurodeploy.base.noun import json_digest
from neurodeploy.compiler import Compilation, CompileOptions
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware.target import Target
from neurodeploy.importers import Imported
from neurodeploy.io.tensors import digest_of
from neurodeploy.io.write import write_whole
from neurodeploy.network import Network
from neurodeploy.program import load_program, save_program

__all__ = ["compilation_key", "kept", "keep"]

MOST = 200
"""Programs that are kept; the oldest are removed."""


@cache
def _installation() -> str:
    """The version of neurodeploy and the time of its newest module: another compiler can give another program."""
    files = Path(neurodeploy.__file__).parent.rglob("*.py")
    return f"{neurodeploy.__version__} {max(item.stat().st_mtime_ns for item in files)}"


def compilation_key(network: Network | Imported, target: Target, options: CompileOptions) -> str:
    """Return the digest of all that a compilation depends on: `network`, `target`, `options` and the compiler itself."""
    return json_digest([digest_of(network), digest_of(target), digest_of(options), _installation()])


def kept(folder: Path, key: str) -> Compilation | None:
    """Return the compilation of a key, or None if `folder` does not hold it or holds it damaged."""
    try:
        plain = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
        program = load_program(folder / f"{key}.ndp")
        return Compilation.model_validate({**plain, "program": program})
    except (OSError, ValueError, ValidationError, DiagnosticError):
        return None


def keep(folder: Path, key: str, result: Compilation) -> None:
    """Keep a compilation in `folder` under a key, and remove the oldest ones. A folder that cannot be written is no fault."""
    if result.program is None:
        return
    plain = result.model_dump_json(exclude={"program"})
    with contextlib.suppress(OSError, DiagnosticError):
        folder.mkdir(parents=True, exist_ok=True)
        save_program(result.program, folder / f"{key}.ndp")
        write_whole(folder / f"{key}.json", plain.encode())
        _prune(folder)


def _prune(folder: Path) -> None:
    files = sorted(folder.glob("*.json"), key=lambda item: item.stat().st_mtime_ns)
    for file in files[:-MOST]:
        for old in (file, file.with_suffix(".ndp")):
            old.unlink(missing_ok=True)
