"""Findings as text or JSON data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from neurodeploy.diagnostics.catalogue import rule
from neurodeploy.diagnostics.finding import Diagnostic, Fix

__all__ = ["comparison", "render", "render_all", "to_plain"]


def _number(value: float) -> str:
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:.6g}"


def _quantity(value: float, unit: str) -> str:
    return f"{_number(value)} {unit}".rstrip()


def comparison(item: Diagnostic) -> str | None:
    """Return the two numbers of a finding as text, or None if it has none."""
    first, second = rule(item.code).words
    if item.found is None:
        return None
    text = f"{first} {_quantity(item.found, item.unit)}"
    if item.limit is None:
        return text
    text += f"; {second} {_quantity(item.limit, item.unit)}"
    if (first, second) == ("found", "limit") and item.limit > 0 and item.found > item.limit:
        text += f" ({item.found / item.limit:.3g}x)"
    return text


def _fix_line(fix: Fix) -> str:
    return f"fix: {fix.text}:  {fix.flag}" if fix.flag else f"fix: {fix.text}"


def render(item: Diagnostic) -> str:
    """Return the finding as text, several lines, no newline at the end."""
    lines = [f"{item.severity}[{item.code}] {item.subject}: {item.message}"]
    numbers = comparison(item)
    if numbers:
        lines.append(f"   {numbers}")
    if item.limit_source:
        lines.append(f"   {rule(item.code).words[1]} from {item.limit_source}")
    lines += [f"   {_fix_line(fix)}" for fix in item.fixes]
    return "\n".join(lines)


def render_all(findings: Iterable[Diagnostic]) -> str:
    """Return findings as text, separated by blank lines."""
    return "\n\n".join(render(item) for item in findings)


def to_plain(item: Diagnostic) -> dict[str, Any]:
    """Return the finding as JSON data, with the rule's name."""
    plain = item.model_dump(mode="json")
    return {"name": rule(item.code).name, **plain, "subject": {**plain["subject"], "text": str(item.subject)}}
