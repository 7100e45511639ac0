"""Findings: what is wrong, where, by how much, whose limit it is, and what to do. Knows no stage."""

from neurodeploy.diagnostics.catalogue import Rule, rule, rules
from neurodeploy.diagnostics.finding import (
    Diagnostic,
    DiagnosticError,
    FindingWarning,
    Fix,
    Severity,
    errors_in,
    finding,
    raise_errors,
    sorted_findings,
)
from neurodeploy.diagnostics.render import comparison, render, render_all, to_plain

__all__ = [
    "Diagnostic",
    "DiagnosticError",
    "FindingWarning",
    "Fix",
    "Rule",
    "Severity",
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
