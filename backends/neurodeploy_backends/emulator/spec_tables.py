"""A program's core tables as the definition reads them: integers of 64 bits, one row for each compartment."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.arithmetic import UNBOUNDED, effective_weights, voltage_limits
from neurodeploy.program.program import Program

__all__ = ["Machine", "machine_of"]

Ints = NDArray[np.int64]
Array = NDArray[Any]


class Machine(NamedTuple):
    """A program's tables as the rules read them."""

    program: Program
    registers: dict[str, Ints]
    """(rows,) each."""
    rows: dict[str, Array]
    """Population -> its rows, in the order of its neurons."""
    core: Ints
    """(rows,)."""
    initial: Ints
    """(rows,) what `first` and `second` begin with."""
    slots: int
    port: Ints
    """(formats,)."""
    deferred: Array
    """(formats,) bits by which the sum of a projection is still shifted; 0 where weights are shifted one by one."""
    projection: Ints
    """(formats,) number of the projection."""
    weight: Ints
    """(entries,) what an entry adds, its sum not yet shifted where that is deferred."""


def machine_of(program: Program) -> Machine:
    """Return the machine of a sound program."""
    tables, network = program.tables, program.network
    port = {item.name: "ab".index(item.port) for item in network.projections}
    number = {item.name: index for index, item in enumerate(network.projections)}
    on_sum = program.target.dialect.exponent_stage == "sum"
    rows = {item.name: program.table_rows[item.name] for item in program.populations}
    registers = _registers(program)
    return Machine(
        program=program,
        registers=registers,
        rows=rows,
        core=np.repeat(np.arange(tables.n_cores), np.diff(tables.compartment_ptr.astype(np.int64))),
        initial=_initial(program, rows),
        slots=2 + int(tables.entry_delay.max(initial=0)),
        port=np.array([port[item.projection] for item in program.formats], dtype=np.int64),
        deferred=np.array([max(-item.exponent, 0) if on_sum else 0 for item in program.formats], dtype=np.int64),
        projection=np.array([number[item.projection] for item in program.formats], dtype=np.int64),
        weight=_entry_weights(program),
    )


def _registers(program: Program) -> dict[str, Ints]:
    tables, dialect = program.tables, program.target.dialect
    names = ("du", "dv", "vth_mant", "bias_mant", "bias_exp", "refract_delay", "reset", "spiking")
    t = {name: getattr(tables, name).astype(np.int64) for name in names}
    one, vth = 1 << dialect.decay_bits, t["vth_mant"] << dialect.threshold_shift_bits
    vmin, vmax = voltage_limits(dialect, tables.vmin_exp, tables.vmax_exp)
    return {
        "keep_u": one - t["du"] - dialect.current_decay_offset,
        "keep_v": one - t["dv"] - dialect.voltage_decay_offset,
        "bias": t["bias_mant"] << t["bias_exp"],
        "vth": vth,
        "fires_above": np.where(t["spiking"] == 1, vth, UNBOUNDED),
        "vmin": vmin,
        "vmax": vmax,
        "refract": t["refract_delay"],
        "reset": t["reset"],
    }


def _initial(program: Program, rows: dict[str, Array]) -> Ints:
    """What `first` begins with: theta_0 of adaptive neurons, else 0."""
    initial = np.zeros(program.tables.n_rows, dtype=np.int64)
    for item in program.populations:
        if item.kind == "adaptive_lif":
            up = 1 << program.target.dialect.threshold_shift_bits
            initial[rows[item.name]] = np.trunc(item.parameters["theta_0"] * up)
    return initial


def _entry_weights(program: Program) -> Ints:
    tables, weight = program.tables, np.zeros(program.tables.entry_target.size, dtype=np.int64)
    style_of = np.repeat(tables.segment_format, np.diff(tables.entry_ptr.astype(np.int64)))
    for index, style in enumerate(program.formats):
        mine = style_of == index
        stored = tables.entry_mantissa[mine]
        kind = (style.weight_bits, style.exponent, style.sign_mode)
        weight[mine] = effective_weights(program.target.dialect, stored, *kind)
    return weight
