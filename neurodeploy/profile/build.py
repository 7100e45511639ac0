"""The Profile of a program and one of its recordings."""

from __future__ import annotations

from typing import Any

from neurodeploy.base.arrays import distinct
from neurodeploy.costs.cost import CoreCosts, estimates, static_energy
from neurodeploy.costs.counting import occupied_tiles, population_rows, travelled
from neurodeploy.costs.estimate import BoundaryCost, CostOptions, Estimate
from neurodeploy.costs.learning import synapse_updates
from neurodeploy.diagnostics import Diagnostic, about, finding, raise_errors
from neurodeploy.hardware.target import Target
from neurodeploy.profile.boundaries import boundary_costs
from neurodeploy.profile.duty import static_share
from neurodeploy.profile.profile import LearningActivity, PopulationActivity, Profile, ResourceUse
from neurodeploy.profile.scaling import in_scale, priced_target
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


def _learning(program: Program, recording: Recording) -> tuple[LearningActivity, ...]:
    return tuple(
        LearningActivity(
            name=item.projection,
            kind=item.kind,
            synapses=item.synapses,
            updates=int(item.updated.sum()),
            updates_per_inference=float(item.updated.sum()) / max(recording.n_samples, 1),
        )
        for item in synapse_updates(program, recording)
    )


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


def _missing(program: Program, recording: Recording, chips: int, priced: Target) -> list[str]:
    target, found = program.target, list[str]()
    if not priced.energy:
        found.append(f"energy and time: {target.file} has no public figure for an event of {target.title}")
    elif recording.active_updates is None:
        found.append(
            f"active compartments: backend '{recording.backend}' did not count them; the low value assumes none, the high value all"
        )
    plastic = any(item.plasticity is not None for item in program.network.projections)
    unknown = [name for name, item in priced.energy.items() if item.synapse_update.energy is None]
    if plastic and unknown:
        found.append(f"updates of plastic synapses: no public figure of their energy in {', '.join(unknown)}")
    if chips > 1 and priced.energy:
        found.append("traffic between chips: no public figure of its energy")
    return found


def profile(
    program: Program,
    recording: Recording,
    *,
    accuracy: float | None = None,
    reference_accuracy: float | None = None,
    lower_bounds: dict[str, int] | None = None,
    cost: CostOptions | None = None,
) -> Profile:
    """Return activity, resources and cost. One inference is all steps of one sample, drain included, from the cleared state.

    `accuracy`, `reference_accuracy`: fractions from 0 to 1, if known. `lower_bounds`: least cores by resource. `cost`: what
    energy and time comprise; default: the cores, from published figures.

    Raises DiagnosticError: ND513 (a recording that is not sound, or of another program), ND514 (not all was recorded),
    ND611 (figures cannot be scaled).
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
        learning=_learning(program, recording),
        cores=program.tables.n_cores,
        cores_lower_bound=bound,
        cores_bound_by=by,
        resources=resource_use(program),
        **_figures(program, recording, cost or CostOptions()),
    )


def _figures(program: Program, recording: Recording, cost: CostOptions) -> dict[str, Any]:
    """Events and estimates per inference; None with the reason if a figure is missing."""
    n, chips = max(recording.n_samples, 1), len(occupied_tiles(program))
    hops = travelled(program, recording)
    priced = priced_target(program.target, cost.energy)
    target = program.target.model_copy(update={"energy_excludes": priced.energy_excludes})
    totals, cores = estimates(program, recording, priced)
    steps = recording.n_steps - recording.first_step + 1
    return {
        "synops_per_inference": (totals.synops_dense + totals.synops_sparse + totals.synops_shared) / n,
        "updates_per_inference": float(population_rows(program).sum() * steps),
        "active_updates_per_inference": None if totals.active is None else totals.active / n,
        "messages_per_inference": totals.messages_out / n,
        "hops_per_inference": (hops.horizontal + hops.vertical) / n,
        "chip_messages_per_inference": hops.between_chips / n,
        "no_figure": tuple(_missing(program, recording, chips, priced)),
        **_costs(target, in_scale(target, cores, cost.energy), cost, (steps, chips, program.tables.n_cores)),
    }


def _costs(target: Target, cores: CoreCosts | None, cost: CostOptions, sizes: tuple[int, int, int]) -> dict[str, Any]:
    """Estimates per inference at the chosen boundary, and at all of them. `sizes`: steps, and chips and cores in use."""
    if cores is None:
        names = ("energy_per_inference", "energy_static_per_inference", "time_per_inference", "time_per_step")
        given = {"boundary": cost.boundary, "rate_per_s": cost.rate_per_s}
        return {**dict.fromkeys(names), **given, "excludes": target.energy_excludes}
    chips = sizes[1]
    costs = boundary_costs(target, cores, *sizes)
    chosen = next(item for item in costs if item.boundary == cost.boundary)
    share = None
    if cost.rate_per_s is not None:
        share = static_share(target, chosen, cores.energy, cost.rate_per_s, chips)
    return {
        "boundary": cost.boundary,
        "rate_per_s": cost.rate_per_s,
        "energy_per_inference": chosen.energy,
        "energy_static_per_inference": _static(target, chosen, chips),
        "time_per_inference": chosen.time,
        "time_per_step": chosen.time_per_step,
        "excludes": chosen.excludes,
        "boundaries": costs,
        "floors": cores.floors,
        "static_share": share,
    }


def _static(target: Target, chosen: BoundaryCost, chips: int) -> Estimate | None:
    """Static energy of whole chips: beside the energy of the cores, and a part of it at larger boundaries."""
    if chosen.time is None:
        return None
    if chosen.boundary == "cores":
        return static_energy(target, chips, chosen.time)
    of = target.chip_terms.power_of if target.chip_terms is not None else ""
    return next((part.estimate for part in chosen.energy_parts if part.name == of), None)
