"""Verb: the state of the engine's arenas as a RunState, by population and neuron, and back. Runs nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program.program import Program
from neurodeploy.runtime.state import RunState
from neurodeploy_backends.emulator.lower import Lowered, Part

__all__ = ["kept_state", "restore"]

Array = NDArray[Any]
VARIABLES = ("u", "v", "refract")


def _populations(low: Lowered) -> list[tuple[Part, Any]]:
    """The parts that hold neurons, each with its row of the population table."""
    return [(part, low.layout.populations[k]) for k, part in enumerate(low.parts) if not part.is_input]


def _slots(row: Any, arena: Array) -> Array:
    """(planes, slots, size) accumulators of a part."""
    planes, slots, padded = int(row["planes"]), int(row["slots"]), int(row["padded"])
    block = arena[int(row["acc"]) : int(row["acc"]) + planes * slots * padded]
    return block.reshape(planes, slots, padded)[:, :, : int(row["size"])]


def _order(step: int, slots: int) -> Array:
    """The ring's slots in the order in which they act after `step`."""
    return (step + 1 + np.arange(slots)) % slots


def kept_state(program: Program, low: Lowered, states: list[Any], step: int) -> RunState:
    """Return the states of all samples after a step."""
    variables, arriving = dict[str, Array](), dict[str, Array]()
    for name, rows in low.row_of_neuron.items():
        for variable in VARIABLES:
            values = np.stack([getattr(state, variable)[rows] for state in states])
            variables[f"{name}.{variable}"] = values.astype(np.int64)
    for part, row in _populations(low):
        sums = np.stack([_slots(row, state.acc) for state in states]).astype(np.int64)
        sums = sums[:, :, _order(step, sums.shape[2])].transpose(0, 2, 1, 3)
        sums[:, :, 0] <<= int(row["left"]) - int(row["right"])
        size = low.row_of_neuron[part.name].size
        whole = arriving.setdefault(part.name, np.zeros((*sums.shape[:3], size), dtype=np.int64))
        whole[:, :, :, part.neurons] = sums
    return RunState(
        program_digest=program.digest(), n_samples=len(states), step=step, variables=variables, arriving=arriving
    )


def restore(low: Lowered, state: Any, kept: RunState, sample: int) -> None:
    """Set the arenas of one sample."""
    for name, rows in low.row_of_neuron.items():
        for variable in VARIABLES:
            getattr(state, variable)[rows] = kept.variables[f"{name}.{variable}"][sample]
    for part, row in _populations(low):
        sums = kept.arriving[part.name][sample][:, :, part.neurons].transpose(1, 0, 2).copy()
        sums[0] >>= int(row["left"]) - int(row["right"])
        _slots(row, state.acc)[:, _order(kept.step, sums.shape[1])] = sums.astype(state.acc.dtype)
    state.pending[:] = kept.step + int(low.layout.populations["slots"].max(initial=1))
