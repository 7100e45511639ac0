"""Nouns: what a backend gives back."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from neurodeploy.base.noun import FloatArray, IntArray, Name, Noun, NumberArray
from neurodeploy.base.rows import Bound, row_messages
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding, raise_errors
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.signals.state import RunState

__all__ = ["RanOn", "Recording"]

RanOn = Literal["reference", "emulator", "vendor-emulator", "silicon"]


class Recording(Noun):
    """One run: spikes, requested states, counters, and where it ran."""

    ran_on: RanOn
    """Whether a float reference, an emulator, a vendor's, or silicon."""
    backend: Name
    """Its name."""
    engine: str | None = None
    """Which engine of the backend computed it, "native" or "spec"; None: the backend has only one."""
    engine_note: str = ""
    """Why engine "auto" was not the native one; empty otherwise."""
    program_digest: str
    """Of the program that ran."""
    seed: int
    """Of encoders and noise."""
    n_samples: int
    """Samples that were complete."""
    n_steps: int
    """Last step run of each sample, drain included."""
    first_step: int = 1
    """Later than 1 if the run went on from a kept state; rows and states then begin there."""
    complete: bool = True
    """False if the run was stopped; what was recorded until then is here."""
    partial: bool = False
    """The one sample was stopped after step `n_steps`: figures per sample do not hold."""
    spikes: dict[Name, IntArray]
    """Population -> (n, 3) int32 rows (sample, step, neuron), ascending."""
    recorded: tuple[Name, ...] | None = None
    """Populations whose spikes were recorded; of the others there are no rows. None: all."""
    states: dict[Name, NumberArray] = Field(default_factory=dict)
    """Probe -> (n_samples, steps run, size): integers of the registers, or floats on the reference."""
    payloads: dict[Name, IntArray] = Field(default_factory=dict)
    """Population of graded spikes -> (n,) values, row for row with `spikes`."""
    input_spikes: dict[Name, IntArray] = Field(default_factory=dict)
    """Input -> (n, 3) int32 rows (sample, step, line) that it was shown in the steps run; with the program's tables they
    and `spikes` give every count of messages and synaptic operations, whatever backend ran."""
    active_updates: IntArray | None = None
    """(n_samples, steps run, n_cores) int32 compartments in which u, v, bias or input was not 0. None: not counted."""
    overflows: dict[Name, IntArray] = Field(default_factory=dict)
    """Population -> (3, size): steps in which a neuron's accumulator left its range, its current did, its voltage was
    limited; all samples. Absent: not watched; a row of zeros may be a proof instead of a count."""
    final_state: RunState | None = None
    """After the last step, if it was asked for."""
    findings: tuple[Diagnostic, ...] = ()
    """What the run showed that should worry: stopped, values that left their range, neurons that never or always fire."""

    def spike_counts(self, population: str, size: int) -> FloatArray:
        """Return (n_samples, size) spikes of each neuron in each sample.

        Raises DiagnosticError: ND510 (no such population), ND513 (rows that are none of this run, or of more neurons).
        """
        import numpy as np

        rows = self.spikes.get(population)
        if rows is None:
            told, fixes = f"population '{population}' does not exist", nearest(population, list(self.spikes))
            raise DiagnosticError("recording", (finding("ND510", about("recording"), told, fixes=fixes),))
        samples, steps = Bound("sample", 0, self.n_samples - 1), Bound("step", self.first_step, self.n_steps)
        bounds = samples, steps, Bound("neuron", 0, size - 1)
        wrong = row_messages(rows, bounds, f"spikes of population '{population}'", ordered=False)
        raise_errors("recording", [finding("ND513", about("recording"), item) for item in wrong])
        flat = rows[:, 0].astype(np.int64) * size + rows[:, 2].astype(np.int64)
        return np.bincount(flat, minlength=self.n_samples * size).reshape(self.n_samples, size)
