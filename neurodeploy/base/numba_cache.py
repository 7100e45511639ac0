"""Where numba keeps what it compiled: a place that can be written, and files in it that are whole."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["ensure_cache", "tidy_cache"]

VARIABLE = "NUMBA_CACHE_DIR"
END = b"."
"""How what numba writes ends, unless it was cut off."""


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _places(file: str) -> list[Path]:
    """Where numba would keep what it compiles of a module, in its order."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    given = os.environ.get(VARIABLE)
    return [*([Path(given)] if given else []), Path(file).with_name("__pycache__"), Path(home) / "numba"]


def ensure_cache(file: str) -> None:
    """Have numba keep what it compiles of a module's folder in one of this process, if there is no other place for it.

    Without any it would refuse to compile. The place is not a shared one, because what lies there is executed.
    """
    if any(map(_writable, _places(file))):
        return
    folder = tempfile.mkdtemp(prefix="neurodeploy-compiled-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[VARIABLE] = folder
    numba: Any = sys.modules.get("numba")
    if numba is not None:  # which has read the variable already
        numba.config.CACHE_DIR = folder


def _whole(file: Path) -> bool:
    with file.open("rb") as content:
        content.seek(0, os.SEEK_END)
        if not content.tell():
            return False
        content.seek(-1, os.SEEK_END)
        return content.read(1) == END


def tidy_cache(module: ModuleType) -> None:
    """Remove what was cut off (a full disk, a fallen machine) of the compiled functions of a module and its neighbours."""
    found = {getattr(getattr(item, "stats", None), "cache_path", None) for item in vars(module).values()}
    for folder in found - {None}:
        for file in Path(str(folder)).glob("*.nb[ic]"):
            with contextlib.suppress(OSError):
                if not _whole(file):
                    file.unlink()
