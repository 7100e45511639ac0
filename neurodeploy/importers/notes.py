"""Findings and ledger lines of one import, collected while a file is read and reported together."""

from __future__ import annotations

from dataclasses import dataclass, field

from neurodeploy.diagnostics import Diagnostic, Severity, SubjectKind, about, finding
from neurodeploy.diagnostics.ledger import LedgerLine, Level
from neurodeploy.importers.fields import brief
from neurodeploy.importers.hdf5 import Item, Unread

__all__ = ["Notes", "listed"]

NAMED = 8
"""Most names in one list; further names are only counted."""


def listed(names: list[str]) -> str:
    """Return names in quotes, at most NAMED of them."""
    shown = ", ".join(f"'{brief(name)}'" for name in names[:NAMED])
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED} more"


_Line = tuple[SubjectKind, str, str, str, Level, str]


@dataclass
class Notes:
    """Findings and ledger lines of the import of one file."""

    path: str
    findings: list[Diagnostic] = field(default_factory=list[Diagnostic])
    lines: dict[_Line, list[str]] = field(default_factory=dict[_Line, list[str]])
    """(kind of object, quantity, asked, got, level, note) -> names of objects; "" is the file itself."""

    def add(self, code: str, message: str, *fixes: str, severity: Severity | None = None) -> None:
        """Add a finding about the file, by default with the severity of its rule."""
        self.findings.append(finding(code, about("file", self.path), message, fixes=fixes, severity=severity))

    def fault(self, code: str, name: str, kind: str, message: str, *fixes: str) -> None:
        """Add a finding about a node."""
        self.add(code, f"node '{brief(name)}' ({brief(kind)}): {message}", *fixes)

    def unread(self, name: str, kind: str, key: str, item: Item | None, why: Unread) -> None:
        """Add a finding about a field that is missing (ND045) or invalid (ND046)."""
        if item is None:
            self.add("ND045", f"node '{brief(name)}' ({brief(kind)}) has no field '{key}'")
        else:
            self.fault("ND046", name, kind, f"field '{key}' {why.why}")

    def line(
        self, name: str, quantity: str, asked: str, got: str, level: Level, note: str = "", *, of: SubjectKind = "node"
    ) -> None:
        """Add a ledger line about a node, or about the file if `name` is empty; equal lines of several nodes are merged."""
        self.lines.setdefault((of, quantity, asked, got, level, note), []).append(name)

    @property
    def ledger(self) -> tuple[LedgerLine, ...]:
        """The lines in the order they were added."""
        return tuple(
            LedgerLine(
                subject=about("import") if names == [""] else about(of, *map(brief, names)),
                quantity=quantity,
                asked=asked,
                got=got,
                level=level,
                note=note,
            )
            for (of, quantity, asked, got, level, note), names in self.lines.items()
        )
