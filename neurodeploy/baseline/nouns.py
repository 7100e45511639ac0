"""Baseline: the deterministic figures of programs on their samples, in a file that is kept with the networks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from neurodeploy.base.noun import Name, Noun

__all__ = ["SCHEMA_VERSION", "Baseline", "BaselineEntry", "Digest", "EstimateRange"]

SCHEMA_VERSION = 1
Digest = Annotated[str, Field(pattern="^[0-9a-f]{16}([0-9a-f]{48})?$")]
"""sha256 in hexadecimal, or its first 16 digits where a list of them is long."""


Finite = Annotated[float, Field(allow_inf_nan=False)]


class EstimateRange(Noun):
    """An estimate as it was when the baseline was written, for information: it is never compared exactly."""

    value: Finite
    """Nominal value, in `unit`."""
    low: Finite
    """Lower bound, in `unit`."""
    high: Finite
    """Upper bound, in `unit`."""
    unit: str
    """J or s."""
    kind: Literal["measured", "modelled", "derived"]
    """How the figures that it is made of were found."""


class BaselineEntry(Noun):
    """What one program did on its samples: figures that are the same in every run on every machine, and digests of all they
    depend on, which say why a figure moved.
    """

    network: Name
    """Name of the network."""
    neurodeploy: str
    """Version of neurodeploy."""
    program: Digest
    """Digest of the program."""
    network_parts: dict[str, Digest]
    """Part of the network -> digest. A part is "projection NAME" and so on; its arrays are parts of their own, such as
    "projection NAME: operation/weights"."""
    target: Name
    """Name of the target."""
    board: str | None = None
    """Board of the target; None: one chip."""
    dialect: str
    """Arithmetic that the program is compiled for."""
    rule_set: str
    """Rule set that counts synapse memory."""
    target_parts: dict[str, Digest]
    """Group of figures of the target, such as limits or energy -> digest."""
    options: dict[str, dict[str, int]] = Field(default_factory=dict)
    """Option of the conversion to integers -> projection or population -> value."""
    placement_seed: int
    """Seed of the mapping."""
    integers: Digest
    """Digest of the registers of all neurons, the formats of all synapses and what the conversion to integers changed."""
    placement: Digest
    """Digest of which neuron lies on which physical core."""
    backend: str
    """Backend that ran it."""
    n_samples: int = Field(ge=0)
    """Number of complete samples."""
    first_step: int = Field(ge=1)
    """First step of each sample; above 1 if the run was resumed."""
    n_steps: int = Field(ge=0)
    """Last step of each sample, drain included."""
    seed: int
    """Seed of encoders and noise."""
    stimulus: Digest
    """Digest of the input spikes, and of the samples if they were given."""
    labels: Digest | None = None
    """Digest of the labels; None: there were none."""
    spikes: Digest
    """Digest of all recorded spikes."""
    figures: dict[str, int | Finite]
    """Figure -> value, as budgets name them. Counts are totals over all samples; nothing here is an estimate."""
    estimates: dict[str, EstimateRange] = Field(default_factory=dict)
    """Energy and time of one inference, for information."""


class Baseline(Noun):
    """All entries of a baseline file."""

    format: Literal["neurodeploy-baseline"] = "neurodeploy-baseline"
    """File format."""
    schema_version: Literal[1] = SCHEMA_VERSION
    """Version of the file schema."""
    entries: dict[Name, BaselineEntry] = Field(default_factory=dict)
    """Name of the entry -> what it holds."""
