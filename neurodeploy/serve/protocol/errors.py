"""Errors in the form of the protocol: a text, and the findings as data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic_core import to_json

from neurodeploy.diagnostics import Diagnostic, to_plain

__all__ = ["STATUS", "error_json", "error_text", "status_of"]

STATUS = {
    "ND910": 404,
    "ND946": 404,
    "ND911": 404,
    "ND913": 413,
    "ND914": 401,
    "ND915": 503,
    "ND920": 403,
    "ND921": 503,
    "ND923": 503,
    "ND927": 415,
}
"""Code of a finding -> status of HTTP; 400 for the others."""


def status_of(findings: Iterable[Diagnostic]) -> int:
    """Return the status of HTTP for findings: that of the first error."""
    first = next((item.code for item in findings if item.severity == "error"), "")
    return STATUS.get(first, 400)


def error_text(findings: Iterable[Diagnostic]) -> str:
    """Return one line for each error: its code, its sentence and its fixes. Clients show nothing else."""
    return "\n".join(_line(item) for item in findings if item.severity == "error")


def _line(item: Diagnostic) -> str:
    fixes = "; ".join(fix.text for fix in item.fixes)
    return f"{item.code}: {item.subject}: {item.message}" + (f" ({fixes})" if fixes else "")


def error_json(findings: Iterable[Diagnostic]) -> bytes:
    """Return the document of an error: {"error": text, "findings": [...]}, in which findings are as other commands print them."""
    found = tuple(findings)
    plain: dict[str, Any] = {"error": error_text(found), "findings": [to_plain(item) for item in found]}
    return to_json(plain, inf_nan_mode="null")
