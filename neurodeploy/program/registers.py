"""Registers of the compartments of a program, in the order of neurons and not of cores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program.program import Program

__all__ = ["REGISTERS", "registers"]

REGISTERS = (
    "du",
    "dv",
    "vth_mant",
    "bias_mant",
    "bias_exp",
    "refract_delay",
    "vmin_exp",
    "vmax_exp",
    "spiking",
    "reset",
)
"""Columns of the tables that hold one register of each compartment."""


def registers(program: Program, name: str) -> dict[str, NDArray[np.int64]]:
    """Return register -> (size,) values of a population, in the order of its neurons. `name`: of a population of `program`."""
    rows, tables = program.table_rows[name], program.tables
    return {key: np.asarray(getattr(tables, key)[rows], dtype=np.int64) for key in REGISTERS}
