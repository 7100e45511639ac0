"""Atomic writes: a file is replaced completely or not at all, and no temporary file is left behind."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import socket
import stat
import zlib
from collections.abc import Callable, Generator
from pathlib import Path

__all__ = ["locked", "place", "sweep", "take_lock", "write_whole"]

HOST = f"{zlib.crc32(socket.gethostname().encode(errors='replace')):08x}"
TEMPORARY = re.compile(rf"^\.nd-{HOST}-(\d+)-[0-9a-f]+\.tmp$")
"""Name of a temporary file of a process on this machine."""
_swept = set[str]()
"""Folders that this process has already cleaned of temporary files."""


def _umask_now() -> int:
    """The umask of this process, read from /proc if possible, because reading it by setting it affects other threads."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("Umask:")), 8)
    except (OSError, StopIteration, ValueError, IndexError):
        current = os.umask(0)
        os.umask(current)
        return current


UMASK = _umask_now()
"""Umask, read once at import."""


def place(path: Path) -> Path:
    """Return the path to write: the target of a symbolic link, else the path itself."""
    return Path(os.path.realpath(path)) if os.path.islink(path) else path


def write_whole(path: Path, content: bytes) -> None:
    """Replace the content of a file atomically, keeping its permissions; write directly to a device or pipe. Raises OSError."""
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
    except BaseException:  # also signals: the temporary file must not stay
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _write_through(path: Path, content: bytes) -> None:
    """Write to a device or a pipe; a pipe without a reader is an error instead of blocking."""
    waits = getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, os.O_WRONLY | waits)
    if waits:
        os.set_blocking(descriptor, True)
    with open(descriptor, "wb", buffering=0) as file:
        rest = memoryview(content)
        while rest:
            rest = rest[file.write(rest) or 0 :]


def sweep(folder: Path) -> None:
    """Remove temporary files of ended processes of this machine from a folder, once per folder."""
    if str(folder) in _swept:
        return
    _swept.add(str(folder))
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            match = TEMPORARY.match(entry.name)
            if match and not _is_alive(int(match[1])):
                os.unlink(entry.path)


def _is_alive(process: int) -> bool:
    if os.name == "nt":  # signal 0 would end the process there
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
    """Hold a lock on a folder against other neurodeploy processes, where the system supports it.

    `shared`: allow other shared holders, for reading.
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


def take_lock(descriptor: int) -> None:
    """Lock an open file until it is closed, or its process ends. Raises OSError if another process has it. `descriptor`: of the file."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        take: Callable[[int, int, int], None] = getattr(msvcrt, "locking")  # noqa: B009  # exists on Windows only
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)
        take(descriptor, getattr(msvcrt, "LK_NBLCK"), 1)  # noqa: B009
        os.lseek(descriptor, 0, os.SEEK_SET)
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
