"""DiagnosticError, and which findings make a stage fail, and the order in which findings are listed."""

from __future__ import annotations

from collections.abc import Iterable

from neurodeploy.base.notebook import html_of
from neurodeploy.diagnostics.finding import Diagnostic, finding
from neurodeploy.diagnostics.render import render_all

__all__ = ["DiagnosticError", "FindingWarning", "errors_in", "folded", "raise_errors", "sorted_findings"]

MOST_OF_A_KIND = 100
"""Maximum number of findings of one code and severity that are listed individually."""
_ORDER = {"error": 0, "warning": 1, "info": 2}


class FindingWarning(UserWarning):
    """Python warning for a finding about a loaded file, used where the returned object has no findings."""


class DiagnosticError(Exception):
    """The findings of a stage that ended in at least one error. Prints errors first."""

    def __init__(self, stage: str, diagnostics: tuple[Diagnostic, ...]) -> None:
        kept = folded(diagnostics)
        super().__init__(stage, kept)
        self.stage = stage
        self.diagnostics = kept

    def __str__(self) -> str:
        return render_all(sorted(self.diagnostics, key=lambda item: _ORDER[item.severity]))

    def _repr_html_(self) -> str | None:
        """Return its findings as HTML for notebooks."""
        return html_of(self)


def folded(findings: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the findings; beyond the first hundred of one code and severity, one line gives the number of the rest."""
    kept, left, first = list[Diagnostic](), dict[tuple[str, str], int](), dict[tuple[str, str], int]()
    for item in findings:
        kind = item.code, item.severity
        first[kind] = first.get(kind, 0) + 1
        if first[kind] <= MOST_OF_A_KIND:
            kept.append(item)
        else:
            left[kind] = left.get(kind, 0) + 1
    last = {(item.code, item.severity): item for item in kept}
    for kind, count in left.items():
        more = f"and {count:,} more of this kind"
        kept.append(finding(kind[0], last[kind].subject, more, severity=last[kind].severity))
    return tuple(kept)


def errors_in(findings: Iterable[Diagnostic], *, strict: bool = False) -> tuple[Diagnostic, ...]:
    """Return the findings that make a stage fail: errors, and under `strict` also warnings."""
    refused = {"error", "warning"} if strict else {"error"}
    return tuple(item for item in findings if item.severity in refused)


def raise_errors(stage: str, findings: Iterable[Diagnostic], *, strict: bool = False) -> tuple[Diagnostic, ...]:
    """Return the findings of a finished stage. Raises DiagnosticError with all of them if one makes the stage fail."""
    everything = tuple(findings)
    if errors_in(everything, strict=strict):
        raise DiagnosticError(stage, everything)
    return everything


def sorted_findings(findings: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return findings with errors first, then by code and by subject."""
    return folded(sorted(findings, key=lambda item: (_ORDER[item.severity], item.code, str(item.subject))))
