"""Ranges of u, v and refractory steps that a run can reach: an engine's arithmetic relies on them in a state from which it
resumes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.check.state_bounds import state_bounds
from neurodeploy.hardware.arithmetic import voltage_limits
from neurodeploy.program.program import Program
from neurodeploy_backends.emulator.spec import COMPARTMENTS
from neurodeploy_backends.emulator.state_checks import unlimited

__all__ = ["proven_ranges", "register_ranges"]

Array = NDArray[Any]
Ranges = dict[str, tuple[Array, Array]]
"""\"population.variable" -> least and greatest value, (size,) each."""


def register_ranges(program: Program, *, folds: bool) -> Ranges:
    """Ranges that the dialect and each neuron's own registers keep. `folds`: u is within one fold, as 32 bits need it."""
    found: Ranges = {}
    for item in program.populations:
        size = item.size
        if item.kind in COMPARTMENTS:
            found |= _of_compartments(program, item.name, folds=folds)
        else:
            found |= dict.fromkeys(
                (f"{item.name}.{name}" for name in ("u", "v", "memory_0", "memory_1")), unlimited(size)
            )
            found[f"{item.name}.refract"] = (np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64))
    return found


def _of_compartments(program: Program, name: str, *, folds: bool) -> Ranges:
    dialect, tables, rows = program.target.dialect, program.tables, program.table_rows[name]
    size, top = rows.size, np.int64(1 << dialect.state_bits)
    u_low, u_high = unlimited(size)
    if dialect.current_overflow == "wrap":
        u_low, u_high = np.full(size, -top), np.full(size, top - 1)
    elif dialect.current_overflow == "fold" and folds:
        u_low, u_high = np.full(size, -top), np.full(size, top)
    v_low, v_high = voltage_limits(dialect, tables.vmin_exp[rows], tables.vmax_exp[rows])
    dead = np.maximum(tables.refract_delay[rows].astype(np.int64) - 1, 0)
    return {
        f"{name}.u": (u_low, u_high),
        f"{name}.v": (np.minimum(v_low, 0), np.maximum(v_high, 0)),
        f"{name}.refract": (np.zeros(size, dtype=np.int64), dead),
    }


def proven_ranges(program: Program, found: Ranges, arriving: tuple[Array, Array], *, voltage: bool) -> Ranges:
    """`found` narrowed to the proven range of u, and of v if `voltage`, for an engine that relies on the proof.

    `arriving`: (rows,) least and greatest sum that can arrive at each row of the core tables in one step.
    """
    narrowed = dict(found)
    for item in state_bounds(program, arriving=arriving):
        proven = {"u": (item.u_low, item.u_high)} | ({"v": (item.v_low, item.v_high)} if voltage else {})
        for variable, (least, most) in proven.items():
            name = f"{item.population}.{variable}"
            low, high = found[name]
            narrowed[name] = np.maximum(low, np.minimum(least, 0)), np.minimum(high, np.maximum(most, 0))
    return narrowed
