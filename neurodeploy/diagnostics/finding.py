"""Noun: one finding, its fixes, and the error that carries all findings of a stage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import Field

from neurodeploy._noun import Noun
from neurodeploy.diagnostics.catalogue import Severity, rule

__all__ = [
    "Diagnostic",
    "DiagnosticError",
    "Fix",
    "Severity",
    "errors_in",
    "finding",
    "raise_errors",
    "sorted_findings",
]


class Fix(Noun):
    """One thing to do. A computed fix names the option change that was tried and passed."""

    text: str
    """One line: what to change, and the figure that results."""
    flag: str = ""
    """The command-line words that apply it, e.g. "--weight-bits hidden=6"; empty where the file must change."""
    change: dict[str, Any] = Field(default_factory=dict)
    """The same as fields of CompileOptions; empty where the file must change."""


class Diagnostic(Noun):
    """One finding: which object, what is wrong, how far over, who says so, what to do."""

    code: str
    severity: Severity
    where: str
    """The user's own name, e.g. "population 'hidden'"; a file is named by the path as it was given."""
    message: str
    """One sentence without the fix and without a full stop."""
    found: float | None = None
    limit: float | None = None
    unit: str = ""
    limit_source: str = ""
    """E.g. "loihi1.toml limits.synapse_memory: <citation>"."""
    fixes: tuple[Fix, ...] = ()
    """Best first."""


class DiagnosticError(Exception):
    """A stage found an error. Carries every finding of the stage, not only the first."""

    def __init__(self, stage: str, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(stage, diagnostics)
        self.stage = stage
        self.diagnostics = diagnostics

    def __str__(self) -> str:
        from neurodeploy.diagnostics.render import render_all  # the renderer imports this module

        return render_all(self.diagnostics)


def finding(
    code: str,
    where: str,
    message: str,
    *,
    found: float | None = None,
    limit: float | None = None,
    unit: str = "",
    limit_source: str = "",
    fixes: Iterable[Fix | str] = (),
    severity: Severity | None = None,
) -> Diagnostic:
    """Return a finding of the rule `code`; the severity is the rule's unless told."""
    return Diagnostic(
        code=code,
        severity=severity or rule(code).severity,
        where=where,
        message=message,
        found=found,
        limit=limit,
        unit=unit,
        limit_source=limit_source,
        fixes=tuple(fix if isinstance(fix, Fix) else Fix(text=fix) for fix in fixes),
    )


def errors_in(findings: Iterable[Diagnostic], *, strict: bool = False) -> tuple[Diagnostic, ...]:
    """Return the findings that refuse the work: errors, and under `strict` warnings too."""
    refused = {"error", "warning"} if strict else {"error"}
    return tuple(item for item in findings if item.severity in refused)


def raise_errors(stage: str, findings: Iterable[Diagnostic], *, strict: bool = False) -> tuple[Diagnostic, ...]:
    """Return the findings of a finished stage; raise DiagnosticError with all of them if one refuses the work."""
    everything = tuple(findings)
    if errors_in(everything, strict=strict):
        raise DiagnosticError(stage, everything)
    return everything


_ORDER = {"error": 0, "warning": 1, "info": 2}


def sorted_findings(findings: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return findings with errors first, then by code and by object."""
    return tuple(sorted(findings, key=lambda item: (_ORDER[item.severity], item.code, item.where)))
