"""Temporary folders of jobs. The next job removes the folders of killed jobs."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import IO

__all__ = ["job_folder", "socket_folder", "sweep_jobs"]

PREFIX, LOCK = "neurodeploy-", "held"
"""Prefix of job folders, and the file that is locked while a process waits for the job."""
SOCKET_PATH, SOCKET_NAME = 92, 36
"""Shortest limit of a socket's path on any system, and the length that multiprocessing appends to a folder's path."""
SHORT = Path("/tmp")
YOUNG_S = 60.0
"""Seconds for which a new folder may exist without its lock."""


def _lock(file: IO[bytes]) -> bool:
    """Try to lock a file, until it is closed or the process ends; return whether it succeeded."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True


@contextlib.contextmanager
def job_folder(parent: str | None = None) -> Generator[Path, None, None]:
    """Create a folder for a job, and remove it afterwards. `parent`: default: that of temporary files. Raises OSError."""
    sweep_jobs(parent)
    with (
        tempfile.TemporaryDirectory(prefix=PREFIX, dir=parent, ignore_cleanup_errors=True) as name,
        (Path(name) / LOCK).open("wb") as file,
    ):
        _lock(file)
        yield Path(name)


@contextlib.contextmanager
def socket_folder(job: Path) -> Generator[Path, None, None]:
    """Yield a folder whose path is short enough for sockets: that of the `job`, or else one in /tmp, which is removed afterwards.

    Raises OSError.
    """
    if len(str(job)) <= SOCKET_PATH - SOCKET_NAME or not SHORT.is_dir():
        yield job
        return
    with job_folder(str(SHORT)) as folder:
        yield folder


def sweep_jobs(parent: str | None = None) -> None:
    """Remove folders of jobs whose process has ended. `parent`: default: that of temporary files."""
    mine = os.getuid() if hasattr(os, "getuid") else None
    with contextlib.suppress(OSError):
        for entry in os.scandir(parent or tempfile.gettempdir()):
            if entry.name.startswith(PREFIX) and entry.is_dir(follow_symlinks=False):
                _sweep(entry, mine)


def _sweep(entry: os.DirEntry[str], mine: int | None) -> None:
    with contextlib.suppress(OSError):
        status = entry.stat(follow_symlinks=False)
        if mine not in (None, status.st_uid) or time.time() - status.st_mtime < YOUNG_S:
            return
        with (Path(entry.path) / LOCK).open("r+b") as file:
            if _lock(file):
                shutil.rmtree(entry.path, ignore_errors=True)
