"""Command line: what a report of findings is asked to be: its format, its gates, and what it is about. And printing it so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from neurodeploy.cli.output import Format, chosen_format, finish
from neurodeploy.diagnostics import Diagnostic
from neurodeploy.profile import COMPILATION_FIGURES, JUDGEMENT_FIGURES, Budget, met_budgets, read_budgets

__all__ = ["ReportOptions", "asked_for"]

FIGURES = (*COMPILATION_FIGURES, *JUDGEMENT_FIGURES)
"""What the budgets of a compilation are set on."""


class ReportOptions(NamedTuple):
    """What the user wants of a report."""

    model: Path
    style: Format
    budgets: tuple[Budget, ...] = ()
    ledger: bool = False
    strict: bool = False

    @property
    def text(self) -> bool:
        """Whether people read it: tables, and the progress of what takes long."""
        return self.style is Format.text

    def finish(self, findings: Iterable[Diagnostic], document: Mapping[str, Any] | None = None) -> None:
        """Print the findings, in JSON with the document, and leave with their exit status."""
        found = tuple(findings)
        finish(
            found,
            json_document=dict(document or {}) if self.style is Format.json else None,
            strict=self.strict,
            style=self.style,
            model=self.model,
            passed=met_budgets(self.budgets, found),
        )


def asked_for(
    model: Path,
    given: Format | None,
    budget: list[str] | None = None,
    *,
    figures: Iterable[str] = FIGURES,
    ledger: bool = False,
    strict: bool = False,
    json_output: bool,
) -> ReportOptions:
    """Return what was asked. `figures`: on which there can be budgets.

    Raises DiagnosticError: ND701 for the format, ND706 and ND707 for budgets.
    """
    style = chosen_format(given, json_output=json_output)
    return ReportOptions(model, style, read_budgets(budget or (), figures), ledger, strict)
