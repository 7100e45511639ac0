"""When a fault can act first, from the run without it.

A word of a synapse is read when its source spikes, and a comparator that is dead matters when it would fire. Until then the run is
that without the fault, so the source's spikes are too, and where there is none the fault does nothing. Sources that cannot be
looked up so cheaply, and all other places, may act from the first step on.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import Current
from neurodeploy.network.graded import IntegerNeuron
from neurodeploy.program.fault import Fault
from neurodeploy.program.program import Program
from neurodeploy.signals import Recording, Stimulus

__all__ = ["FirstSteps"]

Ints = NDArray[np.int64]
NEVER = 1 << 62


class FirstSteps:
    """First spike of every neuron and line, over all samples."""

    def __init__(self, program: Program, stimulus: Stimulus, recording: Recording) -> None:
        """`recording`: all spikes of a `program` on a `stimulus`, without a fault."""
        self._sources = {item.name: item.source for item in program.network.projections}
        self._first: Mapping[str, Ints] = _first_spikes(program, stimulus, recording)

    def first_step(self, fault: Fault) -> int | None:
        """Return the step from which on a `fault` may change anything; None if it never does."""
        begin = fault.step or 1
        if fault.where == "synapse":
            first = self._at(self._sources[fault.projection or ""], fault.pre or 0)
        elif fault.where in ("neuron", "axon") and fault.what == "dead":
            first = self._at(fault.population or "", fault.neuron or 0)
        elif fault.where == "line" and fault.what == "dead":
            first = self._at(fault.input or "", fault.line or 0)
        else:
            first = 1
        return None if first == NEVER else max(begin, first)

    def _at(self, name: str, number: int) -> int:
        return int(self._first[name][number]) if name in self._first else 1


def _first_spikes(program: Program, stimulus: Stimulus, recording: Recording) -> dict[str, Ints]:
    """Population or input -> (size,) first step of a spike; without those whose spikes carry values."""
    found = dict[str, Ints]()
    for item in program.network.populations:
        if not (isinstance(item.neuron, IntegerNeuron) and item.neuron.sends_values):
            found[item.name] = _first(recording.spikes[item.name], item.size)
    for item in program.network.inputs:
        if not isinstance(item.encoder, Current):
            rows = recording.input_spikes.get(item.name, stimulus.rows(item.name))
            found[item.name] = _first(rows, item.size)
    return found


def _first(rows: Ints, size: int) -> Ints:
    first = np.full(size, NEVER, dtype=np.int64)
    np.minimum.at(first, rows[:, 2], rows[:, 1])
    return first
