"""The object that a finding or a ledger line is about: a population, a file, an option."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, get_args

from neurodeploy.base.noun import Noun
from neurodeploy.diagnostics.shown import shown

__all__ = ["KINDS", "Subject", "SubjectKind", "about"]

SubjectKind = Literal[
    # a network and its parts
    "network", "population", "projection", "input", "output", "probe", "layer",
    # a graph as its file describes it, and the import as a whole
    "graph", "node", "import",
    # hardware
    "target", "target package", "board", "core", "dialect", "rule set",
    # a run
    "program", "recording", "recordings", "spikes", "state", "noise", "record", "stimulus", "samples", "labels", "backend", "engine", "environment",
    # a server, what it is sent, and a stream of events
    "server", "request", "stream",
    # a command and what it reads
    "command", "argument", "option", "budget", "code", "case", "model", "file", "folder", "cache folder", "variable",
    "standard output", "marker", "neurodeploy",
    # a sweep: one point of it, a worker
    "sweep", "point", "executor",
    # Python: a function of the API, a class
    "function", "class",
]  # fmt: skip
"""Kind of a subject."""
KINDS: tuple[str, ...] = get_args(SubjectKind)
SPOKEN = {"program": "program of network", "recording": "recording of backend", "spikes": "spikes of population"}
"""Words before the name, for kinds that are identified by the name of another object."""
UNQUOTED = ("function", "class")
"""Kinds whose names stand alone."""
EVERY = "*"
"""The name that stands for all objects of a kind, as in options."""
LISTED = 8
"""Names of one subject that its text lists."""


class Subject(Noun):
    """An object by kind and name. `str(subject)` is its text, e.g. "population 'hidden'"."""

    kind: SubjectKind
    """Kind of the object."""
    name: str = ""
    """The user's own name, or the path as given; empty if the kind alone identifies it."""
    others: tuple[str, ...] = ()
    """Further objects of the same kind."""
    field: str = ""
    """The field of the object, e.g. "tau_m_s"; not part of the text, because messages name the field."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all its objects; empty if it has no name."""
        return (self.name, *self.others) if self.name else ()

    def __str__(self) -> str:
        if not self.name:
            return self.kind
        if self.kind in UNQUOTED:
            return ", ".join(self.names)
        words = SPOKEN.get(self.kind, self.kind)
        if self.name == EVERY:
            return f"all {words}s"
        quoted = [f"'{name}'" for name in self.names[:LISTED]]
        more = len(self.names) - LISTED
        *first, last = [*quoted, f"{more} more"] if more > 0 else quoted
        return f"{words}s {', '.join(first)} and {last}" if first else f"{words} {last}"


def about(kind: SubjectKind, *names: object, field: str = "") -> Subject:
    """Return the subject of a finding: its kind, the names of its objects, and the field if it is about one.

    Control characters of names are escaped, and long names are cut, because they may come from a file.
    """
    return _subject(kind, tuple(str(name) for name in names or ("",)), field)


@lru_cache(1024)
def _subject(kind: SubjectKind, names: tuple[str, ...], field: str) -> Subject:
    """The subject, kept, because checks name what they look at whether or not they find anything."""
    first, *others = map(shown, names)
    return Subject(kind=kind, name=first, others=tuple(others), field=field)
