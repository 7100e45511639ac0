"""Verb: whether a backend whose arithmetic is one dialect may run a program of another: only where the prover says equal."""

from __future__ import annotations

from neurodeploy.check.domain import Parting, dialect_verdict
from neurodeploy.diagnostics import Diagnostic, finding
from neurodeploy.program.program import Program
from neurodeploy.target.files import load_dialect

__all__ = ["dialect_refusals"]

SHOWN = 4
"""Reasons that one finding tells."""


def dialect_refusals(program: Program, dialect: str, backend: str, steps: int | None) -> tuple[Diagnostic, ...]:
    """Return ND543 if the program's bits could differ under the backend's dialect, with the reasons; nothing if proven equal.

    `steps` of one sample that the proof is to cover; None: as many as the network says, and one where it says none, so that
    a bound on a voltage that never decays is not asked for before a run tells its length.
    """
    own = program.target.dialect.name
    if own == dialect:
        return ()
    span = steps or program.network.time.steps_per_sample or 1
    reasons = dialect_verdict(program, [load_dialect(dialect)], span).partings[dialect]
    if not reasons:
        return ()
    told = "; ".join(_told(item) for item in reasons[:SHOWN])
    more = f"; and {len(reasons) - SHOWN} more" if len(reasons) > SHOWN else ""
    message = f"computes in dialect '{dialect}', the program is of '{own}', and they could part: {told}{more}"
    fixes = ["--backend emulator, which computes in the program's own dialect"]
    return (finding("ND543", f"backend '{backend}'", message, fixes=fixes),)


def _told(item: Parting) -> str:
    what = "synapses" if item.where.startswith("projection") else "neurons"
    return f"{item.where}: {item.reason}" + (f" ({item.neurons:,} {what})" if item.neurons else "")
