"""Command line: what a report of findings is asked to be: its format, its gates, and what it is about."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from neurodeploy.cli.output import Format, chosen_format
from neurodeploy.profile import COMPILATION_FIGURES, JUDGEMENT_FIGURES, Budget, read_budgets

__all__ = ["Asked", "asked_for"]


class Asked(NamedTuple):
    """What the user wants of a report."""

    model: Path
    style: Format
    budgets: tuple[Budget, ...]
    ledger: bool
    strict: bool


def asked_for(
    model: Path, given: Format | None, budget: list[str] | None, *, ledger: bool, strict: bool, json_output: bool
) -> Asked:
    """Return what was asked. Raises DiagnosticError: ND701 for the format, ND706 and ND707 for budgets."""
    style, figures = chosen_format(given, json_output=json_output), (*COMPILATION_FIGURES, *JUDGEMENT_FIGURES)
    return Asked(model, style, read_budgets(budget or (), dict.fromkeys(figures)), ledger, strict)
