"""Ranges of the registers that a run can reach, as the layout's arithmetic needs them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.check.state_bounds import state_bounds
from neurodeploy.hardware.arithmetic import voltage_limits
from neurodeploy.program.program import Program
from neurodeploy.program.tables import RESETS
from neurodeploy_backends.emulator.engine import kernels as _kernels
from neurodeploy_backends.emulator.lowering.lower import Lowered

__all__ = ["register_ranges"]

kernels: Any = _kernels
Array = NDArray[Any]
Ranges = dict[str, tuple[Array, Array]]
LARGEST = 1 << 47
"""A register that no dialect limits: its product with any factor stays within 63 bits."""


def register_ranges(program: Program, low: Lowered) -> Ranges:
    """Return, by "population.variable", the least and greatest value of each neuron, (size,) each."""
    rows_of = {part.name: low.layout.populations[k] for k, part in enumerate(low.parts) if not part.is_input}
    found: Ranges = {}
    for name, row in rows_of.items():
        size = low.row_of_neuron[name].size
        free = np.full(size, -LARGEST), np.full(size, LARGEST)
        if int(row["model"]) > kernels.TERNARY:
            found |= dict.fromkeys((f"{name}.{item}" for item in ("u", "v", "memory_0", "memory_1")), free)
            found[f"{name}.refract"] = (np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64))
        else:
            found |= _of_cuba(program, low, name)
    if any(int(row["proven"]) for row in rows_of.values()):
        found |= _narrowed(program, low, found)
    return found


def _of_cuba(program: Program, low: Lowered, name: str) -> Ranges:
    """What the dialect and the neuron's own registers keep."""
    dialect, tables, rows = program.target.dialect, program.tables, program.table_rows[name]
    size, top = rows.size, np.int64(1 << dialect.state_bits)
    u_low, u_high = np.full(size, -LARGEST), np.full(size, LARGEST)
    if dialect.current_overflow == "wrap":
        u_low, u_high = np.full(size, -top), np.full(size, top - 1)
    elif dialect.current_overflow == "fold" and not low.wide:
        u_low, u_high = np.full(size, -top), np.full(size, top)
    v_low, v_high = voltage_limits(dialect, tables.vmin_exp[rows], tables.vmax_exp[rows])
    threshold = tables.vth_mant[rows].astype(np.int64) << dialect.threshold_shift_bits
    # a reset by subtraction of a negative threshold goes beyond the limit until the next step
    beyond = np.where(tables.reset[rows] == RESETS["subtract"], np.maximum(-threshold, 0), 0)
    dead = np.maximum(tables.refract_delay[rows].astype(np.int64) - 1, 0)
    return {
        f"{name}.u": (u_low, u_high),
        f"{name}.v": (np.maximum(np.minimum(v_low, 0), -LARGEST), np.minimum(np.maximum(v_high, 0), LARGEST) + beyond),
        f"{name}.refract": (np.zeros(size, dtype=np.int64), dead),
    }


def _narrowed(program: Program, low: Lowered, found: Ranges) -> Ranges:
    """The ranges that were proven, where the engine relies on the proof and does not look."""
    reach: Any = low.reach
    row = np.zeros(program.tables.n_rows, dtype=np.int64)
    for name, rows in program.table_rows.items():
        row[rows] = low.row_of_neuron[name]
    narrowed: Ranges = {}
    for item in state_bounds(program, arriving=(reach.low[0][row], reach.high[0][row])):
        proven = {"u": (item.u_low, item.u_high)}
        if low.layout.populations["proven"].max() == 2:
            proven["v"] = (item.v_low, item.v_high)
        for variable, (least, most) in proven.items():
            name = f"{item.population}.{variable}"
            one, other = found[name]
            narrowed[name] = np.maximum(one, np.minimum(least, 0)), np.minimum(other, np.maximum(most, 0))
    return narrowed
