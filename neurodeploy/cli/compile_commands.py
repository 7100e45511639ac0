"""Command line: check and compile."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from neurodeploy.check import DomainVerdict, dialect_verdict, domain_findings
from neurodeploy.cli.mapping import AvoidCores, Level, MappingChoices, Pin, TimeLimit, Traffic, traffic_rates
from neurodeploy.cli.model import (
    Board,
    Choices,
    Discretize,
    Dt,
    JsonOutput,
    Model,
    Prune,
    PruneSources,
    ResetMode,
    Rules,
    Seed,
    Strict,
    TargetName,
    TimeUnit,
    WeightBits,
    compile_model,
)
from neurodeploy.cli.output import command, finish, show
from neurodeploy.compiler import Compilation
from neurodeploy.diagnostics import Diagnostic, errors_in
from neurodeploy.mapping import MappingAccount
from neurodeploy.profile import resource_use
from neurodeploy.program import save_program
from neurodeploy.report import compilation_lines, ledger_table, mapping_table, resource_table
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


def _findings(result: Compilation, domain: DomainVerdict | None) -> tuple[Diagnostic, ...]:
    if result.program is None or domain is None:
        return result.findings
    return (*result.findings, *domain_findings(result.program, domain))


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


def _mapped(result: Compilation, rates: dict[str, Any] | None) -> MappingAccount | None:
    """Traffic against its bounds, where a program lies on more than one tile."""
    program = result.program
    if program is None or np.unique(program.tables.core_id // int(program.target.chip.cores_per_tile.value)).size < 2:
        return None
    from neurodeploy.mapping.account import account  # its kernels are compiled when they are needed

    return account(program, result.lower_bounds, rates)


@command
def check(
    model: Model,
    target: TargetName = None,
    board: Board = None,
    rules: Rules = None,
    weight_bits: WeightBits = None,
    prune: Prune = None,
    prune_sources: PruneSources = None,
    dt: Dt = None,
    reset: ResetMode = None,
    discretization: Discretize = None,
    time_unit: TimeUnit = None,
    ledger: Annotated[bool, typer.Option("--ledger", help="Print every line of the ledger.")] = False,
    strict: Strict = False,
    json_output: JsonOutput = False,
) -> None:
    """Say whether a network fits a target: every violation at once, with fixes that were recomputed.

    Examples: neurodeploy check net.nd.json -t loihi1;  neurodeploy check net.nir -t loihi1 --dt 1e-4 --reset zero
    """
    choices = Choices(
        target, board, rules, weight_bits, prune, 0, dt, reset, discretization, time_unit, strict, prune_sources
    )
    _, result = compile_model(model, choices)
    domain = _domain(result)
    if json_output:
        finish(_findings(result, domain), json_document=_document(result, domain), strict=strict)
    _show(result, ledger=ledger)
    finish(_findings(result, domain), strict=strict)


@command
def compile_command(
    model: Model, target: TargetName = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Program to write; default: NAME.ndp in this folder.") ] = None,
    board: Board = None, rules: Rules = None, weight_bits: WeightBits = None, prune: Prune = None,
    prune_sources: PruneSources = None, placement_seed: Seed = 0, dt: Dt = None, reset: ResetMode = None,
    discretization: Discretize = None, time_unit: TimeUnit = None,
    level: Level = 1, time_limit: TimeLimit = None, avoid_cores: AvoidCores = None, pin: Pin = None, traffic: Traffic = None,
    ledger: Annotated[bool, typer.Option("--ledger", help="Print every line of the ledger.")] = False,
    strict: Strict = False, json_output: JsonOutput = False,
) -> None:  # fmt: skip
    """Compile a network to a sealed program (.ndp).

    Examples: neurodeploy compile net.nd.json -t loihi1 -o net.ndp;  neurodeploy compile net.nd.json -t loihi1 -O2
    """
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
        MappingChoices(level, time_limit, avoid_cores, pin, traffic),
    )
    network, result = compile_model(model, choices)
    mapped = _mapped(result, traffic_rates(traffic, network) if traffic is not None else None)
    refused = result.program is None or bool(errors_in(result.findings, strict=strict))
    path, domain = out or Path(f"{network.name}.ndp"), _domain(result)
    if result.program is not None and not refused:
        save_program(result.program, path)
    if json_output:
        document = {**_document(result, domain), "written": None if refused else str(path)}
        document["mapping"] = mapped.model_dump() if mapped is not None else None
        finish(_findings(result, domain), json_document=document, strict=strict)
    _show(result, ledger=ledger)
    if mapped is not None:
        show("", mapping_table(mapped))
    if result.program is not None and not refused:
        show("", f"written: {path}  digest {result.program.digest()[:16]}")
    finish(_findings(result, domain), strict=strict)
