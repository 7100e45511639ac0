"""Verb: place, which physical core each logical core is, and the finished Program. Moves no neuron between cores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.check.demand import SegmentPlan, plan_segment, projections_into, stored
from neurodeploy.check.patterns import patterns_of
from neurodeploy.mapping.cut import Cut
from neurodeploy.program.build import Lists, Segment, build_tables, make_format
from neurodeploy.program.program import PlacedPopulation, Program
from neurodeploy.quantize.wiring import Part
from neurodeploy.target.target import Target

__all__ = ["place"]

Ints = NDArray[np.int64]


def _core_ids(n_cores: int, target: Target, seed: int) -> Ints:
    """Row-major for seed 0; other seeds shuffle the cores of each chip, so that no neuron changes its chip."""
    ids = np.arange(n_cores, dtype=np.int64)
    if seed == 0:
        return ids
    per_chip, rng = int(target.chip.cores.value), np.random.default_rng(seed)
    for first in range(0, n_cores, per_chip):
        ids[first : first + per_chip] = first + rng.permutation(per_chip)[: len(ids[first : first + per_chip])]
    return ids


def _members(cut: Cut) -> list[list[tuple[str, Ints]]]:
    """Of every core: (population, its neurons there), in the order of the network."""
    found: list[list[tuple[str, Ints]]] = [[] for _ in range(cut.n_cores)]
    for population in cut.quantized.populations:
        core = cut.core_of[population.name]
        order = np.argsort(core, kind="stable")
        edges = np.flatnonzero(np.diff(core[order])) + 1
        for neurons in np.split(order, edges):
            if neurons.size:
                found[int(core[neurons[0]])].append((population.name, neurons))
    return found


def _segments(cut: Cut, target: Target) -> list[Segment]:
    """The synapses of every projection into every core, as stored there."""
    into, found = projections_into(cut.quantized), list[Segment]()
    for core, members in enumerate(_members(cut)):
        plans, places, row = list[SegmentPlan](), dict[str, tuple[int, Ints]](), 0
        for name, neurons in members:
            plans += [plan_segment(target, projection, neurons, row) for projection in into[name]]
            places[name] = row, neurons
            row += neurons.size
        for plan in (plan for same in stored(tuple(plan for plan in plans if plan.words)).values() for plan in same):
            first_row, neurons = places[plan.projection.target]
            found.append(_segment(core, plan, neurons, first_row))
    return found


def _segment(core: int, plan: SegmentPlan, neurons: Ints, first_row: int) -> Segment:
    """Synapses of a projection into some neurons, as the plan stores them."""
    projection, part = plan.projection, plan.projection.into(neurons)
    style = make_format(projection.name, projection.weight_format, plan)
    keep = {"dense": _dense, "sparse": _sparse, "shared": _shared}[plan.encoding]
    return keep(Lists(core, projection.source, style, first_row), part)


def _dense(lists: Lists, part: Part) -> Segment:
    """Every neuron for every source, zeros stored."""
    sources, position = np.unique(part.source, return_inverse=True)
    shape = (sources.size, part.ptr.size - 1)
    mantissas, delays = np.zeros(shape, dtype=np.int16), np.zeros(shape, dtype=np.uint8)
    mantissas[position, part.rows], delays[position, part.rows] = part.mantissas, part.delay_steps
    rows = np.tile(np.arange(shape[1]), shape[0])
    return lists.apart(sources.astype(np.int64), np.full(shape[0], shape[1]), rows, mantissas.ravel(), delays.ravel())


def _sparse(lists: Lists, part: Part) -> Segment:
    """Only synapses, by source and row."""
    order = np.argsort(part.source, kind="stable")
    sources, lengths = np.unique(part.source, return_counts=True)
    return lists.apart(
        sources.astype(np.int64), lengths, part.rows[order], part.mantissas[order], part.delay_steps[order]
    )


def _shared(lists: Lists, part: Part) -> Segment:
    """Each list once, and of every source the list and where it begins."""
    same = patterns_of(part)
    take = same.entries_of(same.first)
    entry = same.entry[take]
    return Segment(
        lists=lists,
        sources=same.source,
        list_of=same.pattern,
        base=same.base + lists.first_row,
        lengths=same.length[same.first],
        targets=same.offset[take].astype(np.uint16),
        mantissas=part.mantissas[entry],
        delays=part.delay_steps[entry],
    )


def place(cut: Cut, target: Target, *, seed: int = 0) -> Program:
    """Return the program of a cut: seed 0 places row by row, other seeds shuffle the cores within each chip."""
    quantized = cut.quantized
    inputs = {item.name: item.size for item in quantized.network.inputs}
    formats, routes, tables = build_tables(
        quantized.populations,
        inputs,
        cut.core_of,
        _core_ids(cut.n_cores, target, seed),
        _segments(cut, target),
    )
    placed = tuple(
        PlacedPopulation(
            name=item.name,
            size=item.size,
            kind=item.kind,
            scale=item.scale,
            v_frame=item.v_frame,
            compartments_per_neuron=item.compartments_per_neuron,
            parameters=item.parameters,
        )
        for item in quantized.populations
    )
    return Program(
        network=quantized.network,
        target=target,
        quantize_options=quantized.options,
        placement_seed=seed,
        ledger=quantized.ledger,
        populations=placed,
        formats=formats,
        inputs=routes,
        tables=tables,
    )
