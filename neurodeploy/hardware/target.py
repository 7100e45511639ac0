"""Target: a Loihi-style chip family as data. Capacity and exact arithmetic of a core, and the cost of each event.

Chip families differ in their files, not in subclasses. An absent figure is unknown: it imposes no limit and no
cost, and reports list it as unknown. Target describes the chip; CompileOptions describes how to compile for it.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from neurodeploy.base.noun import Name, Noun
from neurodeploy.hardware.dialect import Dialect
from neurodeploy.hardware.figure import CostFigure, Figure, FigureList, FigureRange, FigureTable
from neurodeploy.hardware.units import INT16, INT32, UINT8, Unit, Within

__all__ = [
    "AxonKind",
    "Axons",
    "Board",
    "BoundaryTerms",
    "Chip",
    "ConvolutionAxon",
    "CoreLimits",
    "EnergyProfile",
    "EventCost",
    "LearningEngine",
    "NeuronSupport",
    "Precision",
    "RuleSet",
    "ScaledFrom",
    "Target",
]

JOULES, SECONDS, WATTS, FRACTION = (Unit(name, whole=False) for name in ("J", "s", "W", "fraction"))


class Chip(Noun):
    """One chip: a mesh of tiles, each with several cores and one router."""

    cores: Annotated[Figure, Unit("core")]
    """Cores of one chip."""
    cores_per_tile: Annotated[Figure, Unit("core")]
    """Cores that share one router."""
    mesh_columns: Annotated[Figure, Unit("tile")]
    """Tiles from left to right."""
    mesh_rows: Annotated[Figure, Unit("tile")]
    """Tiles from top to bottom."""


class CoreLimits(Noun):
    """Capacity of one core. Reports, findings and budgets refer to each limit by its field name."""

    compartments: Annotated[Figure | None, Unit("compartment")] = None
    """Compartments of one core; most neurons take one."""
    synapse_memory: Annotated[Figure | None, Unit("word")] = None
    """Synapse memory of one core. A word has RuleSet.word bits."""
    input_axons: Annotated[Figure | None, Unit("axon")] = None
    """Distinct sources that one core can distinguish."""
    output_axons: Annotated[Figure | None, Unit("axon")] = None
    """Destinations of all neurons of one core together."""
    fan_in: Annotated[Figure | None, Unit("synapse")] = None
    """Synapses onto one neuron, where the chip limits them separately."""
    parameter_sets: Annotated[Figure | None, Unit("set")] = None
    """Distinct combinations of (du, dv, refractory delay, vmin, vmax) on one core."""
    threshold_sets: Annotated[Figure | None, Unit("threshold")] = None
    """Distinct thresholds on one core."""
    synapse_formats: Annotated[Figure | None, Unit("format")] = None
    """Distinct combinations of weight bits, weight exponent, sign mode and delay bits on one core."""
    accumulators: Annotated[Figure | None, Unit("accumulator")] = None
    """Dendritic accumulators of one core: compartments * 2**delay_bits."""


class Precision(Noun):
    """Ranges of the registers and widths of the fields that a core stores."""

    weight_bits: Annotated[FigureList, Unit("bit"), Within(1, 16)]
    """Widths in which a weight can be stored."""
    weight_exponent: Annotated[FigureRange, Unit("power of two"), Within(-31, 31)]
    """Exponent shared by the weight mantissas of a projection."""
    du: Annotated[FigureRange, Unit("register"), Within(0, INT16.high)]
    """Register of the current decay."""
    dv: Annotated[FigureRange, Unit("register"), Within(0, INT16.high)]
    """Register of the voltage decay."""
    threshold_mantissa: Annotated[FigureRange, Unit("mantissa"), INT32]
    """Mantissa of the threshold, vth_mant."""
    bias_mantissa: Annotated[FigureRange, Unit("mantissa"), INT16]
    """Mantissa of the bias, bias_mant."""
    bias_exponent: Annotated[FigureRange, Unit("power of two"), Within(0, 30)]
    """Exponent of the bias, bias_exp."""
    refractory_delay: Annotated[FigureRange, Unit("step"), Within(1, UINT8.high)]
    """Refractory register: refractory steps + 1."""
    delay_steps: Annotated[FigureRange, Unit("step"), UINT8]
    """Synaptic delay on top of the one step that every projection takes."""
    delay_bits: Annotated[FigureList, Unit("bit"), Within(0, 8)]
    """Widths in which a delay can be stored; 0 stores none."""
    index_bits: Annotated[FigureList, Unit("bit"), Within(0, 31)]
    """Widths in which the index of a target compartment can be stored."""
    shared_base: Annotated[FigureRange | None, Unit("compartment"), Within(0, INT32.high)] = None
    """First target of a synapse list that several axons share, as a compartment of the core. Absent: lists are not shared."""
    vmin_exponent: Annotated[FigureRange, Unit("power of two"), Within(0, 2**7 - 1)]
    """Lower voltage limit: v >= -(2**vmin_exponent) + 1."""
    vmax_exponent: Annotated[FigureRange, Unit("register"), Within(0, 2**7 - 1)]
    """Upper voltage limit: v <= 2**(9 + 2 * vmax_exponent) - 1."""


class AxonKind(Noun):
    """One format in which a spike addresses an input axon. neurodeploy.resources.axons derives its costs."""

    id_bits: Annotated[Figure, Unit("bit"), Within(0, 31)]
    """Bits of the input axon's number within its core."""
    atom_bits: Annotated[Figure, Unit("bit"), Within(0, 15)]
    """Bits of the atom, which selects one synapse list of the axon; 0: the axon has a single list."""
    extra_atom_bits: Annotated[Figure | None, Unit("bit")] = None
    """Bits of the axon's number that may extend the atom."""
    base_step: Annotated[Figure, Unit("compartment")]
    """The axon's first target compartment is a multiple of this."""
    output_axons: Annotated[Figure, Unit("axon")]
    """Output axons that one neuron takes for each destination core on the same chip."""


class Axons(Noun):
    """Axon formats of a core, and additional axon costs."""

    discrete: AxonKind
    """Discrete axon: one source, one synapse list."""
    pop16: AxonKind | None = None
    """Population axon with 16-bit spikes. Absent: not available."""
    pop32: AxonKind | None = None
    """Population axon with 32-bit spikes. Absent: not available."""
    other_chip: Annotated[Figure, Unit("axon")]
    """Additional output axons if the destination is on another chip."""
    learning: Annotated[Figure, Unit("axon")]
    """Input axons that one axon with plastic synapses takes."""


class LearningEngine(Noun):
    """The learning engine of a core. An absent figure is unknown, and nothing is checked against it."""

    rules: tuple[str, ...]
    """Kinds of rules that it runs, by the `kind` of their network class."""
    rules_source: str = Field(min_length=8)
    """Where the kinds are published."""
    cores: Annotated[Figure | None, Unit("core")] = None
    """Cores of a chip with a learning engine."""
    products: Annotated[Figure | None, Unit("product")] = None
    """Most products of one rule, over all variables."""
    factors: Annotated[Figure | None, Unit("factor")] = None
    """Most factors of one product."""
    mantissa: Annotated[FigureRange | None, Unit("mantissa")] = None
    """Mantissa of the scale of a product."""
    exponent: Annotated[FigureRange | None, Unit("power of two")] = None
    """Exponent of the scale of a product."""
    constant: Annotated[FigureRange | None, Unit("integer")] = None
    """Constant that is added to a variable in a factor."""
    decimation: Annotated[FigureRange | None, Unit("power of two")] = None
    """k of u_k, which is true in every 2**k-th epoch."""
    epoch_steps: Annotated[FigureRange | None, Unit("step")] = None
    """Steps of an epoch."""
    trace_bits: Annotated[Figure | None, Unit("bit"), Within(1, 15)] = None
    """Bits of a trace, without a sign."""
    accumulator_bits: Annotated[Figure | None, Unit("bit"), Within(1, 31)] = None
    """Bits of the sum of products, with the sign."""
    weight_bits: Annotated[Figure | None, Unit("bit"), Within(1, 16)] = None
    """Stored bits of a weight that learns."""
    tag_bits: Annotated[Figure | None, Unit("bit"), Within(0, 16)] = None
    """Stored bits of a tag; synapses whose rule does not use t store none."""
    delay_bits: Annotated[Figure | None, Unit("bit"), Within(0, 16)] = None
    """Stored bits of a delay variable; synapses whose rule does not use d store none."""
    source_traces: Annotated[Figure | None, Unit("set")] = None
    """Distinct configurations of the traces of sources (x1 and x2) in one core."""
    rules_per_core: Annotated[Figure | None, Unit("rule")] = None
    """Distinct rules in one core."""


class NeuronSupport(Noun):
    """Neuron kinds and reset modes that a target runs, and the compartments they take."""

    kinds: tuple[str, ...]
    """Supported neuron kinds, by the `kind` of their network class."""
    kinds_source: str = Field(min_length=8)
    """Where the supported kinds are published."""
    resets: Annotated[dict[str, Figure], Unit("compartment")]
    """Reset mode -> compartments per neuron. Absent modes are not available."""
    extensions: tuple[str, ...] = ()
    """Reset modes that neurodeploy provides although the chip's own arithmetic for them is not public."""


class ConvolutionAxon(Noun):
    """Axon that all sources of a window share: a spike names its position and channel, and a core stores the kernel once.

    A list of the kernel holds the target channels of one tap and source channel, without indices.
    """

    input_axons: Annotated[Figure, Unit("axon")]
    """Input axons that the sources of one window take of a core."""
    output_axons: Annotated[Figure, Unit("axon")]
    """Output axons that the neurons of one position take for each destination core on the same chip."""
    tile_columns: Annotated[FigureList, Unit("column")]
    """Columns that a tile can have; a tile of fewer takes the compartments of the next number."""


class RuleSet(Noun):
    """How one public compiler counts core resources. Rule sets are applied as a whole and never mixed."""

    later: ClassVar[tuple[str, ...]] = ("index_in_dense", "index_bits", "weight_bits", "convolution")
    title: str
    """Compiler that counts this way."""
    word: Annotated[Figure, Unit("bit")]
    """Bits of one memory word."""
    synapses_per_entry: Annotated[Figure, Unit("synapse")]
    """Most synapses under one entry prefix."""
    entry_prefix: Annotated[Figure, Unit("bit")]
    """Bits of an entry prefix."""
    index_in_prefix: bool = False
    """Whether the prefix of a dense entry also holds one target index."""
    index_in_dense: bool = False
    """Whether every synapse of a dense list holds its target index, too."""
    index_bits: Annotated[FigureList | None, Unit("bit"), Within(0, 31)] = None
    """Overrides Precision.index_bits."""
    weight_bits: Annotated[FigureList | None, Unit("bit"), Within(1, 16)] = None
    """Widths of which integer weights take the fewest bits that hold them. Absent: they take the bits that they are given."""
    skip_bits: Annotated[FigureList | None, Unit("bit")] = None
    """Widths of the gap between targets in a run-length list. Absent: no run-length lists."""
    list_end: Annotated[Figure | None, Unit("bit")] = None
    """Bits after the last entry of a list whose entries are packed. Absent: every entry fills whole words."""
    shared_output_axons: bool = False
    """Whether neurons of a core that send to the same population axon share its output axons."""
    words_per_axon: Annotated[Figure | None, Unit("word")] = None
    """Most memory words of one axon's synapse list."""
    synapse_formats: Annotated[Figure | None, Unit("format")] = None
    """Overrides CoreLimits.synapse_formats."""
    synapse_memory: Annotated[Figure | None, Unit("word")] = None
    """Overrides CoreLimits.synapse_memory."""
    destination_groups: Annotated[Figure | None, Unit("group", ("core",))] = None
    """Destination groups of one core. Recorded but not enforced: programs do not number compartments by group."""
    convolution: ConvolutionAxon | None = None
    """Convolution axons. Absent: not available."""


class Board(Noun):
    """A board: one or more chips sold as a unit."""

    title: str
    """Name of the board as sold."""
    chips: Annotated[Figure, Unit("chip")]
    """Chips on the board."""


class EventCost(Noun):
    """Energy (J) and time (s) of one event. An absent value is unknown."""

    energy: Annotated[CostFigure | None, JOULES] = None
    """Energy of one event."""
    time: Annotated[CostFigure | None, SECONDS] = None
    """Time of one event."""


class EnergyProfile(Noun):
    """One published set of event costs."""

    later: ClassVar[tuple[str, ...]] = ("synapse_update",)
    title: str
    """Publication or tool the costs are from."""
    access: EventCost = EventCost()
    """Per mapped compartment and step."""
    update: EventCost = EventCost()
    """Per active compartment and step, in addition to `access`."""
    spike: EventCost = EventCost()
    """Per spike fired."""
    message_out: EventCost = EventCost()
    """Per message sent by a core."""
    message_in: EventCost = EventCost()
    """Per message received by a core."""
    synop_dense: EventCost = EventCost()
    """Per synaptic operation in a dense list."""
    synop_sparse: EventCost = EventCost()
    """Per synaptic operation in a sparse list."""
    synop_shared: EventCost = EventCost()
    """Per synaptic operation in a list shared by several axons (convolution)."""
    synapse_update: EventCost = EventCost()
    """Per plastic synapse and epoch in which its rule is evaluated."""
    hop_horizontal: EventCost = EventCost()
    """Per message and tile crossed horizontally."""
    hop_vertical: EventCost = EventCost()
    """Per message and tile crossed vertically."""
    barrier: Annotated[FigureTable | None, Unit("s", whole=False, x="tile")] = None
    """Time of the barrier synchronization of a step, by the number of occupied tiles on one chip."""
    published_energy_error: Annotated[Figure | None, FRACTION] = None
    """Largest published relative error of the energy against silicon."""
    published_time_error: Annotated[Figure | None, FRACTION] = None
    """Largest published relative error of the time against silicon."""


class BoundaryTerms(Noun):
    """What one boundary of cost comprises in addition to the cores, for each chip in use. An absent figure is unknown."""

    step_time: Annotated[CostFigure | None, SECONDS] = None
    """Time that each step takes in addition to the boundary before."""
    power: Annotated[CostFigure | None, WATTS] = None
    """Power of one chip while it computes, in addition to the boundary before."""
    idle_power: Annotated[CostFigure | None, WATTS] = None
    """Part of `power` that a chip also takes between inferences."""
    core_power: Annotated[CostFigure | None, WATTS] = None
    """The share of `power` that measurements attribute to one core in use; an alternative to `power`, not added to it."""
    step_time_of: str = ""
    """What `step_time` is spent on, for reports."""
    power_of: str = ""
    """What takes `power`, for reports."""
    excludes: tuple[str, ...] = ()
    """What figures at this boundary exclude, for reports."""


class ScaledFrom(Noun):
    """How energy and time are scaled from another chip's, where a chip has no figures of its own."""

    target: Name
    """Target whose energy profiles are scaled."""
    energy: Annotated[CostFigure, FRACTION]
    """Energy of an event over that of the other chip."""
    time: Annotated[CostFigure, FRACTION]
    """Time of an event over that of the other chip."""
    reason: str = Field(min_length=8)
    """Why the figures are in this range, for reports."""


class Target(Noun):
    """A chip family together with the board, rule set and dialect in use."""

    later: ClassVar[tuple[str, ...]] = ("learning",)
    schema_version: Literal[1] = 1
    name: Name
    """Name of the target, as passed to nd.compile."""
    title: str
    """Full name of the chip."""
    file: str = ""
    """File the target was read from; findings cite it."""
    vendor: str
    """Manufacturer."""
    dialect: Dialect
    """Integer arithmetic of the chip."""
    chip: Chip
    """Cores and mesh of one chip."""
    limits: CoreLimits
    """Capacity of one core."""
    precision: Precision
    """Register ranges and stored widths."""
    axons: Axons | None = None
    """Axon formats. Absent: every axon is discrete and counts as one."""
    neurons: NeuronSupport
    """Supported neuron kinds and reset modes."""
    learning: LearningEngine | None = None
    """Learning engine of a core. Absent: the cores are not known to learn."""
    rules: dict[str, RuleSet]
    """Rule sets that count synapse memory, by name."""
    rule_set: str
    """Name of the rule set in use."""
    boards: dict[str, Board] = Field(default_factory=dict)
    """Boards by name, as passed to nd.compile(board=...)."""
    board: str | None = None
    """Name of the board in use; None: one chip."""
    energy: dict[str, EnergyProfile] = Field(default_factory=dict)
    """Published energy profiles by name; empty if nothing is published."""
    energy_nominal: str | None = None
    """Profile whose total is the nominal value; the other profiles widen the interval."""
    static_power: Annotated[FigureRange | None, WATTS] = None
    """Static power of one powered chip."""
    barrier_chips: Annotated[Figure | None, SECONDS] = None
    """Time of the barrier synchronization of a step across chips."""
    chip_terms: BoundaryTerms | None = None
    """Whole chip: phases of a step beside those of the cores, and static power. Absent: unknown."""
    board_terms: BoundaryTerms | None = None
    """Board: embedded CPUs, input and output. Absent: unknown."""
    scaled_from: ScaledFrom | None = None
    """How figures are scaled from another chip's on request. Absent: they are not."""
    energy_excludes: tuple[str, ...] = ()
    """What energy totals of this target exclude, for reports."""

    @property
    def chips(self) -> int:
        """Number of chips of the board in use."""
        return int(self.boards[self.board].chips.value) if self.board else 1

    @property
    def cores(self) -> int:
        """Number of cores of the board in use."""
        return self.chips * int(self.chip.cores.value)

    @property
    def counting(self) -> RuleSet:
        """The rule set in use."""
        return self.rules[self.rule_set]
