"""Profile: the cost of a run. Every estimate has a kind, an interval and a source; None means that no figure is known."""

from __future__ import annotations

from typing import ClassVar

from neurodeploy.base.noun import Name, Noun
from neurodeploy.costs.estimate import Boundary, BoundaryCost, CoreFloor, Estimate, StaticShare
from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.metrics import Metrics

__all__ = ["Estimate", "LearningActivity", "PopulationActivity", "Profile", "ResourceUse", "profile_findings"]


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


class LearningActivity(Noun):
    """Updates of the synapses of one plastic projection, over all samples."""

    name: Name
    """Name of the projection."""
    kind: str
    """Kind of its rule."""
    synapses: int
    """Number of synapses that learn."""
    updates: int
    """Synapses whose rule was evaluated, over all epochs and samples."""
    updates_per_inference: float
    """Mean over samples."""


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

    later: ClassVar[tuple[str, ...]] = ("learning",)
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
    metrics: Metrics | None = None
    """Metrics of the answers and decoded values; None if they were not asked for."""
    populations: tuple[PopulationActivity, ...]
    """Activity of each population."""
    learning: tuple[LearningActivity, ...] = ()
    """Updates of the synapses of each plastic projection."""
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
    boundary: Boundary = "cores"
    """What energy_per_inference and time_per_inference comprise."""
    energy_per_inference: Estimate | None
    """Energy at `boundary`, in J; None: no figure is public."""
    energy_static_per_inference: Estimate | None
    """Static energy of the chips over the time of an inference, in J; included in the energy from boundary chip on."""
    time_per_inference: Estimate | None
    """Time of one inference at `boundary`, in s."""
    time_per_step: Estimate | None
    """Time of one step, in s."""
    no_figure: tuple[str, ...] = ()
    """Reasons for missing figures, one line each."""
    excludes: tuple[str, ...] = ()
    """Contributions that the totals do not include."""
    boundaries: tuple[BoundaryCost, ...] = ()
    """Energy and time at every boundary, the smallest first; empty if the target has no energy profile."""
    floors: tuple[CoreFloor, ...] = ()
    """Mean time of each core in a step, in core order; empty if the target has no energy profile."""
    rate_per_s: float | None = None
    """Inferences per second for `static_share`; None: no rate was given."""
    static_share: StaticShare | None = None
    """Static power at this rate; None: no rate was given, or no figure is public."""

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        """Notes on the figures: as profile_findings returns them."""
        return profile_findings(self)


def profile_findings(result: Profile, *, part: bool = False) -> tuple[Diagnostic, ...]:
    """Return notes on the figures: ND515 (a part of an inference), ND601 (no energy figure), ND602 (modelled), ND603 (silent),
    ND610 (rate), ND612 (scaled), ND613 (boundary), ND614 (static power), ND615 (updates of plastic synapses).

    `part`: the caller already reports ND515.
    """
    found: list[Diagnostic] = []
    if result.first_step > 1 and not part:
        last = result.first_step + result.steps_per_inference - 1
        message = f"figures are of steps {result.first_step:,} to {last:,}, a part of each inference"
        found.append(finding("ND515", about("recording"), message))
    found += [*_on_energy(result), *_on_rate(result)]
    if result.learning:
        total = sum(item.updates_per_inference for item in result.learning)
        message = f"{total:,.0f} updates of plastic synapses an inference are counted from spikes, as if the whole run learned"
        found.append(finding("ND615", about("target", result.target), message))
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


def _on_energy(result: Profile) -> list[Diagnostic]:
    """Where the figures of energy and time come from, or why there are none."""
    where, energy = about("target", result.target), result.energy_per_inference
    if energy is None and not result.boundaries:
        return [finding("ND601", where, "no energy is printed: " + "; ".join(result.no_figure))]
    if energy is None:
        lacking = next(item.no_figure for item in result.boundaries if item.boundary == result.boundary)
        message = f"no energy is printed at boundary '{result.boundary}': " + "; ".join(lacking)
        return [finding("ND613", where, message, fixes=["--boundary cores"])]
    if energy.kind == "scaled":
        message = f"energy and time are scaled from another chip, and designs are not ranked by them ({_cited(energy.source)})"
        return [finding("ND612", where, message)]
    message = f"energy and time are modelled from published figures, not measured ({_cited(energy.source)})"
    return [finding("ND602", where, message)]


def _on_rate(result: Profile) -> list[Diagnostic]:
    """Whether the chips reach the rate, and whether the share of static power is known."""
    where, share = about("target", result.target), result.static_share
    if result.rate_per_s is None:
        return []
    if share is None:
        message = f"static power at {result.rate_per_s:,g} inferences/s has no share: a figure is not public"
        return [finding("ND614", where, message)]
    if share.busy.high <= 1:
        return []
    time, allowed = result.time_per_inference, 1e6 / share.rate_per_s
    if time is None:
        return []
    low, value, high = (f"{1e6 * number:,.4g}" for number in (time.low, time.value, time.high))
    message = (
        f"an inference takes {value} us ({low} - {high}), and {share.rate_per_s:,g} a second leave {allowed:,.4g} us"
    )
    return [finding("ND610", where, message)]


def _cited(source: str) -> str:
    """Where figures are in target files, without the publications they are from."""
    return ", ".join(dict.fromkeys(item.partition(": ")[0] for item in source.split(" | ")))
