"""Template of a plug-in project: an entry point, the adapter of a toy simulator, and its conformance test."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.io.archive import refuse, write_atomically

__all__ = ["write_template"]

NAME = re.compile(r"[a-z][a-z0-9-]{0,59}")
SUFFIX = ".template"


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fix = "use an existing folder with write permission"
        raise refuse("ND007", folder, f"cannot be made: {error.strerror or error}", fixes=[fix]) from None


def write_template(name: str, folder: Path) -> tuple[Path, ...]:
    """Write the project of a backend to a new folder; return the written files.

    Raises DiagnosticError: ND007 (cannot be written), ND710 (invalid name, or the folder exists).
    """
    if not NAME.fullmatch(name):
        message = "is not a valid name: at most 60 lower-case letters, digits and -, starting with a letter"
        raise DiagnosticError("usage", (finding("ND710", about("backend", name), message, fixes=["mychip"]),))
    if folder.exists():
        message = "already exists and is not overwritten"
        raise DiagnosticError("usage", (finding("ND710", about("folder", folder), message, fixes=["--folder OTHER"]),))
    package, title = f"neurodeploy_{name.replace('-', '_')}", "".join(part.title() for part in name.split("-"))
    names = {"@name@": name, "@package@": package, "@Title@": title}
    written: list[Path] = []
    for item in sorted(files("neurodeploy.conformance").joinpath("project").iterdir(), key=lambda item: item.name):
        if not item.name.endswith(SUFFIX):
            continue
        text, path = item.read_text(encoding="utf-8"), item.name.removesuffix(SUFFIX).replace("--", "/")
        for mark, value in names.items():
            text, path = text.replace(mark, value), path.replace(mark, value)
        target = folder / path
        _make(target.parent)
        write_atomically(target, text.encode())
        written.append(target)
    return tuple(sorted(written, key=lambda path: (len(path.parts), path)))
