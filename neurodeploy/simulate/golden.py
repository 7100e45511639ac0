"""Golden input and output of a program: sealed by the emulator, verified on any backend."""

from __future__ import annotations

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.program.golden import Golden
from neurodeploy.program.plastic import plastic_projections
from neurodeploy.program.program import Program
from neurodeploy.signals import Learn, Progress, Recording, Stimulus
from neurodeploy.simulate.compare import first_divergence, learned_apart
from neurodeploy.simulate.decode import drain_steps
from neurodeploy.simulate.run import run
from neurodeploy.simulate.stimulus_check import with_sorted_rows

__all__ = ["seal_golden", "verify_program"]


def seal_golden(program: Program, stimulus: Stimulus, *, seed: int = 0) -> Program:
    """Return the program with a golden stimulus and the spikes of the emulator on it; the digest is unchanged.

    Raises DiagnosticError: the codes of `run`.
    """
    steps = stimulus.n_steps + drain_steps(program.network)
    recording = run(program, stimulus, until=steps, seed=seed, learn=_mode(program))
    shown = with_sorted_rows(stimulus)
    golden = Golden(
        n_samples=stimulus.n_samples,
        n_steps=stimulus.n_steps,
        steps=steps,
        seed=seed,
        inputs={name: shown.rows(name) for name in (*stimulus.spikes, *stimulus.rasters)},
        currents=dict(stimulus.currents),
        spikes=dict(recording.spikes),
        payloads=dict(recording.payloads),
        learned={} if recording.learned is None else dict(recording.learned.synapses),
    )
    return program.model_copy(update={"golden": golden})


def verify_program(
    program: Program, backend: str, progress: Progress | None = None
) -> tuple[Recording, tuple[Diagnostic, ...]]:
    """Return the recording of a backend on the sealed input, and ND552 with the first divergence from the sealed output.

    Raises DiagnosticError: ND553 (the program has no golden input and output), and the codes of `run`.
    """
    golden, where = program.golden, about("network", program.network.name)
    if golden is None:
        fixes = ["neurodeploy compile NETWORK --golden STIMULUS.npz"]
        raise DiagnosticError("verify", (finding("ND553", where, "contains no sealed input and output", fixes=fixes),))
    stimulus = Stimulus(
        n_samples=golden.n_samples, n_steps=golden.n_steps, spikes=golden.inputs, currents=golden.currents
    )
    recording = run(
        program,
        stimulus,
        backend=backend,
        until=golden.steps,
        seed=golden.seed,
        learn=_mode(program),
        progress=progress,
    )
    sealed = recording.model_copy(
        update={"spikes": golden.spikes, "payloads": golden.payloads, "backend": "sealed", "states": {}}
    )
    apart = first_divergence(sealed, recording, program)
    if apart is not None:
        return recording, (
            finding("ND552", about("backend", backend), f"differs from the sealed output: {apart.description()}"),
        )
    lacking = sorted(golden.payloads.keys() ^ recording.payloads.keys())
    message = "only one of its recording and the sealed output has graded spike values of population "
    found = [f"{message}'{name}'" for name in lacking]
    own = {} if recording.learned is None else recording.learned.synapses
    found += [f"differs from the sealed output: {text}" for text in learned_apart(golden.learned, own)]
    return recording, tuple(finding("ND552", about("backend", backend), text) for text in found)


def _mode(program: Program) -> Learn | None:
    """How samples learn in sealed runs: apart, so that each sample is the same alone and among others."""
    return "apart" if plastic_projections(program.network) else None
