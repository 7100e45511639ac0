"""Noun: the Network, one description of a spiking network with its semantics fixed. Must not know any chip."""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, JsonValue

from neurodeploy.base.noun import IntParam, Name, Noun, canonical_json
from neurodeploy.diagnostics import Diagnostic
from neurodeploy.network.coding import Decoder, Encoder, SpikeCount, Spikes
from neurodeploy.network.neurons import Neuron
from neurodeploy.network.operations import Operation, WeightFormat

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
"""Sizes by axis; a bare integer stands for one axis."""


def _storable(notes: dict[str, Any]) -> dict[str, Any]:
    """Notes that a JSON file takes: no NaN, no half characters, not nested without end."""
    try:
        canonical_json(notes).encode()
    except (ValueError, RecursionError):
        raise ValueError("cannot be stored as JSON: not finite, half a character, or nested without end") from None
    return notes


class Time(Noun):
    """The clock. Steps count from 1; a spike of step t arrives in step t + edge_latency_steps + delay_steps."""

    dt_s: float = Field(gt=0, allow_inf_nan=False)
    """Seconds of one step, above 0."""
    steps_per_sample: int | None = Field(default=None, gt=0, le=2**31 - 1)
    """Steps for which one sample is presented, unless the run says otherwise."""
    edge_latency_steps: Literal[1] = 1
    update_order: Literal["current_voltage_threshold_reset"] = "current_voltage_threshold_reset"
    delay_base: Literal[0] = 0
    """delay_steps counts what comes on top of edge_latency_steps; 0 is the least."""


class StateReset(Noun):
    """u = v = 0 before step t is integrated, whenever t % interval_steps == offset_steps % interval_steps.

    What else a kind keeps goes back to where a sample begins; what is on its way arrives. Source: LIFReset of lava-nc 0.10.0.
    """

    interval_steps: int = Field(gt=0, le=2**31 - 1)
    """Steps from one reset to the next, at least 1."""
    offset_steps: int = Field(default=0, ge=0, le=2**31 - 1)
    """Shifts the steps in which it happens, at least 0."""


class Population(Noun):
    """Neurons of one kind."""

    name: Name
    """As findings and recordings call it; letters, digits, _ . and -."""
    shape: Shape
    """Sizes by axis, such as (channels, height, width); one number is one axis."""
    neuron: Neuron
    """The kind of its neurons with their parameters, such as Lif(...); one value is for all, an array for each
    neuron."""
    state_reset: StateReset | None = None
    """A periodic reset within a sample; none between steps otherwise."""

    @property
    def size(self) -> int:
        """Number of neurons."""
        return prod(self.shape)


class Input(Noun):
    """A source of spikes (or host-driven currents) outside the chip; owns no neuron."""

    name: Name
    """As samples call it; populations and inputs share one name space."""
    shape: Shape
    """Sizes of its lines by axis; one number is one axis."""
    encoder: Encoder = Spikes()
    """How values become spikes: "spikes", "rate", "poisson", "latency", "bias", "events", "current", or the noun."""

    @property
    def size(self) -> int:
        """Number of lines."""
        return prod(self.shape)


class Projection(Noun):
    """Synapses from one input or population to one population."""

    name: Name
    """As findings and options such as weight_bits call it."""
    source: Name
    """Name of the population or input that sends."""
    target: Name
    """Name of the population that receives."""
    operation: Operation
    """Its synapses: dense, sparse, one_to_one, a convolution, a pool, or a chain of these."""
    delay_steps: IntParam = 0
    """Steps on top of the one that every projection takes, at least 0; an integer, or an array as delay_axis says."""
    port: Literal["a", "b"] = "a"
    """Where it arrives; only kinds with two inputs have a port "b"."""
    delay_axis: Literal["projection", "source", "target", "synapse"] = "projection"
    """What delay_steps is an array over; "synapse" has the shape of the operation's weights."""
    weight_format: WeightFormat | None = None
    """How integer weights are stored; needed where the target is loihi_cuba, else an annotation."""


class Output(Noun):
    """A population that is read, and how."""

    name: Name
    """As reports call it."""
    source: Name
    """Name of the population that is read."""
    decoder: Decoder = SpikeCount()
    """How spikes become an answer: "spike_count", "first_spike" or "membrane"."""


class Probe(Noun):
    """A state to record in every step: v after the reset, u (the synaptic current), or v as the chip's register reads."""

    name: Name
    """Under which a recording holds the state."""
    target: Name
    """Name of the population."""
    variable: Literal["v", "u", "v_register", "residue", "error", "theta", "r"]
    """v_register: on a spike the register holds the refractory counter, (dead steps + 1) * 128, not the voltage. Of the
    integer kinds, u is sigma, re or i, and v is act or im; residue, error, theta and r are what only some of them have."""


class Network(Noun):
    """One spiking network: populations, projections, inputs, outputs, probes, and the clock."""

    format: Literal["neurodeploy"] = "neurodeploy"
    schema_version: Literal[1] = SCHEMA_VERSION
    name: Name
    """As files and reports call it; letters, digits, _ . and -."""
    time: Time
    """The clock: the step in seconds, and how long a sample lasts."""
    populations: tuple[Population, ...]
    """Neurons, by kind and shape; at least one."""
    projections: tuple[Projection, ...] = ()
    """Synapses, each between two of them; recurrent ones too."""
    inputs: tuple[Input, ...] = ()
    """Where samples come in; none for a network that drives itself."""
    outputs: tuple[Output, ...] = ()
    """What is read; the first gives the answers."""
    probes: tuple[Probe, ...] = ()
    """States that every run records."""
    metadata: Annotated[dict[str, JsonValue], AfterValidator(_storable)] = Field(default_factory=dict)
    """Free notes (origin, licence, labels). Never read by a stage."""

    @cached_property
    def population_by_name(self) -> dict[str, Population]:
        """Populations by name."""
        return {population.name: population for population in self.populations}

    @cached_property
    def input_by_name(self) -> dict[str, Input]:
        """Inputs by name."""
        return {item.name: item for item in self.inputs}

    @cached_property
    def findings(self) -> tuple[Diagnostic, ...]:
        """What is wrong with it by itself (see neurodeploy.network.validate); looked for once."""
        from neurodeploy.network.validate import findings_of  # which knows this noun

        return findings_of(self)

    def source_size(self, name: str) -> int:
        """Return the number of neurons or lines of the population or input `name`; KeyError if there is none."""
        return (self.input_by_name.get(name) or self.population_by_name[name]).size
