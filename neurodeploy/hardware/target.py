"""Noun: a Target, a chip family as data: what a core holds, what it computes exactly, what an event costs.

Targets have specialised files, not subclasses. An absent figure is unknown: it neither limits nor costs, and whoever
reports says so. A field of Target changes the chip; a field of CompileOptions changes what the compiler does with it.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from neurodeploy.base.noun import Name, Noun
from neurodeploy.hardware.dialect import Dialect
from neurodeploy.hardware.figure import Figure, FigureList, FigureRange, FigureTable

__all__ = [
    "AxonKind",
    "Axons",
    "Board",
    "Chip",
    "CoreLimits",
    "EnergyProfile",
    "EventCost",
    "NeuronSupport",
    "Precision",
    "RuleSet",
    "Target",
]


class Chip(Noun):
    """One chip: cores on a mesh of tiles."""

    cores: Figure
    """Of one chip."""
    cores_per_tile: Figure
    """That share one router."""
    mesh_columns: Figure
    """Tiles from left to right."""
    mesh_rows: Figure
    """Tiles from top to bottom."""


class CoreLimits(Noun):
    """What one core holds. The names are the words of reports and findings."""

    compartments: Figure | None = None
    """Neurons, where one takes one compartment."""
    synapse_memory: Figure | None = None
    """In words of RuleSet.word_bits."""
    input_axons: Figure | None = None
    """Sources that one core tells apart."""
    output_axons: Figure | None = None
    """Destinations of all neurons of one core."""
    fan_in: Figure | None = None
    """Synapses per neuron, where the chip has such a limit of its own."""
    parameter_sets: Figure | None = None
    """Distinct (du, dv, refractory, vmin, vmax) of one core."""
    threshold_sets: Figure | None = None
    """Distinct thresholds of one core."""
    synapse_formats: Figure | None = None
    """Distinct combinations of width, exponent, sign and delay bits of one core."""
    accumulators: Figure | None = None
    """compartments * 2**delay_bits of one core."""


class Precision(Noun):
    """Ranges of what a core stores."""

    weight_bits: FigureList
    """Legal stored weight widths."""
    weight_exponent: FigureRange
    """Of a projection's mantissas."""
    du: FigureRange
    """Current decay register."""
    dv: FigureRange
    """Voltage decay register."""
    threshold_mantissa: FigureRange
    """vth_mant."""
    bias_mantissa: FigureRange
    """bias_mant."""
    bias_exponent: FigureRange
    """bias_exp."""
    refractory_delay: FigureRange
    """The register; dead steps + 1."""
    delay_steps: FigureRange
    """Of a synapse, on top of the one step that all take."""
    delay_bits: FigureList
    """Legal widths of a stored delay, 0 for none."""
    index_bits: FigureList
    """Legal widths of a stored target index."""
    shared_base: FigureRange | None = None
    """First target of a list that several axons share, as a row of the core. Absent: lists are not shared."""
    vmin_exponent: FigureRange
    """v is never below -(2**this) + 1."""
    vmax_exponent: FigureRange
    """v is never above 2**(9 + 2 * this) - 1."""


class AxonKind(Noun):
    """One way to name an input axon in a spike. What it costs follows in neurodeploy.resources.axons."""

    id_bits: Figure
    """Bits of the input axon's number within its core."""
    atom_bits: Figure
    """Bits of the atom, which chooses one list of the axon; 0: the axon has one list."""
    extra_atom_bits: Figure | None = None
    """Bits that the atom may take from the number."""
    base_step: Figure
    """The axon's first target is a multiple of it."""
    output_axons: Figure
    """Output axons of one neuron for one destination core of its own chip."""


class Axons(Noun):
    """The kinds of axons of a core, and what is on top of their costs."""

    discrete: AxonKind
    """One source, one list of synapses."""
    pop16: AxonKind | None = None
    """Population axon with 16-bit spikes; None: not offered."""
    pop32: AxonKind | None = None
    """Population axon with 32-bit spikes; None: not offered."""
    other_chip: Figure
    """Output axons on top if the destination is on another chip."""
    learning: Figure
    """Input axons that one axon takes whose synapses learn."""


class NeuronSupport(Noun):
    """Which neuron kinds and resets a target runs, and how many compartments one neuron takes."""

    kinds: tuple[str, ...]
    """Names of the neuron kinds that it runs."""
    kinds_source: str = Field(min_length=8)
    """Where that is published."""
    resets: dict[str, Figure]
    """Reset mode -> compartments per neuron. A mode that is absent is not offered."""
    extensions: tuple[str, ...] = ()
    """Resets offered here although no public arithmetic of the chip exists for them."""


class RuleSet(Noun):
    """How one public compiler counts synapse memory. A rule set is used whole; two are never mixed."""

    title: str
    """Whose counting it is."""
    word: Figure
    """Bits of a memory word."""
    synapses_per_entry: Figure
    """Synapses that share one entry prefix."""
    entry_prefix: Figure
    """Bits of the prefix."""
    index_in_prefix: bool = False
    """Whether a dense entry's prefix also holds one index."""
    skip_bits: FigureList | None = None
    """Legal widths of the way from one target to the next in a run-length list. Absent: there are no such lists."""
    list_end: Figure | None = None
    """Bits after the last entry of a list, whose entries follow one another. Absent: every entry fills whole words."""
    shared_output_axons: bool = False
    """Whether neurons of a core that reach the same population axon take its output axons once."""
    words_per_axon: Figure | None = None
    """Most words of memory that one axon's list takes."""
    synapse_formats: Figure | None = None
    """Overrides the core limit of the same name, as do all that follow."""
    synapse_memory: Figure | None = None
    """Words of one core."""
    destination_groups: Figure | None = None
    """Held as a figure and not enforced: groups are of a numbering of compartments that programs here do not have."""


class Board(Noun):
    """Chips that are sold together."""

    title: str
    """What it is sold as."""
    chips: Figure
    """On it."""


class EventCost(Noun):
    """Energy (J) and time (s) of one event; either may be unknown."""

    energy: Figure | None = None
    """In J; None: unknown."""
    time: Figure | None = None
    """In s; None: unknown."""


class EnergyProfile(Noun):
    """One published account of what events cost."""

    title: str
    """Whose account it is."""
    access: EventCost = EventCost()
    """Per mapped compartment and step."""
    update: EventCost = EventCost()
    """On top, per active compartment and step."""
    spike: EventCost = EventCost()
    """Per spike fired."""
    message_out: EventCost = EventCost()
    """Per message that a core sends."""
    message_in: EventCost = EventCost()
    """Per message that a core receives."""
    synop_dense: EventCost = EventCost()
    """Per synapse of a dense list."""
    synop_sparse: EventCost = EventCost()
    """Per synapse of a sparse list."""
    synop_shared: EventCost = EventCost()
    """Per synapse of a list that several axons share (convolution)."""
    hop_horizontal: EventCost = EventCost()
    """Per message and tile, left or right."""
    hop_vertical: EventCost = EventCost()
    """Per message and tile, up or down."""
    barrier: FigureTable | None = None
    """Time of the step's synchronisation against occupied tiles of one chip."""
    published_energy_error: Figure | None = None
    """Largest published error of the profile against silicon, a fraction."""
    published_time_error: Figure | None = None
    """The same of the times."""


class Target(Noun):
    """One chip family, resolved to the board it is used on."""

    schema_version: Literal[1] = 1
    name: Name
    """As nd.compile takes it."""
    title: str
    """What it is, in words."""
    file: str = ""
    """The file it was read from, as findings cite it."""
    vendor: str
    """Who makes it."""
    dialect: Dialect
    """Its arithmetic."""
    chip: Chip
    """Cores of one chip and their mesh."""
    limits: CoreLimits
    """What one core holds."""
    precision: Precision
    """Ranges of what a core stores."""
    axons: Axons | None = None
    """Absent: every axon is discrete, and costs one."""
    neurons: NeuronSupport
    """Kinds and resets that it runs."""
    rules: dict[str, RuleSet]
    """Rule sets that count synapse memory, by name."""
    rule_set: str
    """The rule set in force."""
    boards: dict[str, Board] = Field(default_factory=dict)
    """By name, as nd.compile(board=...) takes it."""
    board: str | None = None
    """The board in force; None: one chip."""
    energy: dict[str, EnergyProfile] = Field(default_factory=dict)
    """Published accounts of what events cost, by name; none: no figure is public."""
    energy_nominal: str | None = None
    """The profile whose total is the nominal figure; the others widen the interval."""
    static_power: FigureRange | None = None
    """Watts of one powered chip."""
    barrier_chips: Figure | None = None
    """Time of the step's synchronisation over several chips."""
    energy_excludes: tuple[str, ...] = ()
    """What no total of this target contains, for the report."""

    @property
    def chips(self) -> int:
        """Chips of the board in force."""
        return int(self.boards[self.board].chips.value) if self.board else 1

    @property
    def cores(self) -> int:
        """Cores of the board in force."""
        return self.chips * int(self.chip.cores.value)

    @property
    def counting(self) -> RuleSet:
        """The rule set in force."""
        return self.rules[self.rule_set]
