"""Lookups: diagnostic codes, targets, backends, and the schema of network files. Each imports what it looks up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from neurodeploy.base.noun import Noun
from neurodeploy.diagnostics import DiagnosticError, Rule, about, finding, rules
from neurodeploy.diagnostics.choices import needs
from neurodeploy.diagnostics.translate import nearest

if TYPE_CHECKING:
    from neurodeploy.hardware import FeasibilityTarget, Target

__all__ = ["BackendInfo", "backends", "explain", "rescan", "schema", "targets"]


class BackendInfo(Noun):
    """A backend and its availability."""

    name: str
    """Name for nd.run(backend=...)."""
    available: bool
    """Whether it can run on this machine."""
    summary: str
    """Description; the reason if it is not available."""
    fix: str | None = None
    """How to make it available."""


@overload
def explain(code: str) -> Rule: ...
@overload
def explain(code: None = None) -> tuple[Rule, ...]: ...
def explain(code: str | None = None) -> Rule | tuple[Rule, ...]:
    """Return the rule of a diagnostic code: its meaning, the reason for the limit, and the fix. All rules without a code.

    Raises DiagnosticError: ND002 (arguments), ND704 (unknown code).

    Example: nd.explain("ND302").fix
    """
    needs("explain", code=(code, (str, type(None))))
    known = rules()
    if code is None:
        return tuple(known.values())
    if code.upper() not in known:
        fixes = nearest(code.upper(), list(known))
        raise DiagnosticError(
            "explain", (finding("ND704", about("code", code), "is not a known diagnostic code", fixes=fixes),)
        )
    return known[code.upper()]


def targets() -> tuple[Target | FeasibilityTarget, ...]:
    """Return the installed targets with all figures and their sources. nd.compile accepts a Target, nd.judge the others.

    Raises DiagnosticError: ND020-ND029 (a broken target file).

    Example: [target.name for target in nd.targets()]
    """
    from neurodeploy.hardware import read_target, target_names

    return tuple(read_target(name) for name in target_names())


def backends() -> tuple[BackendInfo, ...]:
    """Return the installed backends and their availability on this machine.

    Example: [item.name for item in nd.backends() if item.available]
    """
    from neurodeploy.simulate.registry import backend_names

    return tuple(_info(name) for name in backend_names())


def _info(name: str) -> BackendInfo:
    from neurodeploy.simulate.registry import get_backend

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
    """Search again for installed backends and targets, whose lists are cached for the life of the process.

    Example: nd.rescan()  # after pip install in a notebook
    """
    from neurodeploy.hardware.files import forget_targets
    from neurodeploy.simulate.registry import forget_backends

    forget_backends()
    forget_targets()


def schema() -> dict[str, Any]:
    """Return the JSON Schema of network documents (.nd.json), in which every field has its description.

    Example: nd.schema()["properties"]["populations"]
    """
    from neurodeploy.network.schema import json_schema

    return json_schema()
