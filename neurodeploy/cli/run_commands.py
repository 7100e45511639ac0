"""Command line: run and profile."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from neurodeploy.cli.model import (
    Board,
    Budgets,
    Choices,
    Discretize,
    Dt,
    JsonOutput,
    MaxDelay,
    Model,
    Prune,
    PruneSources,
    ResetMode,
    Rules,
    Seed,
    ShareParameters,
    Strict,
    TargetName,
    TimeUnit,
    WeightBits,
    compile_model,
    complete_backend,
    usage,
)
from neurodeploy.cli.output import command, finish, progress_bar, say, show
from neurodeploy.cli.paths import read_argument, read_option, write_option
from neurodeploy.cli.values import SEEDS, STEPS, real, whole
from neurodeploy.compiler import Compilation
from neurodeploy.diagnostics import Diagnostic, errors_in, finding
from neurodeploy.network import Network
from neurodeploy.profile import (
    PROFILE_FIGURES,
    Budget,
    Profile,
    budget_findings,
    profile,
    profile_findings,
    profile_measures,
    read_budgets,
)
from neurodeploy.program import Program
from neurodeploy.report import profile_report
from neurodeploy.runtime import (
    Recording,
    RunOptions,
    SampleValues,
    Stimulus,
    accuracy,
    answers,
    encode,
    get_backend,
    load_recording,
    load_state,
    load_stimulus,
    run_findings,
    run_program,
    save_recording,
    save_state,
    stop_findings,
)

__all__ = ["Samples", "StimulusFile", "Timeout", "profile_command", "run", "shown_stimulus"]

MOST_THREADS = 1024
"""More threads than this are started by no machine that a network of ours runs on."""
StimulusFile = Annotated[
    Path | None,
    read_option("--stimulus", "Samples (.npz); default: NAME.stimulus.npz beside the model."),
]
Steps = Annotated[
    int | None,
    typer.Option(
        "--steps",
        parser=whole("--steps", 1, STEPS),
        metavar="N",
        help="Steps for which each sample is shown, or for which a network without inputs runs.",
    ),
]
Samples = Annotated[
    int | None,
    typer.Option(
        "--samples",
        parser=whole("--samples", 1, STEPS),
        metavar="N",
        help="Only the first samples; of a network without inputs, how many.",
    ),
]
RandomSeed = Annotated[
    int,
    typer.Option(
        "--seed", parser=whole("--seed", 0, SEEDS), metavar="SEED", help="Seed of random encoders and of noise."
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        parser=whole("--threads", 1, MOST_THREADS),
        metavar="N",
        help="Threads; the result does not depend on them.",
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        parser=real("--timeout", "a number of seconds", least=1),
        metavar="SECONDS",
        help="Seconds after which a simulator in a process of its own is ended.",
    ),
]
Backend = Annotated[
    str,
    typer.Option("--backend", "-b", help="Where to run; see `neurodeploy backends`.", autocompletion=complete_backend),
]


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
    resume: Path | None = None
    keep_state: bool = False
    timeout: float | None = None


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


def shown_stimulus(
    network: Network, model: Path, given: Path | None, samples: int | None, *, steps: int | None = None, seed: int = 0
) -> Stimulus:
    """Return what a network is shown: the samples of a file, or of the one beside the model. Raises ND702, ND505."""
    values = _first(load_stimulus(_stimulus_path(model, given), network), samples)
    return encode(network, values, steps=steps, seed=seed)


class _Outcome(NamedTuple):
    """What a run gave; no profile if it was stopped before its first sample was done."""

    recording: Recording
    shown: Profile | None
    findings: tuple[Diagnostic, ...]


def _options(chosen: _Show, backend: str) -> RunOptions:
    """Options of a run; the float reference beside it begins at the beginning and keeps nothing."""
    if backend != chosen.backend:
        return RunOptions(seed=chosen.seed, threads=chosen.threads)
    state = load_state(chosen.resume) if chosen.resume else None
    return RunOptions(
        seed=chosen.seed,
        threads=chosen.threads,
        resume=state,
        keep_state=chosen.keep_state,
        timeout_s=chosen.timeout,
    )


def _record(program: Program, stimulus: Stimulus, chosen: _Show, backend: str) -> Recording:
    with progress_bar(f"{backend}: steps", stimulus.n_samples * stimulus.n_steps, quiet=chosen.quiet) as progress:
        return run_program(
            program,
            stimulus,
            backend=backend,
            options=_options(chosen, backend),
            progress=progress,
        )


def _accuracy(network: Network, recording: Recording, stimulus: Stimulus) -> float | None:
    given = answers(network, recording)
    if given is None or stimulus.labels is None:
        return None
    return accuracy(given, stimulus.labels[: len(given)])


def _reference_accuracy(
    program: Program, stimulus: Stimulus, chosen: _Show
) -> tuple[float | None, tuple[Diagnostic, ...]]:
    """The float reference's accuracy, if there are labels to have one on and it is wanted."""
    if not chosen.reference or stimulus.labels is None or chosen.backend == "reference":
        return None, ()
    try:
        recording = _record(program, stimulus, chosen, "reference")
    except KeyboardInterrupt:
        stopped = "the run was stopped; the figures below are whole, and lack only the reference's accuracy"
        return None, (finding("ND507", "backend 'reference'", stopped),)
    return _accuracy(program.network, recording, stimulus), ()


def _run(program: Program, model: Path, chosen: _Show, bounds: dict[str, int]) -> _Outcome:
    network = program.network
    stimulus = shown_stimulus(network, model, chosen.stimulus, chosen.samples, steps=chosen.steps, seed=chosen.seed)
    backend = get_backend(chosen.backend)
    if not chosen.quiet and not backend.unavailable() and (notice := backend.notice()):
        say(notice)
    recording = _record(program, stimulus, chosen, chosen.backend)
    if not recording.n_samples:
        return _Outcome(recording, None, stop_findings(recording))
    reference, stopped = _reference_accuracy(program, stimulus, chosen) if recording.complete else (None, ())
    met = _accuracy(network, recording, stimulus)
    shown = profile(program, recording, accuracy=met, reference_accuracy=reference, lower_bounds=bounds)
    seen = (*stop_findings(recording), *stopped, *run_findings(program, recording))
    return _Outcome(recording, shown, (*seen, *profile_findings(shown)))


def _require(result: Compilation, *, strict: bool, json_output: bool) -> Program:
    if result.program is None or errors_in(result.findings, strict=strict):
        finish(result.findings, json_document={"verdict": result.verdict} if json_output else None, strict=strict)
    return result.require(strict=strict)


@command
def run(
    model: Model, target: TargetName = None, stimulus: StimulusFile = None, steps: Steps = None,
    samples: Samples = None, backend: Backend = "emulator", board: Board = None, rules: Rules = None,
    weight_bits: WeightBits = None, prune: Prune = None, prune_sources: PruneSources = None,
    max_delay: MaxDelay = None, share_parameters: ShareParameters = None,
    placement_seed: Seed = 0,
    dt: Dt = None, reset: ResetMode = None, discretization: Discretize = None, time_unit: TimeUnit = None,
    seed: RandomSeed = 0, threads: Threads = None,
    reference: Annotated[bool, typer.Option("--reference/--no-reference", help="Run the float reference too.")] = True,
    out: Annotated[Path | None, write_option("--out", "Recording to write (.ndr).", "-o", suffix=".ndr")] = None,
    keep: Annotated[Path | None, write_option("--save-state", "State after the last step, to write (.nds).", suffix=".nds")] = None,
    resume: Annotated[Path | None, read_option("--resume", "State to go on from (.nds); the samples are the same.")] = None,
    timeout: Timeout = None,
    budget: Budgets = None, strict: Strict = False, json_output: JsonOutput = False,
) -> None:  # fmt: skip
    """Check, compile and run a network, and print what it did and what it costs.

    Example: neurodeploy run examples/digits/digits.nd.json --target loihi1 --steps 8
    """
    budgets = read_budgets(budget or (), PROFILE_FIGURES)
    edits = (prune_sources, max_delay, share_parameters)
    choices = Choices(
        target, board, rules, weight_bits, prune, placement_seed, dt, reset, discretization, time_unit, strict, *edits
    )
    _, result = compile_model(model, choices)
    program = _require(result, strict=strict, json_output=json_output)
    whole = reference and resume is None
    chosen = _Show(
        stimulus, steps, samples, backend, seed, threads, whole, json_output, resume, keep is not None, timeout
    )
    outcome = _run(program, model, chosen, result.lower_bounds)
    if out is not None:
        save_recording(outcome.recording, out)
    found = (*result.findings, *outcome.findings)
    if keep is not None and outcome.recording.final_state is not None:
        save_state(outcome.recording.final_state, keep)
    elif keep is not None:
        found = (*found, finding("ND507", f"file '{keep}'", "is not written: the run was stopped before its last step"))
    _report(outcome.shown, found, budgets, program.network.name, strict=strict, json_output=json_output)


def _report(
    shown: Profile | None,
    findings: tuple[Diagnostic, ...],
    budgets: tuple[Budget, ...],
    name: str,
    *,
    strict: bool,
    json_output: bool,
) -> None:
    findings = (*findings, *budget_findings(budgets, profile_measures(shown) if shown else {}))
    if json_output:
        plain = shown.model_dump(mode="json") if shown else None
        finish(findings, json_document={"profile": plain}, strict=strict)
    if shown:
        show(profile_report(shown, name))
    finish(findings, strict=strict)


@command
def profile_command(
    model: Model,
    recording: Annotated[
        Path | None,
        read_argument("RECORDING", "A recording (.ndr) of this program; without one it is run."),
    ] = None,
    target: TargetName = None,
    stimulus: StimulusFile = None,
    steps: Steps = None,
    samples: Samples = None,
    board: Board = None,
    rules: Rules = None,
    weight_bits: WeightBits = None,
    prune: Prune = None,
    prune_sources: PruneSources = None,
    max_delay: MaxDelay = None,
    share_parameters: ShareParameters = None,
    dt: Dt = None,
    reset: ResetMode = None,
    discretization: Discretize = None,
    time_unit: TimeUnit = None,
    budget: Budgets = None,
    strict: Strict = False,
    json_output: JsonOutput = False,
) -> None:
    """Print activity, resources and cost of a program on a recording, or of a run made now on the emulator.

    Examples: neurodeploy profile net.ndp run.ndr;  neurodeploy profile net.nd.json -t loihi1
    """
    budgets = read_budgets(budget or (), PROFILE_FIGURES)
    edits = (prune_sources, max_delay, share_parameters)
    choices = Choices(target, board, rules, weight_bits, prune, 0, dt, reset, discretization, time_unit, strict, *edits)
    _, result = compile_model(model, choices)
    program = _require(result, strict=strict, json_output=json_output)
    if recording is None:
        chosen = _Show(stimulus, steps, samples, "emulator", 0, None, False, json_output)
        outcome = _run(program, model, chosen, result.lower_bounds)
        shown, found = outcome.shown, outcome.findings
    else:
        shown = profile(program, _own_recording(program, recording), lower_bounds=result.lower_bounds)
        found = profile_findings(shown)
    found = (*result.findings, *found)
    _report(shown, found, budgets, program.network.name, strict=strict, json_output=json_output)


def _own_recording(program: Program, path: Path) -> Recording:
    recording = load_recording(path)
    if recording.program_digest != program.digest():
        told = f"is a recording of program {recording.program_digest[:12]}, not of {program.digest()[:12]}"
        raise usage("ND703", f"file '{path}'", told)
    return recording
