"""Commands `run` and `profile`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, cast

import typer

from neurodeploy.cli.common_options import JsonOutput, usage
from neurodeploy.cli.compile_options import (
    Seed,
)
from neurodeploy.cli.cost_options import with_cost_options
from neurodeploy.cli.event_options import with_event_options
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
    compile_model,
)
from neurodeploy.cli.integer_options import with_integer_options
from neurodeploy.cli.metric_options import MetricChoices, with_metric_options, with_metrics
from neurodeploy.cli.output import Format, command, show
from neurodeploy.cli.page_writing import Ran, write_page
from neurodeploy.cli.paths import read_argument, read_option, write_option
from neurodeploy.cli.pictures import show_pictures
from neurodeploy.cli.report_options import ReportOptions, report_options
from neurodeploy.cli.run_options import (
    Backend,
    EngineName,
    LearnedFile,
    LearnMode,
    Origin,
    RandomSeed,
    Samples,
    SaveLearned,
    Steps,
    StimulusFile,
    Threads,
    Timeout,
    Until,
)
from neurodeploy.cli.running import Outcome, RunRequest, run_request
from neurodeploy.compiler import Compilation
from neurodeploy.diagnostics import Diagnostic, about, errors_in, finding
from neurodeploy.profile import (
    PROFILE_FIGURES,
    CostOptions,
    Profile,
    budget_findings,
    profile,
    profile_findings,
    profile_measures,
)
from neurodeploy.program import Program
from neurodeploy.program.plastic import plastic_projections
from neurodeploy.report import dialect_lines, learned_report, metric_report, profile_report
from neurodeploy.signals import Engine, EventOptions, Learn, TimeOrigin
from neurodeploy.simulate import (
    Recording,
    RunOptions,
    load_recording,
    load_state,
    recording_files,
    save_recording,
    save_state,
)

__all__ = ["profile_command", "run"]

SHOWN_VALUES = 10
"""Values of a linear output that are printed."""


def _require(result: Compilation, report: ReportOptions) -> Program:
    if result.program is None or errors_in(result.findings, strict=report.strict):
        report.finish(result.findings, {"verdict": result.verdict})
    return result.require(strict=report.strict)


@command
@with_integer_options
@with_import_options
@with_event_options
@with_cost_options
@with_metric_options
def run(
    model: Model, target: TargetName = None, stimulus: StimulusFile = None, steps: Steps = None,
    samples: Samples = None, time_origin: Origin = "zero", backend: Backend = "emulator", board: Board = None,
    rules: Rules = None,
    placement_seed: Seed = 0, dialect: Dialect = None, seed: RandomSeed = 0, threads: Threads = None,
    reference: Annotated[bool, typer.Option("--reference/--no-reference", help="Also run the float reference, if the network has one.")] = True,
    out: Annotated[Path | None, write_option("--out", "Recording to write (.ndr).", "-o", suffix=".ndr")] = None,
    keep: Annotated[Path | None, write_option("--save-state", "State after the last step, by default without draining (.nds).", suffix=".nds")] = None,
    resume: Annotated[Path | None, read_option("--resume", "State to resume from (.nds), with the same samples.")] = None,
    page: Annotated[Path | None, write_option("--report", "Report of the run to write: one HTML page.", suffix=".html")] = None,
    until: Until = None, timeout: Timeout = None, engine: EngineName = "auto",
    learn: LearnMode = None, learned: LearnedFile = None, save_learned: SaveLearned = None,
    budget: Budgets = None, strict: Strict = False, output_format: OutputFormat = None, json_output: JsonOutput = False,
    *, imports: dict[str, Any], events: EventOptions, integers: dict[str, Any], cost: CostOptions, metrics: MetricChoices,
) -> None:  # fmt: skip
    """Check, compile and run a network, and print its activity and cost.

    Example: neurodeploy run examples/digits/digits.nd.json --target loihi1 --steps 8
    """
    report = _report_options(model, output_format, budget, strict=strict, json_output=json_output)
    fields = {**integers, "placement_seed": placement_seed}
    choices = Choices(target, board, rules, dialect, imports, strict=strict, fields=fields)
    imported, result = compile_model(model, choices)
    program = _require(result, report)
    options = RunOptions(
        steps=steps,
        until=until,
        seed=seed,
        threads=threads,
        keep_state=keep is not None,
        resume=load_state(resume) if resume else None,
        timeout_s=timeout,
        time_origin=cast("TimeOrigin", time_origin),
        engine=cast("Engine", engine),
        learn=cast("Learn | None", learn),
        learned=recording_files.load_learned(learned) if learned else None,
    )
    both = reference and resume is None
    wanted = RunRequest(
        stimulus, samples, backend, options, both, not report.text, imported.samples, events, cost,
        metrics.for_budgets(report.budgets),
    )  # fmt: skip
    outcome = run_request(program, model, wanted, result.lower_bounds)
    if out is not None:
        save_recording(outcome.recording, out)
    show_pictures(program, outcome, report)
    found = tuple(dict.fromkeys((*result.findings, *outcome.findings)))  # both stages may lack the same kernels
    found = (*found, *_kept(keep, outcome), *_kept_learned(program, save_learned, outcome))
    _report(program, outcome.profile, found, report, outcome.decoded, page=page, outcome=outcome)


def _kept(path: Path | None, outcome: Outcome) -> tuple[Diagnostic, ...]:
    """Write the state after a run, if a path is given; ND507 if the run did not reach its last step."""
    if path is None:
        return ()
    if outcome.recording.final_state is None:
        return (finding("ND507", about("file", path), "is not written: the run was stopped before its last step"),)
    save_state(outcome.recording.final_state, path)
    return ()


def _kept_learned(program: Program, path: Path | None, outcome: Outcome) -> tuple[Diagnostic, ...]:
    """Write what a run has learned, if a path is given; ND507 or ND522 if it has learned nothing."""
    learned = outcome.recording.learned
    if path is None:
        return ()
    if learned is not None:
        recording_files.save_learned(learned, path)
        return ()
    if not plastic_projections(program.network):
        message = f"holds no learned weights, as no projection is plastic, so '{path}' is not written"
        return (finding("ND522", about("recording"), message),)
    return (finding("ND507", about("file", path), "is not written: the run was stopped before a sample was complete"),)


def _report_options(
    model: Path, given: Format | None, budget: list[str] | None, *, strict: bool, json_output: bool
) -> ReportOptions:
    return report_options(model, given, budget, figures=PROFILE_FIGURES, strict=strict, json_output=json_output)


def _report(
    program: Program,
    figures: Profile | None,
    findings: tuple[Diagnostic, ...],
    report: ReportOptions,
    decoded: Mapping[str, list[float]] = MappingProxyType({}),
    *,
    page: Path | None = None,
    outcome: Outcome | None = None,
) -> None:
    """Print the profile of a run, the last values of its linear outputs and all findings, write its page, and exit."""
    findings = (*findings, *budget_findings(report.budgets, profile_measures(figures) if figures else {}))
    if page is not None and outcome is not None:
        ran = Ran(outcome.recording, outcome.profile, outcome.samples, outcome.reference)
        write_page(program, ran, page, report.budgets, findings)
    if figures and report.text:
        show(*dialect_lines(program.target), profile_report(figures, program.network.name), *_decoded_lines(decoded))
        show(*metric_report(figures.metrics))
        show(*(learned_report(program, outcome.recording) if outcome is not None else ()))
    plain = figures.model_dump(mode="json") if figures else None
    report.finish(findings, {"profile": plain, "dialect": program.target.dialect.name, "decoded": dict(decoded)})


def _decoded_lines(decoded: Mapping[str, list[float]]) -> Iterator[str]:
    for name, values in decoded.items():
        shown = ", ".join(f"{value:.4g}" for value in values[:SHOWN_VALUES])
        more = f" and {len(values) - SHOWN_VALUES} more" if len(values) > SHOWN_VALUES else ""
        yield f"output '{name}': {shown}{more} in the last step"


@command
@with_integer_options
@with_import_options
@with_event_options
@with_cost_options
@with_metric_options
def profile_command(
    model: Model,
    recording: Annotated[
        Path | None,
        read_argument("RECORDING", "A recording (.ndr) of this program; default: run it."),
    ] = None,
    target: TargetName = None,
    stimulus: StimulusFile = None,
    steps: Steps = None,
    samples: Samples = None,
    time_origin: Origin = "zero",
    board: Board = None,
    rules: Rules = None,
    dialect: Dialect = None,
    budget: Budgets = None,
    strict: Strict = False,
    output_format: OutputFormat = None,
    json_output: JsonOutput = False,
    *,
    imports: dict[str, Any],
    events: EventOptions,
    integers: dict[str, Any],
    cost: CostOptions,
    metrics: MetricChoices,
) -> None:
    """Print activity, resources and cost of a program, from a recording or from a new run on the emulator.

    Examples: neurodeploy profile net.ndp run.ndr;  neurodeploy profile net.nd.json -t loihi1 --boundary chip --rate 30/s
    """
    report = _report_options(model, output_format, budget, strict=strict, json_output=json_output)
    choices = Choices(target, board, rules, dialect, imports, strict=strict, fields=integers)
    _require_no_run(recording, stimulus=stimulus, steps=steps, samples=samples)
    imported, result = compile_model(model, choices)
    program = _require(result, report)
    if recording is None:
        options = RunOptions(steps=steps, time_origin=cast("TimeOrigin", time_origin))
        wanted = RunRequest(
            stimulus,
            samples,
            "emulator",
            options,
            reference=False,
            quiet=not report.text,
            own=imported.samples,
            events=events,
            cost=cost,
            metrics=metrics.for_budgets(report.budgets),
        )
        outcome = run_request(program, model, wanted, result.lower_bounds)
        figures, found = outcome.profile, outcome.findings
    else:
        own = _own_recording(program, recording)
        figures = profile(program, own, lower_bounds=result.lower_bounds, cost=cost)
        if (chosen := metrics.for_budgets(report.budgets)) is not None:
            figures = with_metrics(figures, program, own, None, chosen)
        found = profile_findings(figures)
    found = tuple(dict.fromkeys((*result.findings, *found)))
    _report(program, figures, found, report)


def _require_no_run(recording: Path | None, **given: object) -> None:
    """Raise DiagnosticError: ND703 for options of a run, given with a recording."""
    named = [f"--{name}" for name, value in given.items() if value is not None]
    if recording is not None and named:
        raise usage("ND703", about("file", recording), f"is of a finished run, which contradicts {', '.join(named)}")


def _own_recording(program: Program, path: Path) -> Recording:
    recording = load_recording(path)
    if recording.program_digest != program.digest():
        message = f"is a recording of program {recording.program_digest[:12]}, not of {program.digest()[:12]}"
        raise usage("ND703", about("file", path), message)
    return recording
