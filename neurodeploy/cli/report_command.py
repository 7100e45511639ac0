"""Command `report`: a program and its run as one HTML page, or as the comment of a pull request."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NoReturn, cast

import typer

from neurodeploy.api.baselines import check_baseline
from neurodeploy.baseline import entry_of, has_metrics, load_baseline
from neurodeploy.cli.common_options import JsonOutput, usage
from neurodeploy.cli.cost_options import with_cost_options
from neurodeploy.cli.event_options import with_event_options
from neurodeploy.cli.import_options import with_import_options
from neurodeploy.cli.inputs import (
    Board,
    Budgets,
    Choices,
    Dialect,
    Model,
    Rules,
    Strict,
    TargetName,
    compile_model,
    compile_options,
)
from neurodeploy.cli.integer_options import with_integer_options
from neurodeploy.cli.metric_options import MetricChoices, with_metric_options, with_metrics
from neurodeploy.cli.output import command, show
from neurodeploy.cli.page_writing import PageFormat, Ran, require_page, write_comment, write_page
from neurodeploy.cli.paths import read_argument, read_option, write_option
from neurodeploy.cli.report_options import ReportOptions, report_options
from neurodeploy.cli.run_options import Backend, LearnedFile, LearnMode, Origin, Samples, Steps, StimulusFile
from neurodeploy.cli.running import (
    RunRequest,
    reference_run,
    run_request,
    samples_of_model,
    stimulus_beside,
)
from neurodeploy.compiler import Compilation, CompileOptions
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, errors_in, finding, raise_errors
from neurodeploy.profile import PROFILE_FIGURES, CostOptions, budget_findings, profile, profile_measures
from neurodeploy.program import Program
from neurodeploy.signals import EventOptions, Learn, TimeOrigin
from neurodeploy.simulate import (
    Recording,
    RunOptions,
    SampleValues,
    Stimulus,
    accuracy,
    answers,
    load_recording,
    part_findings,
)
from neurodeploy.simulate.decode import units_of
from neurodeploy.simulate.recorded_samples import first_samples, stimulus_of_recording
from neurodeploy.simulate.recording_files import load_learned

__all__ = ["report_command"]

RecordingFile = Annotated[
    Path | None, read_argument("RECORDING", "A recording (.ndr) of this program; default: run it.")
]
Page = Annotated[Path | None, write_option("--out", "Page to write (.html, or .md for markdown).", "-o")]
PageForm = Annotated[
    PageFormat,
    typer.Option("--format", help="html: one page; markdown: the comment of a pull request, printed without --out."),
]
Reference = Annotated[
    bool,
    typer.Option("--reference/--no-reference", help="Also run the float reference, if the network has one."),
]
Base = Annotated[Path | None, read_option("--baseline", "Baseline file to compare with, as `baseline write` makes it.")]
EntryName = Annotated[
    str | None, typer.Option("--name", help="Name of the entry in the baseline; default: the name of the network.")
]
Run = Annotated[bool, typer.Option("--run/--no-run", help="Run the program, if there is no recording of it.")]


@command
@with_integer_options
@with_import_options
@with_event_options
@with_cost_options
@with_metric_options
def report_command(
    model: Model, recording: RecordingFile = None, out: Page = None, target: TargetName = None, stimulus: StimulusFile = None,
    steps: Steps = None, samples: Samples = None, time_origin: Origin = "zero", backend: Backend = "emulator",
    learn: LearnMode = None, learned: LearnedFile = None, reference: Reference = True, run: Run = True, board: Board = None,
    rules: Rules = None, dialect: Dialect = None, baseline: Base = None, name: EntryName = None,
    page_format: PageForm = PageFormat.html, budget: Budgets = None, strict: Strict = False, json_output: JsonOutput = False,
    *, imports: dict[str, Any], events: EventOptions, integers: dict[str, Any], cost: CostOptions, metrics: MetricChoices,
) -> None:  # fmt: skip
    """Write a report of a program and its run: one HTML page that needs no network.

    Examples: neurodeploy report net.ndp run.ndr -o report.html;  neurodeploy report net.nd.json -t loihi1 --format markdown
    """
    options = report_options(model, None, budget, figures=PROFILE_FIGURES, strict=strict, json_output=json_output)
    require_page(out, page_format)
    given: dict[str, object] = {"--steps": steps, "--samples": samples, "--learn": learn, "--learned": learned}
    _require_run(recording, given, baseline, run=run)
    metrics = metrics._replace(if_labelled=True)
    choices = Choices(target, board, rules, dialect, imports, strict=strict, fields=integers)
    imported, result = compile_model(model, choices)
    if result.program is None or errors_in(result.findings, strict=strict):
        options.finish(result.findings, {"verdict": result.verdict, "written": None})
    program = result.require(strict=strict)
    wanted = RunRequest(
        stimulus, samples, backend, _run_options(steps, time_origin, learn, learned), reference, not options.text,
        imported.samples, events, cost, metrics,
    )  # fmt: skip
    ran = Ran()
    if recording is not None:
        ran = _recorded(program, model, recording, wanted, result)
    elif run:
        ran = _run(program, model, wanted, result)
    if baseline is not None:
        ran = _compared(program, ran, baseline, name, compile_options(choices) if model.suffix != ".ndp" else None)
    _finish(program, ran, out, page_format, options, result.findings)


def _run_options(steps: int | None, origin: str, learn: str | None, learned: Path | None) -> RunOptions:
    return RunOptions(
        steps=steps,
        time_origin=cast("TimeOrigin", origin),
        learn=cast("Learn | None", learn),
        learned=load_learned(learned) if learned else None,
    )


def _require_run(recording: Path | None, given: dict[str, object], base: Path | None, *, run: bool) -> None:
    """Raise DiagnosticError: ND703 for options of a run with a recording, or of a baseline without a run; ND622 for a
    baseline that cannot be read, before the work.
    """
    named = [name for name, value in given.items() if value is not None]
    if base is not None and recording is None and not run:
        raise usage("ND703", about("option", "--baseline"), "compares figures of a run, which contradicts --no-run")
    if base is not None:
        load_baseline(base)
    if recording is not None and named:
        raise usage("ND703", about("file", recording), f"is of a finished run, which contradicts {', '.join(named)}")


def _run(program: Program, model: Path, wanted: RunRequest, result: Compilation) -> Ran:
    outcome = run_request(program, model, wanted, result.lower_bounds)
    kept = outcome.samples, outcome.reference, outcome.findings, outcome.stimulus
    return Ran(outcome.recording, outcome.profile, *kept)


def _compared(program: Program, ran: Ran, base: Path, name: str | None, options: CompileOptions | None) -> Ran:
    """The run beside its baseline; ND776 if it is no complete run."""
    if ran.recording is None or ran.profile is None or not ran.recording.complete:
        message = "is not compared: the run was stopped before its last step"
        return ran._replace(findings=(*ran.findings, finding("ND776", about("file", base), message)))
    labels = None if ran.stimulus is None or not program.network.outputs else ran.stimulus.labels
    known = load_baseline(base).entries.get(name or program.network.name)
    figures = ran.profile  # without what this command computes of itself and the baseline does not have
    if known is not None and not has_metrics(known):
        figures = figures.model_copy(update={"metrics": None})
    if known is not None and "accuracy_drop" not in known.figures:
        figures = figures.model_copy(update={"reference_accuracy": None})
    entry = entry_of(program, ran.recording, figures, labels=labels, stimulus=ran.stimulus, options=options)
    changes = check_baseline(entry, base, name=name)
    return ran._replace(changes=changes, entry=entry, findings=(*ran.findings, *changes.findings))


def _recorded(program: Program, model: Path, file: Path, wanted: RunRequest, result: Compilation) -> Ran:
    """A finished run, with its samples where they are known, and the float reference on them."""
    recording = load_recording(file)
    if recording.program_digest != program.digest():
        message = f"is a recording of program {recording.program_digest[:12]}, not of {program.digest()[:12]}"
        raise usage("ND703", about("file", file), message)
    if not recording.n_samples:
        return Ran(recording)
    values, stimulus, found = _samples(program, model, recording, wanted)
    part = () if stimulus is None else part_findings(program.network, recording, stimulus)
    whole = stimulus is not None and recording.complete and not part
    reference, stopped = reference_run(program, stimulus, wanted) if stimulus and whole else (None, ())
    labels = values.labels if values is not None and whole else None
    right = [
        None if labels is None or given is None else _accuracy(program, given, labels)
        for given in (recording, reference)
    ]
    figures = profile(
        program, recording, accuracy=right[0], reference_accuracy=right[1], lower_bounds=result.lower_bounds, cost=wanted.cost
    )  # fmt: skip
    if wanted.metrics is not None and whole:
        figures = with_metrics(figures, program, recording, labels, wanted.metrics)
    return Ran(recording, figures, values, reference, (*found, *stopped, *part), stimulus)


def _accuracy(program: Program, recording: Recording, labels: Any) -> float | None:
    units = None if recording.ran_on == "reference" else units_of(program)
    given = answers(program.network, recording, units)
    return None if given is None else accuracy(given, labels[: len(given)])


def _samples(
    program: Program, model: Path, recording: Recording, wanted: RunRequest
) -> tuple[SampleValues | None, Stimulus | None, tuple[Diagnostic, ...]]:
    """The samples of a recording: those given, those of the model, or those next to it if they are the recorded ones."""
    network, given = program.network, wanted.stimulus
    if given is None and wanted.own is None and not stimulus_beside(model).exists():
        return None, None, ()
    values = samples_of_model(network, model, given, None, own=wanted.own, events=wanted.events)
    try:
        stimulus = stimulus_of_recording(network, recording, values)
    except DiagnosticError as error:
        if given is not None:
            raise
        message = f"'{stimulus_beside(model)}' does not hold the samples of the recording, so accuracy is not shown"
        left = finding("ND775", about("samples"), message, fixes=["--stimulus FILE.npz"], severity="info")
        raise_errors("report", [item for item in error.diagnostics if item.code != "ND775"])
        return None, None, (left,)
    return first_samples(network, values, recording.n_samples), stimulus, stimulus.findings


def _finish(
    program: Program,
    ran: Ran,
    path: Path | None,
    form: PageFormat,
    options: ReportOptions,
    findings: tuple[Diagnostic, ...],
) -> NoReturn:
    """Write the page, say so, print all findings, and exit with their status."""
    over = budget_findings(options.budgets, profile_measures(ran.profile) if ran.profile else {})
    found = tuple(dict.fromkeys((*findings, *ran.findings, *over)))
    write = write_comment if form is PageFormat.markdown else write_page
    size = write(program, ran, path, options.budgets, found)
    if options.text and path is not None:
        show(f"written: {path} ({size / 1000:,.0f} kB)")
    plain = ran.profile.model_dump(mode="json") if ran.profile else None
    options.finish(found, {"written": None if path is None else str(path), "bytes": size, "profile": plain})
    raise typer.Exit
