"""The Profile of a program and one of its recordings."""

from __future__ import annotations

from typing import Any

from neurodeploy.base.arrays import distinct
from neurodeploy.diagnostics import Diagnostic, about, finding, raise_errors
from neurodeploy.profile.cost import estimates, static_energy
from neurodeploy.profile.counting import occupied_tiles, population_rows, travelled
from neurodeploy.profile.profile import Estimate, PopulationActivity, Profile, ResourceUse
from neurodeploy.program.audit import use_of_program
from neurodeploy.program.program import Program
from neurodeploy.program.validate import require_sound
from neurodeploy.resources import core_limits
from neurodeploy.signals.recording import Recording
from neurodeploy.simulate.probes import reads_v
from neurodeploy.simulate.recording_check import require_sound_recording

__all__ = ["profile", "resource_use"]


def resource_use(program: Program) -> tuple[ResourceUse, ...]:
    """Return the use of every limited resource, re-counted from the program's tables."""
    limits = core_limits(program.target)
    return tuple(
        ResourceUse(
            name=name,
            unit=limits[name].unit,
            limit=limits[name].value,
            per_core=tuple(int(v) for v in values),
            source=limits[name].citation,
        )
        for name, values in use_of_program(program).items()
    )


def _activity(program: Program, recording: Recording) -> tuple[PopulationActivity, ...]:
    found: list[PopulationActivity] = []
    inferences, length = max(recording.n_samples, 1), recording.n_steps - recording.first_step + 1
    read = {output.source for output in program.network.outputs if reads_v(output)}
    for item in program.populations:
        rows = recording.spikes[item.name]
        found.append(
            PopulationActivity(
                name=item.name,
                size=item.size,
                spikes=len(rows),
                spikes_per_inference=len(rows) / inferences,
                rate_per_step=len(rows) / (inferences * length * item.size),
                silent_neurons=item.size - int(distinct(rows[:, 2]).size),
                read_by_v=item.name in read,
            )
        )
    return tuple(found)


def _bounds(program: Program) -> tuple[int, str]:
    """The lower bound on cores from the program's tables, and the resource that determines it."""
    limits, use = core_limits(program.target), use_of_program(program)
    additive = ("compartments", "synapse_memory")
    bounds = {name: -(-int(use[name].sum()) // limits[name].value) for name in additive if name in use}
    name = max(bounds, key=lambda key: bounds[key], default="compartments")
    return max(bounds.get(name, 1), 1), name


def _not_recorded(program: Program, recording: Recording) -> list[Diagnostic]:
    """ND514 for populations whose spikes were not recorded, because every figure would be too low."""
    if recording.recorded is None:
        return []
    lacking = [item.name for item in program.populations if item.name not in recording.recorded]
    message, fixes = "its spikes were not recorded, so activity, energy and time are not known", ["record=None"]
    return [finding("ND514", about("population", name), message, fixes=fixes) for name in lacking]


def _missing(program: Program, recording: Recording, chips: int) -> list[str]:
    target, found = program.target, list[str]()
    if not target.energy:
        found.append(f"energy and time: {target.file} has no public figure for an event of {target.title}")
    elif recording.active_updates is None:
        found.append(
            f"active compartments: backend '{recording.backend}' did not count them; the low value assumes none, the high value all"
        )
    if chips > 1 and target.energy:
        found.append("traffic between chips: no public figure of its energy")
    return found


def profile(
    program: Program,
    recording: Recording,
    *,
    accuracy: float | None = None,
    reference_accuracy: float | None = None,
    lower_bounds: dict[str, int] | None = None,
) -> Profile:
    """Return activity, resources and cost. One inference is all steps of one sample, drain included, from the cleared state.

    Raises DiagnosticError: ND513 (a recording that is not sound, or of another program), ND514 (not all was recorded).
    """
    require_sound(program)
    require_sound_recording(recording, program)
    raise_errors("profile", _not_recorded(program, recording))
    bound, by = _bounds(program)
    if lower_bounds:
        by = max(lower_bounds, key=lambda name: lower_bounds[name])
        bound = max(lower_bounds[by], 1)
    return Profile(
        program_digest=program.digest(),
        target=program.target.name,
        board=program.target.board,
        backend=recording.backend,
        ran_on=recording.ran_on,
        engine=recording.engine,
        engine_note=recording.engine_note,
        n_samples=recording.n_samples,
        steps_per_inference=recording.n_steps - recording.first_step + 1,
        first_step=recording.first_step,
        accuracy=accuracy,
        reference_accuracy=reference_accuracy,
        populations=_activity(program, recording),
        cores=program.tables.n_cores,
        cores_lower_bound=bound,
        cores_bound_by=by,
        resources=resource_use(program),
        **_figures(program, recording),
        excludes=program.target.energy_excludes,
    )


def _figures(program: Program, recording: Recording) -> dict[str, Any]:
    """Events and estimates per inference; None with the reason if a figure is missing."""
    n, chips = max(recording.n_samples, 1), len(occupied_tiles(program))
    hops = travelled(program, recording)
    totals, pair = estimates(program, recording)
    energy, time = pair if pair else (None, None)
    steps = recording.n_steps - recording.first_step + 1
    return {
        "synops_per_inference": (totals.synops_dense + totals.synops_sparse + totals.synops_shared) / n,
        "updates_per_inference": float(population_rows(program).sum() * steps),
        "active_updates_per_inference": None if totals.active is None else totals.active / n,
        "messages_per_inference": totals.messages_out / n,
        "hops_per_inference": (hops.horizontal + hops.vertical) / n,
        "chip_messages_per_inference": hops.between_chips / n,
        "energy_per_inference": energy,
        "energy_static_per_inference": static_energy(program.target, chips, time) if time else None,
        "time_per_inference": time,
        "time_per_step": _per_step(time, steps),
        "no_figure": tuple(_missing(program, recording, chips)),
    }


def _per_step(time: Estimate | None, steps: int) -> Estimate | None:
    if time is None:
        return None
    return time.model_copy(update={"value": time.value / steps, "low": time.low / steps, "high": time.high / steps})
