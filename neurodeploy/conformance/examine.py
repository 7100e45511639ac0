"""Quick test of a backend on this machine, with a few cases of the corpus."""

from __future__ import annotations

from neurodeploy.conformance.corpus import corpus
from neurodeploy.conformance.judge import conformance_findings, judge
from neurodeploy.diagnostics import Diagnostic, DiagnosticError
from neurodeploy.simulate import get_backend

__all__ = ["examine"]

CASES = ("layers_with_skip", "recurrent")
"""Cases that every integer backend supports."""


def examine(name: str) -> tuple[dict[str, str], tuple[Diagnostic, ...]]:
    """Return a row (backend, state, message) and findings. States: works, not here, refuses, broken."""

    def row(state: str, message: str) -> dict[str, str]:
        return {"backend": name, "state": state, "message": message}

    try:
        missing = get_backend(name).unavailable()
    except DiagnosticError as error:
        return row("broken", error.diagnostics[0].message), error.diagnostics
    if missing is not None:
        fix = f"; {missing.fixes[0].text}" if missing.fixes else ""
        return row("not here", missing.message + fix), (missing,)
    found = [judge(case, name) for case in corpus() if case.name in CASES]
    faults = conformance_findings(found)
    if faults:
        return row("broken", faults[0].message), faults
    exact = [item for item in found if item.outcome == "exact"]
    if not exact:
        return row("refuses", f"{found[0].code}: {found[0].message}"), ()
    return row("works", f"{sum(item.spikes for item in exact)} spikes of {len(exact)} programs exact"), ()
