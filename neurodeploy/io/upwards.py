"""The project file above a folder. Imports nothing, as every command looks for it."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["PROJECT_FILE", "find_project"]

PROJECT_FILE = "neurodeploy.toml"
"""Name of the project file."""
DEEPEST = 100
"""Most folders above the working directory that are searched."""


def find_project(start: str | Path = ".") -> Path | None:
    """Return the path of the nearest neurodeploy.toml in `start` or a folder above it, relative to the working directory.

    The search ends at the root of a repository, the folder that holds `.git`. None if there is no project file.
    """
    try:
        here = Path(start).resolve()
        for folder in (here, *here.parents)[:DEEPEST]:
            if (folder / PROJECT_FILE).is_file():
                return Path(os.path.relpath(folder / PROJECT_FILE))
            if (folder / ".git").exists():
                return None
    except (OSError, RuntimeError, ValueError):  # a removed folder, a circular link, another drive
        return None
    return None
