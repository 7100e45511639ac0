"""Commands `baseline write` and `baseline check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from neurodeploy.api.baselines import check_baseline, write_baseline
from neurodeploy.api.commenting import markdown_section
from neurodeploy.baseline import FILE, BaselineEntry, entry_of, has_metrics, load_baseline
from neurodeploy.cli.common_options import JsonOutput, usage
from neurodeploy.cli.compile_options import (
    Seed,
)
from neurodeploy.cli.event_options import with_event_options
from neurodeploy.cli.import_options import with_import_options
from neurodeploy.cli.inputs import (
    Board,
    Budgets,
    Choices,
    Dialect,
    OutputFormat,
    Rules,
    Strict,
    TargetName,
    compile_model,
    compile_options,
)
from neurodeploy.cli.integer_options import with_integer_options
from neurodeploy.cli.metric_options import MetricChoices, with_metric_options
from neurodeploy.cli.output import Format, command, show
from neurodeploy.cli.paths import read_argument, read_option, write_option
from neurodeploy.cli.report_options import ReportOptions, report_options
from neurodeploy.cli.run_options import RandomSeed, Samples, Steps, StimulusFile
from neurodeploy.cli.running import Outcome, RunRequest, run_request
from neurodeploy.compiler import Compilation, CompileOptions
from neurodeploy.diagnostics import Diagnostic, about, errors_in
from neurodeploy.diff import Differences
from neurodeploy.io.archive import write_atomically
from neurodeploy.profile import PROFILE_FIGURES, Budget, Profile, budget_findings, profile_measures
from neurodeploy.report import comment_markdown, difference_report
from neurodeploy.signals import EventOptions
from neurodeploy.simulate import RunOptions, answers

__all__ = ["baseline"]

baseline = typer.Typer(
    name="baseline",
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    help="Write the deterministic figures of networks to a file, or compare them with it exactly.",
    epilog="Examples: neurodeploy baseline write net.nd.json -t loihi1 | neurodeploy baseline check net.nd.json -t loihi1",
)

Models = Annotated[list[Path], read_argument("MODEL", "Networks or compiled programs, each with its own samples.")]
EntryName = Annotated[
    str | None,
    typer.Option("--name", help="Name of the entry, for one model; default: the name of its network."),
]
FileToRead = Annotated[Path, read_option("--file", "The baseline file.")]
FileToWrite = Annotated[Path, write_option("--file", "The baseline file; other entries in it are kept.")]

MarkdownFile = Annotated[
    Path | None, write_option("--markdown", "Also write the result as the comment of a pull request (.md).")
]


class _Request(NamedTuple):
    """What to measure, and how."""

    choices: Choices
    stimulus: Path | None
    samples: int | None
    options: RunOptions
    events: EventOptions
    metrics: MetricChoices | None
    name: str | None
    quiet: bool


class _Measured(NamedTuple):
    """One model after its run."""

    name: str
    """Name of its entry."""
    entry: BaselineEntry | None
    """None: it did not compile, or did not finish a sample."""
    profile: Profile | None
    findings: tuple[Diagnostic, ...]


def _entry(result: Compilation, outcome: Outcome, options: CompileOptions) -> BaselineEntry | None:
    if outcome.profile is None or not outcome.recording.complete:
        return None
    program, recording, labels = result.require(), outcome.recording, outcome.stimulus.labels
    known = labels is not None and answers(program.network, recording) is not None
    return entry_of(
        program,
        recording,
        outcome.profile,
        labels=labels if known else None,
        stimulus=outcome.stimulus,
        options=options,
    )


def _measured(models: list[Path], request: _Request) -> list[_Measured]:
    """Compile and run every model on the emulator. Raises DiagnosticError: ND703 (two entries of one name)."""
    if len(models) > 1 and (request.name is not None or request.stimulus is not None):
        option = "--name" if request.name is not None else "--stimulus"
        raise usage("ND703", about("option", option), f"applies to one model, but there are {len(models)}")
    made = list[_Measured]()
    for model in models:
        one = _one(model, request)
        if any(item.name == one.name for item in made):
            message = f"has a network of the name '{one.name}', as another of these models has"
            raise usage("ND703", about("model", model), message, "write them one by one, each with its --name")
        made.append(one)
    return made


def _one(model: Path, request: _Request) -> _Measured:
    imported, result = compile_model(model, request.choices)
    name = request.name or imported.network.name
    if result.program is None or errors_in(result.findings, strict=request.choices.strict):
        return _Measured(name, None, None, result.findings)
    wanted = RunRequest(
        request.stimulus, request.samples, "emulator", request.options, reference=False, quiet=request.quiet,
        own=imported.samples, events=request.events, metrics=request.metrics,
    )  # fmt: skip
    outcome = run_request(result.program, model, wanted, result.lower_bounds)
    findings = tuple(dict.fromkeys((*result.findings, *outcome.findings)))
    return _Measured(name, _entry(result, outcome, compile_options(request.choices)), outcome.profile, findings)


def _report(
    models: list[Path], given: Format | None, *, budget: list[str] | None = None, strict: bool, json_output: bool
) -> ReportOptions:
    return report_options(models[0], given, budget, figures=PROFILE_FIGURES, strict=strict, json_output=json_output)


@baseline.command("write", epilog="Example: neurodeploy baseline write net.nd.json -t loihi1 --samples 100")
@command
@with_integer_options
@with_import_options
@with_event_options
@with_metric_options
def write(
    models: Models, file: FileToWrite = Path(FILE), name: EntryName = None, target: TargetName = None,
    stimulus: StimulusFile = None, steps: Steps = None, samples: Samples = None, board: Board = None, rules: Rules = None,
    placement_seed: Seed = 0, dialect: Dialect = None, seed: RandomSeed = 0, strict: Strict = False, output_format: OutputFormat = None,
    json_output: JsonOutput = False, *, imports: dict[str, Any], events: EventOptions, integers: dict[str, Any],
    metrics: MetricChoices,
) -> None:  # fmt: skip
    """Compile and run networks on the emulator, and write their deterministic figures to a file to commit.

    Spikes, cores, resources, events and accuracy are the same on every machine, so that `baseline check` compares them
    exactly. Energy and time are written as intervals, for information.
    """
    report = _report(models, output_format, strict=strict, json_output=json_output)
    fields = {**integers, "placement_seed": placement_seed}
    choices = Choices(target, board, rules, dialect, imports, strict=strict, fields=fields)
    options = RunOptions(steps=steps, seed=seed)
    asked = metrics.for_budgets(())
    made = _measured(models, _Request(choices, stimulus, samples, options, events, asked, name, not report.text))
    found = tuple(dict.fromkeys(one for item in made for one in item.findings))
    entries = {item.name: item.entry for item in made if item.entry is not None}
    written = {} if errors_in(found, strict=strict) else entries
    if written:
        write_baseline(written, file)
    for own, entry in written.items() if report.text else ():
        show(f"{own}: {len(entry.figures)} figures of {entry.n_samples:,} samples written to {file}")
    plain = {own: entry.model_dump(mode="json") for own, entry in written.items()}
    report.finish(found, {"file": str(file), "written": plain})


class _Checked(NamedTuple):
    """One model beside its baseline."""

    measured: _Measured
    differences: Differences | None
    """None: there is no entry, or no figure."""
    findings: tuple[Diagnostic, ...]
    """Of the run, of the comparison and of the budgets."""


def _checked(item: _Measured, file: Path, budgets: tuple[Budget, ...]) -> _Checked:
    over = budget_findings(budgets, profile_measures(item.profile) if item.profile else {})
    if item.entry is None:
        return _Checked(item, None, (*item.findings, *over))
    found = check_baseline(item.entry, file, name=item.name)
    known = item.name in load_baseline(file).entries
    return _Checked(item, found if known else None, (*item.findings, *found.findings, *over))


def _write_markdown(checked: list[_Checked], budgets: tuple[Budget, ...], path: Path) -> None:
    sections = [
        markdown_section(
            one.measured.name,
            one.differences,
            entry=one.measured.entry,
            profile=one.measured.profile,
            budgets=budgets,
            findings=one.findings,
        )
        for one in checked
    ]
    name = checked[0].measured.name if len(checked) == 1 else "networks"
    write_atomically(path, comment_markdown(name, sections).encode())


@baseline.command("check", epilog="Example: neurodeploy baseline check net.nd.json -t loihi1 --samples 100")
@command
@with_integer_options
@with_import_options
@with_event_options
@with_metric_options
def check(
    models: Models, file: FileToRead = Path(FILE), name: EntryName = None, target: TargetName = None,
    stimulus: StimulusFile = None, steps: Steps = None, samples: Samples = None, board: Board = None, rules: Rules = None,
    placement_seed: Seed = 0, dialect: Dialect = None, seed: RandomSeed = 0, budget: Budgets = None, markdown: MarkdownFile = None,
    strict: Strict = False, output_format: OutputFormat = None,
    json_output: JsonOutput = False, *, imports: dict[str, Any], events: EventOptions, integers: dict[str, Any],
    metrics: MetricChoices,
) -> None:  # fmt: skip
    """Compile and run networks on the emulator, compare their figures with a baseline exactly, and say why one moved.

    Exit status 1 if a figure moved. A changed weight, option, target, sample or version is named.
    """
    report = _report(models, output_format, budget=budget, strict=strict, json_output=json_output)
    known = load_baseline(file)  # a missing file is reported before the work
    metrics = metrics._replace(if_labelled=any(has_metrics(entry) for entry in known.entries.values()))
    fields = {**integers, "placement_seed": placement_seed}
    choices = Choices(target, board, rules, dialect, imports, strict=strict, fields=fields)
    options = RunOptions(steps=steps, seed=seed)
    asked = metrics.for_budgets(report.budgets)
    made = _measured(models, _Request(choices, stimulus, samples, options, events, asked, name, not report.text))
    checked = [_checked(item, file, report.budgets) for item in made]
    shown = {one.measured.name: one.differences for one in checked if one.differences is not None}
    for item in shown.values() if report.text else ():
        show(difference_report(item))
    if markdown is not None:
        _write_markdown(checked, report.budgets, markdown)
    found = dict.fromkeys(item for one in checked for item in one.findings)
    report.finish(found, {"checked": {own: item.model_dump(mode="json") for own, item in shown.items()}})
