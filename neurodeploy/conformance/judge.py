"""Verb: run a case of the corpus on a backend and on the emulator: exact, refused with a code, or different."""

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


class Judgement(Noun):
    """What came of one case on one backend."""

    case: Name
    feature: str
    backend: Name
    outcome: Outcome
    code: str = ""
    """Of the refusal or the failure."""
    told: str = ""
    """The refusal, the failure, or the first divergence."""
    spikes: int = 0
    """That both gave, so that an exact silence is not taken for a proof."""


def _dialect_of(adapter: Backend) -> str | None:
    """The dialect that a backend says it computes in; None: the program's own, whatever it is."""
    return getattr(adapter, "dialect", None)


def _target_for(case: Case, dialect: str | None) -> Target:
    """The target of a case in a dialect: one that names it, else one that has the kinds, its dialect exchanged."""
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
    """Return the program of a case in a dialect. Raises DiagnosticError: what the target refuses."""
    target = _target_for(case, dialect)
    return compile_network(case.network, target, CompileOptions(fixes=False)).require()


def judge(case: Case, backend: str) -> Judgement:
    """Return what came of a case on a backend, in the dialect that the backend computes in."""
    adapter = get_backend(backend)

    def said(outcome: Outcome, **more: object) -> Judgement:
        given = {"case": case.name, "feature": case.feature, "backend": backend, "outcome": outcome}
        return Judgement.model_validate({**given, **more})

    dialect = _dialect_of(adapter)
    try:
        program = program_of(case, dialect)
    except DiagnosticError as error:
        first = errors_in(error.diagnostics)[0]
        return said("refused", code=first.code, told=f"by the target: {first.message}")
    refusals = errors_in(adapter.check(program))
    if refusals:
        return said("refused", code=refusals[0].code, told=refusals[0].message)
    try:
        given = run(program, case.stimulus, backend=backend, until=case.steps)
    except DiagnosticError as error:
        first = error.diagnostics[0]
        outcome = "refused" if first.code in ("ND502", "ND543") else "failed"
        return said(outcome, code=first.code, told=first.message)
    wanted = run(program, case.stimulus, backend=EMULATOR, until=case.steps)
    apart = errors_in(compare_findings(wanted, given, program))
    lacking = sorted(set(wanted.states) - set(given.states)) or sorted(set(wanted.payloads) - set(given.payloads))
    count = sum(len(rows) for rows in wanted.spikes.values())
    if apart or lacking:
        told = apart[0].message if apart else f"its recording lacks {', '.join(lacking)}"
        return said("differs", code="ND554", told=told, spikes=count)
    return said("exact", spikes=count)


def conformance_findings(judgements: Iterable[Judgement]) -> tuple[Diagnostic, ...]:
    """Return ND554 for every case that differs or failed; a refusal with a code is no fault."""
    bad = [item for item in judgements if item.outcome in ("differs", "failed")]
    return tuple(
        finding("ND554", about("backend", item.backend), f"case '{item.case}' {item.outcome}: {item.told}")
        for item in bad
    )
