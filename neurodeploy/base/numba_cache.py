"""Numba's cache on disk: a writable folder, complete files, and entries that change with the sources of a whole package."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["cached_njit", "ensure_cache", "source_digest", "tidy_cache"]

VARIABLE = "NUMBA_CACHE_DIR"
END = b"."
"""Last byte of every complete file that numba writes (the end of a pickle)."""
DIGITS = 12
"""Hexadecimal digits of a source digest in the name of a cache file."""
STAMP = re.compile(rf"\.src([0-9a-f]{{{DIGITS}}})\.")
"""Source digest in the name of a cache file."""


def cached_njit(**options: object) -> Callable[[Any], Any]:
    """Return `numba.njit(cache=True, **options)`, with cache entries stamped with every module in the kernel's folder.

    Numba checks only the file that defines a function, although its cache entry contains the machine code of all callees
    and the layout of all named tuples. Kernels that call each other, and the tuples they take, therefore live in one folder:
    a change to any module there gives new cache entries. The cache folder is made writable and tidied on first use; numba is
    imported when the decorator is created.
    """
    import numba

    untyped: Any = numba

    def decorate(function: Any) -> Any:
        _prepare(function.__code__.co_filename)
        kernel = untyped.njit(cache=True, **options)(function)
        stored = getattr(kernel, "_cache", None)  # none where NUMBA_DISABLE_JIT leaves a plain function
        if stored is not None:
            digest = source_digest(str(Path(function.__code__.co_filename).parent))
            file, name = stored._cache_file, f"{stored._impl.filename_base}.src{digest}"
            stored._cache_file = type(file)(cache_path=stored.cache_path, filename_base=name, source_stamp=digest)
            _tidy_once(stored.cache_path, digest)
        return kernel

    return decorate


@cache
def _prepare(file: str) -> None:
    ensure_cache(file)


@cache
def _tidy_once(folder: str, digest: str) -> None:
    _tidy_folder(folder, digest)


@cache
def source_digest(folder: str) -> str:
    """Digest of the names and contents of all modules in a folder, in hexadecimal digits."""
    digest = hashlib.sha256()
    for path in sorted(Path(folder).glob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:DIGITS]


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _candidates(file: str) -> list[Path]:
    """Folders in which numba tries to cache the functions of a module, in numba's order."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    chosen = os.environ.get(VARIABLE)
    return [*([Path(chosen)] if chosen else []), Path(file).with_name("__pycache__"), Path(home) / "numba"]


def ensure_cache(file: str) -> None:
    """Ensure that numba has a cache folder for the module `file`: a temporary one if none of the usual ones is writable.

    Without a folder numba refuses to compile. The temporary folder is private to this process, since its content is executed,
    and is removed at exit.
    """
    if any(map(_writable, _candidates(file))):
        return
    folder = tempfile.mkdtemp(prefix="neurodeploy-compiled-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[VARIABLE] = folder
    numba: Any = sys.modules.get("numba")
    if numba is not None:  # it has read the variable already
        numba.config.CACHE_DIR = folder


def _complete(file: Path) -> bool:
    with file.open("rb") as content:
        content.seek(0, os.SEEK_END)
        if not content.tell():
            return False
        content.seek(-1, os.SEEK_END)
        return content.read(1) == END


def tidy_cache(*modules: ModuleType) -> None:
    """Remove useless files from the cache folders of compiled modules.

    Useless are truncated files (a full disk, a crash), on which numba would fail, and files of earlier sources.
    """
    for module in modules:
        digest = source_digest(str(Path(str(module.__file__)).parent)) if module.__file__ else ""
        found = {getattr(getattr(item, "stats", None), "cache_path", None) for item in vars(module).values()}
        for folder in found - {None}:
            _tidy_folder(str(folder), digest)


def _tidy_folder(folder: str, digest: str) -> None:
    for file in Path(folder).glob("*.nb[ic]"):
        with contextlib.suppress(OSError):
            if _is_useless(file, digest):
                file.unlink()


def _is_useless(file: Path, digest: str) -> bool:
    stamp = STAMP.search(file.name)
    return (stamp is not None and stamp[1] != digest) or not _complete(file)
