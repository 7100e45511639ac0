"""Ledger lines and losses of one export, collected and reported together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from neurodeploy.diagnostics import Diagnostic, Fix, SubjectKind, about, finding
from neurodeploy.diagnostics.ledger import LedgerLine, Level
from neurodeploy.exporters.options import LOSSES, MEANINGS, LossName

__all__ = ["ExportNotes"]

NAMED = 8
"""Most names in one list; further names are only counted."""
_Line = tuple[SubjectKind, str, str, str, Level, str]
_Loss = tuple[LossName, SubjectKind, str]


@dataclass
class ExportNotes:
    """Findings, ledger lines and losses of one export. `lossy`: the losses that were allowed."""

    network: str
    lossy: Collection[str]
    findings: list[Diagnostic] = field(default_factory=list[Diagnostic])
    lines: dict[_Line, list[str]] = field(default_factory=dict[_Line, list[str]])
    lost: dict[_Loss, list[str]] = field(default_factory=dict[_Loss, list[str]])
    """(loss, kind of object, what it has) -> names."""

    def line(
        self, of: SubjectKind, name: str, quantity: str, asked: str, got: str, level: Level, note: str = ""
    ) -> None:
        """Add a ledger line; equal lines of several objects are merged."""
        self.lines.setdefault((of, quantity, asked, got, level, note), []).append(name)

    def lose(self, loss: LossName, of: SubjectKind, name: str, has: str, got: str) -> None:
        """Note something that the file cannot express. `has`: what the network has; `got`: what the file says instead."""
        self.lost.setdefault((loss, of, has), []).append(name)
        if loss in self.lossy:
            self.line(of, name, MEANINGS[loss], has, got, "dropped", f"--lossy {loss}; kept in the metadata")

    def fault(self, of: SubjectKind, name: str, message: str, *fixes: str) -> None:
        """Add a finding about a part that the file cannot hold in any form (ND076)."""
        self.findings.append(finding("ND076", about(of, name), message, fixes=fixes))

    def refuse_losses(self, format_name: str) -> None:
        """Add one finding with every loss that was not allowed (ND075)."""
        left = sorted((key for key in self.lost if key[0] not in self.lossy), key=lambda key: LOSSES.index(key[0]))
        if not left:
            return
        shown = [f"{loss}: {has} of {_named(of, self.lost[loss, of, has])}" for loss, of, has in left]
        every = [loss for loss in LOSSES if loss in {key[0] for key in (*left, *self.lost)}]
        flag = f"--lossy {','.join(every)}"
        message = f"{format_name} cannot express, and other tools would run differently: {'; '.join(shown)}"
        fix = Fix(text="write it without; the metadata keeps all of it for neurodeploy", flag=flag)
        self.findings.append(finding("ND075", about("network", self.network), message, fixes=[fix]))

    @property
    def ledger(self) -> tuple[LedgerLine, ...]:
        """The lines in the order they were added."""
        return tuple(
            LedgerLine(subject=about(of, *names), quantity=quantity, asked=asked, got=got, level=level, note=note)
            for (of, quantity, asked, got, level, note), names in self.lines.items()
        )


def _named(of: SubjectKind, names: list[str]) -> str:
    return str(about(of, *names))
