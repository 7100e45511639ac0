# pyright: basic
"""Compiled walks over the core tables, source by source, without expanding them.

A walk visits the entries of one source that belong to one class of synapses and one range of engine rows, on whatever
cores they lie. All of it stands in this one file, which is all that numba's cache looks at.
"""

import os
from typing import Any, NamedTuple

import numpy as np
from numba import njit as _njit

__all__ = [
    "Routes",
    "Walk",
    "count_entries",
    "fill_dense",
    "fill_patterns",
    "fill_sparse",
    "merged",
    "survey",
]

CHECKED = bool(os.environ.get("NEURODEPLOY_CHECKED"))
"""Whether every index is checked; checked functions are compiled in every process, since a cache would mix the two up."""


def njit(*, cache, nogil=False):
    """numba.njit, checked or cached."""
    return _njit(cache=cache and not CHECKED, nogil=nogil, boundscheck=CHECKED)


class Routes(NamedTuple):
    """Where the spikes of one group of sources go: routes [start[i], stop[i]) of source i."""

    start: Any
    stop: Any
    core: Any
    axon: Any
    """Input axon of the core."""


class Walk(NamedTuple):
    """The core tables, see `program.tables.Tables`, and what engine rows, classes and weights their entries have."""

    in_axon_ptr: Any
    list_ptr: Any
    compartment_ptr: Any
    in_axon_list: Any
    in_axon_base: Any
    segment_ptr: Any
    segment_format: Any
    entry_ptr: Any
    entry_target: Any
    entry_mantissa: Any
    entry_delay: Any
    row: Any
    """(rows,) engine row of each table row."""
    class_of: Any
    """(formats, delays) class of a synapse; the classes of one format are consecutive."""
    weight: Any
    """(formats, mantissas) weight of mantissa `lowest` + k."""
    lowest: Any


@njit(cache=True)
def _segments(walk, core, axon):
    """(first segment, one after the last, table row of target 0) of an input axon."""
    at = walk.in_axon_ptr[core] + axon
    item = walk.list_ptr[core] + walk.in_axon_list[at]
    return walk.segment_ptr[item], walk.segment_ptr[item + 1], walk.compartment_ptr[core] + walk.in_axon_base[at]


@njit(cache=True, nogil=True)
def merged(first, second, first_values, second_values):
    """Merge the rows of two ranges of a population, and their values.

    Both ascend by sample and step; within a step the neurons of `first` come first. Either all rows have values or none.
    """
    rows = np.empty((first.shape[0] + second.shape[0], 3), np.int32)
    values = np.empty(first_values.size + second_values.size, np.int64)
    valued, i, j = values.size > 0, 0, 0
    for k in range(rows.shape[0]):
        left = j == second.shape[0]
        if not left and i < first.shape[0]:
            left = first[i, 0] < second[j, 0] or (first[i, 0] == second[j, 0] and first[i, 1] <= second[j, 1])
        source, at = (first, i) if left else (second, j)
        rows[k, 0], rows[k, 1], rows[k, 2] = source[at, 0], source[at, 1], source[at, 2]
        if valued:
            values[k] = first_values[at] if left else second_values[at]
        i, j = i + left, j + (not left)
    return rows, values


@njit(cache=True)
def survey(walk, routes, part_of_row, plane_of_class, facts, low, high):
    """Fill `facts` and `low`, `high` from all entries with a weight other than 0.

    facts (classes, parts, 6): count, bits set in any weight, least and greatest weight, least and greatest delay.
    low, high (planes, rows): sum of the negative and of the positive weights that can reach a row in one step.
    """
    for source in range(routes.start.size):
        for route in range(routes.start[source], routes.stop[source]):
            first, stop, base = _segments(walk, routes.core[route], routes.axon[route])
            for segment in range(first, stop):
                _survey_segment(walk, segment, base, part_of_row, plane_of_class, facts, low, high)


@njit(cache=True)
def _survey_segment(walk, segment, base, part_of_row, plane_of_class, facts, low, high):
    style = walk.segment_format[segment]
    for k in range(walk.entry_ptr[segment], walk.entry_ptr[segment + 1]):
        weight = walk.weight[style, walk.entry_mantissa[k] - walk.lowest]
        if weight == 0:
            continue
        row = walk.row[base + walk.entry_target[k]]
        delay = np.int64(walk.entry_delay[k])
        kind = walk.class_of[style, delay]
        fact, plane = facts[kind, part_of_row[row]], plane_of_class[kind]
        fact[4] = delay if fact[0] == 0 else min(fact[4], delay)
        fact[5] = max(fact[5], delay)
        fact[0] += 1
        fact[1] |= weight
        fact[2] = min(fact[2], weight)
        fact[3] = max(fact[3], weight)
        low[plane, row] += min(weight, 0)
        high[plane, row] += max(weight, 0)


@njit(cache=True)
def _most_entries(walk, routes):
    """Most entries that any one source has, over all formats."""
    most = 0
    for source in range(routes.start.size):
        count = 0
        for route in range(routes.start[source], routes.stop[source]):
            first, last, _ = _segments(walk, routes.core[route], routes.axon[route])
            count += walk.entry_ptr[last] - walk.entry_ptr[first]
        most = max(most, count)
    return most


@njit(cache=True)
def _entries_of(walk, routes, source, kind, start, stop, room):
    """Write the entries of one source in one class and in rows [start, stop) to `room`; return how many."""
    count = 0
    for route in range(routes.start[source], routes.stop[source]):
        first, last, base = _segments(walk, routes.core[route], routes.axon[route])
        for segment in range(first, last):
            classes = walk.class_of[walk.segment_format[segment]]
            if classes[0] <= kind <= classes[-1]:
                count = _segment_entries(walk, segment, kind, base, start, stop, room, count)
    return count


@njit(cache=True)
def _segment_entries(walk, segment, kind, base, start, stop, room, count):
    rows, delays, weights = room
    style = walk.segment_format[segment]
    for k in range(walk.entry_ptr[segment], walk.entry_ptr[segment + 1]):
        row = walk.row[base + walk.entry_target[k]]
        weight = walk.weight[style, walk.entry_mantissa[k] - walk.lowest]
        if start <= row < stop and weight != 0 and walk.class_of[style, walk.entry_delay[k]] == kind:
            rows[count], delays[count], weights[count] = row - start, walk.entry_delay[k], weight
            count += 1
    return count


@njit(cache=True)
def _room(walk, routes):
    """Scratch (rows, delays, weights) for the entries of any one source."""
    most = _most_entries(walk, routes)
    return np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)


@njit(cache=True)
def count_entries(walk, routes, kind, start, stop, counts):
    """Count the entries of each source in engine rows [start, stop)."""
    room = _room(walk, routes)
    for source in range(routes.start.size):
        counts[source] = _entries_of(walk, routes, source, kind, start, stop, room)


@njit(cache=True)
def fill_sparse(walk, routes, kind, start, stop, shift, slot_size, pointer, index, values):
    """Write delay * slot_size + row - start and weight >> shift of every entry, source by source."""
    room = _room(walk, routes)
    rows, delays, weights = room
    for source in range(routes.start.size):
        at = np.int64(pointer[source])
        for k in range(_entries_of(walk, routes, source, kind, start, stop, room)):
            index[at + k] = delays[k] * slot_size + rows[k]
            values[at + k] = weights[k] >> shift


@njit(cache=True)
def fill_dense(walk, routes, kind, start, stop, shift, values):
    """Add weight >> shift of every entry to `values` (sources, width)."""
    room = _room(walk, routes)
    rows, _, weights = room
    for source in range(routes.start.size):
        for k in range(_entries_of(walk, routes, source, kind, start, stop, room)):
            values[source, rows[k]] += weights[k] >> shift


@njit(cache=True)
def _grown(array, size):
    if size <= array.size:
        return array
    larger = np.empty(max(2 * array.size, size), array.dtype)
    larger[: array.size] = array
    return larger


@njit(cache=True)
def _key(rows, values, order):
    """Hash of a pattern: FNV-1a over its offsets and weights."""
    key = np.uint64(14695981039346656037)
    for k in order:
        word = np.uint64(((rows[k] - rows[order[0]]) << 16) ^ (values[k] & 0xFFFF))
        key = (key ^ word) * np.uint64(1099511628211)
    return key


@njit(cache=True)
def _is_pattern(offsets, weights, at, rows, values, order):
    for k in range(order.size):  # noqa: SIM110  # compiled, and all() is not
        if offsets[at + k] != rows[order[k]] - rows[order[0]] or weights[at + k] != values[order[k]]:
            return False
    return True


@njit(cache=True)
def fill_patterns(walk, routes, kind, start, stop, shift):
    """Distinct patterns of the sources: equal offsets from a base, and equal weights.

    Returns (pattern and base of each source (sources, 2), first entry of each pattern (patterns + 1,), offset and
    weight >> shift of each entry). The pattern of a source without entries is -1.
    """
    n, size = routes.start.size, 1
    while size < 4 * n:
        size *= 2
    slots, keys, of_source = np.full(size, -1, np.int64), np.zeros(n + 1, np.uint64), np.full((n, 2), -1, np.int64)
    pointer, offsets, weights = np.zeros(n + 1, np.int64), np.empty(1024, np.int32), np.empty(1024, np.int16)
    room, patterns = _room(walk, routes), 0
    rows, _, values = room
    for source in range(n):
        count = _entries_of(walk, routes, source, kind, start, stop, room)
        if count == 0:
            continue
        for k in range(count):
            values[k] >>= shift
        order = np.argsort(rows[:count])
        key = _key(rows, values, order)
        place = np.int64((key ^ (key >> np.uint64(29))) & np.uint64(size - 1))
        while slots[place] >= 0:
            other = slots[place]
            equal = keys[other] == key and pointer[other + 1] - pointer[other] == count
            if equal and _is_pattern(offsets, weights, pointer[other], rows, values, order):
                break
            place = (place + 1) & (size - 1)
        if slots[place] < 0:
            slots[place], keys[patterns], at = patterns, key, pointer[patterns]
            offsets, weights = _grown(offsets, at + count), _grown(weights, at + count)
            for k in range(count):
                offsets[at + k], weights[at + k] = rows[order[k]] - rows[order[0]], values[order[k]]
            patterns += 1
            pointer[patterns] = at + count
        of_source[source, 0], of_source[source, 1] = slots[place], rows[order[0]]
    return of_source, pointer[: patterns + 1], offsets[: pointer[patterns]], weights[: pointer[patterns]]
