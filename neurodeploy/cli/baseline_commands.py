"""Commands `baseline write` and `baseline check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from neurodeploy.api.baselines import check_baseline, write_baseline
from neurodeploy.baseline import FILE, BaselineEntry, entry_of, has_metrics, load_baseline
from neurodeploy.cli.common_options import JsonOutput, usage
from neurodeploy.cli.compile_options import (
    MaxDelay,
    Prune,
    PruneSources,
    Seed,
    ShareParameters,
    SoftResetForm,
    WeightBits,
    given_fields,
)
from neurodeploy.cli.event_options import with_event_options
from neurodeploy.cli.import_options import with_import_options
from neurodeploy.cli.inputs import Board, Choices, Dialect, OutputFormat, Rules, Strict, TargetName, compile_model
from neurodeploy.cli.metric_options import MetricChoices, with_metric_options
from neurodeploy.cli.output import Format, command, show
from neurodeploy.cli.paths import read_argument, read_option, write_option
from neurodeploy.cli.report_options import ReportOptions, report_options
from neurodeploy.cli.run_options import RandomSeed, Samples, Steps, StimulusFile
from neurodeploy.cli.running import Outcome, RunRequest, run_request
from neurodeploy.cli.scale_options import with_scale_options
from neurodeploy.compiler import Compilation
from neurodeploy.diagnostics import Diagnostic, about, errors_in
from neurodeploy.diff import Differences
from neurodeploy.report import difference_report
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

Models = Annotated[list[Path], read_argument("MODEL...", "Networks or compiled programs, each with its own samples.")]
EntryName = Annotated[
    str | None,
    typer.Option("--name", help="Name of the entry, for one model; default: the name of its network."),
]
FileToRead = Annotated[Path, read_option("--file", "The baseline file.")]
FileToWrite = Annotated[Path, write_option("--file", "The baseline file; other entries in it are kept.")]


class _Request(NamedTuple):
    """What to measure, and how."""

    choices: Choices
    stimulus: Path | None
    samples: int | None
    options: RunOptions
    events: EventOptions
    metrics: MetricChoices
    name: str | None
    quiet: bool


class _Measured(NamedTuple):
    """The entries of all models, by name, and the findings on the way."""

    entries: dict[str, BaselineEntry]
    findings: tuple[Diagnostic, ...]


def _entry(result: Compilation, outcome: Outcome) -> BaselineEntry | None:
    if outcome.profile is None or not outcome.recording.complete:
        return None
    program, recording, labels = result.require(), outcome.recording, outcome.stimulus.labels
    known = labels is not None and answers(program.network, recording) is not None
    return entry_of(program, recording, outcome.profile, labels=labels if known else None, stimulus=outcome.stimulus)


def _measured(models: list[Path], request: _Request) -> _Measured:
    """Compile and run every model on the emulator."""
    if len(models) > 1 and (request.name is not None or request.stimulus is not None):
        option = "--name" if request.name is not None else "--stimulus"
        raise usage("ND703", about("option", option), f"applies to one model, but there are {len(models)}")
    entries, found = dict[str, BaselineEntry](), list[Diagnostic]()
    for model in models:
        imported, result = compile_model(model, request.choices)
        found += result.findings
        if result.program is None or errors_in(result.findings, strict=request.choices.strict):
            continue
        wanted = RunRequest(
            request.stimulus, request.samples, "emulator", request.options, reference=False, quiet=request.quiet,
            own=imported.samples, events=request.events, metrics=request.metrics.for_budgets(()),
        )  # fmt: skip
        outcome = run_request(result.program, model, wanted, result.lower_bounds)
        found += outcome.findings
        name, entry = request.name or result.program.network.name, _entry(result, outcome)
        if name in entries:
            message = f"has a network of the name '{name}', as another of these models has"
            raise usage("ND703", about("model", model), message, "write them one by one, each with its --name")
        if entry is not None:
            entries[name] = entry
    return _Measured(entries, tuple(dict.fromkeys(found)))


def _report(models: list[Path], given: Format | None, *, strict: bool, json_output: bool) -> ReportOptions:
    return report_options(models[0], given, strict=strict, json_output=json_output)


@baseline.command("write", epilog="Example: neurodeploy baseline write net.nd.json -t loihi1 --samples 100")
@command
@with_scale_options
@with_import_options
@with_event_options
@with_metric_options
def write(
    models: Models, file: FileToWrite = Path(FILE), name: EntryName = None, target: TargetName = None,
    stimulus: StimulusFile = None, steps: Steps = None, samples: Samples = None, board: Board = None, rules: Rules = None,
    weight_bits: WeightBits = None, prune: Prune = None, prune_sources: PruneSources = None, max_delay: MaxDelay = None,
    share_parameters: ShareParameters = None, soft_reset: SoftResetForm = "autapse", placement_seed: Seed = 0,
    dialect: Dialect = None, seed: RandomSeed = 0, strict: Strict = False, output_format: OutputFormat = None,
    json_output: JsonOutput = False, *, imports: dict[str, Any], events: EventOptions, scales: dict[str, Any],
    metrics: MetricChoices,
) -> None:  # fmt: skip
    """Compile and run networks on the emulator, and write their deterministic figures to a file to commit.

    Spikes, cores, resources, events and accuracy are the same on every machine, so that `baseline check` compares them
    exactly. Energy and time are written as intervals, for information.
    """
    report = _report(models, output_format, strict=strict, json_output=json_output)
    fields = given_fields(
        weight_bits=weight_bits, prune=prune, prune_sources=prune_sources, max_delay=max_delay,
        share_parameters=share_parameters, soft_reset=soft_reset, placement_seed=placement_seed,
    )  # fmt: skip
    choices = Choices(target, board, rules, dialect, imports, strict=strict, fields=fields | scales)
    options = RunOptions(steps=steps, seed=seed)
    made = _measured(models, _Request(choices, stimulus, samples, options, events, metrics, name, not report.text))
    if made.entries and not errors_in(made.findings, strict=strict):
        write_baseline(made.entries, file)
        for own, entry in made.entries.items() if report.text else ():
            show(f"{own}: {len(entry.figures)} figures of {entry.n_samples:,} samples written to {file}")
    written = {} if errors_in(made.findings, strict=strict) else made.entries
    plain = {own: entry.model_dump(mode="json") for own, entry in written.items()}
    report.finish(made.findings, {"file": str(file), "written": plain})


def _checked(entries: dict[str, BaselineEntry], file: Path) -> dict[str, Differences]:
    base = load_baseline(file)
    found = {own: check_baseline(entry, base, name=own) for own, entry in entries.items()}
    return {own: item.model_copy(update={"base": str(file)}) for own, item in found.items()}


@baseline.command("check", epilog="Example: neurodeploy baseline check net.nd.json -t loihi1 --samples 100")
@command
@with_scale_options
@with_import_options
@with_event_options
@with_metric_options
def check(
    models: Models, file: FileToRead = Path(FILE), name: EntryName = None, target: TargetName = None,
    stimulus: StimulusFile = None, steps: Steps = None, samples: Samples = None, board: Board = None, rules: Rules = None,
    weight_bits: WeightBits = None, prune: Prune = None, prune_sources: PruneSources = None, max_delay: MaxDelay = None,
    share_parameters: ShareParameters = None, soft_reset: SoftResetForm = "autapse", placement_seed: Seed = 0,
    dialect: Dialect = None, seed: RandomSeed = 0, strict: Strict = False, output_format: OutputFormat = None,
    json_output: JsonOutput = False, *, imports: dict[str, Any], events: EventOptions, scales: dict[str, Any],
    metrics: MetricChoices,
) -> None:  # fmt: skip
    """Compile and run networks on the emulator, compare their figures with a baseline exactly, and say why one moved.

    Exit status 1 if a figure moved. A changed weight, option, target, sample or version is named.
    """
    report = _report(models, output_format, strict=strict, json_output=json_output)
    known = load_baseline(file)  # a missing file is reported before the work
    metrics = metrics._replace(if_labelled=any(has_metrics(entry) for entry in known.entries.values()))
    fields = given_fields(
        weight_bits=weight_bits, prune=prune, prune_sources=prune_sources, max_delay=max_delay,
        share_parameters=share_parameters, soft_reset=soft_reset, placement_seed=placement_seed,
    )  # fmt: skip
    choices = Choices(target, board, rules, dialect, imports, strict=strict, fields=fields | scales)
    options = RunOptions(steps=steps, seed=seed)
    made = _measured(models, _Request(choices, stimulus, samples, options, events, metrics, name, not report.text))
    checked = _checked(made.entries, file)
    for item in checked.values() if report.text else ():
        show(difference_report(item))
    found = [*made.findings, *(one for item in checked.values() for one in item.findings)]
    report.finish(found, {"checked": {own: item.model_dump(mode="json") for own, item in checked.items()}})
