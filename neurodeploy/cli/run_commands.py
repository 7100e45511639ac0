"""Command line: run and profile."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from neurodeploy.cli.model import (
    Board,
    Choices,
    Discretize,
    Dt,
    JsonOutput,
    Model,
    Prune,
    ResetMode,
    Rules,
    Seed,
    Strict,
    TargetName,
    TimeUnit,
    WeightBits,
    compile_model,
    usage,
)
from neurodeploy.cli.output import command, finish, progress_bar, say, show
from neurodeploy.compiler import Compilation
from neurodeploy.network import Network
from neurodeploy.profile import Profile, profile, profile_findings
from neurodeploy.program import Program
from neurodeploy.report import profile_report
from neurodeploy.runtime import (
    Recording,
    SampleValues,
    Stimulus,
    accuracy,
    answers,
    encode,
    get_backend,
    load_recording,
    load_stimulus,
    run_program,
    save_recording,
    stop_findings,
)

__all__ = ["profile_command", "run"]

StimulusFile = Annotated[
    Path | None,
    typer.Option("--stimulus", help="Samples (.npz); default: NAME.stimulus.npz beside the model."),
]
Steps = Annotated[int | None, typer.Option("--steps", min=1, help="Steps for which each sample is shown.")]
Samples = Annotated[int | None, typer.Option("--samples", min=1, help="Only the first samples.")]
Backend = Annotated[str, typer.Option("--backend", "-b", help="Where to run; see `neurodeploy backends`.")]


class _Show(NamedTuple):
    """Options of how a network is shown its samples."""

    stimulus: Path | None
    steps: int | None
    samples: int | None
    backend: str
    seed: int
    threads: int | None
    reference: bool
    quiet: bool


def _stimulus_path(model: Path, given: Path | None) -> Path:
    if given is not None:
        return given
    stem = model.name.removesuffix(".json").removesuffix(".nd").removesuffix(".ndp").removesuffix(".nir")
    beside = model.with_name(f"{stem}.stimulus.npz")
    if not beside.exists():
        raise usage("ND702", f"model '{model}'", f"has no stimulus: there is no '{beside}'", "--stimulus FILE.npz")
    return beside


def _first(values: SampleValues, samples: int | None) -> SampleValues:
    if samples is None:
        return values
    labels = None if values.labels is None else values.labels[:samples]
    return SampleValues(values={name: array[:samples] for name, array in values.values.items()}, labels=labels)


def _record(program: Program, stimulus: Stimulus, chosen: _Show, backend: str) -> Recording:
    with progress_bar(f"{backend}: samples", quiet=chosen.quiet) as progress:
        return run_program(
            program, stimulus, backend=backend, seed=chosen.seed, threads=chosen.threads, progress=progress
        )


def _accuracy(network: Network, recording: Recording, stimulus: Stimulus) -> float | None:
    given = answers(network, recording)
    if given is None or stimulus.labels is None:
        return None
    return accuracy(given, stimulus.labels[: len(given)])


def _run(program: Program, model: Path, chosen: _Show, bounds: dict[str, int]) -> tuple[Profile, Recording]:
    network = program.network
    values = _first(load_stimulus(_stimulus_path(model, chosen.stimulus), network), chosen.samples)
    stimulus = encode(network, values, steps=chosen.steps, seed=chosen.seed)
    if not chosen.quiet and (notice := get_backend(chosen.backend).notice()):
        say(notice)
    recording = _record(program, stimulus, chosen, chosen.backend)
    reference = None
    if chosen.reference and stimulus.labels is not None and chosen.backend != "reference" and recording.complete:
        reference = _accuracy(network, _record(program, stimulus, chosen, "reference"), stimulus)
    met = _accuracy(network, recording, stimulus)
    return profile(program, recording, accuracy=met, reference_accuracy=reference, lower_bounds=bounds), recording


def _require(result: Compilation, *, strict: bool, json_output: bool) -> Program:
    from neurodeploy.diagnostics import errors_in

    if result.program is None or errors_in(result.findings, strict=strict):
        finish(result.findings, json_document={"verdict": result.verdict} if json_output else None, strict=strict)
    return result.require(strict=strict)


@command
def run(
    model: Model,
    target: TargetName = None,
    stimulus: StimulusFile = None,
    steps: Steps = None,
    samples: Samples = None,
    backend: Backend = "emulator",
    board: Board = None,
    rules: Rules = None,
    weight_bits: WeightBits = None,
    prune: Prune = None,
    placement_seed: Seed = 0,
    dt: Dt = None,
    reset: ResetMode = None,
    discretization: Discretize = None,
    time_unit: TimeUnit = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of random encoders.")] = 0,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Threads; the result does not depend on them.")
    ] = None,
    reference: Annotated[bool, typer.Option("--reference/--no-reference", help="Run the float reference too.")] = True,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Recording to write (.ndr).")] = None,
    strict: Strict = False,
    json_output: JsonOutput = False,
) -> None:
    """Check, compile and run a network, and print what it did and what it costs.

    Example: neurodeploy run examples/digits/digits.nd.json --target loihi1 --steps 8
    """
    choices = Choices(
        target, board, rules, weight_bits, prune, placement_seed, dt, reset, discretization, time_unit, strict
    )
    _, result = compile_model(model, choices)
    program = _require(result, strict=strict, json_output=json_output)
    chosen = _Show(stimulus, steps, samples, backend, seed, threads, reference, json_output)
    shown, recording = _run(program, model, chosen, result.lower_bounds)
    if out is not None:
        save_recording(recording, out)
    found = (*result.findings, *stop_findings(recording), *profile_findings(shown))
    _report(shown, found, program.network.name, strict=strict, json_output=json_output)


def _report(shown: Profile, findings: Any, name: str, *, strict: bool, json_output: bool) -> None:
    if json_output:
        finish(findings, json_document={"profile": shown.model_dump(mode="json")}, strict=strict)
    show(profile_report(shown, name))
    finish(findings, strict=strict)


@command
def profile_command(
    model: Model,
    recording: Annotated[
        Path | None, typer.Argument(help="A recording (.ndr) of this program; without one it is run.")
    ] = None,
    target: TargetName = None,
    stimulus: StimulusFile = None,
    steps: Steps = None,
    samples: Samples = None,
    board: Board = None,
    rules: Rules = None,
    weight_bits: WeightBits = None,
    dt: Dt = None,
    reset: ResetMode = None,
    strict: Strict = False,
    json_output: JsonOutput = False,
) -> None:
    """Print activity, resources and cost of a program on a recording, or of a run made now on the emulator.

    Examples: neurodeploy profile net.ndp run.ndr;  neurodeploy profile net.nd.json -t loihi1
    """
    _, result = compile_model(model, Choices(target, board, rules, weight_bits, None, 0, dt, reset, None, None, strict))
    program = _require(result, strict=strict, json_output=json_output)
    if recording is None:
        chosen = _Show(stimulus, steps, samples, "emulator", 0, None, False, json_output)
        shown, _ = _run(program, model, chosen, result.lower_bounds)
    else:
        loaded = load_recording(recording)
        if loaded.program_digest != program.digest():
            raise usage(
                "ND703",
                f"file '{recording}'",
                f"is a recording of program {loaded.program_digest[:12]}, not of {program.digest()[:12]}",
            )
        shown = profile(program, loaded, lower_bounds=result.lower_bounds)
    _report(
        shown,
        (*result.findings, *profile_findings(shown)),
        program.network.name,
        strict=strict,
        json_output=json_output,
    )
