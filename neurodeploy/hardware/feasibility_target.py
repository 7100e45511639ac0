"""Feasibility targets: chips that are not made of Loihi-style cores, as data with sources.

Networks are judged against these targets (neurodeploy.feasibility) but not compiled for them. Each architecture has one
class here, one module of checks there, and any number of target files. An absent figure is unknown and limits nothing.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from neurodeploy.base.noun import Name, Noun
from neurodeploy.hardware.figure import Confidence, Figure, FigureList, FigurePerCore
from neurodeploy.hardware.units import Unit

__all__ = [
    "ARCHITECTURES",
    "LIMITS",
    "Abilities",
    "CrossbarLimits",
    "CrossbarTarget",
    "FeasibilityTarget",
    "FixedLimits",
    "FixedTarget",
    "LayerLimits",
    "LayeredTarget",
    "ProcessorLimits",
    "ProcessorTarget",
    "Words",
]


class Words(Noun):
    """Supported values that are names rather than numbers, such as neuron kinds, with their source."""

    words: tuple[str, ...]
    """The supported names."""
    source: str = Field(min_length=8)
    """Where they are published."""
    confidence: Confidence
    """How the source was verified."""


class Abilities(Noun):
    """Neurons and connections that a chip supports. An absent ability is unknown and rejects nothing."""

    kinds: Words | None = None
    """Supported neuron kinds."""
    resets: Words | None = None
    """Supported reset modes."""
    refractory_steps: Annotated[Figure | None, Unit("step")] = None
    """Longest refractory period."""
    delay_steps: Annotated[Figure | None, Unit("step")] = None
    """Longest delay on top of the one step that every connection takes."""
    weight_bits: Annotated[Figure | None, Unit("bit")] = None
    """Width of the widest weight."""
    decay_shift: Annotated[Figure | None, Unit("bit")] = None
    """Largest shift s of a decay v -= v >> s, where s = log2(tau / dt)."""
    v_floor: Annotated[Figure | None, Unit("voltage", whole=False)] = None
    """Lower voltage limit of every neuron, which cannot be changed."""
    one_threshold: Words | None = None
    """Present: all neurons of a population share one threshold and one voltage floor."""


class _Judged(Noun):
    schema_version: Literal[1] = 1
    name: Name
    """Name of the target, as passed to nd.judge."""
    title: str
    """Full name of the chip."""
    file: str = ""
    """File the target was read from; findings cite it."""
    vendor: str
    """Manufacturer."""
    abilities: Abilities
    """Supported neurons and connections."""
    not_judged: tuple[str, ...] = ()
    """What a judgement does not cover, because it is not public or not part of a network."""


class LayerLimits(Noun):
    """Limits of a chip whose cores each hold one layer: one convolution kernel and its neurons."""

    kernel_memory: Annotated[FigurePerCore, Unit("entry")]
    """Kernel entries of each core."""
    neuron_memory: Annotated[FigurePerCore, Unit("entry")]
    """Neurons of each core."""
    bias_memory: Annotated[FigurePerCore, Unit("entry")]
    """Biases of each core."""
    input_side: Annotated[Figure, Unit("pixel")]
    """Largest height and width of an input feature map."""
    output_side: Annotated[Figure, Unit("pixel")]
    """Largest height and width of an output feature map."""
    channels: Annotated[Figure, Unit("channel")]
    """Most channels of a feature map."""
    kernel_side: Annotated[Figure, Unit("pixel")]
    """Largest height and width of a kernel."""
    strides: Annotated[FigureList, Unit("pixel")]
    """Supported strides."""
    padding: Annotated[Figure, Unit("pixel")]
    """Largest padding on each side."""
    pools: Annotated[FigureList, Unit("pixel")]
    """Supported sides of a sum pool after the neurons."""
    dilation: Annotated[Figure, Unit("pixel")]
    """Largest dilation of a kernel."""
    destinations: Annotated[Figure, Unit("layer")]
    """Most layers that one core sends to."""
    readout_classes: Annotated[Figure | None, Unit("class")] = None
    """Most classes that the readout distinguishes. Absent: unknown."""


class LayeredTarget(_Judged):
    """A chip of convolution cores, each of which holds one layer."""

    architecture: Literal["layered"]
    memory_rule: Words
    """power_of_two: addressing pads kernels and feature maps to powers of two; exact: it does not."""
    limits: LayerLimits
    """Limits of cores and layers."""


class FixedLimits(Noun):
    """Limits of a chip with input channels, one recurrent block of hidden neurons, and output neurons."""

    inputs: Annotated[Figure, Unit("channel")]
    """Input channels."""
    hidden: Annotated[Figure, Unit("neuron")]
    """Hidden neurons."""
    outputs: Annotated[Figure, Unit("neuron")]
    """Output neurons."""
    fan_out: Annotated[Figure | None, Unit("synapse")] = None
    """Recurrent synapses of one hidden neuron."""
    synapses: Annotated[Figure | None, Unit("synapse")] = None
    """Recurrent synapses of all hidden neurons together."""
    input_reach: Annotated[Figure | None, Unit("neuron")] = None
    """Hidden neurons that inputs can connect to."""
    output_reads: Annotated[Figure | None, Unit("neuron")] = None
    """Hidden neurons that outputs can read."""


class FixedTarget(_Judged):
    """A chip with a fixed network shape: input, recurrent hidden block, output."""

    architecture: Literal["fixed"]
    limits: FixedLimits
    """Limits of the chip."""


class CrossbarLimits(Noun):
    """Limits of a chip whose cores are crossbars of axons and neurons."""

    cores: Annotated[Figure, Unit("core")]
    """Cores of the chip."""
    neurons: Annotated[Figure, Unit("neuron")]
    """Neurons of one core."""
    axons: Annotated[Figure, Unit("axon")]
    """Axons of one core, one for each distinct source."""
    weights_per_neuron: Annotated[Figure | None, Unit("weight")] = None
    """Distinct weights onto one neuron."""
    cores_per_neuron: Annotated[Figure | None, Unit("core")] = None
    """Cores that the spikes of one neuron can reach."""


class CrossbarTarget(_Judged):
    """A chip of crossbar cores."""

    architecture: Literal["crossbar"]
    limits: CrossbarLimits
    """Limits of the chip and of one core."""
    signed_sources: Words | None = None
    """Present: all weights of one source have the same sign."""
    shared_axons: Words | None = None
    """Present: inputs and sending neurons take axons of the same table."""


class ProcessorLimits(Noun):
    """Limits of a chip whose cores are processors that run neurons in software."""

    cores: Annotated[Figure, Unit("core")]
    """Cores of the chip."""
    core_memory: Annotated[Figure, Unit("byte")]
    """Memory of one core."""
    neurons: Annotated[Figure | None, Unit("neuron")] = None
    """Neurons of one core."""


class ProcessorTarget(_Judged):
    """A chip of processors."""

    architecture: Literal["processors"]
    limits: ProcessorLimits
    """Limits of the chip and of one core."""


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
"""Limits of each architecture, in the order of ARCHITECTURES."""
