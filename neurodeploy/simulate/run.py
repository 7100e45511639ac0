"""Verb: run a program on a backend, between a check of what goes in and a check of what comes out."""

from __future__ import annotations

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding, raise_errors
from neurodeploy.diagnostics.choices import CALL, needs, whole_faults
from neurodeploy.network import Network
from neurodeploy.program.program import Program
from neurodeploy.program.validate import require_sound
from neurodeploy.signals.recording import Recording
from neurodeploy.signals.state import RunOptions
from neurodeploy.signals.stimulus import Stimulus
from neurodeploy.simulate.backend import Backend, Progress
from neurodeploy.simulate.decode import drain_steps
from neurodeploy.simulate.options_check import option_faults, step_faults
from neurodeploy.simulate.recording_check import recording_told
from neurodeploy.simulate.registry import get_backend
from neurodeploy.simulate.resume import resume_faults
from neurodeploy.simulate.run_checks import seen_in
from neurodeploy.simulate.stimulus_check import in_order, stimulus_faults

__all__ = ["last_step", "run_program", "stop_findings", "with_findings"]


def _recording_faults(program: Program, recording: Recording, backend: str, *, ordered: bool) -> list[Diagnostic]:
    """What is wrong with a recording that a backend gave; `ordered`: its rows are proven and not looked at."""
    told = recording_told(recording, program, trusted=ordered)
    return [finding("ND506", about("backend", backend), f"gave a recording that is not sound: {item}") for item in told]


def _state_faults(adapter: Backend, options: RunOptions) -> list[Diagnostic]:
    """ND508 if a state is to be kept, or gone on from, on a backend that cannot."""
    if (options.resume is None and not options.keep_state) or getattr(adapter, "resumes", False):
        return []
    told, fixes = "keeps no state and goes on from none", ["--backend emulator"]
    return [finding("ND508", about("backend", adapter.name), told, fixes=fixes)]


def _engine_faults(adapter: Backend, options: RunOptions) -> list[Diagnostic]:
    """ND516 if a run names an engine that its backend does not have."""
    engines: tuple[str, ...] = getattr(adapter, "engines", ())
    if options.engine == "auto" or options.engine in engines:
        return []
    has = f"has the engines {', '.join(engines)}" if engines else "has no engines to choose from"
    message = f"{has}; engine '{options.engine}' is one of the emulator"
    return [finding("ND516", about("backend", adapter.name), message, fixes=["--backend emulator", "--engine auto"])]


def _stopped_at(recording: Recording) -> str:
    if recording.partial:
        return f"the run was stopped; steps up to {recording.n_steps} of its one sample are kept"
    return f"the run was stopped; {recording.n_samples} samples are complete and kept"


def stop_findings(recording: Recording) -> tuple[Diagnostic, ...]:
    """Return ND507 if the run was stopped before its last sample."""
    if recording.complete:
        return ()
    return (
        finding(
            "ND507",
            about("backend", recording.backend),
            _stopped_at(recording),
        ),
    )


def run_program(
    program: Program,
    stimulus: Stimulus,
    *,
    backend: str = "emulator",
    steps: int | None = None,
    options: RunOptions = RunOptions(),  # noqa: B008  # a noun is frozen
    progress: Progress | None = None,
) -> Recording:
    """Return the recording of every sample of `stimulus` on `backend`; nd.run takes samples in every form.

    `steps`: the last one that is run; default: those of the stimulus and then drain_steps of the network; the stimulus
    alone if the state is kept, so that the drain is left to whoever goes on. `options`: as a noun. `progress`: called
    with (steps done, steps in all).

    Raises DiagnosticError: ND501, ND502 (backend), ND503, ND504 (registry), ND505 (stimulus), ND506 (result), ND508,
    ND509, ND512 (states), ND510, ND511 (options), ND011 (a program that contradicts itself).
    """
    given = {"program": (program, Program), "stimulus": (stimulus, Stimulus), "options": (options, RunOptions)}
    needs("run_program", **given, backend=(backend, str), progress=(progress, CALL))
    raise_errors("run_program", whole_faults("run_program", steps=steps))
    require_sound(program)
    adapter = get_backend(backend)
    missing = adapter.unavailable()
    if missing is not None:
        raise DiagnosticError("run", (missing,))
    total = last_step(program.network, stimulus, options) if steps is None else steps
    faults = [*stimulus_faults(program.network, stimulus), *step_faults(total)]
    faults += [] if faults else option_faults(program, stimulus, options, total)
    raise_errors(
        "run", [*faults, *adapter.check(program), *_state_faults(adapter, options), *_engine_faults(adapter, options)]
    )
    shown = in_order(stimulus)
    raise_errors("run", resume_faults(program, shown, options, total))
    recording = adapter.run(program, shown, steps=int(total), options=options, progress=progress)
    ordered = getattr(adapter, "trusted", False)
    raise_errors("run", _recording_faults(program, recording, backend, ordered=ordered))
    return with_findings(program, recording, stimulus.findings)


def with_findings(program: Program, recording: Recording, shown: tuple[Diagnostic, ...] = ()) -> Recording:
    """Return a recording that tells what its run showed: ND507 (stopped), ND530 to ND534 (see run_findings).

    `shown`: what its stimulus told of itself, which stands first.
    """
    found = (*shown, *stop_findings(recording), *seen_in(program, recording))
    return recording.model_copy(update={"findings": found})


def last_step(network: Network, stimulus: Stimulus, options: RunOptions) -> int:
    """Return the step with which a run ends if nobody says one."""
    return stimulus.n_steps + (0 if options.keep_state else drain_steps(network))
