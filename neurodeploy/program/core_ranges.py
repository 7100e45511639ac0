"""Programs of a few cores each: what is checked and counted core by core takes little memory in a large program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program.program import Program
from neurodeploy.program.tables import Tables

__all__ = ["MOST", "core_ranges", "with_cores"]

MOST = 1 << 15
"""Rows, axons of both kinds, segments and entries of the cores that are looked at together, unless one core has more."""
OF_ROWS = (
    *("population", "neuron", "du", "dv", "vth_mant", "bias_mant", "bias_exp"),
    *("refract_delay", "vmin_exp", "vmax_exp", "reset", "spiking"),
)
OF_AXONS = ("in_axon_list", "in_axon_base", "in_axon_id", "in_axon_atom", "in_axon_kind")
OF_ENTRIES = ("entry_target", "entry_mantissa", "entry_delay")


def core_ranges(tables: Tables) -> Iterator[range]:
    """Yield consecutive cores that together have `MOST` rows of tables, or are one. Assumes sound offsets."""
    segments = tables.segment_ptr[tables.list_ptr]
    ends = tables.compartment_ptr + tables.out_axon_ptr[tables.compartment_ptr]
    ends += tables.in_axon_ptr + segments + tables.entry_ptr[segments]
    low = 0
    while low < tables.n_cores:
        high = max(low + 1, int(np.searchsorted(ends, ends[low] + MOST, side="right")) - 1)
        yield range(low, high)
        low = high


def with_cores(program: Program, cores: range) -> Program:
    """The program with the tables of some of its cores, which stay views, and without output axons."""
    t, low, high = program.tables, cores.start, cores.stop
    lists, segments, rows, axons = t.list_ptr, t.segment_ptr, t.compartment_ptr, t.in_axon_ptr
    first, last = segments[lists[low]], segments[lists[high]]
    part = {name: _some(t, name, rows[low], rows[high]) for name in OF_ROWS}
    part |= {name: _some(t, name, axons[low], axons[high]) for name in OF_AXONS}
    part |= {name: _some(t, name, t.entry_ptr[first], t.entry_ptr[last]) for name in OF_ENTRIES}
    none: NDArray[Any] = np.zeros(0, dtype=np.int32)
    tables = Tables.model_construct(
        **part,
        core_id=t.core_id[low:high],
        compartment_ptr=_from_zero(rows, low, high),
        in_axon_ptr=_from_zero(axons, low, high),
        list_ptr=_from_zero(lists, low, high),
        segment_ptr=_from_zero(segments, lists[low], lists[high]),
        segment_format=t.segment_format[first:last],
        entry_ptr=_from_zero(t.entry_ptr, first, last),
        out_axon_ptr=np.zeros(int(rows[high] - rows[low]) + 1, dtype=np.int64),
        out_core=none,
        out_in_axon=none,
    )
    others = {name: getattr(program, name) for name in Program.model_fields if name != "tables"}
    return Program.model_construct(None, tables=tables, **others)


def _some(tables: Tables, name: str, low: Any, high: Any) -> Any:
    column = getattr(tables, name)
    return None if column is None else column[low:high]


def _from_zero(ptr: NDArray[Any], low: Any, high: Any) -> NDArray[Any]:
    return ptr[low : high + 1] - ptr[low]
