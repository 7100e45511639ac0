"""Judgement of a backend on a case of the corpus: exact, refused with a code, different or failed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from neurodeploy.base.noun import Name, Noun
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.conformance.corpus import Case
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, errors_in, finding
from neurodeploy.hardware import Target, load_dialect, read_target, target_names
from neurodeploy.program.program import Program
from neurodeploy.simulate import compare_findings, get_backend, run
from neurodeploy.simulate.backend import Backend

__all__ = ["Judgement", "conformance_findings", "judge", "program_of"]

Outcome = Literal["exact", "refused", "differs", "failed"]
EMULATOR = "emulator"
REFUSALS = frozenset({"ND502", "ND521", "ND543"})
"""Findings of a run that a backend refuses: for a feature, for rules that it does not learn, for a dialect."""


class Judgement(Noun):
    """Outcome of one case on one backend."""

    case: Name
    feature: str
    backend: Name
    outcome: Outcome
    code: str = ""
    """Diagnostic code of the refusal or failure."""
    message: str = ""
    """The refusal, the failure, or the first divergence."""
    spikes: int = 0
    """Number of spikes of the emulator: an exact result without spikes proves little."""


def _dialect_of(adapter: Backend) -> str | None:
    """Dialect of a backend; None if it uses the dialect of the program."""
    return getattr(adapter, "dialect", None)


def _target_for(case: Case, dialect: str | None) -> Target:
    """Target for a case: one with the dialect, else one that supports the neuron kinds with its dialect replaced."""
    targets = [target for target in map(read_target, target_names()) if isinstance(target, Target)]
    kinds = {item.neuron.kind for item in case.network.populations}
    able = [target for target in targets if kinds <= set(target.neurons.kinds)] or targets
    able.sort(key=lambda target: -target.cores)
    wanted = dialect or case.dialect
    if wanted is None:
        return able[0]
    own = [target for target in able if target.dialect.name == wanted]
    return own[0] if own else able[0].model_copy(update={"dialect": load_dialect(wanted)})


def program_of(case: Case, dialect: str | None) -> Program:
    """Return the program of a case in a dialect. Raises DiagnosticError: the codes of compilation."""
    target = _target_for(case, dialect)
    return compile_network(case.network, target, CompileOptions(fixes=False)).require()


def judge(case: Case, backend: str) -> Judgement:
    """Return the outcome of a case on a backend, in the backend's dialect."""
    adapter = get_backend(backend)

    def judgement(outcome: Outcome, **more: object) -> Judgement:
        recording = {"case": case.name, "feature": case.feature, "backend": backend, "outcome": outcome}
        return Judgement.model_validate({**recording, **more})

    dialect = _dialect_of(adapter)
    try:
        program = program_of(case, dialect)
    except DiagnosticError as error:
        first = errors_in(error.diagnostics)[0]
        return judgement("refused", code=first.code, message=f"by the target: {first.message}")
    refusals = errors_in(adapter.check(program))
    if refusals:
        return judgement("refused", code=refusals[0].code, message=refusals[0].message)
    try:
        recording = run(program, case.stimulus, backend=backend, until=case.steps)
    except DiagnosticError as error:
        first = error.diagnostics[0]
        outcome = "refused" if first.code in REFUSALS else "failed"
        return judgement(outcome, code=first.code, message=first.message)
    wanted = run(program, case.stimulus, backend=EMULATOR, until=case.steps)
    apart = errors_in(compare_findings(wanted, recording, program))
    lacking = sorted(set(wanted.states) - set(recording.states)) or sorted(
        set(wanted.payloads) - set(recording.payloads)
    )
    count = sum(len(rows) for rows in wanted.spikes.values())
    if apart or lacking:
        message = apart[0].message if apart else f"its recording does not contain {', '.join(lacking)}"
        return judgement("differs", code="ND554", message=message, spikes=count)
    return judgement("exact", spikes=count)


def conformance_findings(judgements: Iterable[Judgement]) -> tuple[Diagnostic, ...]:
    """Return ND554 for every case that differs or failed; a refusal with a code is not a fault."""
    bad = [item for item in judgements if item.outcome in ("differs", "failed")]
    return tuple(
        finding("ND554", about("backend", item.backend), f"case '{item.case}' {item.outcome}: {item.message}")
        for item in bad
    )
