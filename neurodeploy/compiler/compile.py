"""Compile: the stages in order, and what came of them. Decides nothing that a stage decides."""

from __future__ import annotations

import time
from collections.abc import Iterable

from neurodeploy.check import check
from neurodeploy.compiler.fixes import Sought, with_fixes
from neurodeploy.compiler.options import Compilation, CompileOptions, Verdict
from neurodeploy.compiler.stages import Workshop
from neurodeploy.compiler.trials import Attempt
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.hardware.target import Target
from neurodeploy.mapping import Mapping, Progress, TimeLimit, emit_program, partition, place, proof_of_cores
from neurodeploy.network import Network
from neurodeploy.program.program import Program
from neurodeploy.quantize import Quantized
from neurodeploy.resources import lower_bounds

__all__ = ["compile_network", "compile_with", "fix_seconds"]

FLOOR_S, TIMES = 10.0, 3.0
"""Seconds that fixes may take at least, and in parts of what the compilation took, where the user names no time."""


class _Stages:
    """Keeps the time of each stage."""

    def __init__(self, progress: Progress | None) -> None:
        self.seconds: dict[str, float] = {}
        self._progress, self._name, self._start = progress, "", 0.0

    def begin(self, name: str) -> None:
        """End the stage that runs, and begin one."""
        self.end()
        self._name, self._start = name, time.perf_counter()
        if self._progress is not None and name:
            self._progress(name, 0, 1)

    def end(self) -> None:
        """End the stage that runs."""
        if self._name:
            self.seconds[self._name] = time.perf_counter() - self._start
        self._name = ""


def compile_network(
    network: Network,
    target: Target,
    options: CompileOptions | None = None,
    *,
    others: Iterable[Target] = (),
    progress: Progress | None = None,
) -> Compilation:
    """Return what compiling a network for a target gives: a program, or every reason against it. Raises nothing for findings.

    `others`: targets to offer instead if this one does not hold the network. `progress` is called with what is being done,
    how much of it is done, and how much there is.
    """
    chosen = options or CompileOptions()
    workshop = Workshop(network)
    result = compile_with(workshop, target, chosen, progress)
    if result.program is not None or not chosen.fixes:
        return result
    start, allowed = time.monotonic(), fix_seconds(result, chosen)
    attempt = Attempt(workshop, target, chosen, tuple(others), TimeLimit(start + allowed, progress=progress))
    sought = with_fixes(result.findings, attempt)
    seconds = {**result.stage_seconds, "fixes": time.monotonic() - start}
    findings = (*sought.findings, *_untried(network, sought, allowed))
    return result.model_copy(update={"findings": findings, "stage_seconds": seconds})


def compile_with(
    workshop: Workshop, target: Target, options: CompileOptions, progress: Progress | None = None
) -> Compilation:
    """Return what compiling the network of a workshop gives, without fixes."""
    stages, verdict = _Stages(progress), _REFUSED
    program: Program | None = None
    integers = workshop.integers(target, options, stages.begin)
    findings, quantized, cut = list(integers.findings), integers.quantized, None
    watch = TimeLimit(progress=progress).within(options.time_limit_s)
    if quantized is not None:
        stages.begin("check")
        proofs = check(quantized, target)
        findings += proofs
        stages.begin("partition")
        cut, reasons = (None, proofs) if proofs else _cut(quantized, target, options, watch)
        findings += reasons if not proofs else ()
        verdict = "fits" if cut is not None else _verdict(quantized, target, options, reasons)
    if cut is not None:
        stages.begin("place")
        program = emit_program(place(cut, seed=options.placement_seed, options=options.mapping, time_limit=watch))
    stages.end()
    findings += _stopped(workshop.network, options, watch)
    return Compilation(
        program=program and program.model_copy(update={"findings": tuple(findings)}),
        verdict=verdict,
        findings=tuple(findings),
        ledger=integers.ledger,
        lower_bounds=lower_bounds(quantized, target) if quantized is not None else {},
        n_cores=cut.n_cores if cut is not None else None,
        stage_seconds=stages.seconds,
    )


_REFUSED: Verdict = "refused"


def fix_seconds(result: Compilation, options: CompileOptions) -> float:
    """Return how long fixes for a compilation may be sought, together."""
    if options.fix_time_s is not None:
        return options.fix_time_s
    return max(FLOOR_S, TIMES * sum(result.stage_seconds.values()))


def _cut(
    quantized: Quantized, target: Target, options: CompileOptions, watch: TimeLimit
) -> tuple[Mapping | None, tuple[Diagnostic, ...]]:
    try:
        return partition(quantized, target, options=options.mapping, time_limit=watch), ()
    except DiagnosticError as error:
        return None, error.diagnostics


def _verdict(quantized: Quantized, target: Target, options: CompileOptions, reasons: tuple[Diagnostic, ...]) -> Verdict:
    """Why there is no cut: options that make no sense, a proof, or a mapper that found none."""
    codes = {item.code for item in reasons}
    if any(code.startswith("ND30") or code == "ND310" for code in codes):
        return "proven not to fit"
    if not codes & {"ND401", "ND402"}:
        return "refused"
    proven = proof_of_cores(quantized, target, options.mapping) is not None
    return "proven not to fit" if proven else "not placed by this mapper"


def _stopped(network: Network, options: CompileOptions, watch: TimeLimit) -> tuple[Diagnostic, ...]:
    """ND407 where the user's time limit ended a search."""
    if not watch.stopped or options.time_limit_s is None:
        return ()
    told = (
        f"the time limit of {options.time_limit_s:g} s ended {', '.join(watch.stopped)}: the best mapping so far counts"
    )
    return (finding("ND407", about("network", network.name), told),)


def _untried(network: Network, sought: Sought, allowed: float) -> tuple[Diagnostic, ...]:
    """ND406 where the time for fixes ended before all were tried."""
    if not sought.untried:
        return ()
    told = f"the {allowed:.3g} s for fixes ended before these were tried: {', '.join(sought.untried)}"
    more = f"--fix-time {max(10 * allowed, 10):.0f}"
    return (finding("ND406", about("network", network.name), told, fixes=[f"more time: {more}"]),)
