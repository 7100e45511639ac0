"""Network: a spiking network with fully specified semantics, independent of any chip."""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, JsonValue

from neurodeploy.base.noun import IntParam, Name, Noun, canonical_json
from neurodeploy.network.coding import Decoder, Encoder, SpikeCount, Spikes
from neurodeploy.network.neurons import Neuron
from neurodeploy.network.operations import Operation, WeightFormat
from neurodeploy.network.plasticities import AnyPlasticity

__all__ = [
    "SCHEMA_VERSION",
    "Input",
    "Network",
    "Output",
    "Population",
    "Probe",
    "Projection",
    "Shape",
    "StateReset",
    "Time",
]

SCHEMA_VERSION = 1


def _shape(value: Any) -> Any:
    return (value,) if isinstance(value, (int, np.integer)) else value


Shape = Annotated[tuple[Annotated[int, Field(gt=0, le=2**31 - 1)], ...], BeforeValidator(_shape), Field(min_length=1)]
"""Sizes of the axes; a bare integer is one axis."""


def _storable(notes: dict[str, Any]) -> dict[str, Any]:
    """The notes if they can be stored as JSON: finite, valid Unicode, and of limited nesting."""
    try:
        canonical_json(notes).encode()
    except (ValueError, RecursionError):
        raise ValueError("cannot be stored as JSON: not finite, not valid Unicode, or nested too deeply") from None
    return notes


class Time(Noun):
    """The clock. Steps are numbered from 1. A spike of step t arrives in step t + edge_latency_steps + delay_steps."""

    dt_s: float = Field(gt=0, allow_inf_nan=False)
    """Length of a step, in seconds, above 0."""
    steps_per_sample: int | None = Field(default=None, gt=0, le=2**31 - 1)
    """Steps for which each sample is presented, unless a run specifies another number."""
    edge_latency_steps: Literal[1] = 1
    """Steps that every projection takes. Always 1."""
    update_order: Literal["current_voltage_threshold_reset"] = "current_voltage_threshold_reset"
    """Order of the updates within a step. Always "current_voltage_threshold_reset"."""
    delay_base: Literal[0] = 0
    """Smallest delay_steps, which count in addition to edge_latency_steps. Always 0."""


class StateReset(Noun):
    """Periodic reset: before each step t with t % interval_steps == offset_steps % interval_steps, u = v = 0.

    Other states return to their values at the start of a sample. Spikes in flight still arrive. Source: LIFReset of
    lava-nc 0.10.0.
    """

    interval_steps: int = Field(gt=0, le=2**31 - 1)
    """Steps between resets, at least 1."""
    offset_steps: int = Field(default=0, ge=0, le=2**31 - 1)
    """Phase of the resets, in steps, at least 0."""


class Population(Noun):
    """A group of neurons of one kind."""

    name: Name
    """Name used in findings and recordings; letters, digits, _ . and -."""
    shape: Shape
    """Sizes of the axes, such as (channels, height, width); an integer is one axis."""
    neuron: Neuron
    """Neuron kind and parameters, such as Lif(...). A parameter is one value for all neurons or an array of `shape`."""
    state_reset: StateReset | None = None
    """Periodic reset within a sample; None: none."""

    @property
    def size(self) -> int:
        """Number of neurons."""
        return prod(self.shape)


class Input(Noun):
    """A source of spikes or host-driven currents outside the chip. It has no neurons."""

    later: ClassVar[tuple[str, ...]] = ("sample_axes",)
    name: Name
    """Name used in samples. Populations and inputs share one namespace."""
    shape: Shape
    """Sizes of the axes of the input lines; an integer is one axis."""
    encoder: Encoder = Spikes()
    """How values become spikes: an encoder, or its kind: "spikes", "rate", "poisson", "latency", "bias", "events" or
    "current"."""
    sample_axes: tuple[int, ...] | None = None
    """Axes of a sample that become the axes of `shape`, from 0: (2, 0, 1) for samples with channels last. None: the same
    order. Rows of events name lines, so that it does not concern them."""

    @property
    def size(self) -> int:
        """Number of input lines."""
        return prod(self.shape)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Sizes of the axes of a sample, in their own order; without the axis of a signed encoder's two lines."""
        own = self.shape[1:] if getattr(self.encoder, "signed", False) else self.shape
        axes = self.sample_axes or ()
        if sorted(axes) != list(range(len(own))):
            return own
        return tuple(own[axes.index(axis)] for axis in range(len(own)))


class Projection(Noun):
    """Synapses from one input or population to one population."""

    later: ClassVar[tuple[str, ...]] = ("plasticity",)
    name: Name
    """Name used in findings and in options such as weight_bits."""
    source: Name
    """Name of the source population or input."""
    target: Name
    """Name of the target population."""
    operation: Operation
    """The synapses: dense, sparse, one_to_one, a convolution, a pool, or a chain of these."""
    delay_steps: IntParam = 0
    """Delay on top of the one step that every projection takes, at least 0: an integer, or an array over `delay_axis`."""
    port: Literal["a", "b"] = "a"
    """Input of the target neurons; only kinds with two inputs have port "b"."""
    delay_axis: Literal["projection", "source", "target", "synapse"] = "projection"
    """Axis of a delay_steps array: one delay for each source, target or synapse; "synapse" has the shape of the weights."""
    weight_format: WeightFormat | None = None
    """How integer weights are stored; required if the target is loihi_cuba, otherwise an annotation."""
    plasticity: AnyPlasticity | None = None
    """How the synapses learn: SumOfProducts, Pes, the equation of dw as text, the name of a rule in nd.rules, or a table
    {"rule": name, ...} of a name and its parameters; None: weights are fixed."""


class Output(Noun):
    """A population that is read out, and how its activity is decoded."""

    name: Name
    """Name used in reports."""
    source: Name
    """Name of the population that is read out."""
    decoder: Decoder = SpikeCount()
    """How activity becomes an answer: "spike_count", "first_spike" or "membrane"; or Linear(weights=...)."""


class Probe(Noun):
    """A state variable to record in every step, after the reset."""

    name: Name
    """Name of the recorded state in a recording."""
    target: Name
    """Name of the population, or of the plastic projection."""
    variable: Literal[
        "v", "u", "v_register", "residue", "error", "theta", "r", "w", "d", "t", "x1", "x2", "y1", "y2", "y3"
    ]
    """v: voltage. u: synaptic current. v_register: the chip's voltage register, which on a spike contains the refractory
    counter, (refractory_steps + 1) * 128. In integer kinds u is sigma, re or i, and v is act or im; residue, error, theta
    and r exist in some integer kinds only. Of a plastic projection: w, d, t: weight, delay variable and tag of each synapse,
    by source and then by target; x1, x2, y1, y2, y3: traces."""


class Network(Noun):
    """A spiking network: populations, projections, inputs, outputs, probes, and the clock."""

    format: Literal["neurodeploy"] = "neurodeploy"
    """File format. Always "neurodeploy"."""
    schema_version: Literal[1] = SCHEMA_VERSION
    """Version of the file schema. Always 1."""
    name: Name
    """Name used in files and reports; letters, digits, _ . and -."""
    time: Time
    """Length of a step and duration of a sample."""
    populations: tuple[Population, ...]
    """Populations of neurons; at least one."""
    projections: tuple[Projection, ...] = ()
    """Projections, which may be recurrent."""
    inputs: tuple[Input, ...] = ()
    """Inputs; empty for a network that drives itself."""
    outputs: tuple[Output, ...] = ()
    """Outputs; the first one gives the answers."""
    probes: tuple[Probe, ...] = ()
    """States that every run records."""
    metadata: Annotated[dict[str, JsonValue], AfterValidator(_storable)] = Field(default_factory=dict)
    """Free notes such as origin, license and labels. They never affect results."""

    @cached_property
    def population_by_name(self) -> dict[str, Population]:
        """Populations by name."""
        return {population.name: population for population in self.populations}

    @cached_property
    def input_by_name(self) -> dict[str, Input]:
        """Inputs by name."""
        return {item.name: item for item in self.inputs}

    def source_size(self, name: str) -> int:
        """Return the number of neurons or lines of the population or input `name`. Raises KeyError for an unknown name."""
        return (self.input_by_name.get(name) or self.population_by_name[name]).size
