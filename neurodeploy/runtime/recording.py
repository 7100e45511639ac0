"""Nouns: what a backend gives back."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from neurodeploy._noun import FloatArray, IntArray, Name, Noun, NumberArray

__all__ = ["Counters", "RanOn", "Recording"]

RanOn = Literal["reference", "emulator", "vendor-emulator", "silicon"]


class Counters(Noun):
    """Events by (sample, step, core), each (n_samples, n_steps, n_cores) int32. Steps in index 0 are step 1."""

    spikes: IntArray
    """Spikes fired by the core's compartments."""
    active_updates: IntArray
    """Compartment rows in which u, v, bias or input was not 0."""
    messages_out: IntArray
    """(spike, destination core) pairs sent; spikes of inputs are sent by nobody."""
    messages_in: IntArray
    """(spike, this core) pairs received, inputs included, in the step after they were sent."""
    synops_dense: IntArray
    """List entries touched, by encoding; counted in the step the message is received."""
    synops_sparse: IntArray
    synops_shared: IntArray


class Recording(Noun):
    """One run: spikes, requested states, counters, and where it ran."""

    ran_on: RanOn
    backend: Name
    program_digest: str
    seed: int
    n_samples: int
    n_steps: int
    """Steps run per sample, drain included."""
    complete: bool = True
    """False if the run was stopped; what was recorded until then is here."""
    spikes: dict[Name, IntArray]
    """Population -> (n, 3) int32 rows (sample, step, neuron), sorted."""
    states: dict[Name, NumberArray] = Field(default_factory=dict)
    """Probe -> (n_samples, n_steps, size): integers of the registers, or floats on the reference."""
    input_spikes: dict[Name, int] = Field(default_factory=dict)
    """Input -> spikes shown, all samples."""
    counters: Counters | None = None
    overflows: dict[Name, IntArray] = Field(default_factory=dict)
    """Population -> (3,): accumulator wraps, current wraps, voltage clips seen. Absent: not watched."""

    def spike_counts(self, population: str, size: int) -> FloatArray:
        """Return (n_samples, size) spikes of each neuron in each sample."""
        import numpy as np

        rows = self.spikes[population]
        flat = rows[:, 0].astype(np.int64) * size + rows[:, 2]
        return np.bincount(flat, minlength=self.n_samples * size).reshape(self.n_samples, size)
