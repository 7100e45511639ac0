"""Conversion between states of the definition and kept states, with the same arrays as the compiled engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic
from neurodeploy.program.reachable import weight_ranges
from neurodeploy.signals.state import RunState
from neurodeploy_backends.emulator.learning_state_checks import learning_state_faults
from neurodeploy_backends.emulator.register_ranges import register_ranges
from neurodeploy_backends.emulator.spec import COMPARTMENTS, State, cleared
from neurodeploy_backends.emulator.spec_plastic import kept_learning
from neurodeploy_backends.emulator.spec_tables import Cells, Machine, reached_by
from neurodeploy_backends.emulator.state_checks import (
    VARIABLES,
    StateShape,
    outside,
    shape_faults,
    state_fault,
    unlimited,
)

__all__ = ["KeptArrays", "joined_arrays", "kept_arrays", "restored", "state_faults"]

Array = NDArray[Any]


class KeptArrays(NamedTuple):
    """Arrays of a state, as `RunState` names them."""

    variables: dict[str, Array]
    arriving: dict[str, Array]
    learning: dict[str, Array]


def _names(cells: Cells) -> tuple[str, ...]:
    return (*VARIABLES, *(() if cells.kind in COMPARTMENTS else ("memory_0", "memory_1")))


def _order(cells: Cells, t: int) -> Array:
    """Slots of the ring in the order of their arrival after step t."""
    return (t + 1 + np.arange(cells.slots)) % cells.slots


def kept_arrays(machine: Machine, state: State, t: int) -> KeptArrays:
    """The state after step t."""
    kept = KeptArrays({}, {}, kept_learning(state.plastic))
    for name, cells in machine.populations.items():
        for variable in _names(cells):
            kept.variables[f"{name}.{variable}"] = getattr(state, variable)[:, cells.rows]
        kept.arriving[name] = cells.ring(state.ring)[:, _order(cells, t)]
    return kept


def joined_arrays(parts: list[KeptArrays]) -> KeptArrays:
    """States of several ranges of samples as one."""
    first = parts[0]
    return KeptArrays(
        {name: np.concatenate([part.variables[name] for part in parts]) for name in first.variables},
        {name: np.concatenate([part.arriving[name] for part in parts]) for name in first.arriving},
        {name: np.concatenate([part.learning[name] for part in parts]) for name in first.learning},
    )


def restored(machine: Machine, kept: RunState, samples: range) -> State:
    """State of some samples of a kept state that `state_faults` accepts."""
    state, some = cleared(machine, len(samples)), slice(samples.start, samples.stop)
    for name, cells in machine.populations.items():
        for variable in _names(cells):
            getattr(state, variable)[:, cells.rows] = kept.variables[f"{name}.{variable}"][some]
        cells.ring(state.ring)[:, _order(cells, kept.step)] = kept.arriving[name][some]
    return state


def state_faults(machine: Machine, kept: RunState) -> list[Diagnostic]:
    """ND509 for each array of a kept state that has another shape than this program's, or values that no run reaches."""
    shapes = {
        name: StateShape(cells.rows.size, len(_names(cells)) - len(VARIABLES), cells.slots, cells.planes)
        for name, cells in machine.populations.items()
    }
    found = [*shape_faults(shapes, kept), *learning_state_faults(machine.program, machine.plastic, kept)]
    if found or machine.program.faults:  # faulty bits can make any value
        return found
    return [state_fault(where, message) for where, message in (*_registers(machine, kept), *_sums(machine, kept))]


def _registers(machine: Machine, kept: RunState) -> Iterator[tuple[str, str]]:
    for name, (low, high) in register_ranges(machine.program, folds=False).items():
        message = outside(kept.variables[name], low, high)
        if message:
            yield name, message


def _sums(machine: Machine, kept: RunState) -> Iterator[tuple[str, str]]:
    """Pending sums that the synapses of a population cannot have produced."""
    low, high, valued = _bounds(machine)
    for name, cells in machine.populations.items():
        for plane in range(cells.planes):
            places = cells.first + plane * cells.rows.size + np.arange(cells.rows.size)
            least, most = unlimited(cells.rows.size) if name in valued else (low[places], high[places])
            message = outside(kept.arriving[name][:, :, plane], least, most)
            if message:
                yield name, message


def _bounds(machine: Machine) -> tuple[Array, Array, set[str]]:
    """(cells,) least and greatest sum that one step can send, in the cells of slot 0; populations that values reach."""
    low, high = np.zeros(machine.n_cells, dtype=np.int64), np.zeros(machine.n_cells, dtype=np.int64)
    program = machine.program
    ends = weight_ranges(program, program.target.dialect)
    names, valued = list(machine.populations), set[str]()
    for source, routes in machine.routes.items():
        for row, entry in reached_by(program.tables, routes, machine.present):
            cell = machine.cell(row, np.zeros_like(row), machine.plane(entry, row))
            np.add.at(low, cell, np.minimum(ends[0][entry], 0))
            np.add.at(high, cell, np.maximum(ends[1][entry], 0))
            if source in machine.graded:
                valued |= {names[number] for number in np.unique(machine.population[row])}
    return low, high, valued
