"""A plan of cuts: the busiest part of all cores is cut again and again, until none takes longer than a step should."""

from __future__ import annotations

import heapq
from itertools import count
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.mapping.mapping import Mapping
from neurodeploy.mapping.spend.content import CoreContent, Workload, content_of
from neurodeploy.mapping.spend.cuts import Part, first_part, halves

__all__ = ["Plan", "SpareCores", "applied", "cut_until"]

Ints = NDArray[np.int64]
Array = NDArray[np.float64]


class Plan(NamedTuple):
    """The parts of every core that is cut, and why cutting ended."""

    parts: dict[int, list[Part]]
    """Core -> its parts, two or more."""
    added: int
    """Cores that the parts take beyond those of before."""
    stuck: bool
    """Whether the busiest part cannot be cut into quicker ones."""
    short: bool
    """Whether the cores ran out."""


class SpareCores(NamedTuple):
    """Cores that may be added."""

    total: int
    by_group: list[int]
    """Of each pin group."""
    group: Ints
    """(cores,) pin group of each core."""


def cut_until(work: Workload, busy: Array, wanted_s: float, room: SpareCores, forced: Ints | None = None) -> Plan:
    """Return cuts after which no core is expected to take longer than `wanted_s`.

    `busy`: (n_cores,) seconds of each core in a step. `forced`: cores that are halved in any case.
    The messages that other cores send more are not foreseen: the plan is judged by its program.
    """
    contents, orders = dict[int, CoreContent](), dict[int, list[Ints]]()
    parts, heap, serial = dict[int, list[Part]](), list[tuple[float, int, int, Part]](), count()
    must = set[int]() if forced is None else set(forced.tolist())
    for core in sorted({*np.flatnonzero(busy > wanted_s).tolist(), *must}):
        contents[core] = content_of(work, core)
        orders[core], parts[core] = _orders(work, core, contents[core]), []
        whole = first_part(contents[core])
        heapq.heappush(heap, (-np.inf if core in must else -whole.busy_s, core, next(serial), whole))
    added, stuck, short, left = 0, False, False, list(room.by_group)
    while heap and (heap[0][0] == -np.inf or -heap[0][0] > wanted_s):
        key, core, _, part = heapq.heappop(heap)
        group = int(room.group[core])
        full = added >= room.total or left[group] <= 0
        both = None if full else halves(contents[core], part, orders[core], always=key == -np.inf)
        if both is None:
            parts[core].append(part)
            stuck, short, wanted_s = stuck or not full, short or full, max(wanted_s, part.busy_s)
            continue
        for half in both:
            heapq.heappush(heap, (-half.busy_s, core, next(serial), half))
        added, left[group] = added + 1, left[group] - 1
    for _, core, _, part in heap:
        parts[core].append(part)
    return Plan({core: found for core, found in parts.items() if len(found) > 1}, added, stuck, short)


def _orders(work: Workload, core: int, content: CoreContent) -> list[Ints]:
    """Ranks of the rows of a core: by neuron, along each axis of a map, and by the sources that rows read."""
    tables: Any = work.program.tables
    rows = slice(int(tables.compartment_ptr[core]), int(tables.compartment_ptr[core + 1]))
    population, neuron = tables.population[rows].astype(np.int64), tables.neuron[rows].astype(np.int64)
    keys = [[neuron, population]]
    network = work.program.network.population_by_name
    shapes: list[tuple[int, ...]] = [network[item.name].shape for item in work.program.populations]
    present: list[int] = np.unique(population).tolist()
    here = [shapes[number] for number in present]
    if any(len(shape) > 1 for shape in here):
        longest = max(len(shape) for shape in here)
        for axis in range(1, longest):
            keys.append([neuron, _along(shapes, population, neuron, axis), population])
    if len(here) > 1:
        keys.append([population, neuron])
    keys.append([neuron, _middle_source(content, rows.stop - rows.start)])
    return [np.argsort(np.lexsort(tuple(key))) for key in keys]


def _along(shapes: list[tuple[int, ...]], population: Ints, neuron: Ints, axis: int) -> Ints:
    """Coordinate of each neuron along an axis of its population's shape; 0 where there is none."""
    found = np.zeros(neuron.size, dtype=np.int64)
    present: list[int] = np.unique(population).tolist()
    for number in present:
        shape, mine = shapes[number], population == number
        if axis < len(shape):
            found[mine] = neuron[mine] // prod(shape[axis + 1 :]) % shape[axis]
    return found


def _middle_source(content: CoreContent, n: int) -> Array:
    """Mean input axon of each row: rows that read neighbouring sources come together."""
    entries = np.bincount(content.row, minlength=n)
    return np.bincount(content.row, content.axon, n) / np.maximum(entries, 1)


def applied(mapping: Mapping, work: Workload, plan: Plan) -> tuple[Mapping, dict[int, int]]:
    """Return the mapping after the cuts, without encodings and physical cores, and new core -> old core of those that stay whole.

    The parts of a core follow it, so that most cores stay on their chips.
    """
    tables = work.program.tables
    width = np.array([len(plan.parts.get(core, ())) or 1 for core in range(mapping.n_cores)])
    first = np.r_[0, np.cumsum(width)]
    names = [item.name for item in work.program.populations]
    core_of = {name: first[core].astype(np.int32) for name, core in mapping.core_of.items()}
    for core, found in plan.parts.items():
        start = int(tables.compartment_ptr[core])
        for number, part in enumerate(sorted(found, key=lambda item: int(item.rows[0]))):
            population, neuron = tables.population[start + part.rows], tables.neuron[start + part.rows]
            for index in np.unique(population).tolist():
                core_of[names[index]][neuron[population == index]] = first[core] + number
    group = None if mapping.pin_group is None else np.repeat(mapping.pin_group, width)
    kept = {int(first[core]): core for core in range(mapping.n_cores) if core not in plan.parts}
    changes = {"n_cores": int(first[-1]), "core_of": core_of, "pin_group": group, "core_ids": None, "segments": None}
    return mapping.model_copy(update=changes), kept
