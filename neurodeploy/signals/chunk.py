"""What a session gives for a range of steps."""

from __future__ import annotations

from dataclasses import dataclass, field

from neurodeploy.base.noun import IntArray

__all__ = ["Chunk"]


@dataclass(frozen=True, slots=True)
class Chunk:
    """The steps that one call of a session ran. A plain dataclass: thousands are made in a second."""

    first_step: int
    """First step that was run; steps count from 1."""
    last_step: int
    """Last step that was run; `first_step` - 1 if there was none."""
    spikes: dict[str, IntArray] = field(default_factory=dict[str, IntArray])
    """Recorded population -> (n, 2) int32 rows (step, neuron), ascending."""
    payloads: dict[str, IntArray] = field(default_factory=dict[str, IntArray])
    """Recorded population with graded spikes -> (n,) int64 values, one for each row of `spikes`."""
    states: dict[str, IntArray] = field(default_factory=dict[str, IntArray])
    """Probe -> (steps, size) int64 register values, as in a recording."""
    overflows: dict[str, IntArray] = field(default_factory=dict[str, IntArray])
    """Population -> (3, size) numbers of these steps in which the accumulator left its range, the current left its range,
    and the voltage was limited. Absent: not counted."""
    late: int = 0
    """Rows of the call that were dropped, because their steps had been run."""

    @property
    def steps(self) -> int:
        """Number of steps that were run."""
        return self.last_step - self.first_step + 1
