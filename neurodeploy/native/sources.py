"""Folders of kernels: their C files, the name of their library, and the stamp that ties the library to its sources."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

__all__ = ["HERE", "NOT_BUILT", "installed_folders", "kernel_folders", "library_name", "stamp_of"]

HERE = Path(__file__).resolve().parent
"""This folder. Its C files are part of every library."""
NOT_BUILT = HERE / "not_built.txt"
"""Why an installation built no libraries: one line, then what the compilers said. Absent if it built them."""


def library_name(system: str = sys.platform, *, checked: bool = False) -> str:
    """File name of a folder's library."""
    end = "dll" if system.startswith("win") else "dylib" if system == "darwin" else "so"
    return f"_kernels{'_checked' if checked else ''}.{end}"


def stamp_of(folder: Path) -> str:
    """Digest of all C files that make a folder's library."""
    digest = hashlib.sha256()
    for path in sorted([*HERE.glob("*.[ch]"), *folder.glob("*.[ch]")], key=lambda path: path.name):
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{path.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def kernel_folders(package: Path) -> tuple[Path, ...]:
    """Folders of a package that contain C files, except this one."""
    return tuple(sorted({path.parent for path in package.resolve().rglob("*.c")} - {HERE}))


def installed_folders() -> tuple[Path, ...]:
    """Folders of kernels of the installed packages of this distribution, which are not imported."""
    import importlib.metadata
    import importlib.util

    try:
        entries = importlib.metadata.distribution("neurodeploy").entry_points
    except importlib.metadata.PackageNotFoundError:  # run from a checkout
        entries = ()
    names = sorted({"neurodeploy", *(entry.value.split(":")[0].split(".")[0] for entry in entries)})
    found = [importlib.util.find_spec(name) for name in names]
    places = [Path(place) for spec in found if spec for place in spec.submodule_search_locations or ()]
    return tuple(folder for place in places for folder in kernel_folders(place))
