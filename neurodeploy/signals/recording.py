"""Recording of a run, as backends return it."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from neurodeploy.base.noun import FloatArray, IntArray, Name, Noun, NumberArray
from neurodeploy.base.rows import Bound, row_messages
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding, raise_errors
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.signals.learned import Learned
from neurodeploy.signals.state import RunState

__all__ = ["RanOn", "Recording"]

RanOn = Literal["reference", "emulator", "vendor-emulator", "silicon"]


class Recording(Noun):
    """Result of one run: spikes, requested states, counters and provenance."""

    later: ClassVar[tuple[str, ...]] = ("learned",)
    ran_on: RanOn
    """Kind of machine: float reference, emulator, a vendor's emulator, or silicon."""
    backend: Name
    """Name of the backend."""
    engine: str | None = None
    """Engine that computed it, "native" or "spec"; None if the backend has only one."""
    engine_note: str = ""
    """Reason why "auto" did not select the native engine: its library or a kernel is missing. Empty otherwise."""
    program_digest: str
    """Digest of the program."""
    seed: int
    """Seed of encoders and noise."""
    n_samples: int
    """Number of complete samples."""
    n_steps: int
    """Last step of each sample, drain included."""
    first_step: int = 1
    """First step; greater than 1 if the run resumed from a state."""
    complete: bool = True
    """False if the run was stopped; data recorded before that is kept."""
    partial: bool = False
    """True if a run of one sample was stopped after step `n_steps`; figures per sample are then not valid."""
    spikes: dict[Name, IntArray]
    """Population -> (n, 3) int32 rows (sample, step, neuron), ascending."""
    recorded: tuple[Name, ...] | None = None
    """Populations whose spikes were recorded; None means all. The others have no rows."""
    states: dict[Name, NumberArray] = Field(default_factory=dict)
    """Probe -> (n_samples, steps run, size) register values; floats on the reference."""
    payloads: dict[Name, IntArray] = Field(default_factory=dict)
    """Population with graded spikes -> (n,) values, one for each row of `spikes`."""
    input_spikes: dict[Name, IntArray] = Field(default_factory=dict)
    """Input -> (n, 3) int32 rows (sample, step, line) of its spikes in the steps run. With `spikes` and the program's tables
    they determine all counts of messages and synaptic operations, on any backend."""
    active_updates: IntArray | None = None
    """(n_samples, steps run, n_cores) int32 numbers of compartments with non-zero u, v, bias or input. None: not counted."""
    overflows: dict[Name, IntArray] = Field(default_factory=dict)
    """Population -> (3, size) numbers of steps in which the accumulator left its range, the current left its range, and the
    voltage was limited, over all samples. Absent: not counted. Zeros may be proven instead of counted."""
    final_state: RunState | None = None
    """State after the last step, if requested by `keep_state`."""
    learned: Learned | None = None
    """What plastic projections have learned; None without any."""
    findings: tuple[Diagnostic, ...] = ()
    """Findings of the run: stopped, values out of range, neurons that never or always fire."""

    def spike_counts(self, population: str, size: int) -> FloatArray:
        """Return the (n_samples, size) numbers of spikes of each neuron in each sample.

        `size`: number of neurons. Raises DiagnosticError: ND510 (no such population), ND513 (rows out of range).
        """
        import numpy as np

        rows = self.spikes.get(population)
        if rows is None:
            message, fixes = f"population '{population}' does not exist", nearest(population, list(self.spikes))
            raise DiagnosticError("recording", (finding("ND510", about("recording"), message, fixes=fixes),))
        samples, steps = Bound("sample", 0, self.n_samples - 1), Bound("step", self.first_step, self.n_steps)
        bounds = samples, steps, Bound("neuron", 0, size - 1)
        wrong = row_messages(rows, bounds, f"spikes of population '{population}'", ordered=False)
        raise_errors("recording", [finding("ND513", about("recording"), item) for item in wrong])
        flat = rows[:, 0].astype(np.int64) * size + rows[:, 2].astype(np.int64)
        return np.bincount(flat, minlength=self.n_samples * size).reshape(self.n_samples, size)
