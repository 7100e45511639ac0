"""The definition under hardware faults: the machine of each set of faults that are there, and what they do before a step.

Step t of a program with faults, before everything else (see `spec`):

1. bits of u, v and refractory counters that are faulty in t are changed, fault by fault, in the order of the program;
2. the step then runs on the tables as they read in t (`faults.effects.program_under`): registers for its updates, words and
   routes of synapses for what is sent in it;
3. dead lines show nothing in it, and lines that are stuck at 1 spike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.faults.edits import edits_of
from neurodeploy.faults.effects import program_under
from neurodeploy.faults.schedule import is_active
from neurodeploy.program.fault import Fault
from neurodeploy_backends.emulator.spec import Made, State, step
from neurodeploy_backends.emulator.spec_tables import Machine, Sending, registers_of, routes_of, weights_of

__all__ = ["Faulty"]

Ints = NDArray[np.int64]
Array = NDArray[Any]


class Faulty:
    """A machine and the faults of its program, if there are any."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.edits = [edits_of(machine.program, fault) for fault in machine.program.faults]
        self.now = machine
        """The machine of the last step."""
        self._under = dict[tuple[bool, ...], Machine]()

    def step(self, state: State, t: int, inputs: Mapping[str, Sending], draws: Mapping[str, Ints]) -> Made:
        """Advance every sample by step t, as `spec.step` does, under the faults that are there in t."""
        if not self.edits:
            return step(self.machine, state, t, inputs, draws)
        active = tuple(is_active(item.fault, t) for item in self.edits)
        now = [item for item, on in zip(self.edits, active, strict=True) if on]
        for item in now:
            if item.state is not None:
                name, row, masks = item.state
                values: Ints = getattr(state, name)
                values[:, row] = ((values[:, row] & masks.keep) | masks.put) ^ masks.flip
        if active not in self._under:
            self._under[active] = self._machine_under(active)
        shown = _shown(inputs, [item.fault for item in now if item.fault.where == "line"], len(state.u))
        self.now = self._under[active]
        return step(self.now, state, t, shown, draws)

    def _machine_under(self, active: tuple[bool, ...]) -> Machine:
        """The machine whose tables are those that read under some faults; state has the layout of the whole."""
        own, now = self.machine, [item for item, on in zip(self.edits, active, strict=True) if on]
        program = program_under(own.program, now)
        registers = registers_of(program)
        return own._replace(
            program=program,
            routes=routes_of(program),
            registers=registers,
            weight=weights_of(program),
            populations={
                name: cells._replace(registers={key: values[cells.rows] for key, values in registers.items()})
                for name, cells in own.populations.items()
            },
        )


def _shown(inputs: Mapping[str, Sending], faults: list[Fault], samples: int) -> Mapping[str, Sending]:
    """What inputs show under faults of lines: lines that are stuck at 1 spike, then dead ones do not."""
    found = dict(inputs)
    for fault in sorted(faults, key=lambda item: item.what == "dead"):
        name = fault.input or ""
        there = found.get(name, Sending(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)))
        others = there.number != fault.line
        sample, number, value = (column[others] for column in there)
        if fault.what == "stuck_at_1":
            every = np.arange(samples)
            sample, number = np.r_[sample, every], np.r_[number, np.full(samples, fault.line or 0)]
            value = np.r_[value, np.ones(samples, dtype=np.int64)]
        found[name] = Sending(sample.astype(np.int64), number.astype(np.int64), value)
    return found
