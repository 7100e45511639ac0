"""Verb: a program's core tables as the arrays that the kernel reads. Reads no weight of the network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program.program import Program
from neurodeploy.target.arithmetic import effective_weights
from neurodeploy.target.dialect import Dialect
from neurodeploy_backends.emulator.kernels import Lowered

__all__ = ["first_lines", "lower"]

FAR = np.int64(1) << 62
_ENCODINGS = {"dense": 0, "sparse": 1, "shared": 2}


def first_lines(program: Program) -> dict[str, int]:
    """Return the source number of line 0 of every input; rows come before all inputs."""
    found, next_source = dict[str, int](), program.tables.n_rows
    for item in program.inputs:
        found[item.name] = next_source
        next_source += item.ptr.size - 1
    return found


def _entry_weights(program: Program) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(weight of each entry, plane of each segment, shift of each plane)."""
    tables, dialect = program.tables, program.target.dialect
    length = np.diff(tables.entry_ptr)
    format_of_entry = np.repeat(tables.segment_format, length)
    weights, planes, shifts = np.zeros(tables.entry_target.size, dtype=np.int64), dict[str, int](), [0]
    plane_of_format = np.zeros(max(len(program.formats), 1), dtype=np.int64)
    for index, style in enumerate(program.formats):
        mine = format_of_entry == index
        weights[mine] = effective_weights(
            dialect, tables.entry_mantissa[mine], style.weight_bits, style.exponent, style.sign_mode
        )
        if style.exponent < 0 and dialect.exponent_stage == "sum":
            if style.projection not in planes:
                planes[style.projection] = len(shifts)
                shifts.append(-style.exponent)
            plane_of_format[index] = planes[style.projection]
    return weights, plane_of_format[tables.segment_format], np.array(shifts, dtype=np.int64)


def _limits(dialect: Dialect, tables: Any) -> tuple[Any, Any]:
    if dialect.voltage_limit == "registers":
        vmin = -(np.int64(1) << tables.vmin_exp.astype(np.int64)) + 1
        return vmin, (np.int64(1) << (9 + 2 * tables.vmax_exp.astype(np.int64))) - 1
    bound = (np.int64(1) << dialect.state_bits) - 1 if dialect.voltage_limit == "symmetric" else FAR
    return np.full(tables.n_rows, -bound), np.full(tables.n_rows, bound)


def _routes(program: Program) -> dict[str, Any]:
    tables = program.tables
    lengths = [np.diff(tables.out_axon_ptr), *(np.diff(item.ptr) for item in program.inputs)]
    core = np.concatenate([tables.out_core, *(item.core for item in program.inputs)]).astype(np.int64)
    axon = np.concatenate([tables.out_in_axon, *(item.in_axon for item in program.inputs)]).astype(np.int64)
    axon += tables.in_axon_ptr[core]
    return {
        "route_ptr": np.r_[0, np.cumsum(np.concatenate(lengths))].astype(np.int64),
        "route_core": core,
        "route_list": (tables.in_axon_list[axon] + tables.list_ptr[core]).astype(np.int64),
        "route_base": (tables.in_axon_base[axon] + tables.compartment_ptr[core]).astype(np.int64),
    }


def lower(program: Program) -> Lowered:
    """Return the arrays of a sound program (see neurodeploy.program.archive.table_faults)."""
    tables, dialect = program.tables, program.target.dialect
    one = 1 << dialect.decay_bits
    weights, planes, shifts = _entry_weights(program)
    vmin, vmax = _limits(dialect, tables)
    encoding = np.array([_ENCODINGS[style.encoding] for style in program.formats] or [0], dtype=np.int64)
    threshold = tables.vth_mant.astype(np.int64) << dialect.threshold_shift_bits
    overflow = {"none": 0, "wrap": 1, "fold": 2}
    switches = [
        dialect.decay_bits,
        dialect.accumulator_wrap_bits or 0,
        dialect.state_bits,
        overflow[dialect.current_overflow],
        overflow[dialect.drive_overflow],
        dialect.weight_shift_bits,
    ]
    return Lowered(
        row_core=np.repeat(np.arange(tables.n_cores), np.diff(tables.compartment_ptr)).astype(np.int64),
        du_keep=one - (tables.du.astype(np.int64) + dialect.current_decay_offset),
        dv_keep=one - (tables.dv.astype(np.int64) + dialect.voltage_decay_offset),
        bias=tables.bias_mant.astype(np.int64) << tables.bias_exp.astype(np.int64),
        threshold=np.where(tables.spiking == 1, threshold, FAR),
        vmin=vmin.astype(np.int64),
        vmax=vmax.astype(np.int64),
        refract=tables.refract_delay.astype(np.int64),
        reset=tables.reset.astype(np.int64),
        **_routes(program),
        segment_ptr=tables.segment_ptr.astype(np.int64),
        segment_plane=planes,
        segment_encoding=encoding[tables.segment_format],
        entry_ptr=tables.entry_ptr.astype(np.int64),
        entry_target=tables.entry_target.astype(np.int64),
        entry_weight=weights,
        entry_delay=tables.entry_delay.astype(np.int64),
        plane_shift=shifts,
        switches=np.array(switches, dtype=np.int64),
    )
