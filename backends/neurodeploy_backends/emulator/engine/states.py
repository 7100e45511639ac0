"""Conversion between kept states and the kernels' arenas, and the checks of a state before a run resumes from it.

`state_faults` checks a state completely, and `restore` relies on that: registers lie within the ranges in which the kernels
are exact, accumulators within the sums that all synapses together can produce. A state does not depend on the layout or
the number of
threads of the run that kept it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic
from neurodeploy.program.program import Program
from neurodeploy.signals.state import RunState
from neurodeploy_backends.emulator.engine.tables import TERNARY
from neurodeploy_backends.emulator.learning_state_checks import learning_state_faults
from neurodeploy_backends.emulator.lowering.lower import Lowered
from neurodeploy_backends.emulator.lowering.parts import Part
from neurodeploy_backends.emulator.register_ranges import proven_ranges, register_ranges
from neurodeploy_backends.emulator.state_checks import (
    VARIABLES,
    StateShape,
    outside,
    shape_faults,
    state_fault,
    unlimited,
)

__all__ = ["Held", "kept_arrays", "restore", "state_faults"]

Array = NDArray[Any]


class Held(NamedTuple):
    """Arrays of a state, as RunState names them."""

    variables: dict[str, Array]
    arriving: dict[str, Array]


class _Population(NamedTuple):
    """Planes of the sums that a state keeps of a population: one for each port, then one for each deferred class of synapses."""

    slots: int
    ports: int
    classes: list[int]


def _neurons(low: Lowered) -> Iterator[tuple[int, Part, Any]]:
    """Parts that hold neurons, each with its number and its population record."""
    for number, part in enumerate(low.parts):
        if not part.is_input:
            yield number, part, low.layout.populations[number]


def _form(low: Lowered, name: str) -> _Population:
    """The same for every layout; a range of a population may have fewer slots and planes than the whole."""
    own = [(number, row) for number, part, row in _neurons(low) if part.name == name]
    classes = {item for number, _ in own for item in low.arriving.classes[number]}
    return _Population(max(int(row["slots"]) for _, row in own), int(own[0][1]["ports"]), sorted(classes))


def _planes(low: Lowered, number: int, form: _Population) -> list[int]:
    """Plane of the kept state for each plane of a part."""
    return [*range(form.ports), *(form.ports + form.classes.index(item) for item in low.arriving.classes[number])]


def _slots(row: Any, arena: Array) -> Array:
    """(planes, slots, size) accumulators of a part."""
    planes, slots, padded = int(row["planes"]), int(row["slots"]), int(row["padded"])
    block = arena[int(row["acc"]) : int(row["acc"]) + planes * slots * padded]
    return block.reshape(planes, slots, padded)[:, :, : int(row["size"])]


def _order(step: int, slots: int) -> Array:
    """Slots in the order in which they arrive after `step`."""
    return (step + 1 + np.arange(slots)) % slots


def _unit(row: Any) -> int:
    """Low bits that are 0 in all finished sums of a part, and that its accumulators leave out."""
    return int(row["left"]) - int(row["right"])


def kept_arrays(low: Lowered, states: list[Any], step: int) -> Held:
    """The states of all samples after a step."""
    arrays = Held({}, {})
    for name, rows in low.row_of_neuron.items():
        for variable in VARIABLES:
            values = np.stack([getattr(state, variable)[rows] for state in states])
            arrays.variables[f"{name}.{variable}"] = values.astype(np.int64)
        for k in range(_memories(low, name)):
            arrays.variables[f"{name}.memory_{k}"] = np.stack([state.memory[k, rows] for state in states])
        form = _form(low, name)
        shape = (len(states), form.slots, form.ports + len(form.classes), rows.size)
        arrays.arriving[name] = np.zeros(shape, dtype=np.int64)
    for number, part, row in _neurons(low):
        sums = np.stack([_slots(row, state.acc) for state in states]).astype(np.int64)
        sums = sums[:, :, _order(step, sums.shape[2])]
        sums[:, 0] <<= _unit(row)
        for own, plane in enumerate(_planes(low, number, _form(low, part.name))):
            arrays.arriving[part.name][:, : sums.shape[2], plane, part.neurons] = sums[:, own]
    return arrays


def _memories(low: Lowered, name: str) -> int:
    """States besides u and v: 0 or 2."""
    models = {part.name: int(row["model"]) for _, part, row in _neurons(low)}
    return int(low.layout.initial.shape[0]) if models[name] > TERNARY else 0


def state_faults(program: Program, low: Lowered, kept: RunState) -> list[Diagnostic]:
    """ND509 for each array of a kept state that has another shape than this program's, or values that no run reaches."""
    shapes = dict[str, StateShape]()
    for name, rows in low.row_of_neuron.items():
        form = _form(low, name)
        shapes[name] = StateShape(rows.size, _memories(low, name), form.slots, form.ports + len(form.classes))
    items = {link.item.projection.name: link.item for link in low.plastic.links} if low.plastic else {}
    found = [*shape_faults(shapes, kept), *learning_state_faults(program, items, kept)]
    if found or program.faults:  # faulty bits can make any value
        return found
    return [state_fault(where, message) for where, message in (*_registers(program, low, kept), *_sums(low, kept))]


def _registers(program: Program, low: Lowered, kept: RunState) -> Iterator[tuple[str, str]]:
    ranges = register_ranges(program, folds=not low.wide)
    proven = int(low.layout.populations["proven"].max(initial=0))
    if proven:
        row = np.zeros(program.tables.n_rows, dtype=np.int64)
        for name, rows in program.table_rows.items():
            row[rows] = low.row_of_neuron[name]
        arriving = low.arriving.low[0][row], low.arriving.high[0][row]
        ranges = proven_ranges(program, ranges, arriving, voltage=proven == 2)
    for name, (least, most) in ranges.items():
        message = outside(kept.variables[name], least, most)
        if message:
            yield name, message


def _sums(low: Lowered, kept: RunState) -> Iterator[tuple[str, str]]:
    """Pending sums that the synapses of a part cannot have produced, or that its accumulators cannot hold."""
    reach = low.arriving
    for number, part, row in _neurons(low):
        form, given = _form(low, part.name), kept.arriving[part.name]
        sums, slots = given[..., part.neurons], int(row["slots"])
        here = slice(part.start, part.start + part.size)
        planes = _planes(low, number, form)
        rest = [plane for plane in range(given.shape[2]) if plane not in planes]
        if sums[:, slots:].any() or sums[:, :, rest].any():
            yield part.name, "holds sums that no synapse of their delay or exponent can have produced"
        if (sums[:, :, 0] & ((1 << _unit(row)) - 1)).any():
            yield part.name, f"holds sums that are not multiples of {1 << _unit(row)}, as all its weights are"
        ids = [reach.planes.index((port, 0)) if (port, 0) in reach.planes else -1 for port in range(form.ports)]
        ids += [int(reach.plane_of_class[item]) for item in reach.classes[number]]
        for plane, source in zip(planes, ids, strict=True):
            least = reach.low[source, here] if source >= 0 else np.zeros(part.size, dtype=np.int64)
            most = reach.high[source, here] if source >= 0 else np.zeros(part.size, dtype=np.int64)
            if number in reach.valued:
                least, most = unlimited(part.size)
            message = outside(sums[:, :, plane], least, most)
            if message:
                yield part.name, message


def restore(low: Lowered, state: Any, kept: RunState, sample: int) -> None:
    """Set the arenas of one sample from a state that `state_faults` accepts."""
    for name, rows in low.row_of_neuron.items():
        for variable in VARIABLES:
            getattr(state, variable)[rows] = kept.variables[f"{name}.{variable}"][sample]
        for k in range(_memories(low, name)):
            state.memory[k, rows] = kept.variables[f"{name}.memory_{k}"][sample]
    for number, part, row in _neurons(low):
        slots = int(row["slots"])
        given = kept.arriving[part.name][sample].astype(np.int64)[:slots, :, part.neurons]
        arena, order = _slots(row, state.acc), _order(kept.step, slots)
        for own, plane in enumerate(_planes(low, number, _form(low, part.name))):
            sums = given[:, plane] >> (_unit(row) if own == 0 else 0)
            arena[own, order] = sums.astype(state.acc.dtype)
    state.pending[:] = kept.step + int(low.layout.populations["slots"].max(initial=1))
