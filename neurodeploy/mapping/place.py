"""Verb: place, which physical core each logical core is, and the finished Program. Moves no neuron between cores."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from neurodeploy.check.demand import Columns, SegmentPlan, columns_by_target, plan_segment
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
    """Synapses of a projection into a run of neurons, as the plan of least memory stores them."""
    core, start, stop = run
    plan = plan_segment(target, columns, start, stop)
    sources = np.flatnonzero(plan.touched)
    if not sources.size:
        return None
    style = make_format(columns.projection.name, columns.projection.weight_format, plan)
    stored = _dense if plan.encoding == "dense" else _sparse
    lengths, rows, mantissas, delays = stored(columns, plan, start, stop)
    targets = (rows + first_row).astype(np.uint16)
    return Segment(core, columns.projection.source, style, sources, lengths, targets, mantissas, delays)


_Entries = tuple[Ints, Ints, NDArray[np.int16], NDArray[np.uint8]]
"""(entries of each source, row of each entry, mantissas, delays)."""


def _rows_of(columns: Columns, start: int, stop: int) -> tuple[slice, Ints]:
    synapses = slice(int(columns.ptr[start]), int(columns.ptr[stop]))
    return synapses, np.repeat(np.arange(stop - start), np.diff(columns.ptr[start : stop + 1]))


def _dense(columns: Columns, plan: SegmentPlan, start: int, stop: int) -> _Entries:
    """Every row of the run for every source, zeros stored."""
    synapses, row = _rows_of(columns, start, stop)
    position = np.cumsum(plan.touched)[columns.source[synapses]] - 1
    shape = (int(plan.touched.sum()), stop - start)
    mantissas, delays = np.zeros(shape, dtype=np.int16), np.zeros(shape, dtype=np.uint8)
    mantissas[position, row], delays[position, row] = columns.mantissas[synapses], columns.delay_steps[synapses]
    lengths, rows = np.full(shape[0], shape[1]), np.tile(np.arange(shape[1]), shape[0])
    return lengths, rows, mantissas.ravel(), delays.ravel()


def _sparse(columns: Columns, plan: SegmentPlan, start: int, stop: int) -> _Entries:
    """Only synapses, by source and row."""
    synapses, row = _rows_of(columns, start, stop)
    source = columns.source[synapses]
    order = np.argsort(source, kind="stable")
    lengths = np.bincount(source, minlength=columns.n_source)[plan.touched]
    return lengths, row[order], columns.mantissas[synapses][order], columns.delay_steps[synapses][order]


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
