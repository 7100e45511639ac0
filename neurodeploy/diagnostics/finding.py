"""Diagnostic and Fix: a finding, and a change that removes it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import Field

from neurodeploy.base.noun import Noun
from neurodeploy.diagnostics.catalogue import Severity, rule
from neurodeploy.diagnostics.shown import shown
from neurodeploy.diagnostics.subject import Subject

__all__ = ["Diagnostic", "Fix", "Severity", "finding"]


class Fix(Noun):
    """One way to remove a finding. A computed fix was compiled before it is offered."""

    text: str
    """One line: the change, and the resulting figure."""
    flag: str = ""
    """Command-line options that apply it, e.g. "--weight-bits hidden=6"; empty if the file must be changed."""
    change: dict[str, Any] = Field(default_factory=dict)
    """The same change as fields of CompileOptions; empty if the file must be changed."""


class Diagnostic(Noun):
    """One finding: its subject, what is wrong, by how much, the source of the limit, and fixes."""

    code: str
    """ND and three digits; nd.explain(code) describes it."""
    severity: Severity
    """error, warning (refused under `strict`) or info."""
    subject: Subject
    """The object by kind and name, e.g. population 'hidden'; a file is named by the path as given."""
    message: str
    """One sentence without the fix and without a full stop."""
    found: float | None = None
    """The value found, in `unit`."""
    limit: float | None = None
    """The value allowed, in `unit`."""
    unit: str = ""
    """Unit of `found` and `limit`."""
    limit_source: str = ""
    """Source of the limit, e.g. "loihi1.toml limits.synapse_memory: <citation>"."""
    resource: str = ""
    """The resource whose limit is exceeded, e.g. "synapse_memory"; empty if the finding is not about a limit."""
    fixes: tuple[Fix, ...] = ()
    """Best first."""


def finding(
    code: str,
    subject: Subject,
    message: str,
    *,
    found: float | None = None,
    limit: float | None = None,
    unit: str = "",
    limit_source: str = "",
    resource: str = "",
    fixes: Iterable[Fix | str] = (),
    severity: Severity | None = None,
) -> Diagnostic:
    """Return a finding of the rule `code`, with the severity of the rule unless `severity` is given.

    Control characters in its texts are escaped and long texts are cut, because they may quote a file.
    """
    return Diagnostic(
        code=code,
        severity=severity or rule(code).severity,
        subject=subject,
        message=shown(message, lines=True),
        found=found,
        limit=limit,
        unit=unit,
        limit_source=shown(limit_source),
        resource=resource,
        fixes=tuple(fix if isinstance(fix, Fix) else Fix(text=shown(fix, lines=True)) for fix in fixes),
    )
