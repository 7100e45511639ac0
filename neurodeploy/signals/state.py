"""State of a network between two steps, from which a run can resume."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from neurodeploy.base.noun import IntArray, Name, Noun
from neurodeploy.base.rows import LARGEST

__all__ = ["RunState"]


class RunState(Noun):
    """Complete state of every sample after step `step`, including spikes in flight; resuming from it is bit-exact.

    Arrays are in neuron order, so the state does not depend on cores, threads or options. `shown` identifies the input
    so far; resuming with a different input is refused.
    """

    later: ClassVar[tuple[str, ...]] = ("learning",)
    format: Literal["neurodeploy-state"] = "neurodeploy-state"
    program_digest: str
    """Digest of the program."""
    n_samples: int = Field(gt=0, le=LARGEST)
    """Number of samples."""
    step: int = Field(gt=0, le=LARGEST)
    """Last step that was run, counted from 1."""
    seed: int = Field(default=0, ge=-(2**63), lt=2**63)
    """Seed of the run. Noise depends on it and on the number of each sample."""
    first_sample: int = Field(default=0, ge=0, le=LARGEST)
    """Number of the first sample, as in the stimulus."""
    shown: tuple[str, ...]
    """(n_samples,) hash of the input of each sample in steps 1..`step` (see neurodeploy.simulate.shown)."""
    variables: dict[str, IntArray] = Field(default_factory=dict)
    """"population.variable" -> (n_samples, size): u, v, refract and the other variables of the neuron kind."""
    arriving: dict[Name, IntArray] = Field(default_factory=dict)
    """Population -> (n_samples, slots, planes, size) sums of weights in flight: slot k acts in step `step` + 1 + k.
    Plane 0 holds final sums; the other planes have yet to be scaled by a negative weight exponent."""
    learning: dict[str, IntArray] = Field(default_factory=dict)
    """"projection.variable" of plastic projections: w, d, t -> (n_samples, n_synapses), synapses by source and then by
    target; traces x1, x2 and step of the epoch's last spike tx -> (n_samples, n_source); y1, y2, y3, ty -> (n_samples,
    n_target)."""
