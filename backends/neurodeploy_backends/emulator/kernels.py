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

__all__ = ["Events", "Lowered", "Output", "Probes", "State", "is_compiled", "run_sample"]

Lowered = namedtuple(
    "Lowered",
    "row_core du_keep dv_keep bias threshold vmin vmax refract reset "
    "route_ptr route_core route_list route_base segment_ptr segment_plane segment_encoding entry_ptr "
    "entry_target entry_weight entry_delay plane_shift switches",
)
"""A program as the kernel reads it. Sources are the rows, then the lines of the inputs. `switches`: decay_bits,
accumulator bits (or 0), state_bits, current overflow (0 none, 1 wrap, 2 fold), drive overflow (0, 1), weight shift."""

Events = namedtuple("Events", "ptr source factor")
"""Input events of one sample by step; factor 0 is a spike, else a current in units of a spike."""

Probes = namedtuple("Probes", "row kind register_unit states")
"""What to record: rows, kinds (0 v, 1 u, 2 register), and `states` (n_steps, rows)."""

Output = namedtuple("Output", "step row")
"""Spikes written by one call."""

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
def _add_segment(program, state, segment, base, factor, t, slots):
    plane = program.segment_plane[segment]
    for entry in range(program.entry_ptr[segment], program.entry_ptr[segment + 1]):
        weight = program.entry_weight[entry]
        if factor != 0.0:
            weight = np.int64(np.rint(weight * factor))
        slot = (t + program.entry_delay[entry]) % slots
        state.ring[slot, plane, base + program.entry_target[entry]] += weight


@njit(cache=True)
def _deliver(program, state, source, factor, t, index, counters):
    """Add the list of a source's axons to the ring; factor 0 is a spike, else a current in units of a spike."""
    slots = state.ring.shape[0]
    for route in range(program.route_ptr[source], program.route_ptr[source + 1]):
        core, base, lists = program.route_core[route], program.route_base[route], program.route_list[route]
        counters[3, index, core] += 1
        for segment in range(program.segment_ptr[lists], program.segment_ptr[lists + 1]):
            touched = program.entry_ptr[segment + 1] - program.entry_ptr[segment]
            counters[4 + program.segment_encoding[segment], index, core] += touched
            _add_segment(program, state, segment, base, factor, t, slots)


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
def _record(program, state, probes, spiked, index):
    for column in range(probes.row.size):
        row, kind = probes.row[column], probes.kind[column]
        if kind == 1:
            probes.states[index, column] = state.u[row]
        elif kind == 2 and spiked[row]:
            probes.states[index, column] = program.refract[row] * probes.register_unit[0]
        else:
            probes.states[index, column] = state.v[row]


@njit(cache=True)
def _deliver_all(program, state, n_fired, events, t, counters):
    """Deliver the neurons that fired in the step before and the input events of that step."""
    for k in range(n_fired):
        _deliver(program, state, state.fired[k], 0.0, t, t - 1, counters)
    if 2 <= t <= events.ptr.size:
        for k in range(events.ptr[t - 2], events.ptr[t - 1]):
            _deliver(program, state, events.source[k], events.factor[k], t, t - 1, counters)


@njit(nogil=True, cache=True)
def run_sample(program, state, t, n_steps, n_fired, events, probes, counters, output):
    """Run steps t .. n_steps; returns (next step, sources in `fired`, spikes written).

    Stops early when the output cannot hold one more worst-case step; call again with the step that it returns.
    `counters` is (7, n_steps, n_cores) in the order of runtime.recording.Counters.
    """
    rows, slots = state.u.size, state.ring.shape[0]
    spiked = np.zeros(rows, dtype=np.uint8)
    written = 0
    while t <= n_steps and written + rows <= output.step.size:
        index, slot = t - 1, t % slots
        _deliver_all(program, state, n_fired, events, t, counters)
        n_fired = 0
        for row in range(rows):
            fired, active = _update(program, state, row, slot)
            core = program.row_core[row]
            spiked[row] = fired
            counters[1, index, core] += active
            if fired:
                counters[0, index, core] += 1
                counters[2, index, core] += program.route_ptr[row + 1] - program.route_ptr[row]
                state.fired[n_fired] = row
                n_fired += 1
                output.step[written] = t
                output.row[written] = row
                written += 1
        _record(program, state, probes, spiked, index)
        t += 1
    return t, n_fired, written


def is_compiled():
    """Whether the kernel is compiled in this process or in numba's cache on disk."""
    folder = run_sample._cache.cache_path  # pyright: ignore[reportAttributeAccessIssue]
    return bool(run_sample.signatures) or any(Path(folder).glob("kernels.run_sample*.nbi"))
