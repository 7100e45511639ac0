"""Verb: place, which physical core each logical core is, and the finished Program. Moves no neuron between cores."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from neurodeploy.check.demand import Columns, SegmentPlan, columns_of, plan_segment
from neurodeploy.check.limits import core_limits
from neurodeploy.mapping.cut import Cut
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.mapping.slots import zones_of
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
    """(core, start, stop) of the runs of equal cores."""
    edges = np.flatnonzero(np.diff(cores)) + 1
    bounds = [0, *(int(edge) for edge in edges), cores.size]
    return [(int(cores[a]), a, b) for a, b in pairwise(bounds)]


def _by_core(cut: Cut, name: str) -> Ints:
    """Neurons of a population by (core, neuron): the members of each core are one run of it."""
    return np.argsort(cut.core_of[name], kind="stable")


def _columns(cut: Cut, name: str, order: Ints) -> list[Columns]:
    """The projections into a population by target neuron, targets numbered by their place in an order."""
    rank = np.empty(order.size, dtype=np.int32)
    rank[order] = np.arange(order.size, dtype=np.int32)
    return [
        columns_of(item.model_copy(update={"targets": rank[item.targets]}), order.size)
        for item in cut.quantized.projections
        if item.target == name
    ]


def _first_rows(cut: Cut, runs: dict[str, list[tuple[int, int, int]]]) -> dict[tuple[str, int], int]:
    """(population, start of a run) -> row of its first neuron within the core."""
    filled, found = np.zeros(cut.n_cores, dtype=np.int64), dict[tuple[str, int], int]()
    for name, parts in runs.items():
        for core, start, stop in parts:
            found[name, start] = int(filled[core])
            filled[core] += stop - start
    return found


def _segments(cut: Cut, target: Target) -> list[Segment]:
    """The synapses of every projection into every core, as stored there."""
    orders = {item.name: _by_core(cut, item.name) for item in cut.quantized.populations}
    runs = {name: _runs(cut.core_of[name][order]) for name, order in orders.items()}
    rows = _first_rows(cut, runs)
    found = [
        _segment(target, columns, run, rows[name, run[1]])
        for name, order in orders.items()
        for columns in _columns(cut, name, order)
        for run in runs[name]
    ]
    return [item for item in found if item is not None]


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


def _owners(cut: Cut, segments: list[Segment]) -> tuple[Ints, Ints]:
    """(neuron, destination core) of every output axon, neurons numbered over all populations."""
    sizes = [item.size for item in cut.quantized.populations]
    first = dict(zip(cut.core_of, (int(n) for n in np.r_[0, np.cumsum(sizes)]), strict=False))
    mine = [item for item in segments if item.source in first]
    if not mine:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    neuron = np.concatenate([first[item.source] + item.sources for item in mine])
    key = np.unique(
        neuron * cut.n_cores + np.repeat([item.core for item in mine], [item.sources.size for item in mine])
    )
    return key // cut.n_cores, key % cut.n_cores


def _near(cut: Cut, target: Target, options: MappingOptions, segments: list[Segment]) -> Ints:
    """Physical cores that bring those close together which talk to each other."""
    start = cut.slots if cut.slots is not None else np.arange(cut.n_cores, dtype=np.int64)
    if np.unique(start // int(target.chip.cores_per_tile.value)).size < 2:
        return start
    from neurodeploy.mapping.layout import (
        board_of,
        place_cores,
        summed,
        talk_of,
    )  # its kernels are compiled when they are needed

    names = [item.name for item in cut.quantized.populations]
    home = np.concatenate([cut.core_of[name] for name in names]).astype(np.int64)
    one = {item.name: np.ones(item.size) for item in cut.quantized.populations}
    rate = np.concatenate([np.asarray(options.rates.get(name, one[name]), dtype=np.float64) for name in names])
    neuron, to = _owners(cut, segments)
    talk = talk_of(home, neuron, to, rate[neuron], cut.n_cores)
    chip = start // int(target.chip.cores.value)
    out = summed(home[neuron], 1 + (chip[home[neuron]] != chip[to]), cut.n_cores)
    zone = cut.zone if cut.zone is not None else np.zeros(cut.n_cores, dtype=np.int64)
    limit = core_limits(target).get("output_axons")
    board = board_of(target, zones_of(cut.quantized, target, options).open)
    most = limit.value if limit is not None else 1 << 60
    return place_cores(talk, board, start, zone, out, most, SWAPS[options.level], options.seed)[0]


SWAPS = (0, 400, 4_000, 16_000)
"""Swaps proposed for each core, by level; more than the last gains less than a hundredth of the way, measured."""


def place(cut: Cut, target: Target, *, seed: int = 0, options: MappingOptions | None = None) -> Program:
    """Return the program of a cut.

    Without options, or at level 0, seed 0 places row by row and other seeds shuffle the cores within each chip. At higher
    levels cores are placed by their traffic, weighed by `options.rates`. A core is not moved to a chip where the output
    axons of any core would no longer fit.
    """
    quantized, segments = cut.quantized, _segments(cut, target)
    if options is not None and options.level > 0:
        ids = _near(cut, target, options, segments)
    else:
        ids = cut.slots if cut.slots is not None else _core_ids(cut.n_cores, target, seed)
    inputs = {item.name: item.size for item in quantized.network.inputs}
    formats, routes, tables = build_tables(quantized.populations, inputs, cut.core_of, ids, segments)
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
