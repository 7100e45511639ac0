"""What is known: findings, targets, backends, the form of a network's file."""

from __future__ import annotations

from typing import Any, overload

from neurodeploy.base.noun import Noun
from neurodeploy.diagnostics import DiagnosticError, Rule, about, finding, rules
from neurodeploy.diagnostics.choices import needs
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.hardware import FeasibilityTarget, Target, read_target, target_names
from neurodeploy.hardware.files import forget_targets
from neurodeploy.network.schema import json_schema
from neurodeploy.simulate import backend_names, get_backend
from neurodeploy.simulate.registry import forget_backends

__all__ = ["BackendInfo", "backends", "explain", "rescan", "schema", "targets"]


class BackendInfo(Noun):
    """A backend, and whether it can run here."""

    name: str
    """As nd.run(backend=...) takes it."""
    available: bool
    """Whether it can run here."""
    summary: str
    """What it is; or why it cannot run here."""
    fix: str | None = None
    """What makes it run here."""


@overload
def explain(code: str) -> Rule: ...
@overload
def explain(code: None = None) -> tuple[Rule, ...]: ...
def explain(code: str | None = None) -> Rule | tuple[Rule, ...]:
    """Return what a code of a finding means, why there is such a limit, and what to do; all codes without one.

    Raises DiagnosticError: ND704 (no such code).
    """
    needs("explain", code=(code, (str, type(None))))
    known = rules()
    if code is None:
        return tuple(known.values())
    if code.upper() not in known:
        fixes = nearest(code.upper(), list(known))
        raise DiagnosticError(
            "explain", (finding("ND704", about("code", code), "is no code of a finding", fixes=fixes),)
        )
    return known[code.upper()]


def targets() -> tuple[Target | FeasibilityTarget, ...]:
    """Return the installed targets, with every figure and its source; nd.compile takes a Target, nd.judge the others."""
    return tuple(read_target(name) for name in target_names())


def backends() -> tuple[BackendInfo, ...]:
    """Return the installed backends, and whether each can run here."""
    return tuple(_info(name) for name in backend_names())


def _info(name: str) -> BackendInfo:
    try:
        adapter = get_backend(name)
        missing = adapter.unavailable()
    except DiagnosticError as error:
        return BackendInfo(name=name, available=False, summary=error.diagnostics[0].message)
    if missing is None:
        return BackendInfo(name=name, available=True, summary=adapter.summary)
    fix = missing.fixes[0].text if missing.fixes else None
    return BackendInfo(name=name, available=False, summary=missing.message, fix=fix)


def rescan() -> None:
    """Look for installed backends and targets anew. They are looked for once in a process, which takes a while."""
    forget_backends()
    forget_targets()


def schema() -> dict[str, Any]:
    """Return the JSON Schema of network documents (.nd.json)."""
    return json_schema()
