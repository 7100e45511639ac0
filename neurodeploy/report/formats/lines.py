"""Findings as single lines, for editors and for GitHub.

Source of the annotation commands and their escapes: GitHub's reference of workflow commands.
"""

from __future__ import annotations

from collections.abc import Iterable

from neurodeploy.diagnostics import Diagnostic, comparison, render, rule
from neurodeploy.report.formats.place import Examined, place_of

__all__ = ["concise", "github"]

LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def concise(findings: Iterable[Diagnostic], examined: Examined) -> str:
    """Return one line for each finding: file, line, severity, code, object, sentence, numbers."""
    lines: list[str] = []
    for item in findings:
        place, numbers = place_of(item, examined), comparison(item)
        prefix = "" if place is None else f"{place.shown}: " if place.line is None else f"{place.shown}:{place.line}: "
        message = f"{item.message} ({numbers})" if numbers else item.message
        lines.append(" ".join(f"{prefix}{item.severity}[{item.code}] {item.subject}: {message}".split()))
    return "".join(f"{line}\n" for line in lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def github(findings: Iterable[Diagnostic], examined: Examined) -> str:
    """Return a workflow command for each finding, which GitHub shows next to the file."""
    lines: list[str] = []
    for item in findings:
        place = place_of(item, examined)
        properties = {"title": f"{item.code} {rule(item.code).name}"}
        if place is not None:
            properties = {
                "file": place.shown,
                **({} if place.line is None else {"line": str(place.line)}),
                **properties,
            }
        words = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
        lines.append(f"::{LEVELS[item.severity]} {words}::{_data(render(item))}")
    return "".join(f"{line}\n" for line in lines)
