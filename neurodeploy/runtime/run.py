"""Verb: run a program on a backend, between a check of what goes in and a check of what comes out."""

from __future__ import annotations

import numpy as np

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, finding, raise_errors
from neurodeploy.diagnostics.choices import needs, whole_faults
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.network import Network
from neurodeploy.network.validate import probe_faults
from neurodeploy.program.program import Program
from neurodeploy.program.validate import require_sound
from neurodeploy.runtime.backend import Backend, Progress
from neurodeploy.runtime.decode import drain_steps
from neurodeploy.runtime.recording import Recording
from neurodeploy.runtime.registry import get_backend
from neurodeploy.runtime.seen import run_findings
from neurodeploy.runtime.state import RunOptions
from neurodeploy.runtime.stimulus import Stimulus

__all__ = ["run_program", "stop_findings", "with_findings"]


_TILE = 1024


def _inside(rows: np.ndarray, low: tuple[int, ...], high: tuple[int, ...]) -> bool:
    """Whether all rows lie in [low, high]; in long strips, because there may be more rows than steps of the engine."""
    if rows.dtype != np.int32 or not rows.flags.c_contiguous or len(rows) < _TILE:
        return bool(((rows >= low) & (rows <= high)).all())
    whole = len(rows) // _TILE * _TILE
    strips = rows[:whole].reshape(-1, 3 * _TILE).view(np.uint32)
    span = np.tile(np.array(high, dtype=np.int64) - low, _TILE).astype(np.uint32)
    shift = np.tile(np.array(low, dtype=np.uint32), _TILE)
    return bool((strips - shift <= span).all()) and _inside(rows[whole:], low, high)


def _stimulus_faults(program: Program, stimulus: Stimulus) -> list[Diagnostic]:
    found, lines = list[Diagnostic](), {item.name: item.size for item in program.network.inputs}
    for name, rows in stimulus.spikes.items():
        where = f"input '{name}'"
        if name not in lines:
            found.append(
                finding("ND505", where, f"is not an input of network '{program.network.name}': {', '.join(lines)}")
            )
            continue
        if rows.ndim != 2 or rows.shape[1] != 3:
            found.append(
                finding("ND505", where, f"spikes have shape {list(rows.shape)}; needs rows (sample, step, line)")
            )
            continue
        bounds = (
            (0, stimulus.n_samples - 1, "sample"),
            (1, stimulus.n_steps, "step"),
            (0, lines[name] - 1, "line"),
        )
        if _inside(rows, tuple(b[0] for b in bounds), tuple(b[1] for b in bounds)):
            continue
        for column, (low, high, word) in enumerate(bounds):
            bad = np.flatnonzero((rows[:, column] < low) | (rows[:, column] > high))
            if bad.size:
                found.append(
                    finding(
                        "ND505",
                        where,
                        f"{bad.size} spikes have a {word} outside {low}..{high}, first {int(rows[bad[0], column])}",
                    )
                )
    return found


def _raster_faults(program: Program, stimulus: Stimulus) -> list[Diagnostic]:
    found, lines = list[Diagnostic](), {item.name: item.size for item in program.network.inputs}
    for name, raster in stimulus.rasters.items():
        needs = (stimulus.n_samples, stimulus.n_steps, lines.get(name, 0))
        if name not in lines:
            told = f"is not an input of network '{program.network.name}': {', '.join(lines)}"
            found.append(finding("ND505", f"input '{name}'", told))
        elif raster.shape != needs or raster.dtype != np.uint8:
            told = f"raster has shape {list(raster.shape)} of {raster.dtype}; needs {list(needs)} of uint8"
            found.append(finding("ND505", f"input '{name}'", told))
    return found


def _option_faults(network: Network, options: RunOptions) -> list[Diagnostic]:
    """Names in a run's options that the network does not have."""
    names, found = [item.name for item in network.populations], list[Diagnostic]()
    asked = [(f"probe '{item.name}'", item.target) for item in options.probes]
    asked += [(f"record '{name}'", name) for name in options.record or ()]
    asked += [(f"noise '{name}'", name) for name in options.noise]
    for where, name in asked:
        if name not in names:
            told = f"population '{name}' does not exist"
            found.append(finding("ND510", where, told, fixes=nearest(name, names)))
    return [*found, *probe_faults(network, options.probes, "ND510")]


def _recording_faults(program: Program, recording: Recording, backend: str, *, ordered: bool) -> list[Diagnostic]:
    """What is wrong with a recording; `ordered`: the order of its rows is proven and not looked at."""
    last = recording.n_samples - 1, recording.n_steps
    found, where = list[Diagnostic](), f"backend '{backend}'"
    for item in program.populations:
        rows = recording.spikes.get(item.name)
        if rows is None or rows.ndim != 2 or rows.shape[1] != 3:
            found.append(finding("ND506", where, f"gave no spike rows for population '{item.name}'"))
        elif rows.size and not (
            _inside(rows, (0, 1, 0), (*last, item.size - 1)) and (ordered or _in_order(rows, recording, item.size))
        ):
            found.append(
                finding(
                    "ND506",
                    where,
                    f"gave spikes of population '{item.name}' that are unsorted or out of range",
                )
            )
    return found


def _in_order(rows: np.ndarray, recording: Recording, size: int) -> bool:
    key = (rows[:, 0].astype(np.int64) * (recording.n_steps + 1) + rows[:, 1]) * size + rows[:, 2]
    return bool((np.diff(key) > 0).all())


def _resume_faults(
    program: Program, stimulus: Stimulus, adapter: Backend, options: RunOptions, steps: int
) -> list[Diagnostic]:
    """What stands against keeping a state, or going on from one."""
    kept, where = options.resume, f"network '{program.network.name}'"
    if (kept is not None or options.keep_state) and not getattr(adapter, "resumes", False):
        return [
            finding(
                "ND508",
                f"backend '{adapter.name}'",
                "keeps no state and goes on from none",
                fixes=["--backend emulator"],
            )
        ]
    if kept is None:
        return []
    found = list[Diagnostic]()
    if kept.program_digest != program.digest():
        told = f"state is of program {kept.program_digest[:12]}, not of {program.digest()[:12]}"
        found.append(finding("ND509", where, told))
    if steps <= kept.step:
        told = "state is of a later step than the run is to reach"
        found.append(finding("ND509", where, told, found=kept.step, limit=steps, unit="step"))
    if kept.n_samples != stimulus.n_samples:
        told = "state has another number of samples than the stimulus"
        found.append(finding("ND509", where, told, found=kept.n_samples, limit=stimulus.n_samples, unit="sample"))
    return found


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
            f"backend '{recording.backend}'",
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

    `steps`: the last one that is run; default: those of the stimulus and then drain_steps of the network. `options`: as
    a noun. `progress`: called with (steps done, steps in all).

    Raises DiagnosticError: ND501, ND502 (backend), ND503, ND504 (registry), ND505 (stimulus), ND506 (result),
    ND508, ND509 (states), ND510 (options), ND011 (a program that contradicts itself).
    """
    given = {"program": (program, Program), "stimulus": (stimulus, Stimulus), "options": (options, RunOptions)}
    needs("run_program", **given, backend=(backend, str))
    raise_errors("run_program", whole_faults("run_program", steps=steps))
    require_sound(program)
    adapter = get_backend(backend)
    missing = adapter.unavailable()
    if missing is not None:
        raise DiagnosticError("run", (missing,))
    faults = [*_stimulus_faults(program, stimulus), *_raster_faults(program, stimulus)]
    faults += [*_option_faults(program.network, options), *adapter.check(program)]
    total = steps if steps is not None else stimulus.n_steps + drain_steps(program.network)
    raise_errors("run", [*faults, *_resume_faults(program, stimulus, adapter, options, total)])
    recording = adapter.run(program, stimulus, steps=total, options=options, progress=progress)
    ordered = getattr(adapter, "trusted", False)
    raise_errors("run", _recording_faults(program, recording, backend, ordered=ordered))
    return with_findings(program, recording)


def with_findings(program: Program, recording: Recording) -> Recording:
    """Return a recording that tells what its run showed: ND507 (stopped), ND530 to ND534 (see run_findings)."""
    return recording.model_copy(update={"findings": (*stop_findings(recording), *run_findings(program, recording))})
