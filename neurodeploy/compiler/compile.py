"""Verb: compile, the list of stages. Decides nothing that a stage decides."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from neurodeploy.check import check
from neurodeploy.compiler.fixes import with_fixes
from neurodeploy.compiler.options import Compilation, CompileOptions, Verdict
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, errors_in, finding
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.ledger import LedgerLine
from neurodeploy.mapping import Cut, lower_bounds, partition, place
from neurodeploy.network import Network
from neurodeploy.network.prune import prune, prune_sources
from neurodeploy.network.validate import validate
from neurodeploy.program.program import Program
from neurodeploy.quantize import Quantized, QuantizeOptions, quantize
from neurodeploy.target.target import Target

__all__ = ["compile_network"]

T = TypeVar("T")


class _Stages:
    """Runs stages, keeps their time and their findings."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.findings: list[Diagnostic] = []

    def run(self, name: str, stage: Callable[[], T]) -> T | None:
        start = time.perf_counter()
        try:
            return stage()
        except DiagnosticError as error:
            self.findings += error.diagnostics
            return None
        finally:
            self.seconds[name] = time.perf_counter() - start


def _prune_lines(options: CompileOptions) -> tuple[LedgerLine, ...]:
    asked = [("synapses of each neuron", options.prune), ("sources", options.prune_sources)]
    return tuple(
        LedgerLine(
            where="all projections" if name == "*" else f"projection '{name}'",
            quantity="synapses",
            asked="all",
            got=f"without the weakest {fraction:.0%} of the {what}",
            level="dropped",
            note="asked for by the user",
        )
        for what, fractions in asked
        for name, fraction in fractions.items()
    )


def _unknown_names(network: Network, options: CompileOptions) -> list[Diagnostic]:
    """ND101 for options that name a projection which does not exist."""
    names = [item.name for item in network.projections]
    asked = [("prune", options.prune), ("prune_sources", options.prune_sources)]
    return [
        finding("ND101", f"option '{option}'", f"projection '{name}' does not exist", fixes=nearest(name, names))
        for option, fractions in asked
        for name in fractions
        if name != "*" and name not in names
    ]


def compile_network(network: Network, target: Target, options: CompileOptions | None = None) -> Compilation:
    """Return what compiling a network for a target gives: a program, or every reason against it. Raises nothing for findings."""
    options = options or CompileOptions()
    stages = _Stages()
    ledger, bounds = _prune_lines(options), dict[str, int]()
    verdict: Verdict = "refused"
    program, n_cores = None, None
    stages.findings += stages.run("validate", lambda: validate(network)) or ()
    stages.findings += _unknown_names(network, options)
    quantized = None
    if not errors_in(stages.findings):
        lean = prune_sources(prune(network, options.prune), options.prune_sources)
        quantized = stages.run(
            "quantize", lambda: quantize(lean, target, QuantizeOptions(weight_bits=options.weight_bits))
        )
    if quantized is not None:
        kept = quantized
        stages.findings += kept.findings
        ledger += kept.ledger
        bounds = lower_bounds(kept, target)
        proofs = stages.run("check", lambda: check(kept, target)) or ()
        stages.findings += proofs
        cut = None if proofs else stages.run("partition", lambda: _cut(kept, target, options))
        verdict = "proven not to fit" if proofs else _verdict(stages.findings, bounds, target)
        if cut is not None:
            n_cores, verdict = cut.n_cores, "fits"
            program = stages.run("place", lambda: _placed(cut, target, options))
    found = tuple(stages.findings)
    if program is None and options.fixes:
        start = time.perf_counter()
        found = with_fixes(found, network, target, options, compile_network)
        stages.seconds["fixes"] = time.perf_counter() - start
    return Compilation(
        program=program,
        verdict=verdict,
        findings=found,
        ledger=ledger,
        lower_bounds=bounds,
        n_cores=n_cores,
        stage_seconds=stages.seconds,
    )


def _cut(quantized: Quantized, target: Target, options: CompileOptions) -> Cut:
    return partition(quantized, target, stop_early=not options.fixes, options=options.mapping)


def _placed(cut: Cut, target: Target, options: CompileOptions) -> Program:
    return place(cut, target, seed=options.placement_seed, options=options.mapping)


def _verdict(findings: list[Diagnostic], bounds: dict[str, int], target: Target) -> Verdict:
    if any(item.code.startswith("ND30") or item.code == "ND310" for item in findings):
        return "proven not to fit"
    return "proven not to fit" if max(bounds.values(), default=0) > target.cores else "not placed by this mapper"
