"""Verb: place, which physical core each logical core is, and the finished Program. Moves no neuron between cores."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from neurodeploy.check.demand import Columns, columns_by_target, plan_segment
from neurodeploy.mapping.cut import Cut
from neurodeploy.program.build import Segment, build_tables, make_format
from neurodeploy.program.program import PlacedPopulation, Program
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


def _runs(cores: NDArray[np.int32]) -> list[tuple[int, int, int]]:
    """(core, start, stop) of the runs of equal cores; first fit yields few."""
    edges = np.flatnonzero(np.diff(cores)) + 1
    bounds = [0, *(int(edge) for edge in edges), cores.size]
    return [(int(cores[a]), a, b) for a, b in pairwise(bounds)]


def _first_rows(cut: Cut) -> dict[tuple[str, int], int]:
    """(population, start of a run) -> row of its first neuron within the core."""
    filled, found = np.zeros(cut.n_cores, dtype=np.int64), dict[tuple[str, int], int]()
    for population in cut.quantized.populations:
        for core, start, stop in _runs(cut.core_of[population.name]):
            found[population.name, start] = int(filled[core])
            filled[core] += stop - start
    return found


def _segment(target: Target, columns: Columns, run: tuple[int, int, int], first_row: int) -> Segment | None:
    core, start, stop = run
    plan = plan_segment(target, columns, start, stop)
    sources = np.flatnonzero(plan.touched)
    if not sources.size:
        return None
    low, high = columns.ptr[start], columns.ptr[stop]
    source, mantissas, delays = (
        columns.source[low:high],
        columns.mantissas[low:high],
        columns.delay_steps[low:high],
    )
    row = np.repeat(np.arange(stop - start), np.diff(columns.ptr[start : stop + 1]))
    projection = columns.projection
    style = make_format(projection.name, projection.weight_format, plan)
    if plan.encoding == "dense":
        width, position = stop - start, np.cumsum(plan.touched) - 1
        weights, waits = (
            np.zeros((sources.size, width), dtype=np.int16),
            np.zeros((sources.size, width), dtype=np.uint8),
        )
        weights[position[source], row], waits[position[source], row] = mantissas, delays
        lengths, targets = np.full(sources.size, width), np.tile(np.arange(width), sources.size)
        return Segment(
            core,
            projection.source,
            style,
            sources,
            lengths,
            (targets + first_row).astype(np.uint16),
            weights.ravel(),
            waits.ravel(),
        )
    order = np.argsort(source, kind="stable")
    lengths = np.bincount(source, minlength=columns.n_source)[sources]
    return Segment(
        core,
        projection.source,
        style,
        sources,
        lengths,
        (row[order] + first_row).astype(np.uint16),
        mantissas[order],
        delays[order],
    )


def place(cut: Cut, target: Target, *, seed: int = 0) -> Program:
    """Return the program of a cut: seed 0 places row by row, other seeds shuffle the cores within each chip."""
    quantized, rows = cut.quantized, _first_rows(cut)
    into = columns_by_target(quantized)
    found = [
        _segment(target, columns, run, rows[population.name, run[1]])
        for population in quantized.populations
        for columns in into[population.name]
        for run in _runs(cut.core_of[population.name])
    ]
    inputs = {item.name: item.size for item in quantized.network.inputs}
    formats, routes, tables = build_tables(
        quantized.populations,
        inputs,
        cut.core_of,
        _core_ids(cut.n_cores, target, seed),
        [item for item in found if item is not None],
    )
    placed = tuple(
        PlacedPopulation(
            name=item.name,
            size=item.size,
            kind=item.kind,
            scale=item.scale,
            v_frame=item.v_frame,
            compartments_per_neuron=item.compartments_per_neuron,
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
