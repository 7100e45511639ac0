"""Writing of the files into a folder: all of them or none, and never over what is not ours."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.diagnostics.finding import Diagnostic
from neurodeploy.io.write import place, write_whole

__all__ = ["MARK", "write_folder"]

MARK = "Written by neurodeploy export-c"
"""What the first line of every file says."""


def write_folder(files: Mapping[str, str], folder: Path, *, force: bool = False) -> None:
    """Write files into a new or empty folder in one move. `force`: replace files of an earlier export, and keep others.

    Raises DiagnosticError: ND987 (not empty, not ours, or not writable).
    """
    try:
        folder = place(folder)
        there = {item.name: item for item in folder.iterdir()} if folder.exists() else {}
        if there and not force:
            raise _refused(folder, f"holds {len(there)} file(s) already", ["--force", "-o another folder"])
        foreign = [name for name in files if name in there and not _is_ours(there[name])]
        if foreign:
            message = f"holds a {foreign[0]} that was not written by an export"
            raise _refused(folder, message, ["-o another folder"])
        if there:
            for name, text in files.items():
                write_whole(folder / name, text.encode())
        else:
            _move_in(files, folder)
    except (OSError, ValueError) as error:  # ValueError: a name with NUL or a lone surrogate
        reason = (error.strerror if isinstance(error, OSError) else None) or "its name is none"
        raise _refused(folder, f"cannot be written: {reason}", ["-o another folder"]) from None


def _move_in(files: Mapping[str, str], folder: Path) -> None:
    """Make the folder beside its place, then move it there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = folder.parent / f".nd-{os.getpid()}-{secrets.token_hex(4)}.tmp"
    made.mkdir()
    try:
        for name, text in files.items():
            (made / name).write_bytes(text.encode())
        if folder.exists():
            folder.rmdir()  # empty; os.replace does not replace a folder everywhere
        made.replace(folder)
    finally:
        with suppress(OSError):
            shutil.rmtree(made)


def _is_ours(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return MARK.encode() in file.readline(500)


def _refused(folder: Path, message: str, fixes: list[str]) -> DiagnosticError:
    found: tuple[Diagnostic, ...] = (finding("ND987", about("folder", str(folder)), message, fixes=fixes),)
    return DiagnosticError("export", found)
