"""Options of a report of findings: format, budgets and model. Prints the report accordingly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from neurodeploy.cli.output import Format, chosen_format, finish
from neurodeploy.diagnostics import Diagnostic
from neurodeploy.profile import COMPILATION_FIGURES, JUDGEMENT_FIGURES, Budget, met_budgets, read_budgets

__all__ = ["ReportOptions", "report_options"]

FIGURES = (*COMPILATION_FIGURES, *JUDGEMENT_FIGURES)
"""Figures that budgets of a compilation can refer to."""


class ReportOptions(NamedTuple):
    """The user's options for a report."""

    model: Path
    style: Format
    budgets: tuple[Budget, ...] = ()
    ledger: bool = False
    strict: bool = False

    @property
    def text(self) -> bool:
        """Whether the format is text, with tables and progress."""
        return self.style is Format.text

    def finish(self, findings: Iterable[Diagnostic], document: Mapping[str, Any] | None = None) -> None:
        """Print the findings, in JSON together with the document, and exit with their status."""
        found = tuple(findings)
        finish(
            found,
            json_document=dict(document or {}) if self.style is Format.json else None,
            strict=self.strict,
            style=self.style,
            model=self.model,
            passed=met_budgets(self.budgets, found),
        )


def report_options(
    model: Path,
    given: Format | None,
    budget: list[str] | None = None,
    *,
    figures: Iterable[str] = FIGURES,
    ledger: bool = False,
    strict: bool = False,
    json_output: bool,
) -> ReportOptions:
    """Return the options of a report. `figures`: figures that budgets can refer to.

    Raises DiagnosticError: ND701 for the format, ND706 and ND707 for budgets.
    """
    style = chosen_format(given, json_output=json_output)
    return ReportOptions(model, style, read_budgets(budget or (), figures), ledger, strict)
