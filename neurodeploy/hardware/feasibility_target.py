"""Nouns: targets that are no Loihi-style cores, as data: what each offers and holds, every number with its source.

Networks are judged against them (`neurodeploy.feasibility`), not compiled for them. An architecture is one noun here, one
module of judgement there, and any number of files. An absent figure is unknown and limits nothing.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from neurodeploy.base.noun import Name, Noun
from neurodeploy.hardware.figure import Confidence, Figure, FigureList, FigurePerCore

__all__ = [
    "ARCHITECTURES",
    "LIMITS",
    "Abilities",
    "CrossbarLimits",
    "CrossbarTarget",
    "FixedLimits",
    "FixedTarget",
    "LayerLimits",
    "LayeredTarget",
    "FeasibilityTarget",
    "ProcessorLimits",
    "ProcessorTarget",
    "Words",
]


class Words(Noun):
    """Legal words, e.g. neuron kinds, with their source."""

    words: tuple[str, ...]
    """That are legal."""
    source: str = Field(min_length=8)
    """Where they are published."""
    confidence: Confidence
    """How the source was seen."""


class Abilities(Noun):
    """Which neurons and connections a chip expresses. What is absent is unknown and refuses nothing."""

    kinds: Words | None = None
    """Neuron kinds."""
    resets: Words | None = None
    """Reset modes."""
    refractory_steps: Figure | None = None
    """The longest refractory period."""
    delay_steps: Figure | None = None
    """The longest delay on top of the one step that every connection takes."""
    weight_bits: Figure | None = None
    """The widest weight, in bits."""
    decay_shift: Figure | None = None
    """The largest s of decays v -= v >> s, s = log2(tau / dt)."""
    v_floor: Figure | None = None
    """The floor that every voltage has; others cannot be set."""
    one_threshold: Words | None = None
    """Present: all neurons of a population share threshold and floor."""


class _Other(Noun):
    schema_version: Literal[1] = 1
    name: Name
    """As nd.judge takes it."""
    title: str
    """What it is, in words."""
    file: str = ""
    """The file it was read from, as findings cite it."""
    vendor: str
    """Who makes it."""
    abilities: Abilities
    """Which neurons and connections it expresses."""
    not_judged: tuple[str, ...] = ()
    """What a judgement leaves out: not public, or not described by a network."""


class LayerLimits(Noun):
    """One layer of a network for each core, which holds one convolution kernel and its neurons."""

    kernel_memory: FigurePerCore
    """In kernel entries."""
    neuron_memory: FigurePerCore
    """In neurons."""
    bias_memory: FigurePerCore
    """In biases."""
    input_side: Figure
    """Height and width of a map that comes in."""
    output_side: Figure
    """Height and width of a map that goes out."""
    channels: Figure
    """Of a map."""
    kernel_side: Figure
    """Height and width of a kernel."""
    strides: FigureList
    """From one window to the next."""
    padding: Figure
    """On either side."""
    pools: FigureList
    """Side of a sum pool after the neurons."""
    dilation: Figure
    """Between entries of a kernel."""
    destinations: Figure
    """Layers to which a core sends."""
    readout_classes: Figure | None = None
    """That the readout tells apart; None: unknown."""


class LayeredTarget(_Other):
    """A chip of convolution cores: each holds one layer."""

    architecture: Literal["layered"]
    memory_rule: Words
    """power_of_two: addresses pad kernels and maps to powers of two; exact: they do not."""
    limits: LayerLimits
    """Of one core, and of layers."""


class FixedLimits(Noun):
    """Input channels, one block of hidden neurons with recurrence, output neurons."""

    inputs: Figure
    """Channels."""
    hidden: Figure
    """Neurons."""
    outputs: Figure
    """Neurons."""
    fan_out: Figure | None = None
    """Synapses of a hidden neuron onto hidden neurons."""
    synapses: Figure | None = None
    """Synapses of all hidden neurons onto hidden neurons."""
    input_reach: Figure | None = None
    """Hidden neurons that inputs reach."""
    output_reads: Figure | None = None
    """Hidden neurons that outputs read."""


class FixedTarget(_Other):
    """A chip of which the shape of the network is fixed: input, hidden with recurrence, output."""

    architecture: Literal["fixed"]
    limits: FixedLimits
    """Of the chip."""


class CrossbarLimits(Noun):
    """Cores of axons times neurons."""

    cores: Figure
    """Of the chip."""
    neurons: Figure
    """Of one core."""
    axons: Figure
    """Of one core: distinct sources."""
    weights_per_neuron: Figure | None = None
    """Distinct weights into one neuron."""
    cores_per_neuron: Figure | None = None
    """Cores that one neuron's spikes reach."""


class CrossbarTarget(_Other):
    """A chip of crossbars."""

    architecture: Literal["crossbar"]
    limits: CrossbarLimits
    """Of the chip and of one core."""
    signed_sources: Words | None = None
    """Present: all weights of one source have one sign."""
    shared_axons: Words | None = None
    """Present: inputs and neurons that send take axons of the same table."""


class ProcessorLimits(Noun):
    """Processors with memory, on which neurons are software."""

    cores: Figure
    """Of the chip."""
    core_memory: Figure
    """Bytes of one core."""
    neurons: Figure | None = None
    """Of one core."""


class ProcessorTarget(_Other):
    """A chip of processors."""

    architecture: Literal["processors"]
    limits: ProcessorLimits
    """Of the chip and of one core."""


FeasibilityTarget = Annotated[
    LayeredTarget | FixedTarget | CrossbarTarget | ProcessorTarget, Field(discriminator="architecture")
]
ARCHITECTURES: dict[str, type[LayeredTarget | FixedTarget | CrossbarTarget | ProcessorTarget]] = {
    "layered": LayeredTarget,
    "fixed": FixedTarget,
    "crossbar": CrossbarTarget,
    "processors": ProcessorTarget,
}
LIMITS: tuple[type[LayerLimits | FixedLimits | CrossbarLimits | ProcessorLimits], ...] = (
    LayerLimits,
    FixedLimits,
    CrossbarLimits,
    ProcessorLimits,
)
"""What the architectures limit, in the order of ARCHITECTURES."""
