"""What a layout must hold besides its program, so that faults can change it in a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.faults.check import is_graded
from neurodeploy.faults.edits import Edits, edits_of
from neurodeploy.faults.effects import delays_under
from neurodeploy.faults.places import Reached, entry_routes, routes_of
from neurodeploy.hardware.arithmetic import effective_weights, mantissa_limits
from neurodeploy.program.program import Program
from neurodeploy.program.tables import SynapseFormat
from neurodeploy_backends.emulator.lowering.models import MODELS, graded

__all__ = ["Disturbed", "Tolerance", "cannot_be_patched", "has_rows", "tolerance_for"]

Array = NDArray[Any]
Disturbed = Literal["own", "words", "registers"]
"""Which faults a layout allows: those of its program, any of state, messages and words, or any of registers too."""


class Tolerance(NamedTuple):
    """What faults can make of a program."""

    slots: dict[str, int]
    """Population -> 1 + the longest delay that a faulty synapse into it can have."""
    extra: int
    """Most that faulty words add to what arrives at one neuron in one step, in size."""
    patched: frozenset[str]
    """Populations whose registers can be faulty."""


def _most(program: Program, style: SynapseFormat) -> int:
    """The largest weight of a format, in size."""
    dialect = program.target.dialect
    ends = np.array(mantissa_limits(dialect, style.weight_bits, style.sign_mode))
    return int(np.abs(effective_weights(dialect, ends, style.weight_bits, style.exponent, style.sign_mode)).max())


def tolerance_of(program: Program, edits: Sequence[Edits]) -> Tolerance:
    """What the faults of a program need."""
    every, extra = np.arange(routes_of(program).core.size), 0
    most = max((_most(program, style) for style in program.formats), default=0)
    for entry in {item.entry for item in edits if item.entry >= 0}:
        extra += most * int(entry_routes(program, every, entry=entry).row.size)
    rows = [row for item in edits for row in _rows(item)]
    numbers = set[int](program.tables.population[np.array(rows, dtype=np.int64)].tolist())
    return Tolerance(delays_under(program, edits), extra, frozenset(program.populations[k].name for k in numbers))


def _rows(item: Edits) -> list[int]:
    """Table rows for which kernels must read each neuron's own registers, or count its refractory steps."""
    own = [] if item.register is None else [item.register[1]]
    own += [item.state[1]] if item.state is not None and item.state[0] == "refract" else []
    return [*own, *item.silent.tolist(), *item.firing.tolist()]


def has_rows(item: Edits) -> bool:
    """Whether there are any of these."""
    return bool(_rows(item))


def tolerance_of_all(program: Program, *, registers: bool) -> Tolerance:
    """What any faults of a program need. `registers`: whether registers of configuration are among them."""
    tables, every = program.tables, np.arange(routes_of(program).core.size)
    reached, slots = entry_routes(program, every), dict[str, int]()
    style = np.repeat(tables.segment_format, np.diff(tables.entry_ptr))[reached.entry]
    delays = np.array([item.delay_bits for item in program.formats], dtype=np.int64)
    target = tables.population[reached.row]
    for number, item in enumerate(program.populations):
        bits = int(delays[style[target == number]].max(initial=0))
        slots[item.name] = 1 << bits
    most = np.array([_most(program, item) for item in program.formats], dtype=np.int64)
    extra = int(np.bincount(reached.row, weights=most[style], minlength=1).max()) if reached.row.size else 0
    return Tolerance(slots, extra, frozenset(item.name for item in program.populations) if registers else frozenset())


def tolerance_for(program: Program, disturbed: Disturbed) -> Tolerance | None:
    """What a layout of a program must hold for some faults; None for a program without any."""
    if disturbed != "own":
        return tolerance_of_all(program, registers=disturbed == "registers")
    return tolerance_of(program, [edits_of(program, fault) for fault in program.faults]) if program.faults else None


def cannot_be_patched(program: Program, reached: Reached) -> str:
    """Why kernels cannot add what faults of the synapses `reached` do; empty if they can."""
    routes, senders = routes_of(program), graded(program)
    for source in set[int](routes.source[reached.route].tolist()):
        if source < 0:
            name = program.inputs[-1 - source].name
            if is_graded(program, name):
                return f"faults of synapses of input '{name}', which shows values"
            continue
        item = program.populations[int(program.tables.population[source])]
        if item.name in senders or MODELS.get(item.kind) != MODELS["loihi_cuba"]:
            return f"faults of synapses of population '{item.name}', which sends values"
    for item in program.network.projections:
        if item.port != "a":
            return f"faults of synapses next to port '{item.port}' of projection '{item.name}'"
    if program.target.dialect.exponent_stage == "sum" and any(style.exponent < 0 for style in program.formats):
        return "faults of synapses whose sums are shifted"
    return ""
