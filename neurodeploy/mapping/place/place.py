"""Verb: place, which physical core each logical core is, and the finished Program. Moves no neuron between cores."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import distinct, narrowed
from neurodeploy.hardware.target import Target
from neurodeploy.mapping.mapping import Mapping, planned_target
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.mapping.partition.cut_usage import output_axon_use
from neurodeploy.mapping.place.pins import pin_groups
from neurodeploy.mapping.time_limit import TimeLimit
from neurodeploy.program.emit import Lists, Segment, build_tables, make_format
from neurodeploy.program.program import PlacedPopulation, Program
from neurodeploy.quantize.wiring import Part
from neurodeploy.resources.axons import Kind
from neurodeploy.resources.core_usage import Projection, SegmentPlan, plan_segment, projections_into, stored
from neurodeploy.resources.limits import core_limits
from neurodeploy.resources.population_axons import grouping_of, groups_of
from neurodeploy.resources.shared_lists import Patterns, by_source, patterns_of

__all__ = ["place"]

Ints = NDArray[np.int64]
MANY_SOURCES = 65_536
"""Sources above which a projection is narrowed to those of a core before it is counted."""


def _core_ids(n_cores: int, target: Target, seed: int) -> Ints:
    """Row-major for seed 0; other seeds shuffle the cores of each chip, so that no neuron changes its chip."""
    ids = np.arange(n_cores, dtype=np.int64)
    if seed == 0:
        return ids
    per_chip, rng = int(target.chip.cores.value), np.random.default_rng(seed)
    for first in range(0, n_cores, per_chip):
        ids[first : first + per_chip] = first + rng.permutation(per_chip)[: len(ids[first : first + per_chip])]
    return ids


def _members(cut: Mapping) -> list[list[tuple[str, Ints]]]:
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


class _Near:
    """A projection as far as it reaches some neurons, its sources numbered from 0: what is counted by source stays short."""

    def __init__(self, whole: Projection, neurons: Ints) -> None:
        part = whole.into(neurons)
        self.whole, self.weight_format, self.shares = whole, whole.weight_format, whole.shares
        self.name, self.source, self.target = whole.name, whole.source, whole.target
        sources, number = np.unique(part.source, return_inverse=True)
        self.n_source, self.part = int(sources.size), part._replace(source=number.ravel().astype(np.int32))

    def into(self, neurons: Ints) -> Part:
        """Return the synapses; `neurons` are those it was made for."""
        del neurons
        return self.part


def _planned(target: Target, projection: Projection, neurons: Ints, row: int) -> SegmentPlan:
    """How the synapses into some neurons are stored. Of the plan's figures by source nothing is read here."""
    if projection.shares or projection.n_source <= MANY_SOURCES:
        return plan_segment(target, projection, neurons, row)
    plan = plan_segment(target, cast(Projection, _Near(projection, neurons)), neurons, row)
    alone = replace(plan.alone, projection=projection) if plan.alone else None
    return replace(plan, projection=projection, alone=alone)


def _segments(cut: Mapping, target: Target) -> list[Segment]:
    """The synapses of every projection into every core, as stored there."""
    into, found, target = projections_into(cut.quantized), list[Segment](), planned_target(cut)
    for core, members in enumerate(_members(cut)):
        plans, places, row = list[SegmentPlan](), dict[str, tuple[int, Ints]](), 0
        for name, neurons in members:
            plans += [_planned(target, projection, neurons, row) for projection in into[name]]
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
    lists = Lists(core, projection.source, style, first_row)
    if plan.grouped is not None:
        return _grouped(lists, plan, part)
    keep = {"dense": _dense, "sparse": _sparse, "runlength": _sparse, "shared": _shared}[plan.encoding]
    return keep(lists, part)


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
    same = patterns_of(by_source(part))
    return _once(lists, part, same, base=same.base + lists.first_row)


def _once(lists: Lists, part: Part, same: Patterns, first_target: int = 0, **more: Any) -> Segment:
    """Segment of lists that are stored once each; `first_target` is added to the targets of all."""
    entry = same.entry[same.entries]
    return Segment(
        lists=lists,
        sources=same.source,
        list_of=same.pattern,
        lengths=same.length[same.first],
        targets=narrowed(same.targets + first_target, np.uint16),
        mantissas=part.mantissas[entry],
        delays=part.delay_steps[entry],
        **more,
    )


def _grouped(lists: Lists, plan: SegmentPlan, part: Part) -> Segment:
    """Each list once, and of every source the list, where it begins, and the axon that it shares with others."""
    reach = plan.grouped.reach if plan.grouped is not None else None
    by = grouping_of(reach.atoms, plan.projection, patterns_of(by_source(part))) if reach is not None else None
    if reach is None or by is None:
        raise TypeError("internal: a plan of groups, and a part without")
    same = groups_of(reach, by).lists
    return _once(lists, part, same, lists.first_row, base=same.base, kind=plan.kind, axon=by.axon, atom=by.atom)


def _owners(cut: Mapping, segments: list[Segment]) -> tuple[Ints, Ints]:
    """(neuron, destination core) of every output axon, neurons numbered over all populations."""
    sizes = [item.size for item in cut.quantized.populations]
    first = dict(zip(cut.core_of, (int(n) for n in np.r_[0, np.cumsum(sizes)]), strict=False))
    mine = [item for item in segments if item.lists.source in first]
    if not mine:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    neuron = np.concatenate([first[item.lists.source] + item.sources for item in mine])
    core = np.repeat([item.lists.core for item in mine], [item.sources.size for item in mine])
    key = distinct(neuron * cut.n_cores + core, sum(sizes) * cut.n_cores)
    return key // cut.n_cores, key % cut.n_cores


def _near(cut: Mapping, target: Target, options: MappingOptions, segments: list[Segment], watch: TimeLimit) -> Ints:
    """Physical cores that bring those close together which talk to each other."""
    start = cut.core_ids if cut.core_ids is not None else np.arange(cut.n_cores, dtype=np.int64)
    if np.unique(start // int(target.chip.cores_per_tile.value)).size < 2:
        return start
    from neurodeploy.mapping.place.traffic import (
        board_of,
        core_traffic,
        place_cores,
        summed,
    )  # its kernels are compiled when they are needed

    names = [item.name for item in cut.quantized.populations]
    home = np.concatenate([cut.core_of[name] for name in names]).astype(np.int64)
    one = {item.name: np.ones(item.size) for item in cut.quantized.populations}
    rate = np.concatenate([np.asarray(options.rates.get(name, one[name]), dtype=np.float64) for name in names])
    neuron, to = _owners(cut, segments)
    talk = core_traffic(home, neuron, to, rate[neuron], cut.n_cores)
    chip, kinds = start // int(target.chip.cores.value), dict[str, dict[int, Kind]]()
    for item in segments:
        kinds.setdefault(item.lists.source, {})[item.lists.core] = item.kind
    near = output_axon_use(cut.quantized, target, dict(cut.core_of), np.zeros_like(start), kinds)
    # between chips every neuron counts on its own, which is never less
    out = summed(home[neuron], chip[home[neuron]] != chip[to], cut.n_cores)
    out = out + sum(near[name].by_core(cut.core_of[name], cut.n_cores) for name in names)
    zone = cut.zone if cut.zone is not None else np.zeros(cut.n_cores, dtype=np.int64)
    limit = core_limits(target).get("output_axons")
    board = board_of(target, pin_groups(cut.quantized, target, options).open)
    most = limit.value if limit is not None else 1 << 60
    return place_cores(talk, board, start, zone, out, most, SWAPS[options.level], options.seed, watch)[0]


SWAPS = (0, 400, 4_000, 16_000)
"""Swaps proposed for each core, by level; more than the last gains less than a hundredth of the way, measured."""


def place(
    cut: Mapping,
    target: Target,
    *,
    seed: int = 0,
    options: MappingOptions | None = None,
    watch: TimeLimit | None = None,
) -> Program:
    """Return the program of a cut.

    Without options, or at level 0, seed 0 places row by row and other seeds shuffle the cores within each chip. At higher
    levels cores are placed by their traffic, weighed by `options.rates`. A core is not moved to a chip where the output
    axons of any core would no longer fit.
    """
    quantized, segments = cut.quantized, _segments(cut, target)
    if options is not None and options.level > 0:
        watch = (watch or TimeLimit()).within(options.time_limit_s)
        ids = _near(cut, target, options, segments, watch)
    else:
        ids = cut.core_ids if cut.core_ids is not None else _core_ids(cut.n_cores, target, seed)
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
