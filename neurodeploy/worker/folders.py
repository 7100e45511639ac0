"""The folder in which a job is done: gone with the job, and what a killed job of the past left is gone with the next."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import IO

__all__ = ["job_folder", "sweep_jobs"]

PREFIX, HELD = "neurodeploy-", "held"
"""How folders of jobs begin, and the file in one that is locked as long as somebody waits for its job."""
YOUNG_S = 60.0
"""A folder as young as this may be one that is only just being made."""


def _lock(file: IO[bytes]) -> bool:
    """Whether a file could be locked; held until it is closed, and let go by the system if the process is killed."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True


@contextlib.contextmanager
def job_folder() -> Generator[Path, None, None]:
    """Make a folder for a job, and take it away. Raises OSError if there can be none."""
    sweep_jobs()
    with (
        tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name,
        (Path(name) / HELD).open("wb") as file,
    ):
        _lock(file)
        yield Path(name)


def sweep_jobs() -> None:
    """Take away folders of jobs for which nobody waits any more."""
    mine = os.getuid() if hasattr(os, "getuid") else None
    with contextlib.suppress(OSError):
        for entry in os.scandir(tempfile.gettempdir()):
            if entry.name.startswith(PREFIX) and entry.is_dir(follow_symlinks=False):
                _sweep(entry, mine)


def _sweep(entry: os.DirEntry[str], mine: int | None) -> None:
    with contextlib.suppress(OSError):
        there = entry.stat(follow_symlinks=False)
        if mine not in (None, there.st_uid) or time.time() - there.st_mtime < YOUNG_S:
            return
        with (Path(entry.path) / HELD).open("r+b") as file:
            if _lock(file):
                shutil.rmtree(entry.path, ignore_errors=True)
