"""Baseline: the deterministic figures of programs on their samples, in a file that is kept with the networks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from neurodeploy.base.noun import Name, Noun
from neurodeploy.diff.provenance import Digest, Provenance

__all__ = ["SCHEMA_VERSION", "Baseline", "BaselineEntry", "EstimateRange"]

SCHEMA_VERSION = 1
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
    kind: Literal["measured", "modelled", "derived", "scaled"]
    """How the figures that it is made of were found."""


class BaselineEntry(Provenance):
    """What one program did on its samples: figures that are the same in every run on every machine, and digests of all they
    depend on, which say why a figure moved.
    """

    neurodeploy: str
    """Version of neurodeploy."""
    edits: dict[str, str] = Field(default_factory=dict)
    """Option of the compilation that edits the network, such as prune -> its values. Those that were given; a program does
    not keep them."""
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
