"""Estimates, and what they are made of: the boundary of a figure, its parts, the floor of a core, the share of static power."""

from __future__ import annotations

from typing import ClassVar, Literal, TypedDict, get_args

from pydantic import Field

from neurodeploy.base.noun import Noun

__all__ = [
    "BOUNDARIES",
    "Boundary",
    "BoundaryCost",
    "CoreFloor",
    "CostChoices",
    "CostOptions",
    "CostPart",
    "EnergySource",
    "Estimate",
    "Floor",
    "StaticShare",
]

Boundary = Literal["cores", "chip", "board"]
"""What a figure of energy or time comprises.

cores: events of the cores and hops in the mesh, static power apart. chip: also the phases of a step in which cores wait for
the embedded CPUs, and the static power of whole chips. board: also the embedded CPUs and input and output, where published.
"""

BOUNDARIES: tuple[Boundary, ...] = get_args(Boundary)

EnergySource = Literal["published", "scaled"]
"""published: only figures of the chip itself. scaled: figures of another chip times published ratios, never ranked."""

Floor = Literal["memory", "compute", "traffic", "learning", "barrier"]
"""What a core spends a step on: reading synapses, updating compartments, sending and receiving messages, updating plastic
synapses, or waiting."""


class CostOptions(Noun):
    """What figures of cost comprise, and where they come from."""

    boundary: Boundary = "cores"
    """What energy and time comprise: the cores; the whole chip, with its management phase and static power; or the board, with
    embedded CPUs, input and output.
    """
    energy: EnergySource = "published"
    """Figures of the chip itself, or, for a chip without any, figures of another chip scaled; those are never ranked."""
    rate_per_s: float | None = Field(default=None, ge=1e-6, lt=1e9, allow_inf_nan=False)
    """Inferences per second, for the share of static power."""


class CostChoices(TypedDict, total=False):
    """Fields of CostOptions as keyword arguments."""

    boundary: Boundary
    energy: EnergySource
    rate_per_s: float | None


class Estimate(Noun):
    """A figure with its interval."""

    value: float
    """The nominal figure, in `unit`."""
    low: float
    """Lower bound, in `unit`."""
    high: float
    """Upper bound, in `unit`."""
    unit: str
    """J, s, W or fraction."""
    kind: Literal["measured", "modelled", "derived", "scaled"]
    """Measured, modelled from published figures, derived, or scaled from figures of another chip."""
    source: str
    """Source of the underlying figures."""


class CostPart(Noun):
    """One part of the energy or time of an inference."""

    name: str
    """What the part is, in words."""
    estimate: Estimate
    """Its figure for one inference, in J or s."""


class BoundaryCost(Noun):
    """Energy and time of one inference at one boundary."""

    boundary: Boundary
    """What the figures comprise."""
    energy: Estimate | None
    """Energy of one inference, in J. None: a part has no published figure."""
    time: Estimate | None
    """Time of one inference, in s. None: a part has no published figure."""
    time_per_step: Estimate | None
    """Time of one step, in s."""
    energy_parts: tuple[CostPart, ...] = ()
    """Parts of the energy, those of the cores first; their nominal values add up to it."""
    time_parts: tuple[CostPart, ...] = ()
    """Parts of the time, those of smaller boundaries first; they add up to it."""
    static_of_cores: Estimate | None = None
    """Static energy of only the cores in use, in J, which some measurements show instead of that of whole chips. Not a part
    of `energy`.
    """
    excludes: tuple[str, ...] = ()
    """Contributions that the figures do not include."""
    no_figure: tuple[str, ...] = ()
    """Contributions inside the boundary without a published figure, one line each; then energy or time is None."""


class CoreFloor(Noun):
    """Mean time of one core in a step, by what it spends it on, under the nominal energy profile of the target.

    A core updates compartments and sends, and independently of that receives messages and reads synapses; it needs the longer
    of the two, and then updates plastic synapses.
    """

    later: ClassVar[tuple[str, ...]] = ("learning_s",)
    core: int
    """Number of the core in the program."""
    memory_s: float
    """Reading of the synapses that messages touch, in s per step."""
    compute_s: float
    """Updates of compartments and spikes, in s per step."""
    traffic_s: float
    """Sending and receiving of messages, in s per step."""
    learning_s: float = 0.0
    """Updates of plastic synapses, in s per step."""
    barrier_s: float
    """Synchronisation of the cores of a chip, in s per step; the same for all cores."""
    busy_s: float
    """Longer of updating and sending, or receiving and reading, and learning, in s per step; mean over steps, barrier not
    included."""
    binds: Floor
    """The largest of these times."""
    margin: float
    """Largest of these times over the second largest, at least 1; infinite values are given as 0: there is no second."""
    share: float
    """`busy_s` over that of the busiest core, from 0 to 1: 1 marks the core that determines the step."""


class StaticShare(Noun):
    """Static power at the duty cycle of the user."""

    rate_per_s: float
    """Inferences per second."""
    busy: Estimate
    """Fraction of the time in which the chips compute, from 0; above 1 the rate is not reached."""
    power_w: Estimate
    """Mean power at this rate, static power included, in W."""
    energy_per_inference: Estimate
    """Energy of one inference at this rate, static power between inferences included, in J."""
    share: Estimate
    """Static power's fraction of the mean power, from 0 to 1."""
    static_of: str
    """What the static power is of, such as "1 whole chip"."""
