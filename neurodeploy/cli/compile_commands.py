"""Commands `check` and `compile`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from neurodeploy.check import DomainVerdict, dialect_verdict, domain_findings
from neurodeploy.cli.common_options import JsonOutput, usage
from neurodeploy.cli.compile_options import (
    AvoidCores,
    FixTime,
    Level,
    MaxCores,
    Optimize,
    Partitioners,
    Pin,
    Positions,
    Seed,
    TimeLimit,
    Traffic,
    given_fields,
    recorded_rates,
)
from neurodeploy.cli.feasibility import judge_model
from neurodeploy.cli.import_options import with_import_options
from neurodeploy.cli.inputs import (
    Board,
    Budgets,
    Choices,
    Dialect,
    Model,
    OutputFormat,
    Rules,
    Strict,
    TargetName,
    chosen_target,
    compile_model,
    compile_options,
    read_model,
)
from neurodeploy.cli.integer_options import with_integer_options
from neurodeploy.cli.option_types import one_of
from neurodeploy.cli.output import Format, command, progress_bar, show
from neurodeploy.cli.paths import read_argument, read_option, require_folder, write_option
from neurodeploy.cli.report_options import ReportOptions, report_options
from neurodeploy.cli.running import stimulus_of_model, write_own_samples
from neurodeploy.cli.shapes_command import judge_shapes, one_of_both
from neurodeploy.compiler import STAGES, Compilation
from neurodeploy.diagnostics import Diagnostic, about, errors_in
from neurodeploy.hardware import dialect_names, load_dialect
from neurodeploy.mapping import MappingQuality
from neurodeploy.monitor import Calibration as MonitorCalibration
from neurodeploy.monitor import calibrated, calibration_of
from neurodeploy.network import Network
from neurodeploy.profile import (
    budget_findings,
    compilation_measures,
    resource_use,
)
from neurodeploy.program import Program, save_program
from neurodeploy.report import (
    calibration_table,
    compilation_lines,
    ledger_table,
    mapping_table,
    resource_table,
    trade_lines,
    trade_table,
    tuning_table,
)
from neurodeploy.simulate import drain_steps, load_stimulus, seal_golden
from neurodeploy.tuning import TUNED, Tuned, tune

__all__ = ["check", "compile_command"]


def _domain(result: Compilation) -> DomainVerdict | None:
    """The verdict on other dialects of a program, for the sample length of the network."""
    if result.program is None:
        return None
    steps = result.program.network.time.steps_per_sample
    drained = None if steps is None else steps + drain_steps(result.program.network)
    return dialect_verdict(result.program, [load_dialect(name) for name in dialect_names()], drained)


def _judged(network: Network, result: Compilation, choices: Choices, report: ReportOptions) -> tuple[Diagnostic, ...]:
    """The findings of a compilation and of the budgets."""
    if not report.budgets:
        return result.findings
    target = chosen_target(choices, network) if result.program is None else None
    return (*result.findings, *budget_findings(report.budgets, compilation_measures(result, target)))


def _finish(
    result: Compilation,
    findings: tuple[Diagnostic, ...],
    report: ReportOptions,
    mapped: MappingQuality | None = None,
    **more: object,
) -> None:
    """Print the report in the requested format, and exit. `more`: fields of the JSON document."""
    domain = _domain(result)
    notes = () if result.program is None or domain is None else domain_findings(result.program, domain)
    document = dict[str, Any]()
    if report.style is Format.json:
        document = {**_document(result, domain), **more}
        document |= {"mapping": mapped.model_dump()} if mapped is not None else {}
        document |= {"trade": result.trade.model_dump()} if result.trade is not None else {}
    elif report.text:
        _show(result, ledger=report.ledger)
        if mapped is not None:
            show("", mapping_table(mapped))
        if result.trade is not None:
            show("", trade_table(result.trade), *trade_lines(result.trade))
        if result.program is not None and more.get("written"):
            show("", f"written: {more['written']}  digest {result.program.digest()[:16]}")
            show(*([f"written: {more['samples']}, the samples of the model"] if more.get("samples") else []))
    report.finish((*findings, *notes), document)


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


def _mapped(result: Compilation, rates: dict[str, Any] | None) -> MappingQuality | None:
    """Traffic and its bounds, if a program uses more than one tile."""
    program = result.program
    if program is None or np.unique(program.tables.core_id // int(program.target.chip.cores_per_tile.value)).size < 2:
        return None
    from neurodeploy.mapping.measure_quality import measure_quality  # late, because the import compiles kernels

    return measure_quality(program, result.lower_bounds, rates)


Stop = Annotated[
    Any,
    typer.Option(
        "--stop",
        parser=one_of("--stop", STAGES),
        metavar="STAGE",
        help=f"Last stage: {', '.join(STAGES)}. A program is written only after emit.",
    ),
]

Calibrate = Annotated[
    Path | None,
    read_option(
        "--calibrate",
        "Samples (.npz, with labels if there are any) on which options for finer integers are searched; their activity is sealed.",
        folder=True,
    ),
]

SealedActivity = Annotated[
    Path | None,
    read_option(
        "--activity",
        "Samples (.npz) whose activity is sealed into the program, for `monitor`; default: those of --calibrate.",
        folder=True,
    ),
]


@command
@with_integer_options
@with_import_options
def check(
    model: Annotated[Path | None, read_argument("MODEL", "A network (.nd.json, .nir, .net, .json, FILE.py:NAME) or a program (.ndp).")] = None,
    target: TargetName = None, board: Board = None, rules: Rules = None, dialect: Dialect = None,
    shapes: Annotated[Path | None, read_option("--shapes", "A TOML file of layer shapes, instead of a network.")] = None,
    ledger: Annotated[bool, typer.Option("--ledger", help="Print every line of the ledger.")] = False,
    fix_time: FixTime = None,
    budget: Budgets = None, strict: Strict = False, output_format: OutputFormat = None, json_output: JsonOutput = False,
    *, imports: dict[str, Any], integers: dict[str, Any],
) -> None:  # fmt: skip
    """Check whether a network fits a target, and report every violation with verified fixes.

    Examples: neurodeploy check net.nd.json -t loihi1;  neurodeploy check --shapes net.toml -t loihi2 --board hala_point
    """
    given = one_of_both(model, shapes)
    report = report_options(given, output_format, budget, ledger=ledger, strict=strict, json_output=json_output)
    fields = integers | given_fields(fix_time_s=fix_time)
    choices = Choices(target, board, rules, dialect, imports, strict=strict, fields=fields)
    if shapes is not None:
        judge_shapes(report, choices)
    judge_model(report, choices)
    imported, result = compile_model(given, choices)
    _finish(result, _judged(imported.network, result, choices, report), report)


def _sealed(program: Program, model: Path, golden: Path | None) -> tuple[Program, tuple[Diagnostic, ...]]:
    """The program with the samples of a file and the emulator's output sealed in it, and the findings of the samples."""
    if golden is None:
        return program, ()
    stimulus = stimulus_of_model(program.network, model, golden, None)
    return seal_golden(program, stimulus), stimulus.findings


def _watched(program: Program, path: Path | None) -> tuple[Program, MonitorCalibration | None]:
    """The program with its activity on the samples of a file, and what a monitor detects with it."""
    if path is None:
        return program, None
    sealed = calibrated(program, load_stimulus(path, program.network))
    assert sealed.activity is not None, "internal: calibrated has just sealed it"
    return sealed, calibration_of(sealed.activity)


def _plain(watched: MonitorCalibration | None) -> dict[str, Any]:
    """Fields of the JSON document about the activity."""
    return {} if watched is None else {"activity": watched.model_dump(mode="json", exclude={"findings"})}


def _noted(result: Compilation, tuned: Tuned) -> Compilation:
    """A compilation whose ledger begins with the figures of the search, in its program too."""
    program = result.program
    if program is not None:
        program = program.model_copy(update={"ledger": (*tuned.ledger, *program.ledger)})
    return result.model_copy(update={"ledger": (*tuned.ledger, *result.ledger), "program": program})


def _tuned(model: Path, choices: Choices, samples: Path | None, *, quiet: bool) -> tuple[Choices, Tuned | None]:
    """The choices with the options that a search on samples found, and its result; as they are without samples."""
    if samples is None:
        return choices, None
    imported, program = read_model(model, choices)
    if program is not None:
        raise usage("ND703", about("program"), "is already compiled, which contradicts --calibrate")
    values = load_stimulus(samples, imported.network)
    with progress_bar("settings tried", 1, quiet=quiet) as progress:
        found = tune(
            imported.network,
            chosen_target(choices, imported.network),
            compile_options(choices),
            values,
            progress=progress,
        )
    fields = {name: getattr(found.options, name) for name in TUNED if getattr(found.options, name)}
    return choices._replace(fields={**choices.fields, **fields}), found


@command
@with_integer_options
@with_import_options
def compile_command(
    model: Model, target: TargetName = None,
    out: Annotated[Path | None, write_option("--out", "Program to write; default: NAME.ndp in this folder.", "-o", suffix=".ndp") ] = None,
    board: Board = None, rules: Rules = None, placement_seed: Seed = 0, dialect: Dialect = None,
    golden: Annotated[Path | None, read_option("--golden", "Samples (.npz) to seal into the program with the emulator's output, for `verify`.")] = None,
    level: Level = 1, optimize: Optimize = "cores", max_cores: MaxCores = None,
    time_limit: TimeLimit = None, avoid_cores: AvoidCores = None, pin: Pin = None, traffic: Traffic = None,
    positions: Positions = None, partitioner: Partitioners = None, stop: Stop = None,
    calibrate: Calibrate = None, activity: SealedActivity = None,
    ledger: Annotated[bool, typer.Option("--ledger", help="Print every line of the ledger.")] = False,
    fix_time: FixTime = None,
    budget: Budgets = None, strict: Strict = False, output_format: OutputFormat = None, json_output: JsonOutput = False,
    *, imports: dict[str, Any], integers: dict[str, Any],
) -> None:  # fmt: skip
    """Compile a network to a sealed program (.ndp).

    Examples: neurodeploy compile net.nd.json -t loihi1 -o net.ndp --budget 'cores<=4';  neurodeploy compile net.nd.json -t loihi1 -O2
    """
    report = report_options(model, output_format, budget, ledger=ledger, strict=strict, json_output=json_output)
    fields = given_fields(
        fix_time_s=fix_time, placement_seed=placement_seed, level=level, optimize=optimize, max_cores=max_cores,
        time_limit_s=time_limit, avoid_cores=avoid_cores, pins=pin, partitioners=partitioner,
    )  # fmt: skip
    fields |= integers
    choices = Choices(
        target,
        board,
        rules,
        dialect,
        imports,
        strict,
        fields,
        traffic,
        positions,
    )
    if out is None:
        require_folder(Path("NAME.ndp"))
    choices, tuned = _tuned(model, choices, calibrate, quiet=not report.text)
    imported, result = compile_model(model, choices, stop or "fixes")
    result = result if tuned is None else _noted(result, tuned)
    network = imported.network
    findings, path = _judged(network, result, choices, report), out or Path(f"{network.name}.ndp")
    written, watched = None, None
    fits = result.program is not None and not errors_in(findings, strict=strict)
    if result.program is not None and fits:
        sealed, sample_findings = _sealed(result.program, model, golden)
        sealed, watched = _watched(sealed, activity or calibrate)
        findings = (*findings, *sample_findings, *(() if watched is None else watched.findings))
        save_program(sealed, path)
        written, unwritten = write_own_samples(imported.samples, path)
        findings = (*findings, *unwritten)
    mapped = _mapped(result, recorded_rates(traffic, network) if traffic is not None else None)
    if tuned is not None and report.text:
        show(tuning_table(tuned), "")
    if watched is not None and report.text:
        show(calibration_table(watched), "")
    _finish(result, findings, report, mapped, written=str(path) if fits else None, samples=written, **_plain(watched))
