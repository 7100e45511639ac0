"""Command line: check and compile."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from neurodeploy.check import DomainVerdict, dialect_verdict, domain_findings
from neurodeploy.cli.asked import Asked, asked_for
from neurodeploy.cli.judge import judge_model
from neurodeploy.cli.model import (
    Board,
    Budgets,
    Choices,
    Discretize,
    Dt,
    JsonOutput,
    Model,
    OutputFormat,
    Prune,
    PruneSources,
    ResetMode,
    Rules,
    Seed,
    Strict,
    TargetName,
    TimeUnit,
    WeightBits,
    chosen_target,
    compile_model,
)
from neurodeploy.cli.output import Format, command, finish, show
from neurodeploy.cli.shapes import judge_shapes, one_of_both
from neurodeploy.compiler import Compilation
from neurodeploy.diagnostics import Diagnostic, errors_in
from neurodeploy.profile import (
    budget_findings,
    compilation_measures,
    met_budgets,
    resource_use,
)
from neurodeploy.program import save_program
from neurodeploy.report import compilation_lines, ledger_table, resource_table
from neurodeploy.runtime import drain_steps
from neurodeploy.target import dialect_names, load_dialect

__all__ = ["check", "compile_command"]


def _domain(result: Compilation) -> DomainVerdict | None:
    """Which other dialects give a program's bits; a sample is as long as the network says."""
    if result.program is None:
        return None
    steps = result.program.network.time.steps_per_sample
    drained = None if steps is None else steps + drain_steps(result.program.network)
    return dialect_verdict(result.program, [load_dialect(name) for name in dialect_names()], drained)


def _judged(result: Compilation, choices: Choices, asked: Asked) -> tuple[Diagnostic, ...]:
    """The findings of a compilation, and those of the budgets."""
    if not asked.budgets:
        return result.findings
    target = chosen_target(choices) if result.program is None else None
    return (*result.findings, *budget_findings(asked.budgets, compilation_measures(result, target)))


def _finish(result: Compilation, findings: tuple[Diagnostic, ...], asked: Asked, **more: str | None) -> None:
    """Print the report in the format that was asked for, and leave. `more`: fields of the JSON document."""
    domain = _domain(result)
    notes = () if result.program is None or domain is None else domain_findings(result.program, domain)
    document = None
    if asked.style is Format.json:
        document = {**_document(result, domain), **more}
    elif asked.style is Format.text:
        _show(result, ledger=asked.ledger)
        if result.program is not None and more.get("written"):
            show("", f"written: {more['written']}  digest {result.program.digest()[:16]}")
    finish(
        (*findings, *notes),
        json_document=document,
        strict=asked.strict,
        style=asked.style,
        model=asked.model,
        passed=met_budgets(asked.budgets, findings),
    )


def _document(result: Compilation, domain: DomainVerdict | None) -> dict[str, Any]:
    resources = resource_use(result.program) if result.program else ()
    return {
        "verdict": result.verdict,
        "cores": result.n_cores,
        "lower_bounds": result.lower_bounds,
        "stage_seconds": result.stage_seconds,
        "digest": result.program.digest() if result.program else None,
        "resources": [item.model_dump() for item in resources],
        "dialects": domain.model_dump() if domain else None,
        "ledger": [line.model_dump() for line in result.ledger],
    }


def _show(result: Compilation, *, ledger: bool) -> None:
    show(*compilation_lines(result))
    if result.program is not None:
        show("", resource_table(resource_use(result.program), result.program.tables.n_cores))
    if ledger:
        show("", ledger_table(result.ledger))


@command
def check(
    model: Annotated[Path | None, typer.Argument(help="A network (.nd.json, .nir) or a compiled program (.ndp).")] = None,
    target: TargetName = None, board: Board = None, rules: Rules = None, weight_bits: WeightBits = None,
    prune: Prune = None, prune_sources: PruneSources = None, dt: Dt = None, reset: ResetMode = None,
    discretization: Discretize = None, time_unit: TimeUnit = None,
    shapes: Annotated[Path | None, typer.Option("--shapes", help="A TOML file of layer shapes, instead of a network.")] = None,
    ledger: Annotated[bool, typer.Option("--ledger", help="Print every line of the ledger.")] = False,
    budget: Budgets = None, strict: Strict = False, output_format: OutputFormat = None, json_output: JsonOutput = False,
) -> None:  # fmt: skip
    """Say whether a network fits a target: every violation at once, with fixes that were recomputed.

    Examples: neurodeploy check net.nd.json -t loihi1;  neurodeploy check --shapes net.toml -t loihi2 --board hala_point
    """
    given = one_of_both(model, shapes)
    asked = asked_for(given, output_format, budget, ledger=ledger, strict=strict, json_output=json_output)
    choices = Choices(
        target, board, rules, weight_bits, prune, 0, dt, reset, discretization, time_unit, strict, prune_sources
    )
    if shapes is not None:
        judge_shapes(asked, choices)
    judge_model(asked, choices)
    _, result = compile_model(given, choices)
    _finish(result, _judged(result, choices, asked), asked)


@command
def compile_command(
    model: Model, target: TargetName = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Program to write; default: NAME.ndp in this folder.") ] = None,
    board: Board = None, rules: Rules = None, weight_bits: WeightBits = None, prune: Prune = None,
    prune_sources: PruneSources = None, placement_seed: Seed = 0, dt: Dt = None, reset: ResetMode = None,
    discretization: Discretize = None, time_unit: TimeUnit = None,
    ledger: Annotated[bool, typer.Option("--ledger", help="Print every line of the ledger.")] = False,
    budget: Budgets = None, strict: Strict = False, output_format: OutputFormat = None, json_output: JsonOutput = False,
) -> None:  # fmt: skip
    """Compile a network to a sealed program (.ndp).

    Example: neurodeploy compile net.nd.json -t loihi1 -o net.ndp --budget 'cores<=4'
    """
    asked = asked_for(model, output_format, budget, ledger=ledger, strict=strict, json_output=json_output)
    choices = Choices(
        target,
        board,
        rules,
        weight_bits,
        prune,
        placement_seed,
        dt,
        reset,
        discretization,
        time_unit,
        strict,
        prune_sources,
    )
    network, result = compile_model(model, choices)
    findings, path = _judged(result, choices, asked), out or Path(f"{network.name}.ndp")
    fits = result.program is not None and not errors_in(findings, strict=strict)
    if result.program is not None and fits:
        save_program(result.program, path)
    _finish(result, findings, asked, written=str(path) if fits else None)
