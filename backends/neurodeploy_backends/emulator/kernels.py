# pyright: basic
"""Kernels: the canonical step of a dialect in integers, event-driven. The only file with compiled code.

All kernels stand in this one file because numba's cache looks at the file that defines a function and not at what it
calls. Step t: (1) spikes of step t-1, of inputs and neurons, are delivered into the ring slots t + delay; (2) every
compartment takes its slot, updates u, then v with the new u, compares, resets. Source: neurodeploy.target.dialect.
"""

from collections import namedtuple
from pathlib import Path

import numpy as np
from numba import njit

__all__ = ["Lowered", "State", "is_compiled", "run_sample"]

Lowered = namedtuple(
    "Lowered",
    "row_core du_keep dv_keep bias threshold vmin vmax refract reset "
    "route_ptr route_core route_list route_base segment_ptr segment_plane segment_encoding entry_ptr "
    "entry_target entry_weight entry_delay plane_shift switches",
)
"""A program as the kernel reads it. Sources are the rows, then the lines of the inputs. `switches`: decay_bits,
accumulator bits (or 0), state_bits, current overflow (0 none, 1 wrap, 2 fold), drive overflow (0, 1), weight shift."""

State = namedtuple("State", "u v refractory ring fired")
"""State of one sample; `fired` holds the sources that spiked in the last step, `ring` is (slots, planes, rows)."""


@njit(cache=True)
def _wrap(x, bits):
    return ((x + (1 << bits)) & ((1 << (bits + 1)) - 1)) - (1 << bits)


@njit(cache=True)
def _decay(x, keep, bits):
    product = x * keep
    return (product + ((product >> 63) & ((1 << bits) - 1))) >> bits  # rounds toward zero


@njit(cache=True)
def _deliver(program, state, source, factor, t, index, counters):
    """Add the list of a source's axons to the ring; factor 0 is a spike, else a current in units of a spike."""
    slots = state.ring.shape[0]
    for route in range(program.route_ptr[source], program.route_ptr[source + 1]):
        core, base, lists = program.route_core[route], program.route_base[route], program.route_list[route]
        counters[3, index, core] += 1
        for segment in range(program.segment_ptr[lists], program.segment_ptr[lists + 1]):
            plane = program.segment_plane[segment]
            start, stop = program.entry_ptr[segment], program.entry_ptr[segment + 1]
            counters[4 + program.segment_encoding[segment], index, core] += stop - start
            for entry in range(start, stop):
                weight = program.entry_weight[entry]
                if factor != 0.0:
                    weight = np.int64(np.rint(weight * factor))
                slot = (t + program.entry_delay[entry]) % slots
                state.ring[slot, plane, base + program.entry_target[entry]] += weight


@njit(cache=True)
def _input_of(program, state, slot, row):
    """Take the accumulator of a row; planes above 0 hold sums that still want their negative exponent."""
    q = state.ring[slot, 0, row]
    state.ring[slot, 0, row] = 0
    for plane in range(1, state.ring.shape[1]):
        part = state.ring[slot, plane, row]
        if part != 0:
            q += (part >> program.plane_shift[plane]) << program.switches[5]
            state.ring[slot, plane, row] = 0
    if program.switches[1] > 0:
        q = _wrap(q, program.switches[1])
    return q


@njit(cache=True)
def _current(program, u, keep, q):
    bits, how = program.switches[2], program.switches[3]
    u = _decay(u, keep, program.switches[0]) + q
    if how == 1:
        return _wrap(u, bits)
    if how == 2:
        if u > (1 << bits):
            return u - (2 << bits)
        if u <= -(1 << bits):
            return u + (2 << bits)
    return u


@njit(cache=True)
def _update(program, state, row, slot):
    """One step of one compartment; returns (fired, active)."""
    q = _input_of(program, state, slot, row)
    active = q != 0 or state.u[row] != 0 or state.v[row] != 0 or program.bias[row] != 0
    u = _current(program, state.u[row], program.du_keep[row], q)
    drive = u + program.bias[row]
    if program.switches[4] == 1:
        drive = _wrap(drive, program.switches[2])
    v = _decay(state.v[row], program.dv_keep[row], program.switches[0]) + drive
    v = min(max(v, program.vmin[row]), program.vmax[row])
    if state.refractory[row] > 0:
        v = 0
    fired = v > program.threshold[row]
    if fired:
        if program.reset[row] == 0:
            v = 0
        elif program.reset[row] == 1:
            v -= program.threshold[row]
        state.refractory[row] = program.refract[row]
    if state.refractory[row] > 0:
        state.refractory[row] -= 1
    state.u[row] = u
    state.v[row] = v
    return fired, active


@njit(cache=True)
def _record(program, state, probe_row, probe_kind, register_unit, spiked, states, index):
    for column in range(probe_row.size):
        row = probe_row[column]
        if probe_kind[column] == 1:
            states[index, column] = state.u[row]
        elif probe_kind[column] == 2 and spiked[row]:
            states[index, column] = program.refract[row] * register_unit
        else:
            states[index, column] = state.v[row]


@njit(nogil=True, cache=True)
def run_sample(
    program,
    state,
    t,
    n_steps,
    n_fired,
    event_ptr,
    event_source,
    event_factor,
    probe_row,
    probe_kind,
    register_unit,
    states,
    counters,
    out_step,
    out_row,
):
    """Run steps t .. n_steps; returns (next step, sources in `fired`, spikes written).

    Stops early when the output cannot hold one more worst-case step; call again with the step that it returns.
    `counters` is (7, n_steps, n_cores) in the order of runtime.recording.Counters.
    """
    rows, slots = state.u.size, state.ring.shape[0]
    spiked = np.zeros(rows, dtype=np.uint8)
    written = 0
    while t <= n_steps and written + rows <= out_step.size:
        index, slot = t - 1, t % slots
        for k in range(n_fired):
            _deliver(program, state, state.fired[k], 0.0, t, index, counters)
        if 2 <= t <= event_ptr.size:
            for k in range(event_ptr[t - 2], event_ptr[t - 1]):
                _deliver(program, state, event_source[k], event_factor[k], t, index, counters)
        n_fired = 0
        for row in range(rows):
            fired, active = _update(program, state, row, slot)
            spiked[row] = fired
            core = program.row_core[row]
            if active:
                counters[1, index, core] += 1
            if fired:
                counters[0, index, core] += 1
                counters[2, index, core] += program.route_ptr[row + 1] - program.route_ptr[row]
                state.fired[n_fired] = row
                n_fired += 1
                out_step[written] = t
                out_row[written] = row
                written += 1
        _record(program, state, probe_row, probe_kind, register_unit, spiked, states, index)
        t += 1
    return t, n_fired, written


def is_compiled():
    """Whether the kernel is compiled in this process or in numba's cache on disk."""
    folder = run_sample._cache.cache_path  # pyright: ignore[reportAttributeAccessIssue]
    return bool(run_sample.signatures) or any(Path(folder).glob("kernels.run_sample*.nbi"))
