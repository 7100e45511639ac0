"""Reading of samples, runs and profiles for the commands that run a network."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from neurodeploy.api.files import save
from neurodeploy.cli.common_options import usage
from neurodeploy.cli.metric_options import MetricChoices, with_metrics
from neurodeploy.cli.output import progress_bar, say, working
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.network import Network
from neurodeploy.network.neurons import CUBA_KINDS
from neurodeploy.profile import CostOptions, Profile, profile, profile_findings
from neurodeploy.program import Program
from neurodeploy.program.plastic import plastic_projections
from neurodeploy.project.samples import stimulus_beside
from neurodeploy.signals import EventOptions, TimeOrigin
from neurodeploy.simulate import (
    Recording,
    RunOptions,
    SampleValues,
    Stimulus,
    accuracy,
    answers,
    decoded,
    encode,
    get_backend,
    load_stimulus,
    part_findings,
    run,
    stop_findings,
)
from neurodeploy.simulate.decode import units_of
from neurodeploy.simulate.recorded_samples import first_samples

__all__ = [
    "Outcome",
    "RunRequest",
    "reference_run",
    "run_request",
    "samples_of_model",
    "stimulus_beside",
    "stimulus_of_model",
    "write_own_samples",
]


class RunRequest(NamedTuple):
    """A run requested on the command line."""

    stimulus: Path | None
    """File of the samples; None: the one next to the model."""
    samples: int | None
    """Number of samples; None: all."""
    backend: str
    options: RunOptions
    reference: bool
    """Also run the float reference, for its accuracy."""
    quiet: bool
    """Print neither notices nor progress."""
    own: SampleValues | None = None
    """Samples that came with the model."""
    events: EventOptions | None = None
    """How a recording of an event sensor becomes the input."""
    cost: CostOptions | None = None
    """What energy and time comprise."""
    metrics: MetricChoices | None = None
    """Metrics to compute; None: none."""


def write_own_samples(samples: SampleValues | None, model: Path) -> tuple[str | None, tuple[Diagnostic, ...]]:
    """Write the samples that came with a model next to the file made of it, where `run` finds them.

    Returns the path, and warnings instead if a file cannot hold them; no path without samples.
    """
    path = stimulus_beside(model)
    if samples is None:
        return None, ()
    try:
        save(samples, path)
    except DiagnosticError as error:
        return None, tuple(item.model_copy(update={"severity": "warning"}) for item in error.diagnostics)
    return str(path), ()


def _stimulus_path(model: Path, given: Path | None) -> Path:
    if given is not None:
        return given
    path = stimulus_beside(model)
    if not path.exists():
        raise usage("ND702", about("model", model), f"has no stimulus: '{path}' does not exist", "--stimulus FILE.npz")
    return path


def samples_of_model(
    network: Network,
    model: Path,
    given: Path | None,
    samples: int | None,
    *,
    own: SampleValues | None = None,
    events: EventOptions | None = None,
) -> SampleValues:
    """Return the first samples: of the file `given`, the model's `own`, or of the file next to the model.

    None are needed for a network without inputs. Raises DiagnosticError: ND702 (no file), ND505, ND066, ND069.
    """
    if given is None and not network.inputs:
        return SampleValues(values={}, n_samples=samples)
    values = own if given is None else None
    if values is None:
        path = _stimulus_path(model, given)
        with working(f"reading {path.name}"):
            values = load_stimulus(path, network, events)
    return first_samples(network, values, samples)


def stimulus_of_model(
    network: Network,
    model: Path,
    given: Path | None,
    samples: int | None,
    *,
    steps: int | None = None,
    seed: int = 0,
    time_origin: TimeOrigin = "zero",
    own: SampleValues | None = None,
    events: EventOptions | None = None,
) -> Stimulus:
    """Return the encoded samples: of the file `given`, the model's `own`, or of the file next to the model.

    None are needed for a network without inputs.

    Raises DiagnosticError: ND702 (no file, or no length of samples), ND505, ND066, ND069.
    """
    values = samples_of_model(network, model, given, samples, own=own, events=events)
    return _encoded(network, values, steps, seed, time_origin, fixed=given is not None or bool(network.inputs))


def _encoded(
    network: Network, values: SampleValues, steps: int | None, seed: int, origin: TimeOrigin, *, fixed: bool
) -> Stimulus:
    """The stimulus of samples. `fixed`: whether their length is known without --steps."""
    if fixed:
        return encode(network, values, steps=steps, seed=seed, time_origin=origin)
    if steps is None and network.time.steps_per_sample is None:
        message = "has no inputs, and the length of its run is not specified"
        raise usage("ND702", about("network", network.name), message, "--steps N")
    return encode(network, values, steps=steps, seed=seed)


class Outcome(NamedTuple):
    """Result of a run; no profile if it was stopped before its first sample was complete."""

    recording: Recording
    profile: Profile | None
    findings: tuple[Diagnostic, ...]
    decoded: dict[str, list[float]]
    """Linear output -> its values in the last step of the last sample."""
    stimulus: Stimulus
    """The encoded samples."""
    samples: SampleValues | None = None
    """Samples of the run."""
    reference: Recording | None = None
    """Recording of the float reference, if it was run."""


def _record(program: Program, stimulus: Stimulus, backend: str, options: RunOptions, *, quiet: bool) -> Recording:
    encoded = options.model_copy(update={"steps": None, "time_origin": "zero"})  # the stimulus already has both
    with progress_bar(f"{backend}: steps", stimulus.n_samples * stimulus.n_steps, quiet=quiet) as progress:
        return run(program, stimulus, backend=backend, options=encoded, progress=progress)


def _accuracy(network: Network, recording: Recording, stimulus: Stimulus) -> float | None:
    predicted = answers(network, recording)
    if predicted is None or stimulus.labels is None:
        return None
    return accuracy(predicted, stimulus.labels[: len(predicted)])


def reference_run(
    program: Program, stimulus: Stimulus, request: RunRequest
) -> tuple[Recording | None, tuple[Diagnostic, ...]]:
    """Return the run of the float reference, if requested, there are labels, no neurons exist in integers only, and nothing
    learns; and the finding of a run that was stopped. The reference always runs from the beginning.

    `program`, `stimulus`: what is run. `request`: of the run.
    """
    if not request.reference or stimulus.labels is None or request.backend == "reference":
        return None, ()
    if any(item.neuron.kind not in CUBA_KINDS for item in program.network.populations):
        return None, ()
    if plastic_projections(program.network) and not _keeps_weights(request.options):
        return None, ()
    own = request.options
    options = RunOptions(seed=own.seed, threads=own.threads, learn=own.learn)
    try:
        return _record(program, stimulus, "reference", options, quiet=request.quiet), ()
    except KeyboardInterrupt:
        stopped = "the run was stopped; the figures below are complete except for the accuracy of the reference"
        return None, (finding("ND507", about("backend", "reference"), stopped),)


def _keeps_weights(options: RunOptions) -> bool:
    """Whether weights stay as they are in the program, which is all that the float reference can do."""
    return options.learn == "off" and options.learned is None


def run_request(program: Program, model: Path, request: RunRequest, lower_bounds: dict[str, int]) -> Outcome:
    """Return the result of running a program on the requested samples. `lower_bounds`: least cores by resource."""
    network, options = program.network, request.options
    given, own, events = request.stimulus, request.own, request.events
    values = samples_of_model(network, model, given, request.samples, own=own, events=events)
    fixed = given is not None or bool(network.inputs)
    stimulus = _encoded(network, values, options.steps, options.seed, options.time_origin, fixed=fixed)
    backend = get_backend(request.backend)
    if not request.quiet and options.engine != "spec" and not backend.unavailable() and (notice := backend.notice()):
        say(notice)
    recording = _record(program, stimulus, request.backend, options, quiet=request.quiet)
    if not recording.n_samples:
        return Outcome(recording, None, (*stimulus.findings, *stop_findings(recording)), {}, stimulus)
    partial = part_findings(network, recording, stimulus)
    whole = recording.complete and not partial
    reference, stopped = reference_run(program, stimulus, request) if whole else (None, ())
    fraction = None if partial else _accuracy(network, recording, stimulus)
    figures = profile(
        program,
        recording,
        accuracy=fraction,
        reference_accuracy=None if reference is None else _accuracy(network, reference, stimulus),
        lower_bounds=lower_bounds,
        cost=request.cost,
    )
    if request.metrics is not None and whole:
        figures = with_metrics(figures, program, recording, stimulus.labels, request.metrics)
    last = {name: values[-1, -1].tolist() for name, values in decoded(network, recording, units_of(program)).items()}
    of_metrics = figures.metrics.findings if figures.metrics else ()
    found = dict.fromkeys((*stop_findings(recording), *recording.findings, *stopped, *partial, *of_metrics))
    notes = (*found, *profile_findings(figures, part=bool(partial)))
    return Outcome(recording, figures, notes, last, stimulus, values, reference)
