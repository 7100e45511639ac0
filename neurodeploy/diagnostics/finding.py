"""Noun: one finding, its fixes, and the error that carries all findings of a stage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import Field

from neurodeploy.base.noun import Noun
from neurodeploy.diagnostics.catalogue import Severity, rule
from neurodeploy.diagnostics.shown import shown

__all__ = [
    "Diagnostic",
    "DiagnosticError",
    "FindingWarning",
    "Fix",
    "Severity",
    "errors_in",
    "finding",
    "folded",
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
    """ND and three digits; nd.explain(code) tells more."""
    severity: Severity
    """error, warning (an error under `strict`) or info."""
    where: str
    """The user's own name, e.g. "population 'hidden'"; a file is named by the path as it was given."""
    message: str
    """One sentence without the fix and without a full stop."""
    found: float | None = None
    """What was found, in `unit`."""
    limit: float | None = None
    """What is allowed, in `unit`."""
    unit: str = ""
    """Of both numbers."""
    limit_source: str = ""
    """E.g. "loihi1.toml limits.synapse_memory: <citation>"."""
    fixes: tuple[Fix, ...] = ()
    """Best first."""


class FindingWarning(UserWarning):
    """A warning about what is loaded, where no noun carries its findings to Python."""


class DiagnosticError(Exception):
    """A stage found an error. Carries every finding of the stage, not only the first, and prints errors first."""

    def __init__(self, stage: str, diagnostics: tuple[Diagnostic, ...]) -> None:
        kept = folded(diagnostics)
        super().__init__(stage, kept)
        self.stage = stage
        self.diagnostics = kept

    def __str__(self) -> str:
        from neurodeploy.diagnostics.render import render_all  # the renderer imports this module

        return render_all(sorted(self.diagnostics, key=lambda item: _ORDER[item.severity]))


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
    """Return a finding of the rule `code`; the severity is the rule's unless told.

    What its texts repeat from a file is quoted where a terminal would obey it, and cut where it has no end.
    """
    return Diagnostic(
        code=code,
        severity=severity or rule(code).severity,
        where=shown(where),
        message=shown(message, lines=True),
        found=found,
        limit=limit,
        unit=unit,
        limit_source=shown(limit_source),
        fixes=tuple(fix if isinstance(fix, Fix) else Fix(text=shown(fix, lines=True)) for fix in fixes),
    )


MOST_OF_A_KIND = 100
"""Findings of one code that are told one by one."""


def folded(findings: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return findings with those of one code and severity beyond the first hundred told in one line."""
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
        kept.append(
            finding(kind[0], last[kind].where, f"and {count:,} more of this kind", severity=last[kind].severity)
        )
    return tuple(kept)


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
    return folded(sorted(findings, key=lambda item: (_ORDER[item.severity], item.code, item.where)))
