"""Locations of findings in the user's files."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from neurodeploy.base.toml import toml_line
from neurodeploy.diagnostics import Diagnostic
from neurodeploy.diagnostics.shown import shown

__all__ = ["Examined", "Place", "place_of"]

SECTIONS = {
    "population": "populations",
    "projection": "projections",
    "input": "inputs",
    "output": "outputs",
    "probe": "probes",
}
"""Kind of a subject -> the list of a network document that contains it."""


class Examined(NamedTuple):
    """The examined model and options of the report."""

    model: str
    """Path of the model as given; empty without one."""
    text: str = ""
    """Text of the model, if it is a text file."""
    strict: bool = False
    """Whether warnings count as errors."""
    passed: tuple[str, ...] = ()
    """Budgets that are met, e.g. "cores<=4"."""
    target: str = ""
    """Target, where a report has a suite for each."""
    project: str = ""
    """Path of the project file; empty without one."""
    project_text: str = ""
    """Text of the project file."""


class Place(NamedTuple):
    """A file, as named by the user, and a line."""

    file: str
    line: int | None

    @property
    def shown(self) -> str:
        """The file as text."""
        return shown(self.file)

    @property
    def uri(self) -> str:
        """The file as a URI reference; relative paths stay relative."""
        path = Path(self.file)
        return path.as_uri() if path.is_absolute() else quote(os.fsencode(path.as_posix()))


def _line(text: str, section: str, name: str) -> int | None:
    """The line on which an object of a list of a network document gives its name."""
    start = re.search(rf'^  "{section}"\s*:', text, re.MULTILINE)
    if start is None:
        return None
    found = re.compile(rf'"name"\s*:\s*"{re.escape(name)}"').search(text, start.end())
    return None if found is None else text.count("\n", 0, found.start()) + 1


def _project_line(text: str, item: Diagnostic) -> int | None:
    """The line of a project file that sets the field, or lists the budget, of a finding."""
    if item.subject.kind == "file":
        return toml_line(text, item.subject.field)
    written = (number for number, line in enumerate(text.splitlines(), 1) if f'"{item.subject.name}"' in line)
    return next(written, None)


def place_of(item: Diagnostic, examined: Examined) -> Place | None:
    """Return the location of a finding: the file it names, else the model, with the line of the object if found."""
    kind, name = item.subject.kind, item.subject.name
    if examined.project and (kind == "budget" or (kind == "file" and name == shown(examined.project))):
        return Place(examined.project, _project_line(examined.project_text, item))
    if kind == "file" and name and name != shown(examined.model):
        return Place(name, None)
    if not examined.model:
        return None
    return Place(examined.model, _line(examined.text, SECTIONS[kind], name) if kind in SECTIONS else None)
