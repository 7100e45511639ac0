"""Profile: the cost of a run. Every estimate has a kind, an interval and a source; None means that no figure is known."""

from __future__ import annotations

from typing import Literal

from neurodeploy.base.noun import Name, Noun
from neurodeploy.diagnostics import Diagnostic, about, finding

__all__ = ["Estimate", "PopulationActivity", "Profile", "ResourceUse", "profile_findings"]


class Estimate(Noun):
    """A figure with its interval."""

    value: float
    """The nominal figure, in `unit`."""
    low: float
    """Lower bound, in `unit`."""
    high: float
    """Upper bound, in `unit`."""
    unit: str
    """J or s."""
    kind: Literal["measured", "modelled", "derived"]
    """Measured, modelled from published figures, or derived."""
    source: str
    """Source of the underlying figures."""


class PopulationActivity(Noun):
    """Spikes of one population, over all samples."""

    name: Name
    """Name of the population."""
    size: int
    """Number of neurons."""
    spikes: int
    """Number of spikes over all samples."""
    spikes_per_inference: float
    """Mean over samples."""
    rate_per_step: float
    """Mean spikes per neuron and step."""
    silent_neurons: int
    """Neurons that never spiked."""
    read_by_v: bool = False
    """Whether outputs read v of it and not its spikes, so that it need not spike."""


class ResourceUse(Noun):
    """One limited resource over the cores of a program."""

    name: str
    """Name of the resource, as in the limits of the target."""
    unit: str
    """Unit of `limit` and the use."""
    limit: float | None
    """Limit of one core; None: unknown."""
    per_core: tuple[int, ...]
    """Use of each core."""
    source: str
    """Source of the limit."""

    @property
    def worst(self) -> int:
        """Use of the fullest core."""
        return max(self.per_core, default=0)


class Profile(Noun):
    """Activity, resources and cost of one program on one stimulus."""

    program_digest: str
    """Digest of the program that ran."""
    target: str
    """Name of the target."""
    board: str | None
    """Board of the program; None: one chip."""
    backend: str
    """Name of the backend."""
    ran_on: str
    """Kind of the backend: reference, emulator or silicon."""
    engine: str | None = None
    """Engine of the backend; None: the backend has only one."""
    engine_note: str = ""
    """Reason why engine "auto" was not the native one; empty otherwise."""
    n_samples: int
    """Number of complete samples."""
    steps_per_inference: int
    """Number of steps of each sample."""
    first_step: int = 1
    """First step of the run. Above 1 if the run was resumed from a state; figures then describe a part of an inference.
    """
    accuracy: float | None
    """Fraction of samples with a correct answer; None without labels."""
    reference_accuracy: float | None
    """Accuracy of the float reference; None if unknown."""
    populations: tuple[PopulationActivity, ...]
    """Activity of each population."""
    cores: int
    """Cores used by the program."""
    cores_lower_bound: int
    """Lower bound on the cores of any mapping."""
    cores_bound_by: str
    """The resource that determines the bound."""
    resources: tuple[ResourceUse, ...]
    """Use of every limited resource."""
    synops_per_inference: float | None
    """List entries touched; None: not counted."""
    updates_per_inference: float
    """Updates of compartments, active or not."""
    active_updates_per_inference: float | None
    """Compartment-steps with activity (a nonzero value); None: not counted."""
    messages_per_inference: float | None
    """(spike, destination core) pairs sent."""
    hops_per_inference: float
    """Tile hops of all messages, on chip."""
    chip_messages_per_inference: float
    """Messages that leave their chip."""
    energy_per_inference: Estimate | None
    """Energy of cores and mesh, in J; None: no figure is public."""
    energy_static_per_inference: Estimate | None
    """Static energy of the chips over the time of an inference, in J."""
    time_per_inference: Estimate | None
    """Time of one inference, in s."""
    time_per_step: Estimate | None
    """Time of one step, in s."""
    no_figure: tuple[str, ...] = ()
    """Reasons for missing figures, one line each."""
    excludes: tuple[str, ...] = ()
    """Contributions that the totals do not include."""

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        """Notes on the figures: ND601 (no energy), ND602 (modelled, not measured), ND603 (silent populations)."""
        return profile_findings(self)


def profile_findings(result: Profile, *, part: bool = False) -> tuple[Diagnostic, ...]:
    """Return notes on the figures: ND515 (a part of an inference), ND601 (no energy figure), ND602 (modelled), ND603 (silent).

    `part`: the caller already reports ND515.
    """
    found: list[Diagnostic] = []
    where = about("target", result.target)
    if result.first_step > 1 and not part:
        last = result.first_step + result.steps_per_inference - 1
        message = f"figures are of steps {result.first_step:,} to {last:,}, a part of each inference"
        found.append(finding("ND515", about("recording"), message))
    if result.energy_per_inference is None:
        found.append(finding("ND601", where, "no energy is printed: " + "; ".join(result.no_figure)))
    else:
        found.append(
            finding(
                "ND602",
                where,
                f"energy and time are modelled from published figures, not measured ({result.energy_per_inference.source})",
            )
        )
    for item in result.populations:
        if item.spikes == 0 and item.size and not item.read_by_v:
            found.append(
                finding(
                    "ND603",
                    about("population", item.name),
                    f"none of its {item.size} neurons spiked in {result.n_samples} samples",
                )
            )
    return tuple(found)
