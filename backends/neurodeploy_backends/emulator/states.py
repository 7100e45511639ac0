"""Verb: the state of the engine's arenas as a RunState, by population and neuron, and back. Runs nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, finding
from neurodeploy.program.program import Program
from neurodeploy.runtime.state import RunState
from neurodeploy_backends.emulator import kernels as _kernels
from neurodeploy_backends.emulator.lower import Lowered
from neurodeploy_backends.emulator.parts import Part

__all__ = ["kept_state", "restore", "state_faults"]

kernels: Any = _kernels
Array = NDArray[Any]
VARIABLES = ("u", "v", "refract")
"""Of every kind; kinds of two numbers more keep them as memory_0 and memory_1."""


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
        for k in range(_memories(low, name)):
            variables[f"{name}.memory_{k}"] = np.stack([state.more[k, rows] for state in states])
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


def _memories(low: Lowered, name: str) -> int:
    """Numbers that a population's neurons keep besides u and v."""
    models = {part.name: int(row["model"]) for part, row in _populations(low)}
    return int(low.layout.initial.shape[0]) if models[name] > kernels.TERNARY else 0


def _expected_shapes(low: Lowered, samples: int) -> dict[str, tuple[int, ...]]:
    """Return what a kept state has to hold: variable or population -> shape."""
    found = dict[str, tuple[int, ...]]()
    for name, rows in low.row_of_neuron.items():
        names = [*VARIABLES, *(f"memory_{k}" for k in range(_memories(low, name)))]
        found |= {f"{name}.{variable}": (samples, rows.size) for variable in names}
    for part, row in _populations(low):
        found[part.name] = (samples, int(row["slots"]), int(row["planes"]), low.row_of_neuron[part.name].size)
    return found


def state_faults(low: Lowered, kept: RunState) -> list[Diagnostic]:
    """Return ND509 for everything that a kept state lacks, or has in another shape."""
    held = {**kept.variables, **kept.arriving}
    found = list[Diagnostic]()
    for name, shape in _expected_shapes(low, kept.n_samples).items():
        given = held.get(name)
        if given is None or given.shape != shape:
            told = "lacks it" if given is None else f"holds it in shape {list(given.shape)}; needs {list(shape)}"
            found.append(finding("ND509", f"state '{name}'", f"the state to go on from {told}"))
    return found


def restore(low: Lowered, state: Any, kept: RunState, sample: int) -> None:
    """Set the arenas of one sample."""
    for name, rows in low.row_of_neuron.items():
        for variable in VARIABLES:
            getattr(state, variable)[rows] = kept.variables[f"{name}.{variable}"][sample]
        for k in range(_memories(low, name)):
            state.more[k, rows] = kept.variables[f"{name}.memory_{k}"][sample]
    for part, row in _populations(low):
        sums = kept.arriving[part.name][sample][:, :, part.neurons].transpose(1, 0, 2).copy()
        sums[0] >>= int(row["left"]) - int(row["right"])
        _slots(row, state.acc)[:, _order(kept.step, sums.shape[1])] = sums.astype(state.acc.dtype)
    state.pending[:] = kept.step + int(low.layout.populations["slots"].max(initial=1))
