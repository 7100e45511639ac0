# pyright: basic, reportCallIssue=false
"""What a step leaves in the recording: rows of spikes, probed states, and counts of active compartments."""

import numpy as np

from neurodeploy_backends.emulator.engine.kernels.intrinsics import njit, view
from neurodeploy_backends.emulator.engine.kernels.listing import list_flags

__all__ = ["count_active", "probe", "write_rows"]

I4 = np.int32


@njit(forceinline=True)
def write_rows(pop, layout, state, output, number, count, parity, sample, step):
    """Record a population's spikes as rows (sample, step, neuron)."""
    spikes = view(state.spikes, parity * (state.spikes.size >> 1) + pop.start, count)
    at, first = output.written[1 - parity, number], I4(pop.first)
    rows = view(output.rows, 3 * (pop.record + at), 3 * count)
    if pop.ids >= 0:
        spikes, first = _in_order(pop, layout, state, spikes, pop.owner), I4(0)
    for k in range(count):
        rows[3 * k] = I4(sample)
        rows[3 * k + 1] = I4(step)
        rows[3 * k + 2] = first + spikes[k]
    if pop.graded == 1 and output.payloads.size > 0:
        for k in range(count):
            output.payloads[pop.record + at + k] = np.int64(state.values[pop.start + np.int64(spikes[k])])
    output.written[parity, number] = at + count


@njit
def _in_order(pop, layout, state, spikes, thread):
    """Neurons of a population that is held in another order, ascending: they are marked, then scanned."""
    marks = state.marks[thread]
    neurons = np.empty(spikes.size, np.int32)
    for k in range(spikes.size):
        marks[layout.ids[pop.ids + spikes[k]]] = np.uint8(1)
    list_flags(marks, 0, neurons)
    for k in range(spikes.size):
        marks[neurons[k]] = np.uint8(0)
    return neurons


@njit
def count_active(pop, layout, state, slot, active):
    """Count compartments with u, v, bias or input other than 0 by core."""
    for run in range(pop.runs, pop.run_stop):
        low, high = layout.run_start[run], layout.run_start[run + 1]
        count = 0
        for i in range(low, high):
            q = state.acc[slot + i - pop.start]
            count += (q != 0) | (state.u[i] != 0) | (state.v[i] != 0) | (layout.bias[i] != 0)
        active[layout.run_core[run]] += I4(count)


@njit
def probe(layout, state, output, me, sample, step):
    """Record the probed states that belong to this thread."""
    for column in range(output.probe_row.size):
        if output.probe_owner[column] == me:
            row, kind = output.probe_row[column], output.probe_kind[column]
            if kind >= 3:
                value = np.int64(state.memory[kind - 3, row])
            elif kind == 1:
                value = np.int64(state.u[row])
            elif kind == 2 and state.flags[row]:
                value = np.int64(layout.refract[row]) * output.probe_unit
            else:
                value = np.int64(state.v[row])
            output.probes[sample, step, column] = value
