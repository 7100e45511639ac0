"""Mappings of networks whose synapses are listed one by one, by the kernels: first fit, and a search for fewer cores.

The result keeps every limit by the counts of the kernels; the audit of the program shares no state with them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import Target
from neurodeploy.mapping.kernels.calls import compact_groups
from neurodeploy.mapping.kernels.structs import COMPARTMENTS, INPUTS, OUTPUTS
from neurodeploy.mapping.mapping import Mapping
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.mapping.partition.search.cores import Assignment, Cores, Problem, assignment_of
from neurodeploy.mapping.partition.search.effort import effort_of
from neurodeploy.mapping.partition.search.filled import filled_in_order
from neurodeploy.mapping.partition.search.hypergraph import hypergraph_of, neuron_slices
from neurodeploy.mapping.partition.search.limits import kernel_limits
from neurodeploy.mapping.partition.search.refine import refine
from neurodeploy.mapping.partition.search.relieved import relieved
from neurodeploy.mapping.partition.search.starts import by_position, starts_of
from neurodeploy.mapping.place.pins import PinGroups, pin_groups
from neurodeploy.mapping.time_limit import TimeLimit
from neurodeploy.quantize.quantized import Quantized

__all__ = ["compiled_first_fit", "search"]

Ints = NDArray[np.int64]
SPARE, SPARE_CORES = 1.25, 8
"""Cores of a search: this multiple of those of first fit, plus this number, as room to spread out before cores are
emptied."""
FILLED = (0.98, 0.95, 0.9)
"""Shares of the output axons to fill, in the order of attempts. Among thousands of full cores, one could always be
overfull with no core left to move a neuron to."""


def search(
    quantized: Quantized, target: Target, options: MappingOptions, first: Mapping | None, time_limit: TimeLimit
) -> Mapping | None:
    """Return a mapping of no more cores than `first`; None if there is neither `first` nor a result.

    A network with pinned populations keeps `first`.
    """
    groups = pin_groups(quantized, target, options)
    if len(groups.open) > 1 or sum(item.size for item in quantized.populations) == 0:
        return first
    most = int(groups.open.any(axis=0).sum()) if first is None else int(first.n_cores * SPARE) + SPARE_CORES
    graph, limits = hypergraph_of(quantized, target), kernel_limits(quantized, target)
    problem = Problem(graph, limits, _chips(target, groups, most))
    orders = starts_of(graph, options, problem.chip.size)
    effort = effort_of(options.level, graph.in_row.size, time_limit)
    best = refine(problem, effort, options.placement_seed, orders, _core_of_neurons(first))
    found = _mapping_of(quantized, target, best, groups) if best is not None else None
    return first if found is None or (first is not None and found.n_cores > first.n_cores) else found


def compiled_first_fit(quantized: Quantized, target: Target, options: MappingOptions) -> Mapping | None:
    """Return first fit in the order of the network (pinned populations last); None if the board is too small for it.

    Above level 0 neurons are first ordered by their positions, or without these in compact groups; the order of the network
    is kept where it takes fewer cores.
    """
    groups = pin_groups(quantized, target, options)
    pin_group = _pin_group_of_neurons(quantized, groups)
    graph, limits = hypergraph_of(quantized, target, pin_group), kernel_limits(quantized, target)
    problem, best = Problem(graph, limits, _chips(target, groups, pin_group.size)), None
    if options.level > 0:
        order = by_position(quantized, options) if options.positions else _by_group(problem)
        best = _filled_with_room(problem, order[np.argsort(pin_group[order], kind="stable")])
    if best is not None:  # a fill that needs more cores ends
        problem = problem._replace(chip=problem.chip[: best.n_cores - 1])
    if problem.chip.size:
        filled = filled_in_order(problem, np.argsort(pin_group, kind="stable").astype(np.int64))
        best = (assignment_of(filled.cores) if filled.fits else None) or best
    return _mapping_of(quantized, target, best, groups) if best is not None else None


def _by_group(problem: Problem) -> Ints:
    """(neurons,) all neurons in compact groups of about one core each."""
    limit = problem.limits.limit
    return compact_groups(problem.graph, int(limit[INPUTS]), int(limit[COMPARTMENTS]))


def _filled_with_room(problem: Problem, order: Ints) -> Assignment | None:
    """Fill cores in an order and relieve those that become overfull; each failure is followed by an attempt with fewer
    output axons."""

    def mend(cores: Cores) -> bool:
        on_average = cores.state.load[:, cores.state.size > 0].mean(axis=1)
        whole = cores._replace(limits=problem.limits)
        return bool((on_average <= whole.limits.limit).all()) and relieved(whole, TimeLimit())

    for share in FILLED:
        limit = problem.limits.limit.copy()
        limit[OUTPUTS] = int(share * limit[OUTPUTS])
        held_back = problem._replace(limits=problem.limits._replace(limit=limit))
        filled = filled_in_order(held_back, order, mend)
        if filled.fits:
            return assignment_of(filled.cores._replace(limits=problem.limits))
    return None


def _pin_group_of_neurons(quantized: Quantized, groups: PinGroups) -> NDArray[np.int32]:
    """(neurons,) pin group of each neuron."""
    sizes = [item.size for item in quantized.populations]
    return np.repeat([groups.of[item.name] for item in quantized.populations], sizes).astype(np.int32)


def _core_of_neurons(mapping: Mapping | None) -> NDArray[np.int32] | None:
    """(neurons,) core of each neuron of a mapping."""
    if mapping is None:
        return None
    cores = [mapping.core_of[item.name] for item in mapping.quantized.populations]
    return np.concatenate(cores).astype(np.int32)


def _chips(target: Target, groups: PinGroups, most: int) -> NDArray[np.int32]:
    """Chip of each usable core of the board, of the first `most`."""
    usable = np.flatnonzero(groups.open.any(axis=0))
    return (usable[:most] // int(target.chip.cores.value)).astype(np.int32)


def _mapping_of(quantized: Quantized, target: Target, best: Assignment, groups: PinGroups) -> Mapping | None:
    """The mapping of an assignment, each core on a physical core of its chip; None if a chip has too few for a pin group."""
    core_group = np.zeros(best.n_cores, dtype=np.int64)
    core_group[best.core] = _pin_group_of_neurons(quantized, groups)
    chip_of = np.arange(target.cores) // int(target.chip.cores.value)
    core_ids = np.full(best.n_cores, -1, dtype=np.int64)
    for group in range(len(groups.open)):
        for chip in np.unique(best.chip):
            mine = np.flatnonzero((core_group == group) & (best.chip == chip))
            free = np.flatnonzero(groups.open[group] & (chip_of == chip))
            if mine.size > free.size:
                return None
            core_ids[mine] = free[: mine.size]
    return Mapping(
        quantized=quantized,
        target=target,
        n_cores=best.n_cores,
        core_of={name: best.core[place] for name, place in neuron_slices(quantized).items()},
        core_ids=core_ids,
        pin_group=core_group,
    )
