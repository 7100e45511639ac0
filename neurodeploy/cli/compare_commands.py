"""Commands `compare` and `verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neurodeploy.cli.common_options import JsonOutput, complete_backend, usage
from neurodeploy.cli.event_options import with_event_options
from neurodeploy.cli.inputs import Choices, OutputFormat, TargetName, compile_model
from neurodeploy.cli.output import command, progress_bar, show
from neurodeploy.cli.paths import read_argument, read_option
from neurodeploy.cli.report_options import ReportOptions, report_options
from neurodeploy.cli.run_options import Samples, Steps, StimulusFile, Timeout
from neurodeploy.cli.running import stimulus_of_model
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, errors_in
from neurodeploy.program import Program, load_program
from neurodeploy.signals import EventOptions
from neurodeploy.simulate import (
    Recording,
    RunOptions,
    backend_dialects,
    compare_findings,
    load_recording,
    run,
    verify_program,
)

__all__ = ["compare", "verify"]

EMULATOR = "emulator"


def _summary(left: Recording, right: Recording) -> str:
    spikes = sum(len(rows) for rows in left.spikes.values())
    states = sorted(left.states.keys() & right.states.keys())
    text = f"identical: {spikes:,} spikes of {left.n_samples} samples in {left.n_steps} steps"
    return text + (f", states {', '.join(states)}" if states else "")


def _two_files(left: Path, right: Path, program: Path | None, report: ReportOptions) -> None:
    recordings = load_recording(left), load_recording(right)
    loaded = load_program(program) if program else None
    names = recordings[0].backend, recordings[1].backend
    dialects = backend_dialects(loaded, names) if loaded else None
    _report(recordings, loaded, dialects, report)


def _require_no_run(**given: object) -> None:
    """Raise DiagnosticError: ND703 for options of a run, given with two recordings."""
    named = [f"--{name}" for name, value in given.items() if value]
    if named:
        raise usage(
            "ND703", about("command", "compare"), f"is given two recordings, which contradicts {', '.join(named)}"
        )


def _report(
    recordings: tuple[Recording, Recording],
    program: Program | None,
    dialects: tuple[str, str] | None,
    report: ReportOptions,
    of_stimulus: tuple[Diagnostic, ...] = (),
) -> None:
    """Print how two recordings differ, with the findings of their stimulus, and exit."""
    found = compare_findings(*recordings, program, dialects)
    if not errors_in(found) and report.text:
        show(_summary(*recordings))
    report.finish((*of_stimulus, *found), {"identical": not errors_in(found)})


@command
@with_event_options
def compare(
    left: Annotated[Path, read_argument("FILE", "A recording (.ndr), or a network or program to run twice.")],
    right: Annotated[Path | None, read_argument("FILE", "The other recording.")] = None,
    backend: Annotated[list[str] | None, typer.Option("--backend", "-b", help="Backend of one run; give it twice.", autocompletion=complete_backend)] = None,
    program: Annotated[Path | None, read_option("--program", "Program (.ndp) of two recordings, to name the rule that differs.")] = None,
    target: TargetName = None,
    stimulus: StimulusFile = None,
    steps: Steps = None,
    samples: Samples = None,
    timeout: Timeout = None,
    output_format: OutputFormat = None,
    json_output: JsonOutput = False,
    *, events: EventOptions,
) -> None:  # fmt: skip
    """Compare two recordings, or one program on two backends, and report the first difference and its reason.

    Examples: neurodeploy compare a.ndr b.ndr;  neurodeploy compare net.ndp -b emulator -b lava
    """
    report = report_options(left, output_format, json_output=json_output)
    if right is not None:
        _require_no_run(
            backend=backend, target=target, stimulus=stimulus, steps=steps, samples=samples, timeout=timeout
        )
        _two_files(left, right, program, report)
    if backend is None or len(backend) not in (1, 2) or left.suffix == ".ndr":
        fixes = ("neurodeploy compare A.ndr B.ndr", "neurodeploy compare NET.ndp -b emulator -b lava")
        raise usage("ND701", about("command", "compare"), "needs two recordings, or a program and two backends", *fixes)
    if program is not None:
        raise usage("ND703", about("option", "--program"), f"applies to two recordings, but '{left}' is run")
    imported, result = compile_model(left, Choices(target))
    if errors_in(result.findings):
        report.finish(result.findings)
    compiled, names = result.require(), (backend[0], backend[1] if len(backend) > 1 else EMULATOR)
    encoded = stimulus_of_model(
        compiled.network, left, stimulus, samples, steps=steps, own=imported.samples, events=events
    )
    recordings = list[Recording]()
    for name in names:
        with progress_bar(f"{name}: steps", encoded.n_samples * encoded.n_steps, quiet=not report.text) as progress:
            options = RunOptions(timeout_s=timeout)
            recordings.append(run(compiled, encoded, backend=name, options=options, progress=progress))
    _report((recordings[0], recordings[1]), compiled, backend_dialects(compiled, names), report, encoded.findings)


def _verified(program: Program, name: str, *, quiet: bool) -> tuple[Recording | None, tuple[Diagnostic, ...]]:
    """Recording of a backend on the sealed input; if it cannot run, its findings, so that other backends still run."""
    golden = program.golden
    steps = golden.n_samples * golden.steps if golden else 1
    try:
        with progress_bar(f"{name}: steps", steps, quiet=quiet) as progress:
            return verify_program(program, name, progress)
    except DiagnosticError as error:
        if golden is None:
            raise
        return None, error.diagnostics


@command
def verify(
    model: Annotated[
        Path,
        read_argument("PROGRAM", "A program (.ndp) compiled with --golden."),
    ],
    backend: Annotated[
        list[str] | None,
        typer.Option("--backend", "-b", help="Backend to run it on; repeatable.", autocompletion=complete_backend),
    ] = None,
    output_format: OutputFormat = None,
    json_output: JsonOutput = False,
) -> None:
    """Run the sealed input of a program on a backend, and compare the output with the sealed one.

    Example: neurodeploy verify net.ndp -b emulator -b lava
    """
    report, program = report_options(model, output_format, json_output=json_output), load_program(model)
    rows, faults = dict[str, bool](), list[Diagnostic]()
    for name in backend or [EMULATOR]:
        recording, found = _verified(program, name, quiet=not report.text)
        rows[name] = not found
        faults += found
        if recording is not None and not found and report.text:
            count = sum(len(item) for item in recording.spikes.values())
            show(f"{name}: as sealed, {count:,} spikes of {recording.n_samples} samples")
    report.finish(faults, {"verified": rows})
