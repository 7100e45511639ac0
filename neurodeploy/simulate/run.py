"""Run a program on samples. Input and options are checked before the backend runs, its recording afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding, raise_errors
from neurodeploy.diagnostics.choices import CALL, chosen, needs
from neurodeploy.faults import fault_findings
from neurodeploy.network import Network
from neurodeploy.program.program import Program, register_runner
from neurodeploy.program.validate import require_sound
from neurodeploy.signals import Progress, Recording, RunChoices, RunOptions, Samples, Stimulus
from neurodeploy.simulate.backend import Backend, FaultBackend
from neurodeploy.simulate.batches import run_in_batches
from neurodeploy.simulate.decode import drain_steps
from neurodeploy.simulate.encode import encode_values
from neurodeploy.simulate.learning_check import ability_faults, apart_findings
from neurodeploy.simulate.options_check import option_faults, step_faults
from neurodeploy.simulate.probes import probes_named
from neurodeploy.simulate.recording_check import recording_messages
from neurodeploy.simulate.registry import get_backend
from neurodeploy.simulate.resume import resume_faults
from neurodeploy.simulate.run_warnings import with_findings
from neurodeploy.simulate.samples import normalized_samples
from neurodeploy.simulate.stimulus_check import stimulus_faults, with_sorted_rows

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["engine_faults", "fault_ability", "last_step", "run", "run_encoded"]


def run(
    program: Program,
    samples: Samples = None,
    *,
    backend: str = "emulator",
    options: RunOptions | None = None,
    progress: Progress | None = None,
    **choices: Unpack[RunChoices],
) -> Recording:
    """Return the recording of samples on a backend: spikes, probed states, counters, and findings of the run.

    `samples`: input -> array (samples, *shape) of values for its encoder, from 0 to 1; or (samples, steps, *shape) of
    spikes, 0 or 1, or currents; or integer rows (sample, step, line) with steps counted from 1. Also accepted: that array alone
    for a network with one input; an iterator of one such mapping or array per sample, without the sample axis or column;
    SampleValues or the path of a stimulus file; a Stimulus; None for a network without inputs.

    `backend`: one of the names in nd.backends(). `progress`: called with (steps done, total steps). `choices`: fields of
    RunOptions by keyword, such as steps, until, seed, threads, probes, keep_state, resume or timeout_s; they take
    precedence over those of `options`. `probes` may be written "population.variable".

    Each sample starts from the cleared state and is shown for `steps`; the run continues until its last spike has acted
    on every population, or up to step `until`.

    Raises DiagnosticError: ND002 (arguments), ND011 (inconsistent program), ND501-ND504 (backend), ND505 and ND066
    (samples), ND506 (result of the backend), ND508, ND509 and ND512 (states), ND510, ND511 and ND516 (options), ND517, ND518,
    ND520 and ND521 (learning).

    Example: nd.run(program, {"pixels": images}, steps=8, probes="hidden.v")
    """
    needs("run", program=(program, Program), backend=(backend, str), progress=(progress, CALL))
    require_sound(program)
    fields: dict[str, Any] = dict(choices)
    if "probes" in fields:
        fields["probes"] = probes_named(program.network, fields["probes"])
    made = chosen("run", RunOptions, options, fields, ("backend", "options", "progress"))
    raise_errors("run", _number_faults(made))
    plain = normalized_samples(program.network, samples)
    if isinstance(plain, Iterator):
        return run_in_batches(program, plain, made, partial(_run_stimulus, program, backend, progress))
    raise_errors("run", _encoded_faults(plain, made) if isinstance(plain, Stimulus) else [])
    stimulus = (
        plain
        if isinstance(plain, Stimulus)
        else encode_values(program.network, plain, steps=made.steps, seed=made.seed, time_origin=made.time_origin)
    )
    recording = _run_stimulus(program, backend, progress, stimulus, made)
    apart = apart_findings(program, recording.n_samples, made)
    return with_findings(program, recording, (*recording.findings, *apart))


register_runner(run)


def run_encoded(
    program: Program,
    stimulus: Stimulus,
    options: RunOptions,
    *,
    backend: str = "emulator",
    progress: Progress | None = None,
) -> Recording:
    """Return the recording of a stimulus as `run` does, without the findings that are derived from a recording.

    `program`, `backend`, `progress`: as for `run`. `stimulus`: what is shown. `options`: all choices but `steps`. Raises
    DiagnosticError: as `run`.
    """
    require_sound(program)
    return _run_stimulus(program, backend, progress, stimulus, options)


def _number_faults(options: RunOptions) -> list[Diagnostic]:
    """ND511 for numbers in options that were made without validation."""
    numbers = {"steps": options.steps, "until": options.until, "batch": options.batch}
    return [fault for name, value in numbers.items() if value is not None for fault in step_faults(value, name)]


def _encoded_faults(stimulus: Stimulus, options: RunOptions) -> Iterator[Diagnostic]:
    """ND505 for options of encoding that contradict a stimulus that is already encoded."""
    if options.steps not in (None, stimulus.n_steps):
        message = f"is already encoded for {stimulus.n_steps} steps, which contradicts steps={options.steps}"
        yield finding("ND505", about("stimulus"), message, fixes=["pass the samples instead, or omit steps"])
    if options.time_origin != "zero":
        message = f"is already encoded, so time_origin={options.time_origin!r} cannot apply"
        yield finding("ND505", about("stimulus"), message, fixes=["encode(..., time_origin=...)"])


def _run_stimulus(
    program: Program, backend: str, progress: Progress | None, stimulus: Stimulus, options: RunOptions
) -> Recording:
    """The checked recording, whose findings are those of the stimulus and of the backend."""
    adapter = get_backend(backend)
    missing = adapter.unavailable()
    if missing is not None:
        raise DiagnosticError("run", (missing,))
    last = last_step(program.network, stimulus, options)
    faults = [*stimulus_faults(program.network, stimulus), *step_faults(last)]
    faults += [] if faults else option_faults(program, stimulus, options, last)
    raise_errors("run", [*faults, *fault_ability(program, adapter)])
    raise_errors("run", [*adapter.check(program), *_ability_faults(adapter, options)])
    raise_errors("run", ability_faults(program, adapter, options))
    shown = with_sorted_rows(stimulus)
    raise_errors("run", resume_faults(program, shown, options, last))
    recording = adapter.run(program, shown, steps=int(last), options=options, progress=progress)
    trusted = getattr(adapter, "trusted", False)
    raise_errors("run", _recording_faults(program, recording, backend, trusted=trusted))
    if not stimulus.findings:
        return recording
    return recording.model_copy(update={"findings": (*stimulus.findings, *recording.findings)})


def last_step(network: Network, stimulus: Stimulus, options: RunOptions) -> int:
    """Return the last step of a run: `options.until`, else the end of the drain that follows the stimulus."""
    if options.until is not None:
        return options.until
    return stimulus.n_steps + (0 if options.keep_state else drain_steps(network))


def _recording_faults(program: Program, recording: Recording, backend: str, *, trusted: bool) -> list[Diagnostic]:
    """ND506 for faults of a backend's recording. `trusted`: spike rows need no check."""
    messages = recording_messages(recording, program, trusted=trusted)
    return [finding("ND506", about("backend", backend), f"returned an invalid recording: {item}") for item in messages]


def fault_ability(program: Program, adapter: Backend) -> Iterator[Diagnostic]:
    """Yield ND974 if a `program` has hardware faults and a backend, `adapter`, runs none; else what is wrong with them."""
    if program.faults and not isinstance(adapter, FaultBackend):
        message = f"runs no hardware faults; the program has {len(program.faults):,}"
        yield finding("ND974", about("backend", adapter.name), message, fixes=["--backend emulator"])
    else:
        yield from fault_findings(program, program.faults)


def _ability_faults(adapter: Backend, options: RunOptions) -> Iterator[Diagnostic]:
    """ND508 for options that need states, and ND516 for an engine, that the backend does not support."""
    if (options.resume is not None or options.keep_state) and not getattr(adapter, "resumes", False):
        message = "can neither keep a state nor resume from one"
        yield finding("ND508", about("backend", adapter.name), message, fixes=["--backend emulator"])
    yield from engine_faults(adapter, options)


def engine_faults(adapter: Backend, options: RunOptions) -> Iterator[Diagnostic]:
    """Yield ND516 for an engine in `options` that a backend, `adapter`, does not have."""
    engines = getattr(adapter, "engines", ())
    if options.engine != "auto" and options.engine not in engines:
        has = f"has the engines {', '.join(engines)}" if engines else "has no engines to choose from"
        message = f"{has}; engine '{options.engine}' belongs to the emulator"
        yield finding("ND516", about("backend", adapter.name), message, fixes=["--backend emulator", "--engine auto"])
