"""Nouns: what a run cost. A number never travels without its kind, interval and source; None means no figure."""

from __future__ import annotations

from typing import Literal

from neurodeploy._noun import Name, Noun

__all__ = ["Estimate", "PopulationActivity", "Profile", "ResourceUse"]


class Estimate(Noun):
    """A figure with its interval."""

    value: float
    low: float
    high: float
    unit: str
    kind: Literal["measured", "modelled", "derived"]
    source: str


class PopulationActivity(Noun):
    """Spikes of one population, over all samples."""

    name: Name
    size: int
    spikes: int
    spikes_per_inference: float
    rate_per_step: float
    """Mean spikes per neuron and step."""
    silent_neurons: int
    """Neurons that never spiked."""


class ResourceUse(Noun):
    """One limited resource over the cores of a program."""

    name: str
    unit: str
    limit: float | None
    per_core: tuple[int, ...]
    source: str

    @property
    def worst(self) -> int:
        """The fullest core's use."""
        return max(self.per_core, default=0)


class Profile(Noun):
    """Activity, resources and cost of one program on one stimulus."""

    program_digest: str
    target: str
    board: str | None
    backend: str
    ran_on: str
    n_samples: int
    steps_per_inference: int
    accuracy: float | None
    """Fraction of labels that the decoder met; None without labels."""
    reference_accuracy: float | None
    """The same of the float reference."""
    populations: tuple[PopulationActivity, ...]
    cores: int
    cores_lower_bound: int
    cores_bound_by: str
    """The resource that gives the bound."""
    resources: tuple[ResourceUse, ...]
    synops_per_inference: float | None
    """List entries touched; None: the backend counts none."""
    updates_per_inference: float
    """Compartment-steps."""
    active_updates_per_inference: float | None
    messages_per_inference: float | None
    """(spike, destination core) pairs sent."""
    hops_per_inference: float
    """Tile hops of all messages, on chip."""
    chip_messages_per_inference: float
    """Messages that leave their chip."""
    energy_per_inference: Estimate | None
    energy_static_per_inference: Estimate | None
    time_per_inference: Estimate | None
    time_per_step: Estimate | None
    no_figure: tuple[str, ...] = ()
    """Why a figure is missing, one line each."""
    excludes: tuple[str, ...] = ()
    """What the totals do not contain."""
