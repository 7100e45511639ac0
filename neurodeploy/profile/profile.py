"""Profile: the cost of a run. Every figure has a kind, an interval and a source; None means that there is no figure."""

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
    """The least that sources allow."""
    high: float
    """The most that sources allow."""
    unit: str
    """J or s."""
    kind: Literal["measured", "modelled", "derived"]
    """Whether it was measured, modelled from published figures, or derived."""
    source: str
    """The figures that it rests on."""


class PopulationActivity(Noun):
    """Spikes of one population, over all samples."""

    name: Name
    """Of the population."""
    size: int
    """Neurons."""
    spikes: int
    """Of all samples."""
    spikes_per_inference: float
    """Mean over samples."""
    rate_per_step: float
    """Mean spikes per neuron and step."""
    silent_neurons: int
    """Neurons that never spiked."""


class ResourceUse(Noun):
    """One limited resource over the cores of a program."""

    name: str
    """Of the resource, as limits name it."""
    unit: str
    """Of limit and use."""
    limit: float | None
    """Of one core; None: unknown."""
    per_core: tuple[int, ...]
    """Use of each core."""
    source: str
    """Of the limit."""

    @property
    def worst(self) -> int:
        """The fullest core's use."""
        return max(self.per_core, default=0)


class Profile(Noun):
    """Activity, resources and cost of one program on one stimulus."""

    program_digest: str
    """Of the program that ran."""
    target: str
    """Its name."""
    board: str | None
    """In force; None: one chip."""
    backend: str
    """That ran."""
    ran_on: str
    """Whether that was a reference, an emulator or silicon."""
    engine: str | None = None
    """Which engine of the backend computed it; None: the backend has only one."""
    engine_note: str = ""
    """Why engine "auto" was not the native one; empty otherwise."""
    n_samples: int
    """Samples that were complete."""
    steps_per_inference: int
    """Steps that were run of each sample."""
    first_step: int = 1
    """Later than 1 if the run went on from a kept state: then figures are of a part of an inference."""
    accuracy: float | None
    """Fraction of labels that the decoder met; None without labels."""
    reference_accuracy: float | None
    """The same of the float reference."""
    populations: tuple[PopulationActivity, ...]
    """Spikes of each."""
    cores: int
    """That the program takes."""
    cores_lower_bound: int
    """That any mapping takes."""
    cores_bound_by: str
    """The resource that gives the bound."""
    resources: tuple[ResourceUse, ...]
    """Use of every limited resource."""
    synops_per_inference: float | None
    """List entries touched; None: the backend counts none."""
    updates_per_inference: float
    """Compartment-steps."""
    active_updates_per_inference: float | None
    """Compartment-steps in which something was not 0; None: not counted."""
    messages_per_inference: float | None
    """(spike, destination core) pairs sent."""
    hops_per_inference: float
    """Tile hops of all messages, on chip."""
    chip_messages_per_inference: float
    """Messages that leave their chip."""
    energy_per_inference: Estimate | None
    """Cores and mesh, in J; None: no figure is public."""
    energy_static_per_inference: Estimate | None
    """Static power of the chips over the time of an inference, in J."""
    time_per_inference: Estimate | None
    """In s."""
    time_per_step: Estimate | None
    """In s."""
    no_figure: tuple[str, ...] = ()
    """Why a figure is missing, one line each."""
    excludes: tuple[str, ...] = ()
    """What the totals do not contain."""

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        """Notes on the figures: ND601 (no energy), ND602 (modelled, not measured), ND603 (silent populations)."""
        return profile_findings(self)


def profile_findings(result: Profile, *, part: bool = False) -> tuple[Diagnostic, ...]:
    """Return notes on the figures: ND515 (a part of an inference), ND601 (no energy figure), ND602 (modelled), ND603 (silent).

    `part`: that it is a part is told already.
    """
    found: list[Diagnostic] = []
    where = about("target", result.target)
    if result.first_step > 1 and not part:
        last = result.first_step + result.steps_per_inference - 1
        told = f"figures are of steps {result.first_step:,} to {last:,}, a part of each inference"
        found.append(finding("ND515", about("recording"), told))
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
        if item.spikes == 0 and item.size:
            found.append(
                finding(
                    "ND603",
                    about("population", item.name),
                    f"none of its {item.size} neurons spiked in {result.n_samples} samples",
                )
            )
    return tuple(found)
