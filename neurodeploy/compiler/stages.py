"""The stages of a compilation, in order. Each takes the results so far and adds one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from neurodeploy.check import check
from neurodeploy.compiler.options import Compilation, CompileOptions, Verdict
from neurodeploy.compiler.quantize_cache import QuantizeCache, input_findings
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, errors_in, finding, rule
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.hardware.target import Target
from neurodeploy.mapping import Mapping, Progress, TimeLimit, emit_program, partition, place, proof_of_cores
from neurodeploy.mapping.spend.trade import Trade
from neurodeploy.program.program import Program
from neurodeploy.quantize import Quantized
from neurodeploy.resources import lower_bounds

__all__ = ["StageName", "Work", "compilation", "run_stages", "stages_between"]

StageName = Literal["validate", "quantize", "check", "partition", "place", "emit", "fixes"]
"""Stages by name, in order."""


@dataclass(frozen=True)
class Work:
    """A compilation in progress: the results so far."""

    cache: QuantizeCache
    """The network, and its integers by target and options."""
    target: Target
    options: CompileOptions
    limit: TimeLimit
    """Deadline of the mapping search."""
    quantized: Quantized | None = None
    mapping: Mapping | None = None
    program: Program | None = None
    findings: tuple[Diagnostic, ...] = ()
    ledger: tuple[LedgerLine, ...] = ()
    verdict: Verdict = "stopped"
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    """Stage -> seconds."""
    executor: Executor | None = None
    """Fills the shards of a large network with generated synapses; None: threads."""
    trade: Trade | None = None

    def adding(self, findings: Sequence[Diagnostic]) -> Work:
        """Return the work with additional findings; an error stops the compilation."""
        refused: Verdict = "refused" if errors_in(findings) else self.verdict
        return replace(self, findings=(*self.findings, *findings), verdict=refused)


def _validate(work: Work) -> Work:
    return work.adding(input_findings(work.cache.network, work.target, work.options))


def _quantize(work: Work) -> Work:
    result = work.cache.quantized(work.target, work.options)
    return replace(work.adding(result.findings), quantized=result.quantized, ledger=result.ledger)


def _check(work: Work) -> Work:
    proofs = () if work.quantized is None else check(work.quantized, work.target)
    return _not_mapped(work, proofs) if proofs else work


def _partition(work: Work) -> Work:
    if work.quantized is None:
        return work
    try:
        mapping = partition(
            work.quantized, work.target, options=work.options, time_limit=work.limit, executor=work.executor
        )
    except DiagnosticError as error:
        return _not_mapped(work, error.diagnostics)
    return replace(work, mapping=mapping, verdict="fits")


def _not_mapped(work: Work, reasons: tuple[Diagnostic, ...]) -> Work:
    """The work with the reason for a missing mapping: invalid options, a proof, or a search without a result."""
    verdict: Verdict = "refused"
    if any(rule(item.code).stage == "limits" for item in reasons):
        verdict = "proven not to fit"
    elif any(item.resource == "cores" for item in reasons) and work.quantized is not None:
        proven = proof_of_cores(work.quantized, work.target, work.options) is not None
        verdict = "proven not to fit" if proven else "not placed by this mapper"
    return replace(work, findings=(*work.findings, *reasons), verdict=verdict)


def _place(work: Work) -> Work:
    if work.mapping is None:
        return work
    mapping = place(work.mapping, seed=work.options.placement_seed, options=work.options, time_limit=work.limit)
    return _spent(replace(work, mapping=mapping))


def _spent(work: Work) -> Work:
    """The work with cores spent on the goal of the options, after placement."""
    if work.mapping is None or work.options.optimize == "cores":
        return work
    from neurodeploy.mapping.spend.findings import spent_or_not  # late: a compilation for fewest cores prices nothing

    found = spent_or_not(work.mapping, work.options, work.limit, work.options.fix_time_s if work.options.fixes else 0.0)
    return replace(work.adding(found.findings), mapping=found.mapping, trade=found.trade)


def _emit(work: Work) -> Work:
    return work if work.mapping is None else replace(work, program=emit_program(work.mapping), verdict="fits")


_RUN: dict[StageName, Callable[[Work], Work]] = {
    "validate": _validate,
    "quantize": _quantize,
    "check": _check,
    "partition": _partition,
    "place": _place,
    "emit": _emit,
}
"""Stages in order. Fixes, for networks that do not fit, are computed afterwards."""


def stages_between(start: StageName, stop: StageName) -> tuple[StageName, ...]:
    """Return the stages from `start` to `stop`, both included."""
    names: tuple[StageName, ...] = get_args(StageName)
    return names[names.index(start) : names.index(stop) + 1]


def run_stages(work: Work, names: Sequence[StageName], progress: Progress | None = None) -> Work:
    """Return the work after the stages in the given order, ending with the first that fails.

    `progress` is called with (stage, 0, 1) as each begins.
    """
    for name in names:
        if name not in _RUN or work.verdict not in ("stopped", "fits"):
            break
        if progress is not None:
            progress(name, 0, 1)
        start = time.perf_counter()
        work = _RUN[name](work)
        work = replace(work, seconds={**work.seconds, name: time.perf_counter() - start})
    return work


def compilation(work: Work) -> Compilation:
    """Return the results so far as a Compilation, with ND407 if the user's time limit ended a search."""
    findings = (*work.findings, *_time_limit_findings(work))
    return Compilation(
        program=work.program and work.program.model_copy(update={"findings": findings}),
        quantized=work.quantized,
        mapping=work.mapping,
        trade=work.trade,
        verdict=work.verdict,
        findings=findings,
        ledger=work.ledger,
        lower_bounds=lower_bounds(work.quantized, work.target) if work.quantized is not None else {},
        n_cores=work.mapping.n_cores if work.mapping is not None else None,
        stage_seconds=work.seconds,
    )


def _time_limit_findings(work: Work) -> tuple[Diagnostic, ...]:
    limit, ended = work.options.time_limit_s, work.limit.stopped
    if not ended or limit is None:
        return ()
    message = f"the time limit of {limit:g} s ended {', '.join(ended)}: the best mapping so far counts"
    return (finding("ND407", about("network", work.cache.network.name), message),)
