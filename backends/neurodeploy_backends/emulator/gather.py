# pyright: basic
"""Compiled verbs of lowering: walk the core tables once per block, source by source, without expanding them.

Self-contained, because numba's cache looks at one file only. A walk yields the entries of one source that belong to one
class of formats and one range of engine rows, whatever cores they lie on.
"""

from collections import namedtuple

import numpy as np
from numba import njit

__all__ = ["Routes", "Walk", "count_entries", "fill_dense", "fill_patterns", "fill_sparse", "in_order", "survey"]

Routes = namedtuple("Routes", "start stop core axon")
"""Of one group of sources: routes [start[i], stop[i]) of source i, each to (core, input axon of the core)."""
Walk = namedtuple(
    "Walk",
    "in_axon_ptr list_ptr compartment_ptr in_axon_list in_axon_base segment_ptr segment_format entry_ptr "
    "entry_target entry_mantissa entry_delay row class_of_format weight lowest",
)
"""The core tables; `row` is the engine row of each table row, `weight` (formats, mantissas) the weight of a mantissa."""


@njit(cache=True)
def _segments(walk, core, axon):
    """(first segment, last, first row of the core's targets) of an input axon."""
    at = walk.in_axon_ptr[core] + axon
    item = walk.list_ptr[core] + walk.in_axon_list[at]
    return walk.segment_ptr[item], walk.segment_ptr[item + 1], walk.compartment_ptr[core] + walk.in_axon_base[at]


@njit(cache=True, nogil=True)
def in_order(rows):
    """Whether rows (sample, step, line) ascend by sample and step."""
    for k in range(1, rows.shape[0]):
        if rows[k, 0] < rows[k - 1, 0] or (rows[k, 0] == rows[k - 1, 0] and rows[k, 1] < rows[k - 1, 1]):
            return False
    return True


@njit(cache=True)
def survey(walk, routes, part_of_row, plane_of_class, facts, low, high):
    """Learn, by (class, part), of all entries that are not 0: count, bits set in any weight, least and largest weight,
    least and largest delay; and add what each row can receive in a step to `low` (negative) and `high` (positive) of its plane."""
    for source in range(routes.start.size):
        for route in range(routes.start[source], routes.stop[source]):
            first, stop, base = _segments(walk, routes.core[route], routes.axon[route])
            for segment in range(first, stop):
                style = walk.segment_format[segment]
                kind = walk.class_of_format[style]
                for k in range(walk.entry_ptr[segment], walk.entry_ptr[segment + 1]):
                    weight = walk.weight[style, walk.entry_mantissa[k] - walk.lowest]
                    if weight == 0:
                        continue
                    row = walk.row[base + walk.entry_target[k]]
                    fact = facts[kind, part_of_row[row]]
                    delay = np.int64(walk.entry_delay[k])
                    fact[4] = delay if fact[0] == 0 else min(fact[4], delay)
                    fact[5] = max(fact[5], delay)
                    fact[0] += 1
                    fact[1] |= weight
                    fact[2] = min(fact[2], weight)
                    fact[3] = max(fact[3], weight)
                    if weight < 0:
                        low[plane_of_class[kind], row] += weight
                    else:
                        high[plane_of_class[kind], row] += weight


@njit(cache=True)
def count_entries(walk, routes, kind, start, stop, counts):
    """Entries of each source in engine rows [start, stop)."""
    for source in range(routes.start.size):
        for route in range(routes.start[source], routes.stop[source]):
            first, last, base = _segments(walk, routes.core[route], routes.axon[route])
            for segment in range(first, last):
                style = walk.segment_format[segment]
                if walk.class_of_format[style] != kind:
                    continue
                for k in range(walk.entry_ptr[segment], walk.entry_ptr[segment + 1]):
                    row = walk.row[base + walk.entry_target[k]]
                    if start <= row < stop and walk.weight[style, walk.entry_mantissa[k] - walk.lowest] != 0:
                        counts[source] += 1


@njit(cache=True)
def fill_sparse(walk, routes, kind, start, stop, shift, slot_size, pointer, index, weights):
    """Write index (delay * slot_size + row - start) and weight >> shift of every entry, in the order of the sources."""
    for source in range(routes.start.size):
        at = np.int64(pointer[source])
        for route in range(routes.start[source], routes.stop[source]):
            first, last, base = _segments(walk, routes.core[route], routes.axon[route])
            for segment in range(first, last):
                style = walk.segment_format[segment]
                if walk.class_of_format[style] != kind:
                    continue
                for k in range(walk.entry_ptr[segment], walk.entry_ptr[segment + 1]):
                    row = walk.row[base + walk.entry_target[k]]
                    weight = walk.weight[style, walk.entry_mantissa[k] - walk.lowest]
                    if start <= row < stop and weight != 0:
                        index[at] = np.int64(walk.entry_delay[k]) * slot_size + row - start
                        weights[at] = weight >> shift
                        at += 1


@njit(cache=True)
def fill_dense(walk, routes, kind, start, stop, shift, rows):
    """Add weight >> shift of every entry to `rows` (sources, width)."""
    for source in range(routes.start.size):
        for route in range(routes.start[source], routes.stop[source]):
            first, last, base = _segments(walk, routes.core[route], routes.axon[route])
            for segment in range(first, last):
                style = walk.segment_format[segment]
                if walk.class_of_format[style] != kind:
                    continue
                for k in range(walk.entry_ptr[segment], walk.entry_ptr[segment + 1]):
                    row = walk.row[base + walk.entry_target[k]]
                    if start <= row < stop:
                        weight = walk.weight[style, walk.entry_mantissa[k] - walk.lowest]
                        rows[source, row - start] += weight >> shift


@njit(cache=True)
def _grown(array, size):
    if size <= array.size:
        return array
    larger = np.empty(max(2 * array.size, size), array.dtype)
    larger[: array.size] = array
    return larger


@njit(cache=True)
def fill_patterns(walk, routes, kind, start, stop, shift, most):
    """Return what sources send, each pattern once: (pattern and base of each source, first entry of each pattern, offset
    from the base and weight >> shift of each entry). A source that sends nothing has pattern -1."""
    n, size = routes.start.size, 1
    while size < 4 * n:
        size *= 2
    slots, mixed = np.full(size, -1, np.int64), np.zeros(n + 1, np.uint64)
    of_source = np.full((n, 2), -1, np.int64)
    pointer, offsets, weights = np.zeros(n + 1, np.int64), np.empty(1024, np.int32), np.empty(1024, np.int16)
    rows, found, patterns = np.empty(most, np.int64), np.empty(most, np.int64), 0
    for source in range(n):
        count = 0
        for route in range(routes.start[source], routes.stop[source]):
            first, last, base = _segments(walk, routes.core[route], routes.axon[route])
            for segment in range(first, last):
                style = walk.segment_format[segment]
                if walk.class_of_format[style] != kind:
                    continue
                for k in range(walk.entry_ptr[segment], walk.entry_ptr[segment + 1]):
                    row = walk.row[base + walk.entry_target[k]]
                    weight = walk.weight[style, walk.entry_mantissa[k] - walk.lowest]
                    if start <= row < stop and weight != 0:
                        rows[count] = row - start
                        found[count] = weight >> shift
                        count += 1
        if count == 0:
            continue
        order = np.argsort(rows[:count])
        base, key = rows[order[0]], np.uint64(14695981039346656037)
        for k in order:
            key = (key ^ np.uint64(((rows[k] - base) << 16) ^ (found[k] & 0xFFFF))) * np.uint64(1099511628211)
        place = np.int64((key ^ (key >> np.uint64(29))) & np.uint64(size - 1))
        while slots[place] >= 0:
            other = slots[place]
            if mixed[other] == key and pointer[other + 1] - pointer[other] == count:
                same, at = True, pointer[other]
                for k in range(count):
                    same &= offsets[at + k] == rows[order[k]] - base and weights[at + k] == found[order[k]]
                if same:
                    break
            place = (place + 1) & (size - 1)
        if slots[place] < 0:
            slots[place], mixed[patterns], at = patterns, key, pointer[patterns]
            offsets, weights = _grown(offsets, at + count), _grown(weights, at + count)
            for k in range(count):
                offsets[at + k], weights[at + k] = rows[order[k]] - base, found[order[k]]
            patterns += 1
            pointer[patterns] = at + count
        of_source[source, 0], of_source[source, 1] = slots[place], base
    return of_source, pointer[: patterns + 1], offsets[: pointer[patterns]], weights[: pointer[patterns]]
