"""Findings in notebooks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from neurodeploy.diagnostics import Diagnostic, rule, sorted_findings
from neurodeploy.diagnostics.render import comparison
from neurodeploy.report.markup import element, text
from neurodeploy.report.notebook.parts import box, details, heading, note

__all__ = ["findings_html", "folded_findings", "one_finding"]

COLOURS = {"error": "#d64545", "warning": "#c98a1b", "info": "#3b87c8"}
"""Severity -> colour, readable on white and on black."""


def one_finding(item: Diagnostic) -> str:
    """Return one finding: code, subject and sentence, numbers, source and fixes."""
    colour = COLOURS[item.severity]
    code = element("b", text(f"{item.severity} {item.code}"), style=f"color:{colour}")
    lines = [element("div", code, f" {text(item.subject)}: {text(item.message)}")]
    numbers = comparison(item)
    if numbers:
        lines.append(note(numbers))
    if item.limit_source:
        lines.append(note(f"{rule(item.code).words[1]} from {item.limit_source}"))
    for fix in item.fixes:
        flag = element("code", text(fix.flag)) if fix.flag else ""
        lines.append(element("div", f"fix: {text(fix.text)}{': ' if flag else ''}{flag}"))
    style = f"border-left:3px solid {colour};padding:1px 0 1px 8px;margin:4px 0"
    return element("div", *lines, style=style)


def counted(findings: Sequence[Diagnostic]) -> str:
    """Return how many findings there are of each severity, in words."""
    number = Counter(item.severity for item in findings)
    words = {"error": "error", "warning": "warning", "info": "note"}
    shown = [f"{number[kind]} {word}{'s' if number[kind] > 1 else ''}" for kind, word in words.items() if number[kind]]
    return ", ".join(shown) or "no findings"


def findings_html(title: str, findings: Sequence[Diagnostic]) -> str:
    """Return findings below a heading, errors first. `title`: what they are of."""
    return box(heading(title, "", counted(findings)), *(one_finding(item) for item in sorted_findings(findings)))


def folded_findings(findings: Sequence[Diagnostic]) -> str:
    """Return findings that open on a click, and stand open where one is an error; nothing without any."""
    content = "".join(one_finding(item) for item in sorted_findings(findings))
    if any(item.severity == "error" for item in findings):
        return content
    return details(counted(findings), content)
