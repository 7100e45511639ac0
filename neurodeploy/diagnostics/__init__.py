"""Findings: diagnostics with subject, numbers, limit source and fixes. Independent of the stages that create them."""

import neurodeploy.diagnostics.translate  # noqa: F401  # pyright: ignore[reportUnusedImport]  # constructors raise findings
from neurodeploy.diagnostics.catalogue import Rule, rule, rules
from neurodeploy.diagnostics.errors import DiagnosticError, FindingWarning, errors_in, raise_errors, sorted_findings
from neurodeploy.diagnostics.finding import Diagnostic, Fix, Severity, finding
from neurodeploy.diagnostics.render import comparison, render, render_all, to_plain
from neurodeploy.diagnostics.subject import Subject, SubjectKind, about

__all__ = [
    "Diagnostic",
    "DiagnosticError",
    "FindingWarning",
    "Fix",
    "Rule",
    "Severity",
    "Subject",
    "SubjectKind",
    "about",
    "comparison",
    "errors_in",
    "finding",
    "raise_errors",
    "render",
    "render_all",
    "rule",
    "rules",
    "sorted_findings",
    "to_plain",
]
