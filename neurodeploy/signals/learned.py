"""What plastic projections have learned."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from neurodeploy.base.noun import IntArray, Noun

__all__ = ["Learned"]


class Learned(Noun):
    """Weights, delay variables and tags of the plastic projections of a program after a run."""

    format: Literal["neurodeploy-learned"] = "neurodeploy-learned"
    program_digest: str
    """Digest of the program."""
    step: int = Field(ge=0)
    """Last step of the samples."""
    synapses: dict[str, IntArray] = Field(default_factory=dict)
    """"projection.w", "projection.d", "projection.t" -> (n, n_synapses) int16, synapses by source and then by target; w in
    mantissas. n: number of samples that learned apart, or 1."""
