"""Command line: what a network is shown, and what a run of it gives, for the commands that run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple, cast, get_args

import typer

from neurodeploy.cli.inputs import complete_backend, usage
from neurodeploy.cli.option_types import SEEDS, STEPS, one_of, real, whole
from neurodeploy.cli.output import progress_bar, say
from neurodeploy.cli.paths import read_option
from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.network import Network
from neurodeploy.profile import Profile, profile, profile_findings
from neurodeploy.program import Program
from neurodeploy.signals.state import Engine, TimeOrigin
from neurodeploy.simulate import (
    Recording,
    RunOptions,
    SampleValues,
    Stimulus,
    accuracy,
    answers,
    encode,
    get_backend,
    load_state,
    load_stimulus,
    part_findings,
    run_program,
    stop_findings,
)
from neurodeploy.simulate.events import is_events, samples_in

__all__ = [
    "Backend",
    "EngineName",
    "Origin",
    "Outcome",
    "RandomSeed",
    "Samples",
    "Show",
    "Steps",
    "StimulusFile",
    "Threads",
    "Timeout",
    "Until",
    "run_shown",
    "shown_stimulus",
]

MOST_THREADS = 1024
"""More threads than this are started by no machine that a network of ours runs on."""
StimulusFile = Annotated[
    Path | None,
    read_option("--stimulus", "Samples (.npz, .npy, .bs2); default: NAME.stimulus.npz beside the model."),
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
Until = Annotated[
    int | None,
    typer.Option(
        "--until",
        parser=whole("--until", 1, STEPS),
        metavar="STEP",
        help="Step after which each sample is left, shown to its end or not; what follows is left to --resume.",
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
Origin = Annotated[
    str,
    typer.Option(
        "--time-origin",
        parser=one_of("--time-origin", get_args(TimeOrigin)),
        metavar="ORIGIN",
        help="Where times of a sensor's events count from: zero, or first, the first event of each sample.",
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


EngineName = Annotated[
    str,
    typer.Option(
        "--engine",
        parser=one_of("--engine", get_args(Engine)),
        metavar="ENGINE",
        help="How the emulator computes: native (compiled), spec (the definition in numpy), or auto. Results are the same.",
    ),
]


class Show(NamedTuple):
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
    until: int | None = None
    time_origin: str = "zero"
    engine: str = "auto"


def _stimulus_path(model: Path, given: Path | None) -> Path:
    if given is not None:
        return given
    stem = model.name
    for suffix in (".json", ".nd", ".ndp", ".nir", ".net"):
        stem = stem.removesuffix(suffix)
    beside = model.with_name(f"{stem}.stimulus.npz")
    if not beside.exists():
        raise usage("ND702", about("model", model), f"has no stimulus: there is no '{beside}'", "--stimulus FILE.npz")
    return beside


def _first(network: Network, values: SampleValues, samples: int | None) -> SampleValues:
    """The first samples of values, and the rows of events that are of them."""
    if samples is None:
        return values
    kept, counts = dict(values.values), [values.n_samples] if values.n_samples else []
    for name, array in values.values.items():
        item = network.input_by_name[name]
        rows = is_events(item, array) and array.ndim == 2 and array.shape[1] > 0
        kept[name] = array[array[:, 0] < samples] if rows else array[:samples]
        counts += [samples_in(values, array)] if rows and array.dtype.kind in "iu" else []
    labels = None if values.labels is None else values.labels[:samples]
    return SampleValues(values=kept, labels=labels, n_samples=min(samples, *counts) if counts else None)


def _of_itself(network: Network, steps: int | None, samples: int | None, seed: int) -> Stimulus:
    """What a network without inputs is shown: nothing, for as long as is said."""
    if steps is None and network.time.steps_per_sample is None:
        told = "has no inputs and drives itself, and nobody says for how long"
        raise usage("ND702", about("network", network.name), told, "--steps N")
    return encode(network, SampleValues(values={}, n_samples=samples), steps=steps, seed=seed)


def shown_stimulus(
    network: Network,
    model: Path,
    given: Path | None,
    samples: int | None,
    *,
    steps: int | None = None,
    seed: int = 0,
    time_origin: str = "zero",
) -> Stimulus:
    """Return what a network is shown: the samples of a file, or of the one beside the model; nothing if it has no inputs.

    Its `findings` say what of them is not shown as it was given. Raises DiagnosticError: ND702, ND505, ND066, ND069.
    """
    if given is None and not network.inputs:
        return _of_itself(network, steps, samples, seed)
    values = _first(network, load_stimulus(_stimulus_path(model, given), network), samples)
    origin = cast("TimeOrigin", time_origin)
    return encode(network, values, steps=steps, seed=seed, time_origin=origin)


class Outcome(NamedTuple):
    """What a run gave; no profile if it was stopped before its first sample was done."""

    recording: Recording
    shown: Profile | None
    findings: tuple[Diagnostic, ...]


def _options(chosen: Show, backend: str) -> RunOptions:
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
        engine=cast("Engine", chosen.engine),
    )


def _record(program: Program, stimulus: Stimulus, chosen: Show, backend: str) -> Recording:
    with progress_bar(f"{backend}: steps", stimulus.n_samples * stimulus.n_steps, quiet=chosen.quiet) as progress:
        return run_program(
            program,
            stimulus,
            backend=backend,
            steps=chosen.until if backend == chosen.backend else None,
            options=_options(chosen, backend),
            progress=progress,
        )


def _accuracy(network: Network, recording: Recording, stimulus: Stimulus) -> float | None:
    given = answers(network, recording)
    if given is None or stimulus.labels is None:
        return None
    return accuracy(given, stimulus.labels[: len(given)])


def _reference_accuracy(
    program: Program, stimulus: Stimulus, chosen: Show
) -> tuple[float | None, tuple[Diagnostic, ...]]:
    """The float reference's accuracy, if there are labels to have one on and it is wanted."""
    if not chosen.reference or stimulus.labels is None or chosen.backend == "reference":
        return None, ()
    try:
        recording = _record(program, stimulus, chosen, "reference")
    except KeyboardInterrupt:
        stopped = "the run was stopped; the figures below are whole, and lack only the reference's accuracy"
        return None, (finding("ND507", about("backend", "reference"), stopped),)
    return _accuracy(program.network, recording, stimulus), ()


def run_shown(program: Program, model: Path, chosen: Show, bounds: dict[str, int]) -> Outcome:
    """Return what a program gives that is shown its samples. `bounds`: least cores by resource."""
    network = program.network
    stimulus = shown_stimulus(
        network,
        model,
        chosen.stimulus,
        chosen.samples,
        steps=chosen.steps,
        seed=chosen.seed,
        time_origin=chosen.time_origin,
    )
    backend = get_backend(chosen.backend)
    if not chosen.quiet and chosen.engine != "spec" and not backend.unavailable() and (notice := backend.notice()):
        say(notice)
    recording = _record(program, stimulus, chosen, chosen.backend)
    if not recording.n_samples:
        return Outcome(recording, None, (*stimulus.findings, *stop_findings(recording)))
    part = part_findings(network, recording, stimulus)
    entire = recording.complete and not part
    reference, stopped = _reference_accuracy(program, stimulus, chosen) if entire else (None, ())
    met = None if part else _accuracy(network, recording, stimulus)
    shown = profile(program, recording, accuracy=met, reference_accuracy=reference, lower_bounds=bounds)
    seen = dict.fromkeys((*stop_findings(recording), *recording.findings, *stopped, *part))
    return Outcome(recording, shown, (*seen, *profile_findings(shown, part=bool(part))))
