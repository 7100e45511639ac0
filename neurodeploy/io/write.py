"""Write a file whole or not at all, whatever stands in its place, and leave nothing behind. Knows no format."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import socket
import stat
import zlib
from collections.abc import Generator
from pathlib import Path

__all__ = ["locked", "place", "sweep", "write_whole"]

HOST = f"{zlib.crc32(socket.gethostname().encode(errors='replace')):08x}"
TEMPORARY = re.compile(rf"^\.nd-{HOST}-(\d+)-[0-9a-f]+\.tmp$")
"""Of a process of this machine."""
_swept = set[str]()
"""Folders in which this process has looked for leftovers."""


def _umask_now() -> int:
    """The mask of this process. Where the system tells it, it is not set for a moment, which other threads would see."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("Umask:")), 8)
    except (OSError, StopIteration, ValueError, IndexError):
        current = os.umask(0)
        os.umask(current)
        return current


UMASK = _umask_now()
"""Read once, when this module is imported."""


def place(path: Path) -> Path:
    """Return where a file is written: what a symbolic link points to, else the path itself."""
    return Path(os.path.realpath(path)) if os.path.islink(path) else path


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file by another with the same permissions; a device or a pipe takes the bytes instead. Raises OSError."""
    path = place(path)
    try:
        there: os.stat_result | None = os.stat(path)
    except FileNotFoundError:
        there = None
    if there is not None and stat.S_ISDIR(there.st_mode):
        raise IsADirectoryError(0, "is a folder")
    if there is not None and not stat.S_ISREG(there.st_mode):
        _write_through(path, content)
        return
    _replace(path, content, 0o666 & ~UMASK if there is None else stat.S_IMODE(there.st_mode))


def _replace(path: Path, content: bytes, mode: int) -> None:
    sweep(path.parent)
    temporary = path.parent / f".nd-{HOST}-{os.getpid()}-{secrets.token_hex(4)}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:  # whatever ends the writing, a signal too: the file beside it goes
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _write_through(path: Path, content: bytes) -> None:
    """Write into a device or a pipe; a pipe that nobody reads is an error, not a wait."""
    waits = getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, os.O_WRONLY | waits)
    if waits:
        os.set_blocking(descriptor, True)
    with open(descriptor, "wb", buffering=0) as file:
        rest = memoryview(content)
        while rest:
            rest = rest[file.write(rest) or 0 :]


def sweep(folder: Path) -> None:
    """Remove what processes of this machine that are no more left unfinished in a folder; once for each folder."""
    if str(folder) in _swept:
        return
    _swept.add(str(folder))
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            match = TEMPORARY.match(entry.name)
            if match and not _lives(int(match[1])):
                os.unlink(entry.path)


def _lives(process: int) -> bool:
    if os.name == "nt":  # where signal 0 is one that ends a process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@contextlib.contextmanager
def locked(folder: Path, *, shared: bool = False) -> Generator[None]:
    """Let no other process of ours write a pair of files in a folder meanwhile, where the system has such locks.

    `shared`: other readers may hold the lock too.
    """
    try:
        import fcntl

        descriptor = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError, ValueError):
        yield
        return
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
