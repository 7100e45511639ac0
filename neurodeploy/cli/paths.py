"""Path options: files to read must be regular files, and files to write are tried before the work starts.

Missing files are reported by their readers, which can suggest similar names.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
from typer.models import ArgumentInfo, OptionInfo

from neurodeploy.cli.option_types import refused, shown
from neurodeploy.diagnostics import DiagnosticError, Subject, SubjectKind, about, finding

__all__ = [
    "folder_option",
    "read_argument",
    "read_option",
    "require_folder",
    "to_read",
    "to_write",
    "write_argument",
    "write_option",
]

KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def _mode(option: Subject, path: Path) -> int | None:
    """The mode of a path; None if it does not exist. Raises DiagnosticError: ND709 (invalid name)."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _path_error(option, path, f"cannot be read: {error.strerror or error}") from None


def _path_error(option: Subject, text: object, message: str, *fixes: str) -> DiagnosticError:
    return DiagnosticError("usage", (finding("ND709", option, f"{shown(text)} {message}", fixes=fixes),))


def _valid_path(option: Subject, text: str | Path) -> Path:
    given = os.fspath(text)
    try:
        os.fsencode(given)
    except UnicodeEncodeError:
        raise _path_error(option, given, "is not a file name: it contains a lone surrogate") from None
    if not given:
        raise _path_error(option, given, "is not a file name")
    if "\0" in given:
        raise _path_error(option, given, "is not a file name: it contains NUL")
    if given == "-":
        fix = "write it to a file first"
        raise _path_error(option, given, "is not a file: standard input and output are not supported", fix)
    return Path(given)


def _kind(mode: int) -> str | None:
    """The kind of a path that is not a regular file; None for a regular file."""
    return next((name for test, name in KINDS if test(mode)), None)


def to_read(option: Subject, *, folder: bool = False) -> Callable[[Any], Path]:
    """Return the parser of a file to read. `option`: subject of findings. `folder`: whether it can be a folder as well."""

    def parse(text: Any) -> Path:
        path = _valid_path(option, text)
        mode = _mode(option, path)
        kind = _kind(mode) if mode is not None else None
        if kind is not None and not (folder and kind == "a folder"):
            fix = ("write it to a file first",) if kind == "a pipe" else ()
            raise _path_error(option, text, f"is {kind}, not a file", *fix)
        return path

    return parse


def to_make(option: str) -> Callable[[Any], Path]:
    """Return the parser of a folder to create."""

    def parse(text: Any) -> Path:
        path = _valid_path(about("option", option), text)
        _mode(about("option", option), path)
        return path

    return parse


def to_write(option: str, suffix: str = "", *, of: SubjectKind = "option") -> Callable[[Any], Path]:
    """Return the parser of a file to write, which tries its folder. Raises DiagnosticError: ND007, ND701, ND709."""

    def parse(text: Any) -> Path:
        path = _valid_path(about(of, option), text)
        mode = _mode(about(of, option), path)
        if mode is not None and (stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)):
            return path  # written directly, not replaced
        kind = _kind(mode) if mode is not None else None
        if kind is not None:
            raise _unwritable(path, f"is {kind}, not a file")
        if suffix and (path.name == suffix or not path.name.endswith(suffix)):
            fix = f"{path.name}{suffix}"
            raise refused(option, f"{shown(text)} does not end in {suffix}, the suffix of such files", fix)
        require_folder(path)
        return path

    return parse


def read_argument(metavar: str, meaning: str) -> ArgumentInfo:
    """Return the argument of a file to read."""
    parser = to_read(about("argument", metavar))
    return typer.Argument(help=meaning, show_default=False, parser=parser, metavar=metavar)


def write_argument(metavar: str, meaning: str) -> ArgumentInfo:
    """Return the argument of a file to write."""
    parser = to_write(metavar, of="argument")
    return typer.Argument(help=meaning, show_default=False, parser=parser, metavar=metavar)


def read_option(name: str, meaning: str, *, folder: bool = False) -> OptionInfo:
    """Return the option of a file to read. `folder`: whether it can be a folder as well."""
    return typer.Option(name, parser=to_read(about("option", name), folder=folder), metavar="FILE", help=meaning)


def write_option(name: str, meaning: str, *short: str, suffix: str = "") -> OptionInfo:
    """Return the option of a file to write."""
    return typer.Option(name, *short, parser=to_write(name, suffix), metavar="FILE", help=meaning)


def folder_option(name: str, meaning: str, *names: str) -> OptionInfo:
    """Return the option of a folder to create. `names`: further names of the option."""
    return typer.Option(name, *names, parser=to_make(name), metavar="FOLDER", help=meaning)


def require_folder(path: Path) -> None:
    """Raise DiagnosticError: ND007 if no file can be created in the folder of a path, or of its link's target."""
    try:
        folder = (path.resolve() if path.is_symlink() else path).parent
        tempfile.TemporaryFile(dir=folder).close()
    except (OSError, RuntimeError) as error:  # RuntimeError: circular links
        reason = error.strerror if isinstance(error, OSError) else "its links are circular"
        raise _unwritable(path, f"cannot be written: {reason or error}") from None


def _unwritable(path: Path, message: str) -> DiagnosticError:
    fix = "use an existing folder with write permission"
    return DiagnosticError("files", (finding("ND007", about("file", path), message, fixes=[fix]),))
