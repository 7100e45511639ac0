"""Bounds on the states of a program's neurons for every possible input, under its own dialect.

A synapse acts at most once per step, so the input of one step lies between the sum of the negative and the sum of the
positive weights; a plastic synapse counts with the least and the greatest weight that its rule can reach. With
x' = rtz(x * keep / one) + y and y in [low, high], keep < one, rounding towards zero never leads away from 0, so x stays in
[low, high] * one / (one - keep) (both widened to hold 0). v begins each step at or below the threshold where a spike resets
it to 0. Without decay, a bound holds only for a number of steps. A bound applies to the
value before overflow; a value that can overflow is bounded by the whole range of the dialect afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import places_of
from neurodeploy.base.noun import IntArray, Name, Noun
from neurodeploy.hardware.arithmetic import UNBOUNDED, voltage_limits
from neurodeploy.hardware.dialect import Dialect
from neurodeploy.network.graded import IntegerNeuron
from neurodeploy.program.program import Program
from neurodeploy.program.reachable import weight_ranges
from neurodeploy.program.tables import RESETS

__all__ = ["StateBounds", "entries_by_core", "meets_no_limit", "never_overflows", "state_bounds"]

Ints = NDArray[np.int64]


class StateBounds(Noun):
    """Least and greatest value of one population before it overflows, each (size,) int64; +-2**60 stands for no bound."""

    population: Name
    q_low: IntArray
    """Sum of the weights that arrive in one step."""
    q_high: IntArray
    u_low: IntArray
    u_high: IntArray
    drive_low: IntArray
    """u + bias."""
    drive_high: IntArray
    v_low: IntArray
    """Before limits, threshold and reset."""
    v_high: IntArray
    steps: int | None
    """Number of steps for which v is bounded; None: unlimited."""


def entries_by_core(program: Program) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Yield (table row, format, entry) of every list entry that an axon reaches, core by core."""
    tables = program.tables
    for core in range(tables.n_cores):
        axons: Ints = np.arange(int(tables.in_axon_ptr[core]), int(tables.in_axon_ptr[core + 1]))
        lists = tables.in_axon_list[axons].astype(np.int64) + tables.list_ptr[core]
        base = tables.compartment_ptr[core] + tables.in_axon_base[axons].astype(np.int64)
        first, count = tables.segment_ptr[lists], np.diff(tables.segment_ptr)[lists]
        segment = places_of(first, count)
        start, length = tables.entry_ptr[segment], np.diff(tables.entry_ptr)[segment]
        entry = places_of(start, length)
        row = np.repeat(np.repeat(base, count), length) + tables.entry_target[entry]
        style = np.repeat(tables.segment_format[segment], length).astype(np.int64)
        yield row, style, entry


def _arriving(program: Program, dialect: Dialect) -> tuple[Ints, Ints]:
    """(n_rows,) least and greatest sum of one step; UNBOUNDED where values, not spikes, arrive."""
    low, high = (np.zeros(program.tables.n_rows, dtype=np.int64) for _ in range(2))
    # mark instead of add: sixteen times 2**60 is 0 in 64 bits
    unbounded = np.zeros(program.tables.n_rows, dtype=bool)
    valued = {item.name for item in program.network.inputs if item.encoder.kind == "current"}
    neurons = {item.name: item.neuron for item in program.network.populations}
    valued |= {name for name, kind in neurons.items() if isinstance(kind, IntegerNeuron) and kind.sends_values}
    from_values = {item.name for item in program.network.projections if item.source in valued}
    ends = weight_ranges(program, dialect)
    for rows, styles, entry in entries_by_core(program):
        for index in np.unique(styles):
            style = program.formats[int(index)]
            here = styles == index
            row, mine = rows[here], entry[here]
            if style.projection in from_values:
                unbounded[row[(ends[0][mine] != 0) | (ends[1][mine] != 0)]] = True
                continue
            shift = -style.exponent if style.exponent < 0 and dialect.exponent_stage == "sum" else 0
            least, most = (((w[mine] >> shift) << dialect.weight_shift_bits) if shift else w[mine] for w in ends)
            np.add.at(low, row, np.minimum(least, 0) - (shift > 0) * (1 << dialect.weight_shift_bits))
            np.add.at(high, row, np.maximum(most, 0) + (shift > 0) * (1 << dialect.weight_shift_bits))
    return np.where(unbounded, -UNBOUNDED, low), np.where(unbounded, UNBOUNDED, high)


def _kept(low: Ints, high: Ints, bits: int | None, how: str) -> tuple[Ints, Ints]:
    """Range after the dialect's overflow: unchanged if nothing leaves the dialect's range, else that whole range."""
    if bits is None or how == "none":
        return low, high
    top = np.int64(1 << bits)
    out = (low < -top) | (high >= top)
    far = np.maximum(np.maximum(-low, high), top) if how == "fold" else top
    return np.where(out, -far, low), np.where(out, far, high)


def _held(low: Ints, high: Ints, lost: Ints, one: int, steps: int | None) -> tuple[Ints, Ints]:
    """Range of x if each step removes the fraction lost / one of x and adds y in [low, high]."""
    low, high = np.minimum(low, 0), np.maximum(high, 0)
    often = UNBOUNDED if steps is None else steps

    def grown(y: Ints) -> Ints:
        ever = np.where(lost > 0, -(-y * float(one) // np.maximum(lost, 1)), float(UNBOUNDED))
        return np.minimum(np.minimum(ever, y * float(often)), UNBOUNDED).astype(np.int64)

    return -grown(-low), grown(high)


def state_bounds(
    program: Program, steps: int | None = None, *, arriving: tuple[Ints, Ints] | None = None
) -> tuple[StateBounds, ...]:
    """Return the bounds of every CUBA population under the program's dialect, from the cleared state; see the module.

    `arriving`: (n_rows,) least and greatest sum of one step by table row, if already known.
    """
    dialect, tables = program.target.dialect, program.tables
    one = 1 << dialect.decay_bits
    q_low, q_high = arriving or _arriving(program, dialect)
    found: list[StateBounds] = []
    for item in program.populations:
        rows = program.table_rows[item.name]
        summed = _kept(q_low[rows], q_high[rows], dialect.accumulator_wrap_bits, "wrap")
        u_low, u_high = _held(*summed, tables.du[rows].astype(np.int64) + dialect.current_decay_offset, one, None)
        bias = tables.bias_mant[rows].astype(np.int64) << tables.bias_exp[rows].astype(np.int64)
        current_low, current_high = _kept(u_low, u_high, dialect.state_bits, dialect.current_overflow)
        drive_low, drive_high = np.maximum(current_low + bias, -UNBOUNDED), np.minimum(current_high + bias, UNBOUNDED)
        driven_low, driven_high = _kept(drive_low, drive_high, dialect.state_bits, dialect.drive_overflow)
        lost = tables.dv[rows].astype(np.int64) + dialect.voltage_decay_offset
        v_low, v_high = _held(driven_low, driven_high, lost, one, steps)
        if bool((tables.spiking[rows] == 1).all()) and bool((tables.reset[rows] == RESETS["zero"]).all()):
            threshold = tables.vth_mant[rows].astype(np.int64) << dialect.threshold_shift_bits
            v_high = np.minimum(v_high, np.maximum(threshold, 0) + np.maximum(driven_high, 0))
        forever = bool((lost > 0).all())
        arrays = (q_low[rows], q_high[rows], u_low, u_high, drive_low, drive_high, v_low, v_high)
        names = ("q_low", "q_high", "u_low", "u_high", "drive_low", "drive_high", "v_low", "v_high")
        bounds: Any = dict(zip(names, arrays, strict=True))
        found.append(StateBounds(population=item.name, **bounds, steps=None if forever else steps))
    return tuple(found)


def _inside(low: Any, high: Any, bits: int | None) -> bool:
    top = UNBOUNDED if bits is None else 1 << bits
    return bool((np.asarray(low) > -top).all() and (np.asarray(high) < top).all())


def never_overflows(bounds: StateBounds, dialect: Dialect) -> bool:
    """Return whether no sum, current or drive of a population can leave the range that the dialect keeps."""
    sums = _inside(bounds.q_low, bounds.q_high, dialect.accumulator_wrap_bits)
    current = _inside(bounds.u_low, bounds.u_high, dialect.state_bits)
    return sums and current and _inside(bounds.drive_low, bounds.drive_high, dialect.state_bits)


def meets_no_limit(program: Program, bounds: StateBounds) -> bool:
    """Return whether no voltage of a population can reach its limit."""
    rows, tables = program.table_rows[bounds.population], program.tables
    low, high = voltage_limits(program.target.dialect, tables.vmin_exp[rows], tables.vmax_exp[rows])
    return bool((np.asarray(bounds.v_low) >= low).all() and (np.asarray(bounds.v_high) <= high).all())
